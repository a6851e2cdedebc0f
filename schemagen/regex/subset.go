package regex

import "slices"

// machine is an automaton over classes, before it has numbers for good.
type machine struct {
	next   [][]int32 // state, class -> state
	accept []bool    // matches if the text ends here
	sink   int32     // the state that matched for good, or -1
	start  int32
	steps  int // work done, against the budget
}

// newState adds a state; stepping it is the caller's.
func (m *machine) newState(accept bool) int32 {
	m.next = append(m.next, nil)
	m.accept = append(m.accept, accept)
	return int32(len(m.accept) - 1)
}

// subset builds the automaton of a program without look-around: its states
// are sets of instSet instructions, plus whether the text may end here. Once
// the program has matched nothing matters any more.
type subset struct {
	p      *program
	c      *classes
	m      *machine
	index  map[string]int32
	kernel [][]int32 // state -> its instructions, sorted
	mark   []int32   // instruction -> generation that visited it
	gen    int32
	stack  []int32

	// Instructions that reach the end of the program without reading, at the
	// end of the text; endsAtStart where that is its start as well.
	ends, endsAtStart []bool
}

func buildSubset(p *program, c *classes, b budget) (*machine, error) {
	s := &subset{p: p, c: c, m: &machine{sink: -1}, index: make(map[string]int32), mark: make([]int32, len(p.insts)),
		ends: endings(p, false), endsAtStart: endings(p, true)}
	first, end, match := s.closure(nil, p.start, true)
	s.m.start = s.state(first, end, match)
	// The search may begin anywhere: each step adds what begins there.
	again, againEnd, againMatch := s.closure(nil, p.start, false)
	for q := 0; q < len(s.kernel); q++ {
		s.m.next[q] = make([]int32, c.num)
		for class := range c.num {
			if int32(q) == s.m.sink {
				s.m.next[q][class] = int32(q)
				continue
			}
			s.gen++
			set, end, match := s.closureMore(slices.Clone(again), againEnd, againMatch, s.kernel[q], class)
			s.m.next[q][class] = s.state(set, end, match)
			s.m.steps += len(set) + len(s.kernel[q]) + 1
		}
		if err := b.check(len(s.kernel), s.m.steps); err != nil {
			return nil, err
		}
	}
	return s.m, nil
}

// closureMore adds to set what the instructions of from reach by class.
func (s *subset) closureMore(set []int32, end, match bool, from []int32, class int) ([]int32, bool, bool) {
	for _, pc := range set {
		s.mark[pc] = s.gen
	}
	for _, pc := range from {
		if in := &s.p.insts[pc]; s.c.member[in.arg][class] {
			var e, m bool
			set, e, m = s.follow(set, in.x, false)
			end, match = end || e, match || m
		}
	}
	return set, end, match
}

// closure starts a new generation and follows pc.
func (s *subset) closure(set []int32, pc int32, atStart bool) ([]int32, bool, bool) {
	s.gen++
	return s.follow(set, pc, atStart)
}

// follow adds to set every instSet that pc reaches without reading, and tells
// whether it reaches the end of the program: always (match), or only if the
// text ends here (end).
func (s *subset) follow(set []int32, pc int32, atStart bool) (out []int32, end, match bool) {
	s.stack = append(s.stack[:0], pc)
	for len(s.stack) > 0 {
		pc := s.stack[len(s.stack)-1]
		s.stack = s.stack[:len(s.stack)-1]
		if s.mark[pc] == s.gen {
			continue
		}
		s.mark[pc] = s.gen
		s.m.steps++
		switch in := &s.p.insts[pc]; in.op {
		case instSet:
			set = append(set, pc)
		case instSplit:
			s.stack = append(s.stack, in.y, in.x)
		case instStart:
			if atStart {
				s.stack = append(s.stack, in.x)
			}
		case instEnd:
			end = end || atStart && s.endsAtStart[in.x] || s.ends[in.x]
		case instMatch:
			match = true
		}
	}
	return set, end, match
}

// endings tells for each instruction whether it reaches the end of the program
// without reading, at the end of the text: backwards from the matches, each
// instruction once.
func endings(p *program, atStart bool) []bool {
	ends := make([]bool, len(p.insts))
	before := make([][]int32, len(p.insts)) // the instructions that lead to each
	var todo []int32
	for pc := range p.insts {
		switch in := &p.insts[pc]; in.op {
		case instSplit:
			before[in.x], before[in.y] = append(before[in.x], int32(pc)), append(before[in.y], int32(pc))
		case instStart:
			if atStart {
				before[in.x] = append(before[in.x], int32(pc))
			}
		case instEnd:
			before[in.x] = append(before[in.x], int32(pc))
		case instMatch:
			ends[pc], todo = true, append(todo, int32(pc))
		}
	}
	for len(todo) > 0 {
		pc := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, from := range before[pc] {
			if !ends[from] {
				ends[from], todo = true, append(todo, from)
			}
		}
	}
	return ends
}

// state returns the state of a set, new or known.
func (s *subset) state(set []int32, end, match bool) int32 {
	if match {
		set, end = nil, true
	}
	slices.Sort(set)
	key := make([]byte, 0, 4*len(set)+1)
	switch {
	case match:
		key = append(key, 2)
	case end:
		key = append(key, 1)
	default:
		key = append(key, 0)
	}
	for _, pc := range set {
		key = append(key, byte(pc), byte(pc>>8), byte(pc>>16), byte(pc>>24))
	}
	if q, ok := s.index[string(key)]; ok {
		return q
	}
	q := s.m.newState(end)
	if match {
		s.m.sink = q
	}
	s.index[string(key)] = q
	s.kernel = append(s.kernel, set)
	return q
}
