package regex

import "slices"

// alternating builds the automaton of any program, look-around included.
//
// Ahead: what remains to be seen is a Boolean function. Its variables are the
// instSet instructions; one is true if the program, started there, reaches an
// instMatch in the rest of the text. Reading a character replaces a variable
// by the function of the instruction that follows, or by false. A lookahead is
// then a conjunction, a negative one a conjunction with a negation. Variable 0
// says that the text ends here.
//
// Behind: a lookbehind is true at a position if its own program, started
// anywhere before, ends there. So the instructions that it may be at are kept
// beside the function, each with what it still asks of the rest of the text
// (true, unless a lookahead stands inside the lookbehind).
type alternating struct {
	p *program
	c *classes
	m *machine
	f *bdd

	owner  []int32 // instruction -> look-around that it is part of, -1 for none
	states []lookState
	index  map[string]int32
	places map[string]*place
}

// lookState is one state: the function, and where each lookbehind may be.
type lookState struct {
	function int32
	behind   [][]thread
}

// thread is an instruction of a lookbehind and what is asked ahead.
type thread struct{ pc, asks int32 }

// place is what is known at a position of the text, before the rest is read.
type place struct {
	value  []int32    // instruction -> function, lookbehinds' own excepted
	behind [][]thread // instSet instructions that lookbehinds are at
}

const endVariable = 0

func variableOf(pc int32) int32 { return pc + 1 }

func buildAlternating(p *program, c *classes, b budget) (*machine, error) {
	a := &alternating{
		p: p, c: c, f: newBDD(maxFunctionWork), m: &machine{sink: -1},
		index: make(map[string]int32), places: make(map[string]*place),
	}
	a.setOwners()
	first := a.place(-1, make([][]thread, len(p.looks)))
	a.m.start = a.state(first.value[p.start], first)
	for q := 0; q < len(a.states); q++ {
		a.m.next[q] = make([]int32, c.num)
		for class := range c.num {
			a.m.next[q][class] = a.step(a.states[q], int32(q), class)
			if err := b.checkFunctions(a.f.work); err != nil {
				return nil, err
			}
		}
		if err := b.check(len(a.states), a.f.work); err != nil {
			return nil, err
		}
	}
	return a.m, nil
}

// setOwners uses that a look-around's instructions lie together, from its
// match on, and inner ones are listed first.
func (a *alternating) setOwners() {
	a.owner = make([]int32, len(a.p.insts))
	for i := range a.owner {
		a.owner[i] = -1
	}
	for k := len(a.p.looks) - 1; k >= 0; k-- {
		l := a.p.looks[k]
		for pc := l.match; pc < l.end; pc++ {
			a.owner[pc] = int32(k)
		}
	}
}

// step returns the state that follows q, which is s, by class.
func (a *alternating) step(s lookState, q int32, class int) int32 {
	if q == a.m.sink {
		return q
	}
	// Lookbehinds move first: what they say decides what follows.
	moved := make([][]thread, len(s.behind))
	for k, threads := range s.behind {
		for _, t := range threads {
			if in := a.p.insts[t.pc]; a.c.member[in.arg][class] {
				moved[k] = append(moved[k], thread{in.x, t.asks})
			}
		}
	}
	at := a.place(class, moved)
	next := a.substitute(s.function, class, at.value, make(map[int32]int32))
	// The search may begin anywhere.
	return a.state(a.f.or(next, at.value[a.p.start]), at)
}

// substitute reads a character: each variable of f becomes the function of
// what follows its instruction, or false.
func (a *alternating) substitute(f int32, class int, value []int32, memo map[int32]int32) int32 {
	if f == bddFalse || f == bddTrue {
		return f
	}
	if r, ok := memo[f]; ok {
		return r
	}
	n := a.f.nodes[f]
	lo := a.substitute(n.lo, class, value, memo)
	r := lo
	if n.v != endVariable {
		if in := a.p.insts[n.v-1]; a.c.member[in.arg][class] {
			r = a.f.ite(value[in.x], a.substitute(n.hi, class, value, memo), lo)
		}
	}
	memo[f] = r
	return r
}

