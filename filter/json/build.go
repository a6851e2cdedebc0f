package json

// The builders put values that did not come as JSON text (parameters, claims)
// on a tape, so that one validator judges them all. Offsets and lengths refer to
// Tape.Src, which holds the values' plain bytes: nothing is unescaped later.
// Every builder returns the index of the new node, and false with the tape
// unchanged when the tape is full.

// Reset empties the tape and makes it refer to src.
func (t *Tape) Reset(src []byte) {
	t.Src = src
	t.Nodes = t.Nodes[:0]
}

func (t *Tape) push(n Node) (uint32, bool) {
	k := len(t.Nodes)
	if k >= cap(t.Nodes) {
		return 0, false
	}
	t.Nodes = t.Nodes[:k+1]
	t.Nodes[k] = n
	return uint32(k), true
}

// AppendNull appends null, written in size bytes at off (both may be 0).
func (t *Tape) AppendNull(off, size uint32) (uint32, bool) {
	return t.push(Node{Meta: KindNull, Off: off, Len: size})
}

// AppendBool appends true or false, written in size bytes at off.
func (t *Tape) AppendBool(value bool, off, size uint32) (uint32, bool) {
	if value {
		return t.push(Node{Meta: KindTrue, Off: off, Len: size})
	}
	return t.push(Node{Meta: KindFalse, Off: off, Len: size})
}

// AppendNumber appends the size bytes at off as a number. It also returns false
// where they are not exactly one JSON number (RFC 8259 section 6).
func (t *Tape) AppendNumber(off, size uint32) (uint32, bool) {
	flags, ok := ScanNumber(t.Src[off : off+size])
	if !ok {
		return 0, false
	}
	return t.push(Node{Meta: KindNumber | flags, Off: off, Len: size})
}

// AppendString appends the size bytes at off as a string. Every byte stands for
// itself, a backslash too. The caller has made sure of ValidUTF8.
func (t *Tape) AppendString(off, size uint32) (uint32, bool) {
	return t.push(Node{Meta: KindString | asciiFlag(t.Src[off:off+size]), Off: off, Len: size})
}

// AppendName appends the name of an object's next member, as AppendString does.
// The caller has made sure that the name is new in its object.
func (t *Tape) AppendName(off, size uint32) (uint32, bool) {
	name := t.Src[off : off+size]
	return t.push(Node{Meta: KindName | asciiFlag(name), Off: off, Len: size, Ext: HashName(name)})
}

// BeginArray opens an array at off; its elements are what is appended until
// End is called with the returned index.
func (t *Tape) BeginArray(off uint32) (uint32, bool) {
	return t.push(Node{Meta: KindArray, Off: off})
}

// BeginObject opens an object at off; names and values are appended in turn.
func (t *Tape) BeginObject(off uint32) (uint32, bool) {
	return t.push(Node{Meta: KindObject, Off: off})
}

// End closes the array or object at node, and counts its children.
func (t *Tape) End(node uint32) {
	n := &t.Nodes[node]
	n.Ext = uint32(len(t.Nodes))
	n.Len = 0
	for i := node + 1; i < n.Ext; i = t.Next(i) {
		if n.Kind() == KindObject {
			i++ // the name
		}
		n.Len++
	}
}

func asciiFlag(b []byte) uint32 {
	for _, c := range b {
		if c >= 0x80 {
			return FlagNonASCII
		}
	}
	return 0
}
