package json

// Kinds of a node, bits 0 to 7 of Node.Meta. Zero is no kind.
const (
	KindNull   = 1
	KindFalse  = 2
	KindTrue   = 3
	KindNumber = 4
	KindString = 5
	KindArray  = 6
	KindObject = 7
	KindName   = 8 // the name of an object's member; the value is the next node
)

// Flags of a node, bits 8 to 15 of Node.Meta.
const (
	// FlagEscaped marks a string or name whose raw text holds a backslash.
	FlagEscaped = 1 << 8
	// FlagNonASCII marks a string or name whose raw text holds a byte of 0x80
	// or more, or an escape. Where it is unset, code points equal bytes.
	FlagNonASCII = 1 << 9
	// FlagInteger marks a number without '.', 'e' or 'E' in its text.
	FlagInteger = 1 << 10
	// FlagNegative marks a number that starts with '-'.
	FlagNegative = 1 << 11
)

const kindMask = 0xff

// Node is one value or one member name.
//
//	Meta     31           16 15      8 7       0
//	        +---------------+---------+---------+
//	        |     zero      |  flags  |  kind   |
//	        +---------------+---------+---------+
//	Off      offset in Tape.Src of the first byte; strings and names: of the
//	         byte after the opening quote
//	Len      strings, names: raw bytes between the quotes; numbers, literals:
//	         bytes of text; arrays: elements; objects: members
//	Ext      arrays, objects: index just past the last descendant;
//	         names: HashName of the unescaped name; otherwise 0
//
// While a container is being parsed its Ext holds the index of its parent.
type Node struct {
	Meta uint32
	Off  uint32
	Len  uint32
	Ext  uint32
}

// Kind returns one of the Kind constants.
func (n Node) Kind() uint32 { return n.Meta & kindMask }

// Tape is a parsed text. The capacity of Nodes is chosen at configuration and
// never grows; its length is the number of nodes in use. The zero Tape has room
// for nothing. A tape refers to Src until the next Parse or Reset.
type Tape struct {
	Src   []byte
	Nodes []Node
}

// NewTape returns a tape with room for maxNodes nodes.
func NewTape(maxNodes int) *Tape {
	return &Tape{Nodes: make([]Node, 0, maxNodes)}
}

// Text returns the raw bytes of a scalar or name (strings without the quotes,
// escapes as written). It is empty for containers. The slice is a view of Src.
func (t *Tape) Text(node uint32) []byte {
	n := &t.Nodes[node]
	if k := n.Kind(); k == KindArray || k == KindObject {
		return nil
	}
	return t.Src[n.Off : n.Off+n.Len]
}

// Next returns the index of the node after the whole value at node: its next
// sibling, if it has one. After a name it is the value.
func (t *Tape) Next(node uint32) uint32 {
	n := &t.Nodes[node]
	if k := n.Kind(); k == KindArray || k == KindObject {
		return n.Ext
	}
	return node + 1
}

// Member returns the index of the value of the object's first member with this
// name (unescaped), or 0: the root is nobody's member. It looks at every member
// in turn.
func (t *Tape) Member(object uint32, name []byte) uint32 {
	if t.Nodes[object].Kind() != KindObject {
		return 0
	}
	hash := HashName(name)
	end := t.Nodes[object].Ext
	for i := object + 1; i < end; i = t.Next(i + 1) {
		if t.Nodes[i].Ext == hash && t.EqualString(i, name) {
			return i + 1
		}
	}
	return 0
}
