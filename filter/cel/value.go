package cel

import (
	"math"

	"portcullis/filter/json"
)

// kind is the type of a value. The zero value is an error: what has not been
// made does not allow anything.
type kind uint8

const (
	kindError kind = iota
	kindNull
	kindBool
	kindInt
	kindUint
	kindDouble
	kindString
	kindList // of a tape, or a literal
	kindMap
)

// value is one value of an expression. Strings and containers are views of what
// they come from. Fields that are not of its kind hold anything.
type value struct {
	kind    kind
	literal bool       // lists, maps: one that the expression writes, children of node
	escaped bool       // strings: text has JSON escapes
	node    uint32     // lists, maps: of tape, or of the expression
	num     uint64     // bool: 0 or 1; int, uint; the bits of a double
	text    []byte     // strings
	tape    *json.Tape // lists, maps; nil for one without elements
}

func (v *value) bool(b bool) {
	v.kind, v.num = kindBool, 0
	if b {
		v.num = 1
	}
}

func (v *value) integer(i int64) { v.kind, v.num = kindInt, uint64(i) }

func (v *value) str(text []byte, escaped bool) { v.kind, v.text, v.escaped = kindString, text, escaped }

func (v *value) container(k kind, t *json.Tape, node uint32) {
	v.kind, v.tape, v.node, v.literal = k, t, node, false
}

// is reports a boolean of that value.
func (v *value) is(b bool) bool { return v.kind == kindBool && (v.num != 0) == b }

// number reports a value of one of the three numeric types.
func (v *value) number() bool { return v.kind >= kindInt && v.kind <= kindDouble }

// load makes a value of a node of a tape.
func (m *Machine) load(t *json.Tape, node uint32, v *value) {
	n := &t.Nodes[node]
	switch n.Kind() {
	case json.KindNull:
		v.kind = kindNull
	case json.KindFalse:
		v.kind, v.num = kindBool, 0
	case json.KindTrue:
		v.kind, v.num = kindBool, 1
	case json.KindNumber:
		m.spend(n.Len / bytesPerStep) // digits can be many, and loops read them each time
		readNumber(t.Text(node), n.Meta&json.FlagInteger != 0, v)
	case json.KindString, json.KindName:
		v.str(t.Src[n.Off:n.Off+n.Len], n.Meta&json.FlagEscaped != 0)
	case json.KindArray:
		v.container(kindList, t, node)
	case json.KindObject:
		v.container(kindMap, t, node)
	default:
		v.kind = kindError
	}
}

// children is the range of a literal's elements among the indexes.
func (m *Machine) children(v *value) (start, n uint32) {
	return m.code[v.node*4+1], m.code[v.node*4+2]
}

// size is the number of elements of a list, or members of a map.
func (m *Machine) size(v *value) uint32 {
	if !v.literal {
		if v.tape == nil {
			return 0
		}
		return v.tape.Nodes[v.node].Len
	}
	_, n := m.children(v)
	if v.kind == kindMap {
		n /= 2
	}
	return n
}

// iterator walks the elements of a list, or the keys of a map.
type iterator struct {
	tape *json.Tape // nil: of a literal
	at   uint32     // next node, or next child
	end  uint32
	keys bool // of a map
}

func (m *Machine) iterate(v *value, it *iterator) {
	*it = iterator{keys: v.kind == kindMap}
	switch {
	case v.literal:
		start, n := m.children(v)
		it.at, it.end = start, start+n
	case v.tape != nil:
		it.tape, it.at, it.end = v.tape, v.node+1, v.tape.Nodes[v.node].Ext
	}
}

// next is the next element or key.
func (m *Machine) next(it *iterator, v *value) bool {
	if it.at >= it.end {
		return false
	}
	at := it.at
	if it.tape == nil {
		it.at++
		if it.keys {
			it.at++
		}
		m.eval(m.x.Child(at), v)
		return true
	}
	m.load(it.tape, at, v)
	if it.keys {
		at++ // of a name to its value
	}
	it.at = it.tape.Next(at)
	return true
}