// place works out a position: at the start of the text when class is -1, else
// after a character of class, which moved the lookbehinds as given. What their
// threads ask is still to be substituted.
func (a *alternating) place(class int, moved [][]thread) *place {
	key := appendInt(nil, int32(class))
	for _, threads := range moved {
		key = appendThreads(key, threads)
	}
	if at, ok := a.places[string(key)]; ok {
		return at
	}
	a.f.work += len(a.p.insts)
	at := &place{value: make([]int32, len(a.p.insts)), behind: make([][]thread, len(moved))}
	holds := make([]int32, len(a.p.looks))
	for k, l := range a.p.looks {
		if l.behind {
			holds[k], at.behind[k] = a.runBehind(int32(k), class, moved[k], at.value, holds)
		} else {
			a.evaluate(int32(k), class, at.value, holds)
			holds[k] = at.value[l.start]
		}
	}
	a.evaluate(-1, class, at.value, holds)
	a.places[string(key)] = at
	return at
}

// evaluate sets the functions of the instructions that owner has, to the least
// solution: loops that read nothing add nothing. Look-arounds inside are known.
func (a *alternating) evaluate(owner int32, class int, value, holds []int32) {
	for changed := true; changed; {
		changed = false
		for pc := range a.p.insts {
			if a.owner[pc] != owner {
				continue
			}
			if v := a.valueOf(int32(pc), class, value, holds); v != value[pc] {
				value[pc], changed = v, true
			}
		}
	}
}

func (a *alternating) valueOf(pc int32, class int, value, holds []int32) int32 {
	in := &a.p.insts[pc]
	switch in.op {
	case instSet:
		return a.f.variable(variableOf(pc))
	case instSplit:
		return a.f.or(value[in.x], value[in.y])
	case instMatch:
		return bddTrue
	}
	return a.f.and(a.condition(in, class, holds), value[in.x])
}

// condition is the function of an assertion at the present position.
func (a *alternating) condition(in *inst, class int, holds []int32) int32 {
	switch in.op {
	case instStart:
		if class < 0 {
			return bddTrue
		}
		return bddFalse
	case instEnd:
		return a.f.variable(endVariable)
	}
	if in.neg {
		return a.f.not(holds[in.arg])
	}
	return holds[in.arg]
}

// runBehind lets lookbehind k go on from moved and begin here, without
// reading. It returns whether it holds and the instSet instructions it is at.
func (a *alternating) runBehind(k int32, class int, moved []thread, value, holds []int32) (int32, []thread) {
	l := a.p.looks[k]
	asks := make(map[int32]int32)
	var work []int32
	add := func(pc, f int32) {
		if sum := a.f.or(asks[pc], f); sum != asks[pc] {
			asks[pc] = sum
			work = append(work, pc)
		}
	}
	memo := make(map[int32]int32)
	for _, t := range moved {
		add(t.pc, a.substitute(t.asks, class, value, memo))
	}
	add(l.start, bddTrue)
	for len(work) > 0 {
		pc := work[len(work)-1]
		work = work[:len(work)-1]
		switch in := &a.p.insts[pc]; in.op {
		case instSet, instMatch:
		case instSplit:
			add(in.x, asks[pc])
			add(in.y, asks[pc])
		default:
			add(in.x, a.f.and(asks[pc], a.condition(in, class, holds)))
		}
	}
	var threads []thread
	for pc, f := range asks {
		if a.p.insts[pc].op == instSet {
			threads = append(threads, thread{pc, f})
		}
	}
	slices.SortFunc(threads, func(x, y thread) int { return int(x.pc - y.pc) })
	return asks[l.match], threads
}

// state returns the state of a function at a place, new or known.
func (a *alternating) state(function int32, at *place) int32 {
	s := lookState{function: function, behind: at.behind}
	if function == bddTrue {
		s.behind = nil
	}
	key := appendInt(nil, function)
	for _, threads := range s.behind {
		key = appendThreads(key, threads)
	}
	if q, ok := a.index[string(key)]; ok {
		return q
	}
	q := a.m.newState(a.endsHere(function))
	if function == bddTrue {
		a.m.sink = q
	}
	a.index[string(key)] = q
	a.states = append(a.states, s)
	return q
}

// endsHere is the function's value if the text ends: variable 0 alone is true.
func (a *alternating) endsHere(f int32) bool {
	for f != bddFalse && f != bddTrue {
		if n := a.f.nodes[f]; n.v == endVariable {
			f = n.hi
		} else {
			f = n.lo
		}
	}
	return f == bddTrue
}

func appendInt(b []byte, v int32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}

func appendThreads(b []byte, threads []thread) []byte {
	b = appendInt(b, int32(len(threads)))
	for _, t := range threads {
		b = appendInt(appendInt(b, t.pc), t.asks)
	}
	return b
}
