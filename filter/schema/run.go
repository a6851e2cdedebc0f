package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// run interprets from pc on the value at node until the root frame's block
// ends, a failure has nowhere to go, or the budget is used up. The kernel does
// what is frequent; between its runs, slow does one step of the rest.
func (m *Machine) run(pc, node uint32) Status {
	m.pc, m.node, m.sp, m.try = uint64(pc), uint64(node), 0, 0
	m.op = uint64(m.prog[pc].Op)
	m.after = stepNext
	for {
		runKernel(&m.state)
		if status := m.slow(); status != 0 {
			return status
		}
	}
}

// next goes on with the instruction at pc.
func (m *Machine) next(pc uint32) Status {
	m.pc = uint64(pc)
	m.op = uint64(m.prog[pc].Op)
	return 0
}

// judged goes on after an assertion: with the next instruction, or as failed.
func (m *Machine) judged(ok bool, detail uint32) Status {
	if ok {
		return m.next(uint32(m.pc) + 1)
	}
	m.failDetail = uint64(detail)
	m.op = stepFailHere
	return 0
}

// fail goes on as failed: inst on node; after is the step that goes on if the
// failure is only recorded.
func (m *Machine) fail(inst, node, detail, arg uint32, after uint64) Status {
	m.failInst, m.failNode, m.failDetail, m.failArg = uint64(inst), uint64(node), uint64(detail), uint64(arg)
	m.op, m.after = stepFail, after
	return 0
}

// push returns a new frame, nil when there is none left.
func (m *Machine) push(kind uint32) *frame {
	if m.sp+1 >= uint64(len(m.frames)) {
		return nil
	}
	m.sp++
	f := &m.frames[m.sp]
	f.kind, f.pc, f.node = kind, uint32(m.pc), uint32(m.node)
	return f
}

// spend takes n steps from the budget, or reports that there are not so many.
func (m *Machine) spend(n uint32) bool {
	if m.steps < uint64(n) {
		return false
	}
	m.steps -= uint64(n)
	return true
}

// slow does the step at op, whatever it is but for what the kernel always does
// itself, and returns a status at the end of the run, 0 before.
//
// It is long because it is a table.
func (m *Machine) slow() Status {
	in := &m.prog[m.pc]
	node := uint32(m.node)
	x := &m.tape.Nodes[node]
	switch op := table.Opcode(m.op); op {
	case table.OpAssertType:
		return m.judged(m.integral(uint32(in.A), node), DetailNone)
	case table.OpAssertFail, table.OpAssertNone:
		return m.judged(false, DetailNone)
	case table.OpAssertMinimum, table.OpAssertMaximum, table.OpAssertExclusiveMinimum,
		table.OpAssertExclusiveMaximum, table.OpAssertMultipleOf:
		return m.judged(x.Kind() != json.KindNumber || m.number(in, node), DetailNone)
	case table.OpAssertLength:
		return m.within(in, m.tape.CodePoints(node))
	case table.OpAssertItems, table.OpAssertProperties:
		return m.within(in, x.Len)
	case table.OpAssertPattern:
		return m.judged(m.pattern(in.C, node), DetailNone)
	case table.OpAssertFormat:
		return m.judged(m.format(in.C, node), DetailNone)
	case table.OpAssertUnique:
		if x.Kind() != json.KindArray || x.Len < 2 {
			return m.judged(true, DetailNone)
		}
		equal, ok := m.unique(node)
		if !ok {
			return StatusBudget
		}
		m.failArg = uint64(equal)
		return m.judged(equal == 0, DetailEqual)
	case table.OpAssertEnum:
		return m.judged(m.enum(in.C, node), DetailNone)
	case table.OpCtlEnd:
		return m.endBlock(&m.frames[m.sp])
	case table.OpCtlCall:
		return m.call(in)
	case table.OpCtlWhenHas:
		if m.member(in.D, in.C, node) == 0 {
			return m.next(in.E)
		}
		return m.next(uint32(m.pc) + 1)
	case table.OpCtlSwitchValue:
		return m.next(m.switchValue(in, node))
	case table.OpCtlScope:
		f := m.push(frameScope)
		if f == nil {
			return StatusBudget
		}
		f.scope = uint32(m.scope)
		m.scope = m.trail
		return m.next(uint32(m.pc) + 1)
	case table.OpLoopProperties:
		return m.beginProperties(in, x)
	case table.OpLoopItems:
		return m.beginLoop(frameItemsSlow, json.KindArray, stepItemsSlow)
	case table.OpLoopContains:
		return m.beginLoop(frameContains, json.KindArray, stepContains)
	case table.OpLoopUnevaluatedItems:
		return m.beginLoop(frameUnevalItems, json.KindArray, stepUnevaluated)
	case table.OpLoopUnevaluatedProperties:
		return m.beginLoop(frameUnevalProps, json.KindObject, stepUnevaluated)
	case stepHead:
		return m.head()
	case stepPropsEnd:
		return m.endProperties(&m.frames[m.sp])
	case stepPropsSlow:
		return m.propsSlow(&m.frames[m.sp])
	case stepItemsSlow:
		return m.itemsSlow(&m.frames[m.sp])
	case stepLoopEnd:
		f := &m.frames[m.sp]
		m.sp--
		m.node = uint64(f.node)
		return m.next(m.prog[f.pc].E)
	case stepContains:
		return m.contains(&m.frames[m.sp])
	case stepUnevaluated:
		return m.unevaluated(&m.frames[m.sp])
	case stepFail:
		return m.failed()
	}
	// Steps that the kernel declines only when the budget is used up, and
	// instructions that no verified table runs.
	switch table.Opcode(m.op) {
	case table.OpCtlTail, table.OpLogicAnyOf, table.OpLogicOneOf, table.OpLogicNot, table.OpLogicIf, stepBudget:
		return StatusBudget
	}
	return StatusInternal
}

