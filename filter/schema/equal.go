package schema

import (
	"math/bits"

	"portcullis/filter/decimal"
	"portcullis/filter/json"
)

// equal reports whether two values are equal as JSON Schema has it: numbers by
// value, strings unescaped, objects regardless of order. It recurses no deeper
// than the shallower of the two, whose depth the parser or the verifier bounds.
// Work is n log n in the size of the values.
func (m *Machine) equal(a *json.Tape, i uint32, b *json.Tape, j uint32) bool {
	return m.equalFrom(a, i, b, j, 0)
}

// equalFrom is equal with the free part of m.order.
func (m *Machine) equalFrom(a *json.Tape, i uint32, b *json.Tape, j, top uint32) bool {
	x, y := &a.Nodes[i], &b.Nodes[j]
	kind := x.Kind()
	if kind != y.Kind() {
		return false
	}
	switch kind {
	case json.KindNumber:
		return decimal.Equal(a.Text(i), b.Text(j))
	case json.KindString:
		return m.compareText(a, i, b, j) == 0
	case json.KindArray:
		if x.Len != y.Len {
			return false
		}
		end := x.Ext
		for i, j = i+1, j+1; i < end; i, j = a.Next(i), b.Next(j) {
			if !m.equalFrom(a, i, b, j, top) {
				return false
			}
		}
	case json.KindObject:
		return x.Len == y.Len && m.equalMembers(a, i, b, j, top)
	}
	return true
}

// equalMembers compares two objects with the same number of members: first in
// the order they stand in, which is mostly the same, then sorted.
func (m *Machine) equalMembers(a *json.Tape, i uint32, b *json.Tape, j, top uint32) bool {
	end := a.Nodes[i].Ext
	i, j = i+1, j+1
	for i < end && a.Nodes[i].Ext == b.Nodes[j].Ext && m.compareText(a, i, b, j) == 0 {
		if !m.equalFrom(a, i+1, b, j+1, top) {
			return false
		}
		i, j = a.Next(i+1), b.Next(j+1)
	}
	if i >= end {
		return true
	}
	na := m.sortMembers(a, i, end, top)
	nb := uint32(0)
	if na != 0 {
		nb = m.sortMembers(b, j, endOf(b, j, na), top+na)
	}
	if na == 0 || nb == 0 {
		m.overflow = true
		return false
	}
	for k := uint32(0); k < na; k++ {
		i, j = m.order[top+k], m.order[top+na+k]
		if a.Nodes[i].Ext != b.Nodes[j].Ext || m.compareText(a, i, b, j) != 0 || !m.equalFrom(a, i+1, b, j+1, top+na+nb) {
			return false
		}
	}
	return true
}

// endOf returns the index after n members from the name at j on.
func endOf(t *json.Tape, j, n uint32) uint32 {
	for ; n > 0; n-- {
		j = t.Next(j + 1)
	}
	return j
}

// sortMembers puts the names from i to end into m.order at top, sorted by hash
// and then by bytes, and returns how many there are; 0 if there is no room.
func (m *Machine) sortMembers(t *json.Tape, i, end, top uint32) uint32 {
	m.borrowOrder()
	n := uint32(0)
	for ; i < end; i = t.Next(i + 1) {
		if top+n >= uint32(len(m.order)) {
			return 0
		}
		m.order[top+n] = i
		n++
	}
	names := m.order[top : top+n]
	for root := int(n)/2 - 1; root >= 0; root-- {
		m.siftMember(t, names, root)
	}
	for last := int(n) - 1; last > 0; last-- {
		names[0], names[last] = names[last], names[0]
		m.siftMember(t, names[:last], 0)
	}
	return n
}

func (m *Machine) siftMember(t *json.Tape, names []uint32, root int) {
	for {
		child := 2*root + 1
		if child >= len(names) {
			return
		}
		if child+1 < len(names) && m.memberLess(t, names[child], names[child+1]) {
			child++
		}
		if !m.memberLess(t, names[root], names[child]) {
			return
		}
		names[root], names[child] = names[child], names[root]
		root = child
	}
}

func (m *Machine) memberLess(t *json.Tape, i, j uint32) bool {
	if a, b := t.Nodes[i].Ext, t.Nodes[j].Ext; a != b {
		return a < b
	}
	return m.compareText(t, i, t, j) < 0
}

