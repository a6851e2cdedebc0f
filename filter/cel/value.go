package cel

import (
	"math"

	"portcullis/filter/json"
	"portcullis/filter/table"
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
// they come from.
type value struct {
	kind    kind
	literal bool       // a list or a map that the expression writes: children of node
	escaped bool       // text has JSON escapes
	node    uint32     // of tape, or of the expression
	num     uint64     // bool, int, uint, and the bits of a double
	text    []byte     // of a string
	tape    *json.Tape // of a list or map
}

func boolean(b bool) value {
	if b {
		return value{kind: kindBool, num: 1}
	}
	return value{kind: kindBool}
}

func integer(i int64) value { return value{kind: kindInt, num: uint64(i)} }

// is reports a boolean of that value.
func (v *value) is(b bool) bool { return v.kind == kindBool && (v.num != 0) == b }

// number reports a value of one of the three numeric types.
func (v *value) number() bool { return v.kind >= kindInt && v.kind <= kindDouble }

// load makes a value of a node of a tape.
func load(t *json.Tape, node uint32) value {
	n := &t.Nodes[node]
	switch n.Kind() {
	case json.KindNull:
		return value{kind: kindNull}
	case json.KindFalse:
		return value{kind: kindBool}
	case json.KindTrue:
		return value{kind: kindBool, num: 1}
	case json.KindNumber:
		return readNumber(t.Text(node), n.Meta&json.FlagInteger != 0)
	case json.KindString, json.KindName:
		return value{kind: kindString, text: t.Text(node), escaped: n.Meta&json.FlagEscaped != 0}
	case json.KindArray:
		return value{kind: kindList, tape: t, node: node}
	case json.KindObject:
		return value{kind: kindMap, tape: t, node: node}
	}
	return value{}
}

// size is the number of elements of a list, or members of a map.
func (m *Machine) size(v *value) uint32 {
	if !v.literal {
		if v.tape == nil {
			return 0
		}
		return v.tape.Nodes[v.node].Len
	}
	n := m.x.Node(v.node).B
	if v.kind == kindMap {
		n /= 2
	}
	return n
}

// iterator walks the elements of a list, or the keys of a map.
type iterator struct {
	of  value
	at  uint32 // next node, or next child
	end uint32
}

func (m *Machine) iterate(v value) iterator {
	it := iterator{of: v}
	switch {
	case v.literal:
		n := m.x.Node(v.node)
		it.at, it.end = n.A, n.A+n.B
	case v.tape != nil:
		it.at, it.end = v.node+1, v.tape.Nodes[v.node].Ext
	}
	return it
}

// next is the next element or key; of a map it leaves at on the value's place.
func (m *Machine) next(it *iterator) (v value, ok bool) {
	if it.at >= it.end {
		return v, false
	}
	if it.of.literal {
		v = m.eval(m.x.Child(it.at))
		it.at++
		if it.of.kind == kindMap {
			it.at++
		}
		return v, true
	}
	v = load(it.of.tape, it.at)
	if it.of.kind == kindMap {
		it.at++ // of a name to its value
	}
	it.at = it.of.tape.Next(it.at)
	return v, true
}

// find is the value under a key: of the map v where it has one.
func (m *Machine) find(v, key *value) (found value, ok bool) {
	if !v.literal {
		if v.tape == nil || key.kind != kindString {
			return found, false
		}
		name, fits := m.plain(key)
		m.spend(v.tape.Nodes[v.node].Len + uint32(len(name))/bytesPerStep)
		if !fits {
			return found, false
		}
		at := v.tape.Member(v.node, name)
		if at == 0 {
			return found, false
		}
		return load(v.tape, at), true
	}
	n := m.x.Node(v.node)
	for i := n.A; i < n.A+n.B; i += 2 {
		k := m.eval(m.x.Child(i))
		if m.sameKey(&k, key) {
			return m.eval(m.x.Child(i + 1)), true
		}
	}
	return found, false
}

// sameKey compares a key that the expression writes with one that is looked for.
// Numbers are the same where they are the same whole number.
func (m *Machine) sameKey(k, key *value) bool {
	if key.kind != kindDouble {
		return m.equal(k, key) == yes
	}
	i, ok := wholeDouble(key.double())
	whole := integer(i)
	if !ok {
		f := key.double()
		if !(f >= 0 && f < 1<<64 && f == math.Trunc(f)) {
			return false
		}
		whole = value{kind: kindUint, num: uint64(f)}
	}
	return m.equal(k, &whole) == yes
}

// named is the member of that name.
func (m *Machine) named(v *value, name []byte) (found value, ok bool) {
	key := value{kind: kindString, text: name}
	return m.find(v, &key)
}

// element is the i-th element of a list.
func (m *Machine) element(v *value, i uint64) value {
	n := m.size(v)
	if i >= uint64(n) {
		return value{}
	}
	if v.literal {
		return m.eval(m.x.Child(m.x.Node(v.node).A + uint32(i)))
	}
	m.spend(uint32(i))
	at := v.node + 1
	for ; i > 0; i-- {
		at = v.tape.Next(at)
	}
	return load(v.tape, at)
}

// index is v[key].
func (m *Machine) index(v, key *value) value {
	switch v.kind {
	case kindMap:
		found, _ := m.find(v, key)
		return found
	case kindList:
		switch key.kind {
		case kindInt, kindUint: // a negative one is larger than any list
			return m.element(v, key.num)
		case kindDouble:
			if i, ok := wholeDouble(key.double()); ok {
				return m.element(v, uint64(i))
			}
		}
	}
	return value{}
}

// plain is the bytes of a string without escapes; ok is false when there is no
// room for them.
func (m *Machine) plain(v *value) (b []byte, ok bool) {
	if !v.escaped {
		return v.text, true
	}
	if len(v.text) > cap(m.arena)-len(m.arena) {
		m.steps = 0
		return nil, false
	}
	m.spend(uint32(len(v.text)) / bytesPerStep)
	from := len(m.arena)
	m.arena = json.AppendUnescaped(m.arena, v.text)
	v.text, v.escaped = m.arena[from:len(m.arena):len(m.arena)], false
	return v.text, true
}

// codePoints is the size of a string.
func (m *Machine) codePoints(v *value) value {
	b, ok := m.plain(v)
	if !ok {
		return value{}
	}
	m.spend(uint32(len(b)) / bytesPerStep)
	n := int64(0)
	for _, c := range b {
		if c&0xc0 != 0x80 {
			n++
		}
	}
	return integer(n)
}

// literalValue is a list or map that the expression writes. Its elements are made
// when they are looked at; here they are made once to see that none is an error.
func (m *Machine) literalValue(k kind, node uint32, n *table.ExprNode) value {
	mark := len(m.arena)
	for i := n.A; i < n.A+n.B; i++ {
		if e := m.eval(m.x.Child(i)); e.kind == kindError {
			return value{}
		}
		m.arena = m.arena[:mark]
	}
	return value{kind: k, literal: true, node: node}
}
