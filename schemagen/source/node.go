// Package source reads JSON and YAML documents into a tree that keeps what a
// table compiler needs and loaders lose: positions, member order and numbers
// as they were written.
package source

// Kind is the JSON type of a Node. The zero value is invalid.
type Kind uint8

// The kinds of a Node. YAML values are mapped to them by the JSON schema of
// YAML 1.2 section 10.2, so that `no` stays a string.
const (
	Null Kind = iota + 1
	Bool
	Number
	String
	Array
	Object
)

// Pos is a place in a document, both counted from 1. Columns count bytes.
type Pos struct {
	Line, Col int
}

// Key is the name of an object member.
type Key struct {
	Name string
	Pos  Pos
}

// Node is one value of a document.
//
// Invariants: len(Keys) == len(Items) for an Object, Keys is nil otherwise;
// names are unique within an object; a Number's Text is a JSON number
// (RFC 8259 section 6) even when the YAML spelled it differently.
type Node struct {
	Kind   Kind
	Bool   bool   // value of a Bool
	Text   string // decoded value of a String, literal of a Number
	Keys   []Key  // names of an Object's members, in document order
	Items  []*Node
	Pos    Pos
	Parent *Node  // nil for a document's root
	Name   string // name or decimal index under Parent
	Doc    *Document

	// index finds members of an object of many, nil for others.
	index map[string]int32
}

// Document is one parsed file.
type Document struct {
	URI  string // absolute base URI; for files a file: URI
	Path string // path as the user named it, for messages
	Root *Node
	// Origins is the nodes that another file was laid over with. Usually nil.
	Origins map[*Node]Origin
}

// Get returns the member called name, or nil when n is no object or has none.
func (n *Node) Get(name string) *Node {
	if n == nil || n.Kind != Object {
		return nil
	}
	if n.index != nil {
		if i, ok := n.index[name]; ok {
			return n.Items[i]
		}
		return nil
	}
	for i := range n.Keys {
		if n.Keys[i].Name == name {
			return n.Items[i]
		}
	}
	return nil
}

// Str returns the text of the String member called name, or "" when there is
// none or it is of another kind.
func (n *Node) Str(name string) string {
	if m := n.Get(name); m != nil && m.Kind == String {
		return m.Text
	}
	return ""
}

// IsTrue reports whether the member called name is the literal true.
func (n *Node) IsTrue(name string) bool {
	m := n.Get(name)
	return m != nil && m.Kind == Bool && m.Bool
}

// KeyPos returns the place of the name of n under its parent, or n's own place
// when n is no object member.
func (n *Node) KeyPos() Pos {
	if n.Parent != nil && n.Parent.Kind == Object {
		for i, item := range n.Parent.Items {
			if item == n {
				return n.Parent.Keys[i].Pos
			}
		}
	}
	return n.Pos
}

// String names a kind with its article, for messages.
func (k Kind) String() string {
	switch k {
	case Null:
		return "null"
	case Bool:
		return "a boolean"
	case Number:
		return "a number"
	case String:
		return "a string"
	case Array:
		return "an array"
	case Object:
		return "an object"
	}
	return "nothing"
}
