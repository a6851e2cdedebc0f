package diag

import "portcullis/schemagen/source"

// At returns d with its place set to that of n: of its member name when n is
// an object's member, of its value otherwise.
func (d Diagnostic) At(n *source.Node) Diagnostic {
	if n == nil {
		return d
	}
	pos := n.KeyPos()
	d.Line, d.Col = pos.Line, pos.Col
	path, pointer := source.Place(n)
	d.Pointer = pointer
	if n.Doc != nil {
		d.File = path
	}
	return d
}
