package schema

import (
	"portcullis/filter/decimal"
	"portcullis/filter/format"
	"portcullis/filter/json"
	"portcullis/filter/pattern"
	"portcullis/filter/table"
)

// integral reports whether the types ask for an integer and the number at node
// is one though it is not written as one (JSON Schema validation section
// 6.1.1; not in draft 4).
func (m *Machine) integral(types, node uint32) bool {
	return types&(table.TypeInteger|table.TypeStrict) == table.TypeInteger &&
		m.tape.Nodes[node].Meta&0xff == json.KindNumber && decimal.IsInteger(m.tape.Text(node))
}

// number judges the number at node by one of the bounds or by multipleOf.
func (m *Machine) number(in *table.Inst, node uint32) bool {
	x := &m.tape.Nodes[node]
	text := m.tape.Src[x.Off : x.Off+x.Len]
	if in.A == 1 && x.Meta&json.FlagInteger != 0 && x.Len <= shortNumber {
		v, _ := shortDecimal(text, 0, uint64(len(text)))
		bound := int64(in.D) | int64(in.E)<<32
		switch in.Op {
		case table.OpAssertMinimum:
			return v >= bound
		case table.OpAssertMaximum:
			return v <= bound
		case table.OpAssertExclusiveMinimum:
			return v > bound
		case table.OpAssertExclusiveMaximum:
			return v < bound
		default:
			return bound > 0 && v%bound == 0
		}
	}
	want := m.consts.Text(in.C)
	if in.Op == table.OpAssertMultipleOf {
		return decimal.IsMultipleOf(text, want)
	}
	c := decimal.Compare(text, want)
	switch in.Op {
	case table.OpAssertMinimum:
		return c >= 0
	case table.OpAssertMaximum:
		return c <= 0
	case table.OpAssertExclusiveMinimum:
		return c > 0
	default:
		return c < 0
	}
}

// text returns the unescaped bytes of the string or name at node: a view of the
// source, or of the scratch until the next call. It is false when the scratch
// is too small, which ends the run as StatusBudget.
func (m *Machine) text(node uint32) ([]byte, bool) {
	x := &m.tape.Nodes[node]
	raw := m.tape.Src[x.Off : x.Off+x.Len]
	if x.Meta&json.FlagEscaped == 0 {
		return raw, true
	}
	if len(raw) > cap(m.scratch) {
		m.overflow = true
		return nil, false
	}
	return json.AppendUnescaped(m.scratch[:0], raw), true
}

// pattern reports whether the automaton at off takes the string at node.
func (m *Machine) pattern(off, node uint32) bool {
	text, ok := m.text(node)
	return ok && pattern.Match(m.s.Patterns[off:], text)
}

// format reports whether the value at node has the format, or is of a type that
// the format says nothing about.
func (m *Machine) format(id, node uint32) bool {
	switch m.tape.Nodes[node].Meta & 0xff {
	case json.KindString, json.KindName:
		text, ok := m.text(node)
		return ok && format.CheckString(format.ID(id), text)
	case json.KindNumber:
		return format.CheckNumber(format.ID(id), m.tape.Text(node))
	}
	return true
}

// enum reports whether the value at node is in the set at word at.
func (m *Machine) enum(at, node uint32) bool {
	r := m.s.Enums[at:]
	kind := m.tape.Nodes[node].Meta & 0xff
	slots := uint32(1) << r[table.EnumLog]
	entries := r[table.EnumSlots+slots:]
	switch kind {
	case json.KindNull, json.KindFalse, json.KindTrue:
		return r[table.EnumLiterals]>>kind&1 != 0
	case json.KindString, json.KindName:
		text, ok := m.text(node)
		if !ok {
			return false
		}
		hash := json.HashName(text)
		if kind == json.KindName {
			hash = m.tape.Nodes[node].Ext
		}
		e := r[table.EnumSlots+table.Slot(hash, r[table.EnumMult], r[table.EnumLog])]
		if e == 0 {
			return false
		}
		for e = (e - 1) * 3; ; e += 3 {
			off, n := entries[e+table.EnumEntryText], entries[e+table.EnumEntryText+1]
			size := n &^ table.EnumEntryMore
			if entries[e+table.EnumEntryHash] == hash && string(m.s.Strings[off:off+size]) == string(text) {
				return true
			}
			if n == size {
				return false
			}
		}
	}
	values := entries[r[table.EnumStrings]*3:]
	for _, c := range values[:r[table.EnumValues]] {
		if m.consts.Nodes[c].Kind() == kind && m.equal(m.tape, node, &m.consts, c) {
			return true
		}
	}
	return false
}
