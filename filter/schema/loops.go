package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// beginLoop opens the frame of a loop over the elements or members of the
// value at node, or passes a value of another kind.
func (m *Machine) beginLoop(kind, wantKind uint32, step uint64) Status {
	x := &m.tape.Nodes[m.node]
	if x.Kind() != wantKind {
		return m.next(m.prog[m.pc].E)
	}
	f := m.push(kind)
	if f == nil || !m.spend(x.Len) {
		return StatusBudget
	}
	f.cur, f.end, f.stage, f.n, f.seen = f.node+1, x.Ext, 0, 0, 0
	f.words = uint32(m.words)
	if kind == frameContains {
		f.try, f.scope, f.trail = uint32(m.try), uint32(m.scope), uint32(m.trail)
		m.try = m.sp
	}
	m.op = step
	return 0
}

// beginProperties opens a loop over members that the kernel does not do itself.
func (m *Machine) beginProperties(in *table.Inst, x *json.Node) Status {
	if s := m.beginLoop(framePropsSlow, json.KindObject, stepPropsSlow); s != 0 || x.Kind() != json.KindObject {
		return s
	}
	if bits := m.sets[in.C+table.SetBits]; bits > seenBits && !m.pushWords(bits) {
		return StatusBudget
	}
	return 0
}

// endProperties reports what is missing, one at a time, and leaves the loop
// when nothing more is.
func (m *Machine) endProperties(f *frame) Status {
	m.pc, m.node = uint64(f.pc), uint64(f.node)
	if detail := m.missing(f, m.prog[f.pc].C); detail != DetailNone {
		return m.fail(f.pc, f.node, detail, f.n, stepPropsEnd)
	}
	m.words = uint64(f.words)
	m.sp--
	return m.next(m.prog[f.pc].E)
}

// enter goes on in a block for the value at node, behind what its head says.
// It returns false when there is nothing to enter: no block, or a head that is
// all of it. A value that the head refuses is a failure; after goes on then.
func (m *Machine) enter(block, head, node uint32, after uint64) (Status, bool) {
	if block == 0 {
		return 0, false
	}
	if head&table.HeadTypes != 0 {
		if head&uint32(typeBits(uint64(m.tape.Nodes[node].Meta))) == 0 && !m.integral(head, node) {
			return m.fail(block, node, DetailNone, 0, after), true
		}
		if head&table.HeadOnly != 0 {
			return 0, false
		}
		block++
	}
	m.node = uint64(node)
	return m.next(block), true
}

// Stages of a member in the slow loop; patterns count up from stagePattern.
const (
	stageName    = 0
	stageEntry   = 1
	stagePattern = 2
)

