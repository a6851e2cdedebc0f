package policy

import (
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// readBodies reads the setting `bodies`.
func (p *Policy) readBodies(n *source.Node) *ir.BodyRules {
	d := p.dec
	r := &ir.BodyRules{}
	actions := map[string]bool{"schema": false, "deny": true}
	d.object(n, "bodies", fields{
		"undeclared": func(n *source.Node) { r.Closed = oneOf(d, n, "undeclared", actions) },
		"readOnly":   func(n *source.Node) { r.NoReadOnly = oneOf(d, n, "readOnly", actions) },
	})
	return r
}
