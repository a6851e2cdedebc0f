package cel

import (
	"bytes"

	"portcullis/filter/json"
	"portcullis/filter/pattern"
	"portcullis/filter/table"
)

// truth is the answer to a comparison. The zero value is "can't be said".
type truth uint8

const (
	unsure truth = iota
	no
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// binary is the operations with two operands, both of which are evaluated.
func (m *Machine) binary(op table.ExprOp, n *[4]uint32, v *value) {
	var a, b value
	m.eval(n[1], &a)
	m.eval(n[2], &b)
	if a.kind == kindError || b.kind == kindError {
		v.kind = kindError
		return
	}
	switch op {
	case table.ExprEqual, table.ExprNotEqual:
		t := m.equal(&a, &b)
		v.bool((t == yes) == (op == table.ExprEqual))
		if t == unsure {
			v.kind = kindError
		}
	case table.ExprLess, table.ExprLessEqual, table.ExprGreater, table.ExprGreaterEqual:
		m.ordered(op, &a, &b, v)
	case table.ExprAdd:
		if a.kind == kindString && b.kind == kindString {
			m.join(&a, &b, v)
			return
		}
		arithmetic(op, &a, &b, v)
	case table.ExprSubtract, table.ExprMultiply, table.ExprDivide, table.ExprModulo:
		arithmetic(op, &a, &b, v)
	case table.ExprIn:
		m.in1(&a, &b, v)
	case table.ExprIndex:
		m.index(&a, &b, v)
	case table.ExprStartsWith, table.ExprEndsWith, table.ExprContains:
		m.part(op, &a, &b, v)
	default:
		v.kind = kindError
	}
}

// equal compares by value. Values of types that have nothing in common differ
// (cel-spec, "Equality"); numbers compare across their types, NaN equals nothing.
func (m *Machine) equal(a, b *value) truth {
	m.spend(1)
	if m.steps == 0 || m.depth >= maxDepth || a.kind == kindError || b.kind == kindError {
		return unsure
	}
	switch {
	case a.number() && b.number():
		order, ok := compare(a, b)
		return truthOf(ok && order == 0)
	case a.kind != b.kind:
		return no
	case a.kind == kindNull:
		return yes
	case a.kind == kindBool:
		return truthOf(a.num == b.num)
	case a.kind == kindString:
		if !a.escaped && !b.escaped && len(a.text) != len(b.text) {
			return no
		}
		x, okX := m.plain(a)
		y, okY := m.plain(b)
		if !okX || !okY {
			return unsure
		}
		m.spend(uint32(min(len(x), len(y))) / bytesPerStep)
		return truthOf(string(x) == string(y))
	case m.size(a) != m.size(b):
		return no
	}
	m.depth++
	t := m.equalElements(a, b)
	m.depth--
	return t
}

// equalElements compares two lists or two maps of one size. That one pair differs
// decides, whatever another pair is.
func (m *Machine) equalElements(a, b *value) truth {
	var x, y value
	var it, other iterator
	m.iterate(a, &it)
	m.iterate(b, &other)
	result := yes
	mark := len(m.arena)
	for at := it.at; m.next(&it, &x); at = it.at {
		if m.steps == 0 {
			return unsure
		}
		if a.kind == kindMap {
			if !m.find(b, &x, &y) {
				return no
			}
			m.memberAt(&it, at, &x)
		} else {
			m.next(&other, &y)
		}
		switch m.equal(&x, &y) {
		case no:
			return no
		case unsure:
			result = unsure
		}
		m.arena = m.arena[:mark]
	}
	return result
}

// memberAt is the value of the member whose key an iterator found at.
func (m *Machine) memberAt(it *iterator, at uint32, v *value) {
	if it.tape == nil {
		m.eval(m.x.Child(at+1), v)
		return
	}
	m.load(it.tape, at+1, v)
}

// ordered is <, <=, > and >= of numbers, strings or booleans.
func (m *Machine) ordered(op table.ExprOp, a, b, v *value) {
	order := 0
	v.kind = kindError
	switch {
	case (a.number() || a.kind == kindBool || a.kind == kindString) && (a.nan() || b.nan()):
		v.bool(false) // as cel-go says, whatever is beside it
		return
	case a.number() && b.number():
		order, _ = compare(a, b)
	case a.kind != b.kind:
		return
	case a.kind == kindBool:
		order = int(a.num) - int(b.num)
	case a.kind == kindString:
		x, okX := m.plain(a)
		y, okY := m.plain(b)
		if !okX || !okY {
			return
		}
		m.spend(uint32(min(len(x), len(y))) / bytesPerStep)
		order = bytes.Compare(x, y)
	default:
		return
	}
	switch op {
	case table.ExprLess:
		v.bool(order < 0)
	case table.ExprLessEqual:
		v.bool(order <= 0)
	case table.ExprGreater:
		v.bool(order > 0)
	default:
		v.bool(order >= 0)
	}
}

// join puts two strings together in the arena.
func (m *Machine) join(a, b, v *value) {
	x, okX := m.plain(a)
	y, okY := m.plain(b)
	if !okX || !okY || len(x)+len(y) > cap(m.arena)-len(m.arena) {
		m.steps, v.kind = 0, kindError
		return
	}
	m.spend(uint32(len(x)+len(y)) / bytesPerStep)
	from := len(m.arena)
	m.arena = append(append(m.arena, x...), y...)
	v.str(m.arena[from:len(m.arena):len(m.arena)], false)
}

// in1 is a in b.
func (m *Machine) in1(a, b, v *value) {
	switch b.kind {
	case kindMap:
		ok := m.find(b, a, v)
		v.bool(ok)
	case kindList:
		m.inList(a, b, v)
	default:
		v.kind = kindError
	}
	if m.steps == 0 {
		v.kind = kindError
	}
}

func (m *Machine) inList(a, b, v *value) {
	if a.kind == kindString { // once, below what the loop gives back
		if _, ok := m.plain(a); !ok {
			v.kind = kindError
			return
		}
	}
	var it iterator
	m.iterate(b, &it)
	if it.tape != nil && a.kind == kindString {
		m.stringIn(a.text, &it, v)
		return
	}
	failed := false
	mark := len(m.arena)
	for m.next(&it, v) {
		switch m.equal(a, v) {
		case yes:
			v.bool(true)
			return
		case unsure:
			failed = true
			if m.steps == 0 {
				v.kind = kindError
				return
			}
		}
		m.arena = m.arena[:mark]
	}
	v.bool(false)
	if failed {
		v.kind = kindError
	}
}

// stringIn looks for a string among the elements of a tape's list. Only strings can
// be equal to it, but an element that is an error is one.
func (m *Machine) stringIn(text []byte, it *iterator, v *value) {
	t, failed := it.tape, false
	for at := it.at; at < it.end; at = t.Next(at) {
		m.spend(1)
		n := &t.Nodes[at]
		switch n.Kind() {
		case json.KindString:
			if int(n.Len) < len(text) {
				continue // no escape is shorter than what it stands for
			}
			m.spend(uint32(len(text)) / bytesPerStep)
			if t.EqualString(at, text) {
				v.bool(true)
				return
			}
		case json.KindNumber:
			m.load(t, at, v)
			failed = failed || v.kind == kindError
		}
		if m.steps == 0 {
			v.kind = kindError
			return
		}
	}
	v.bool(false)
	if failed {
		v.kind = kindError
	}
}

// part is startsWith, endsWith and contains.
func (m *Machine) part(op table.ExprOp, a, b, v *value) {
	v.kind = kindError
	if a.kind != kindString || b.kind != kindString {
		return
	}
	x, okX := m.plain(a)
	y, okY := m.plain(b)
	if !okX || !okY {
		return
	}
	switch op {
	case table.ExprStartsWith:
		m.spend(uint32(len(y)) / bytesPerStep)
		v.bool(bytes.HasPrefix(x, y))
	case table.ExprEndsWith:
		m.spend(uint32(len(y)) / bytesPerStep)
		v.bool(bytes.HasSuffix(x, y))
	default:
		m.spend(uint32(len(x)+len(y)) / bytesPerStep)
		v.bool(bytes.Contains(x, y))
	}
}

// matches runs an automaton over a string.
func (m *Machine) matches(off uint32, v *value) {
	if v.kind != kindString {
		v.kind = kindError
		return
	}
	x, ok := m.plain(v)
	if !ok {
		v.kind = kindError
		return
	}
	m.spend(uint32(len(x)) / bytesPerStep)
	v.bool(pattern.Match(m.t.Schema.Patterns[off:], x))
}