// propsSlow goes on with the loop of f over members, where there are patterns,
// a block for names, escapes in names, members to mark as evaluated or more
// members to track than fit a word. Stage says what comes next for the member
// at cur, n whether something named it already.
func (m *Machine) propsSlow(f *frame) Status {
	nodes := m.tape.Nodes
	in := &m.prog[f.pc]
	m.pc = uint64(f.pc)
	set := m.sets[in.C:]
	numBits, numPatterns := set[table.SetBits], set[table.SetPatterns]
	entries := set[table.SetSlots+uint32(1)<<set[table.SetLog]+(numBits+31)/32:]
	patterns := entries[set[table.SetEntries]*entryWords:]
	for f.cur < f.end {
		name, value := f.cur, f.cur+1
		block, head, node := uint32(0), uint32(0), value
		stage := f.stage
		f.stage++
		switch {
		case stage == stageName:
			f.n = 0
			block, node = set[table.SetNames], name
		case stage == stageEntry:
			slot := table.Slot(nodes[name].Ext, set[table.SetMult], set[table.SetLog])
			e := set[table.SetSlots+slot]
			if e != 0 {
				e = m.findEntry(entries, e, name)
			}
			if e == 0 {
				continue
			}
			e--
			if e < numBits {
				if numBits > seenBits {
					m.masks[f.words+e/32] |= 1 << (e % 32)
				} else {
					f.seen |= 1 << e
				}
			}
			info := entries[e*entryWords+table.EntryInfo]
			if info&table.EntryNamed == 0 {
				continue
			}
			f.n = 1
			block, head = entries[e*entryWords+table.EntryBlock], info>>table.EntryHeadShift
		case stage < stagePattern+numPatterns:
			p := patterns[(stage-stagePattern)*patternWords:]
			if !m.pattern(p[table.PatternDFA], name) {
				continue
			}
			f.n = 1
			block, head = p[table.PatternBlock], p[table.PatternHead]
		default:
			f.stage = stageName
			f.cur = m.tape.Next(value)
			judged := f.n != 0
			if !judged {
				if in.A&table.PropsClosed != 0 {
					return m.fail(f.pc, f.node, DetailAdditional, name, stepPropsSlow)
				}
				judged = in.A&table.PropsOther != 0
				block, head = in.D, uint32(in.B)
			}
			if judged && in.A&table.PropsMark != 0 && !m.mark(name) {
				return StatusBudget
			}
		}
		if status, entered := m.enter(block, head, node, stepPropsSlow); entered {
			return status
		}
	}
	f.stage = 0
	m.op = stepPropsEnd
	return 0
}

// itemsSlow goes on with the loop of f over elements, where there is a tuple or
// elements are to be marked as evaluated. n counts the elements.
func (m *Machine) itemsSlow(f *frame) Status {
	in := &m.prog[f.pc]
	m.pc = uint64(f.pc)
	for f.cur < f.end {
		value := f.cur
		f.cur = m.tape.Next(value)
		block, head, judged := in.D, uint32(in.B), in.D != 0 || in.A&table.LoopOther != 0
		if in.C != table.NoIndex && f.n < m.lists[in.C+table.TupleCount] {
			at := in.C + table.TupleEntries + f.n*tupleWords
			block, head, judged = m.lists[at], m.lists[at+1], true
		}
		f.n++
		if judged && in.A&table.LoopMark != 0 && !m.mark(value) {
			return StatusBudget
		}
		if status, entered := m.enter(block, head, value, stepItemsSlow); entered {
			return status
		}
	}
	m.op = stepLoopEnd
	return 0
}

// contains goes on with the next element, or ends the count.
func (m *Machine) contains(f *frame) Status {
	in := &m.prog[f.pc]
	enough := f.n >= in.C && in.D == table.NoIndex && in.A&table.LoopMark == 0
	if f.n <= in.D && f.cur < f.end && !enough {
		m.node = uint64(f.cur)
		f.cur = m.tape.Next(f.cur)
		f.trail = uint32(m.trail)
		return m.next(f.pc + 1)
	}
	m.leave(f)
	m.pc = uint64(in.E)
	switch {
	case f.n < in.C:
		return m.fail(f.pc, f.node, DetailMin, f.n, stepAt)
	case f.n > in.D:
		return m.fail(f.pc, f.node, DetailMax, f.n, stepAt)
	}
	return m.next(in.E)
}

// unevaluated goes on with the next member or element that is not evaluated.
func (m *Machine) unevaluated(f *frame) Status {
	in := &m.prog[f.pc]
	m.pc = uint64(f.pc)
	for f.cur < f.end {
		child, value := f.cur, f.cur
		if f.kind == frameUnevalProps {
			value++
		}
		f.cur = m.tape.Next(value)
		if m.evaluated(child) {
			continue
		}
		if in.D == 0 && in.A&table.LoopOther == 0 {
			return m.fail(f.pc, value, DetailAdditional, child, stepUnevaluated)
		}
		if in.A&table.LoopMark != 0 && !m.mark(child) {
			return StatusBudget
		}
		if status, entered := m.enter(in.D, uint32(in.B), value, stepUnevaluated); entered {
			return status
		}
	}
	m.op = stepLoopEnd
	return 0
}