// compareText orders two strings or names by their unescaped bytes.
func (m *Machine) compareText(a *json.Tape, i uint32, b *json.Tape, j uint32) int {
	s, t := a.Text(i), b.Text(j)
	if (a.Nodes[i].Meta|b.Nodes[j].Meta)&json.FlagEscaped != 0 {
		if len(s)+len(t) > cap(m.scratch) {
			m.overflow = true
			return 1
		}
		s = a.String(i, m.scratch[:0])
		t = b.String(j, m.scratch[len(s):len(s)])
	}
	switch {
	case string(s) == string(t):
		return 0
	case string(s) < string(t):
		return -1
	}
	return 1
}

// Hashing of values, keyed by the machine's seed: equal values have equal
// hashes, and who does not know the seed can't make others collide.

func (m *Machine) mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^v^m.seed^0x9e3779b97f4a7c15, v^bits.RotateLeft64(m.seed, 29)^0xc2b2ae3d27d4eb4f)
	return hi ^ lo ^ h
}

// hashValue returns the hash of the value at node.
func (m *Machine) hashValue(node uint32) uint64 {
	t := m.tape
	x := &t.Nodes[node]
	kind := x.Kind()
	h := uint64(kind)
	switch kind {
	case json.KindNumber:
		return m.mix(h, decimal.Hash(t.Text(node)))
	case json.KindString, json.KindName:
		return m.mix(h, m.hashText(node))
	case json.KindArray:
		for i := node + 1; i < x.Ext; i = t.Next(i) {
			h = m.mix(h, m.hashValue(i))
		}
		return m.mix(h, uint64(x.Len))
	case json.KindObject:
		// A sum, as order does not count.
		sum := uint64(0)
		for i := node + 1; i < x.Ext; i = t.Next(i + 1) {
			sum += m.mix(m.hashValue(i), m.hashValue(i+1))
		}
		return m.mix(h, sum)
	}
	return m.mix(h, h)
}

// hashText hashes the unescaped bytes of the string or name at node.
func (m *Machine) hashText(node uint32) uint64 {
	text, ok := m.text(node)
	if !ok {
		return 0
	}
	h := m.seed ^ uint64(len(text))
	for len(text) >= 8 {
		h = m.mix(h, uint64(text[0])|uint64(text[1])<<8|uint64(text[2])<<16|uint64(text[3])<<24|
			uint64(text[4])<<32|uint64(text[5])<<40|uint64(text[6])<<48|uint64(text[7])<<56)
		text = text[8:]
	}
	w := uint64(0)
	for i, c := range text {
		w |= uint64(c) << (8 * i)
	}
	return m.mix(h, w)
}

// unique looks for two equal elements in the array at node. It returns the
// later one of such a pair, 0 if there is none, and false if it ran out of
// room or steps.
func (m *Machine) unique(node uint32) (uint32, bool) {
	t := m.tape
	x := &t.Nodes[node]
	if m.steps < uint64(x.Ext-node) {
		return 0, false
	}
	m.steps -= uint64(x.Ext - node)
	if x.Len <= fewElements {
		return m.uniqueFew(node)
	}
	// An open-addressed table of element nodes in m.order, a fifth empty at least.
	m.borrowOrder()
	log := uint(64 - bits.LeadingZeros64(uint64(x.Len)+uint64(x.Len)/4))
	size := uint32(1) << log
	if uint64(size) > uint64(len(m.order)) {
		return 0, false
	}
	slots := m.order[:size]
	clear(slots)
	for i := node + 1; i < x.Ext; i = t.Next(i) {
		h := m.hashValue(i)
		m.hashes[i] = uint32(h)
		at := uint32(h >> (64 - log))
		for ; slots[at] != 0; at = (at + 1) & (size - 1) {
			if m.steps == 0 {
				return 0, false
			}
			m.steps--
			if m.hashes[slots[at]] == uint32(h) && m.equalFrom(t, slots[at], t, i, size) {
				return i, true
			}
		}
		slots[at] = i
	}
	return 0, !m.overflow
}

// fewElements is how many elements are compared each with each.
const fewElements = 8

func (m *Machine) uniqueFew(node uint32) (uint32, bool) {
	t := m.tape
	end := t.Nodes[node].Ext
	for i := t.Next(node + 1); i < end; i = t.Next(i) {
		for j := node + 1; j < i; j = t.Next(j) {
			if m.equal(t, j, t, i) {
				return i, true
			}
		}
	}
	return 0, !m.overflow
}
