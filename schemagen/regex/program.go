package regex

// instOp is the kind of an instruction.
type instOp uint8

const (
	instSet   instOp = iota + 1 // read one code point of class set arg, go to x
	instSplit                   // go to x and to y
	instStart                   // at the start of the text only: go to x
	instEnd                     // at its end only: go to x
	instLook                    // look-around arg holds here, or not (neg): go to x
	instMatch                   // done
)

type inst struct {
	op   instOp
	neg  bool
	arg  int32
	x, y int32
}

// lookaround is one look-around of the expression: a program of its own in
// the same instructions, that ends in its own instMatch.
type lookaround struct {
	start, match int32
	end          int32 // its instructions are match, match+1 .. end-1
	behind       bool
}

// program is an expression as instructions. Look-arounds are listed inner
// before outer.
type program struct {
	insts []inst
	sets  []set
	looks []lookaround
	start int32

	setIndex map[string]int32
	budget   int
}

// compileProgram unrolls repeats and lays n out as instructions. Instructions
// are made back to front: each knows where it goes when it is made.
func compileProgram(n *node, budget int) (*program, error) {
	p := &program{setIndex: make(map[string]int32), budget: budget}
	if size := n.size(budget); size > budget {
		return nil, &ErrTooLarge{What: "instructions", States: size, Budget: budget}
	}
	p.start = p.node(n, p.emit(inst{op: instMatch}))
	return p, nil
}

// size counts the instructions that n will take, or something over limit.
func (n *node) size(limit int) int {
	total := 1
	for _, sub := range n.subs {
		if total += sub.size(limit); total > limit {
			return limit + 1
		}
	}
	if n.op != opRepeat {
		return total
	}
	times := n.min + 1
	if n.max != unlimited {
		times = n.max
	}
	if times > limit || total*max(times, 1) > limit {
		return limit + 1
	}
	return total * max(times, 1)
}

func (p *program) emit(in inst) int32 {
	p.insts = append(p.insts, in)
	return int32(len(p.insts) - 1)
}

// node emits n so that it continues at next, and returns where n begins.
func (p *program) node(n *node, next int32) int32 {
	switch n.op {
	case opSet:
		return p.emit(inst{op: instSet, arg: p.setNumber(n.set), x: next})
	case opCat:
		for i := len(n.subs) - 1; i >= 0; i-- {
			next = p.node(n.subs[i], next)
		}
	case opAlt:
		at := p.node(n.subs[len(n.subs)-1], next)
		for i := len(n.subs) - 2; i >= 0; i-- {
			at = p.emit(inst{op: instSplit, x: p.node(n.subs[i], next), y: at})
		}
		return at
	case opRepeat:
		return p.repeat(n, next)
	case opStart:
		return p.emit(inst{op: instStart, x: next})
	case opEnd:
		return p.emit(inst{op: instEnd, x: next})
	case opLook:
		return p.look(n, next)
	}
	return next
}

func (p *program) repeat(n *node, next int32) int32 {
	sub, at := n.subs[0], next
	if n.max == unlimited {
		// The loop's head exists before its body, which returns to it.
		head := p.emit(inst{op: instSplit, y: next})
		p.insts[head].x = p.node(sub, head)
		at = head
	} else {
		for range n.max - n.min {
			at = p.emit(inst{op: instSplit, x: p.node(sub, at), y: next})
		}
	}
	for range n.min {
		at = p.node(sub, at)
	}
	return at
}

func (p *program) look(n *node, next int32) int32 {
	match := p.emit(inst{op: instMatch})
	start := p.node(n.subs[0], match)
	end := int32(len(p.insts))
	p.looks = append(p.looks, lookaround{start: start, match: match, end: end, behind: n.behind})
	return p.emit(inst{op: instLook, neg: n.neg, arg: int32(len(p.looks) - 1), x: next})
}

// setNumber gives equal sets equal numbers.
func (p *program) setNumber(s set) int32 {
	key := make([]byte, 0, 8*len(s))
	for _, sp := range s {
		key = append(key, byte(sp.lo), byte(sp.lo>>8), byte(sp.lo>>16), byte(sp.hi), byte(sp.hi>>8), byte(sp.hi>>16))
	}
	if i, ok := p.setIndex[string(key)]; ok {
		return i
	}
	p.sets = append(p.sets, s)
	p.setIndex[string(key)] = int32(len(p.sets) - 1)
	return int32(len(p.sets) - 1)
}
