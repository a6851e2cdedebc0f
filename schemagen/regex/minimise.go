package regex

// minimise merges states that no text tells apart: Hopcroft's algorithm,
// O(classes * states * log states). Block numbers come out in an order that
// depends on m alone.
func (m *machine) minimise(numClasses int) *machine {
	n := len(m.accept)
	// block[q] is q's block; the states of block b are elems[start[b]:end[b]].
	h := &hopcroft{block: make([]int32, n), elems: make([]int32, n), at: make([]int32, n)}
	for _, accept := range []bool{false, true} {
		lo := int32(0)
		if len(h.end) > 0 {
			lo = h.end[len(h.end)-1]
		}
		hi := lo
		for q := range n {
			if m.accept[q] == accept {
				h.elems[hi], h.at[q], h.block[q] = int32(q), hi, int32(len(h.end))
				hi++
			}
		}
		if hi > lo {
			h.start, h.end, h.marked = append(h.start, lo), append(h.end, hi), append(h.marked, 0)
		}
	}
	inverse := m.inverse(numClasses)
	var work []int32
	inWork := make([]bool, n)
	for b := range h.end {
		work, inWork[b] = append(work, int32(b)), true
	}
	for len(work) > 0 {
		b := work[len(work)-1]
		work, inWork[b] = work[:len(work)-1], false
		// Splitting may touch b itself, so its members are copied.
		members := append([]int32(nil), h.elems[h.start[b]:h.end[b]]...)
		for class := range numClasses {
			for _, q := range members {
				for _, from := range inverse.of(class, q) {
					h.mark(from)
				}
			}
			for _, old := range h.touched {
				fresh := h.split(old)
				switch {
				case fresh < 0:
				case inWork[old] || h.end[fresh]-h.start[fresh] <= h.end[old]-h.start[old]:
					work, inWork[fresh] = append(work, fresh), true
				default:
					work, inWork[old] = append(work, old), true
				}
			}
			h.touched = h.touched[:0]
		}
	}
	return m.quotient(h.block, len(h.end), numClasses)
}

// hopcroft is a partition of the states that can be refined.
type hopcroft struct {
	block, elems, at   []int32
	start, end, marked []int32 // by block; the first marked elements are marked
	touched            []int32 // blocks with marked elements
}

// mark moves q to the front of its block.
func (h *hopcroft) mark(q int32) {
	b := h.block[q]
	if to := h.start[b] + h.marked[b]; h.at[q] >= to {
		if h.marked[b] == 0 {
			h.touched = append(h.touched, b)
		}
		other, from := h.elems[to], h.at[q]
		h.elems[to], h.elems[from] = q, other
		h.at[q], h.at[other] = to, from
		h.marked[b]++
	}
}

// split moves the marked elements of b to a new block, unless all are marked.
func (h *hopcroft) split(b int32) int32 {
	marked := h.marked[b]
	h.marked[b] = 0
	if marked == h.end[b]-h.start[b] {
		return -1
	}
	fresh := int32(len(h.end))
	h.start, h.end, h.marked = append(h.start, h.start[b]), append(h.end, h.start[b]+marked), append(h.marked, 0)
	h.start[b] += marked
	for _, q := range h.elems[h.start[fresh]:h.end[fresh]] {
		h.block[q] = fresh
	}
	return fresh
}

// inverse lists, by class and state, the states that lead there.
type inverse struct {
	states int
	start  []int32
	from   []int32
}

func (v *inverse) of(class int, q int32) []int32 {
	i := class*v.states + int(q)
	return v.from[v.start[i]:v.start[i+1]]
}

func (m *machine) inverse(numClasses int) *inverse {
	n := len(m.accept)
	v := &inverse{states: n, start: make([]int32, numClasses*n+1), from: make([]int32, numClasses*n)}
	for _, row := range m.next {
		for class, q := range row {
			v.start[class*n+int(q)+1]++
		}
	}
	for i := 1; i < len(v.start); i++ {
		v.start[i] += v.start[i-1]
	}
	fill := append([]int32(nil), v.start...)
	for from, row := range m.next {
		for class, q := range row {
			i := class*n + int(q)
			v.from[fill[i]] = int32(from)
			fill[i]++
		}
	}
	return v
}

// quotient makes one state of each block.
func (m *machine) quotient(block []int32, blocks, numClasses int) *machine {
	out := &machine{next: make([][]int32, blocks), accept: make([]bool, blocks), sink: -1, start: block[m.start]}
	for q, b := range block {
		if out.next[b] != nil {
			continue
		}
		out.next[b] = make([]int32, numClasses)
		for class, to := range m.next[q] {
			out.next[b][class] = block[to]
		}
		out.accept[b] = m.accept[q]
	}
	return out
}
