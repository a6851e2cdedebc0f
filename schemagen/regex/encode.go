package regex

import (
	"slices"

	"portcullis/filter/pattern"
)

// number gives the states and classes of a minimal machine their final
// numbers and returns it in filter/pattern's terms. States are met breadth
// first from the start; classes that lead everywhere to the same states
// become one, and are numbered in the order of their first code point, ASCII
// first, so that ASCII classes fit a byte.
func (m *machine) number(c *classes) *pattern.Automaton {
	class, numClasses, column := m.mergeClasses(c)
	a := &pattern.Automaton{NumClasses: numClasses}
	order, id := m.order(column)
	a.NumStates = len(order) + int(pattern.FirstRow)
	a.FirstAccept = a.NumStates
	for i, q := range order {
		if m.accept[q] {
			a.FirstAccept = i + int(pattern.FirstRow)
			break
		}
	}
	for _, q := range order {
		for _, col := range column {
			a.Next = append(a.Next, uint16(id[m.next[q][col]]))
		}
	}
	a.Start = int(id[m.start])
	m.encodeClasses(a, c, class)
	return a
}

func (m *machine) encodeClasses(a *pattern.Automaton, c *classes, class []uint16) {
	for i, first := range c.first {
		last := rune(maxRune)
		if i+1 < len(c.first) {
			last = c.first[i+1] - 1
		}
		k := class[c.class[i]]
		for r := first; r <= min(last, 127); r++ {
			a.ASCII[r] = uint8(k)
		}
		if last < 0x80 {
			continue
		}
		if n := len(a.Ranges); n == 0 || a.Ranges[n-1].Class != k {
			a.Ranges = append(a.Ranges, pattern.RangeClass{First: max(first, 0x80), Class: k})
		}
	}
}

// mergeClasses returns the new class of each old one, their number, and for
// each new class an old one to stand for it.
func (m *machine) mergeClasses(c *classes) (class []uint16, num int, column []int) {
	class = make([]uint16, c.num)
	known := make([]bool, c.num)
	seen := make(map[string]uint16)
	for _, old := range c.class {
		if known[old] {
			continue
		}
		known[old] = true
		key := make([]byte, 0, 4*len(m.next))
		for _, row := range m.next {
			q := row[old]
			key = append(key, byte(q), byte(q>>8), byte(q>>16), byte(q>>24))
		}
		k, ok := seen[string(key)]
		if !ok {
			k = uint16(len(column))
			seen[string(key)] = k
			column = append(column, int(old))
		}
		class[old] = k
	}
	return class, len(column), column
}

// order lists the states that need a row, those that do not accept first, and
// numbers all states.
func (m *machine) order(column []int) (rows []int32, id []int32) {
	id = make([]int32, len(m.accept))
	for q := range id {
		id[q] = -1
	}
	queue := []int32{m.start}
	id[m.start] = 0
	for i := 0; i < len(queue); i++ {
		for _, col := range column {
			if to := m.next[queue[i]][col]; id[to] < 0 {
				id[to] = 0
				queue = append(queue, to)
			}
		}
	}
	for _, accept := range []bool{false, true} {
		for _, q := range queue {
			if m.accept[q] != accept {
				continue
			}
			if m.absorbs(q) {
				id[q] = int32(pattern.StateReject)
				if accept {
					id[q] = int32(pattern.StateMatch)
				}
				continue
			}
			id[q] = int32(pattern.FirstRow) + int32(len(rows))
			rows = append(rows, q)
		}
	}
	return slices.Clip(rows), id
}

// absorbs tells whether q is never left.
func (m *machine) absorbs(q int32) bool {
	for _, to := range m.next[q] {
		if to != q {
			return false
		}
	}
	return true
}