func (m *Machine) within(in *table.Inst, n uint32) Status {
	if n < in.C {
		return m.judged(false, DetailMin)
	}
	return m.judged(n <= in.D, DetailMax)
}

func (m *Machine) call(in *table.Inst) Status {
	if !m.spend(1) {
		return StatusBudget
	}
	kind := uint32(frameCall)
	if in.A != 0 {
		kind = frameMemo
		switch m.recall(in.D, uint32(m.node)) {
		case memoPass:
			return m.next(uint32(m.pc) + 1)
		case memoFail:
			// Outside of branches the run wants to know what failed.
			if m.try != 0 && m.look == 0 {
				return m.judged(false, DetailNone)
			}
		}
	}
	f := m.push(kind)
	if f == nil {
		return StatusBudget
	}
	f.pc, f.n, f.fails = uint32(m.pc)+1, in.D, m.numFailed
	return m.next(in.C)
}

// endBlock goes on after the block that f was waiting for, which passed.
func (m *Machine) endBlock(f *frame) Status {
	node := uint32(m.node)
	m.node = uint64(f.node)
	switch f.kind {
	case frameRoot:
		if m.numFailed != 0 {
			return StatusInvalid
		}
		return StatusValid
	case frameMemo:
		if m.numFailed == f.fails {
			m.remember(f.n, f.node, memoPass)
		}
		m.sp--
		return m.next(f.pc)
	case frameScope:
		m.scope = uint64(f.scope)
		m.sp--
		return m.next(m.prog[f.pc].C)
	case framePropsSlow:
		m.op = stepPropsSlow
		return 0
	case frameItemsSlow:
		m.op = stepItemsSlow
		return 0
	case frameUnevalProps, frameUnevalItems:
		m.op = stepUnevaluated
		return 0
	case frameContains:
		f.n++
		if m.prog[f.pc].A&table.LoopMark != 0 && !m.mark(node) {
			return StatusBudget
		}
		m.op = stepContains
		return 0
	case frameAnyOf, frameOneOf:
		f.n++
		if f.kind == frameOneOf && f.n > 1 {
			m.leave(f)
			m.pc = uint64(m.prog[f.pc].C)
			return m.fail(f.pc, f.node, DetailMax, 0, stepAt)
		}
		if b := &m.prog[f.cur]; b.A == 0 {
			f.cur, f.trail = b.C, uint32(m.trail)
			return m.next(b.C + 1)
		}
		m.leave(f)
		return m.next(m.prog[f.pc].C)
	case frameNot:
		m.rollback(f.trail)
		m.leave(f)
		m.pc = uint64(m.prog[f.pc].C)
		return m.fail(f.pc, f.node, DetailNone, 0, stepAt)
	}
	return StatusInternal // the kernel ends the others
}

// leave pops the frame f, which catches failures.
func (m *Machine) leave(f *frame) {
	m.try = uint64(f.try)
	m.node = uint64(f.node)
	m.sp--
}

// failed reports a failure outside of branches, and otherwise goes back to the
// innermost branch.
func (m *Machine) failed() Status {
	f := Failure{uint32(m.failInst), uint32(m.failNode), uint32(m.failDetail), uint32(m.failArg)}
	if m.try == 0 {
		if !m.report(f) {
			return StatusInvalid
		}
		// Collecting: go on as if it had passed.
		switch m.op = m.after; m.op {
		case stepNext:
			return m.next(uint32(m.pc) + 1)
		case stepAt:
			return m.next(uint32(m.pc))
		}
		return 0
	}
	if m.look != 0 {
		m.consider(f)
	}
	for ; m.sp > m.try; m.sp-- {
		if g := &m.frames[m.sp]; g.kind == frameMemo {
			m.remember(g.n, g.node, memoFail)
		}
	}
	g := &m.frames[m.sp]
	m.rollback(g.trail)
	m.scope, m.words, m.node = uint64(g.scope), uint64(g.words), uint64(g.node)
	switch g.kind {
	case frameAnyOf, frameOneOf:
		if b := &m.prog[g.cur]; b.A == 0 {
			g.cur = b.C
			return m.next(b.C + 1)
		}
		m.leave(g)
		if g.n > 0 {
			return m.next(m.prog[g.pc].C)
		}
		m.pc = uint64(m.prog[g.pc].C)
		return m.fail(g.pc, g.node, DetailNone, 0, stepAt)
	case frameNot:
		m.leave(g)
		return m.next(m.prog[g.pc].C)
	case frameIf:
		m.leave(g)
		return m.next(m.prog[g.pc].D)
	}
	m.op = stepContains
	return 0
}

// head decides what the kernel could not: whether the value at failNode, of a
// kind that the block failInst does not take, is a number with an integral
// value that it takes after all.
func (m *Machine) head() Status {
	block, value := uint32(m.failInst), uint32(m.failNode)
	if !m.integral(uint32(m.prog[block].A), value) {
		return m.fail(block, value, DetailNone, 0, m.after)
	}
	m.node = uint64(value)
	return m.next(block + 1)
}
