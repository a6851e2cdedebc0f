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

// slow does the step at op, which the kernel left, and returns a status at the
// end of the run, 0 before.
//
// It is long because it is a table.
func (m *Machine) slow() Status {
	in := &m.prog[m.pc]
	node := uint32(m.node)
	x := &m.tape.Nodes[node]
	switch op := table.Opcode(m.op); op {
	case table.OpAssertType:
		return m.judged(m.integral(uint32(in.A), node), DetailNone)
	case table.OpAssertMinimum, table.OpAssertMaximum, table.OpAssertExclusiveMinimum,
		table.OpAssertExclusiveMaximum, table.OpAssertMultipleOf:
		return m.judged(m.number(in, node), DetailNone)
	case table.OpAssertLength:
		n := m.tape.CodePoints(node)
		if n < in.C {
			return m.judged(false, DetailMin)
		}
		return m.judged(n <= in.D, DetailMax)
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
	case table.OpCtlWhenHas:
		if m.member(in.D, in.C, node) == 0 {
			return m.next(in.E)
		}
		return m.next(uint32(m.pc) + 1)
	case table.OpCtlSwitchValue:
		return m.next(m.switchValue(in, node))
	case stepHead:
		return m.head()
	case stepPropsMany:
		if !m.pushWords(m.sets[in.C+table.SetBits]) {
			return StatusBudget
		}
		m.op = stepPropsSlow
		return 0
	case stepPropsEnd:
		return m.endProperties(&m.frames[m.sp])
	case stepPropsSlow:
		return m.propsSlow(&m.frames[m.sp])
	case stepFail:
		return m.fails()
	case stepDone:
		if m.failed != 0 {
			return StatusInvalid
		}
		return StatusValid
	case stepBudget:
		return StatusBudget
	}
	return StatusInternal // an instruction that no verified table runs
}

// fails reports a failure outside of branches, and lets explain have the
// others.
func (m *Machine) fails() Status {
	f := Failure{uint32(m.failInst), uint32(m.failNode), uint32(m.failDetail), uint32(m.failArg)}
	if m.try != 0 {
		m.consider(f)
		m.look = 2
		return 0
	}
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

// head decides what the kernel could not: whether the number at failNode, which
// the block failInst asks to be an integer, is one.
func (m *Machine) head() Status {
	block, value := uint32(m.failInst), uint32(m.failNode)
	if !m.integral(uint32(m.prog[block].A), value) {
		return m.fail(block, value, DetailNone, 0, m.after)
	}
	m.node = uint64(value)
	return m.next(block + 1)
}