// find is the value under a key of the map v. Without one found is an error.
func (m *Machine) find(v, key, found *value) bool {
	found.kind = kindError
	if !v.literal {
		if v.tape == nil || key.kind != kindString {
			return false
		}
		name, fits := m.plain(key)
		return fits && m.named(v, name, found)
	}
	start, n := m.children(v)
	for i := start; i < start+n; i += 2 {
		m.eval(m.x.Child(i), found)
		if m.sameKey(found, key) {
			m.eval(m.x.Child(i+1), found)
			return true
		}
	}
	found.kind = kindError
	return false
}

// named is the member of that name.
func (m *Machine) named(v *value, name []byte, found *value) bool {
	found.kind = kindError
	if v.literal {
		var key value
		key.str(name, false)
		return m.find(v, &key, found)
	}
	if v.tape == nil {
		return false
	}
	m.spend(v.tape.Nodes[v.node].Len + uint32(len(name))/bytesPerStep)
	at := v.tape.Member(v.node, name)
	if at == 0 {
		return false
	}
	m.load(v.tape, at, found)
	return true
}

// sameKey compares a key that the expression writes with one that is looked for.
// Numbers are the same where they are the same whole number.
func (m *Machine) sameKey(k, key *value) bool {
	if key.kind != kindDouble {
		return m.equal(k, key) == yes
	}
	f := key.double()
	var whole value
	if i, ok := wholeDouble(f); ok {
		whole.integer(i)
	} else if f >= 0 && f < 1<<64 && f == math.Trunc(f) {
		whole.kind, whole.num = kindUint, uint64(f)
	} else {
		return false
	}
	return m.equal(k, &whole) == yes
}

// element is the i-th element of a list.
func (m *Machine) element(list *value, i uint64, v *value) {
	if i >= uint64(m.size(list)) {
		v.kind = kindError
		return
	}
	if list.literal {
		start, _ := m.children(list)
		m.eval(m.x.Child(start+uint32(i)), v)
		return
	}
	m.spend(uint32(i))
	t, at := list.tape, list.node+1
	for ; i > 0; i-- {
		at = t.Next(at)
	}
	m.load(t, at, v)
}

// index is of[key].
func (m *Machine) index(of, key, v *value) {
	switch of.kind {
	case kindMap:
		m.find(of, key, v)
		return
	case kindList:
		switch key.kind {
		case kindInt, kindUint: // a negative one is larger than any list
			m.element(of, key.num, v)
			return
		case kindDouble:
			if i, ok := wholeDouble(key.double()); ok {
				m.element(of, uint64(i), v)
				return
			}
		}
	}
	v.kind = kindError
}

// plain is the bytes of a string without escapes; ok is false when there is no
// room for them.
func (m *Machine) plain(v *value) (b []byte, ok bool) {
	if !v.escaped {
		return v.text, true
	}
	return m.unescape(v)
}

func (m *Machine) unescape(v *value) (b []byte, ok bool) {
	if len(v.text) > cap(m.arena)-len(m.arena) {
		m.steps = 0
		return nil, false
	}
	m.spend(uint32(len(v.text)) / bytesPerStep)
	from := len(m.arena)
	m.arena = json.AppendUnescaped(m.arena, v.text)
	v.str(m.arena[from:len(m.arena):len(m.arena)], false)
	return v.text, true
}

// codePoints makes a string its size.
func (m *Machine) codePoints(v *value) {
	b, ok := m.plain(v)
	if !ok {
		v.kind = kindError
		return
	}
	m.spend(uint32(len(b)) / bytesPerStep)
	n := int64(0)
	for _, c := range b {
		if c&0xc0 != 0x80 {
			n++
		}
	}
	v.integer(n)
}

// literal is a list or map that the expression writes. Its elements are made when
// they are looked at; here they are made once to see that none is an error.
func (m *Machine) literal(k kind, node uint32, n *[4]uint32, v *value) {
	mark := len(m.arena)
	for i := n[1]; i < n[1]+n[2]; i++ {
		if m.eval(m.x.Child(i), v); v.kind == kindError {
			return
		}
		m.arena = m.arena[:mark]
	}
	v.container(k, nil, node)
	v.literal = true
}
