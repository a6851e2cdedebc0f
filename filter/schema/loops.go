package schema

import (
	"portcullis/filter/table"
)

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

// propsSlow goes on with the loop of f over members where the kernel left it:
// at a name with escapes, at a pattern for a name beyond ASCII, or in a set with
// more members to track than fit a word.
func (m *Machine) propsSlow(f *frame) Status {
	nodes := m.tape.Nodes
	in := &m.prog[f.pc]
	set := m.sets[in.C:]
	numBits := set[table.SetBits]
	entries := set[table.SetSlots+uint32(1)<<set[table.SetLog]+(numBits+31)/32:]
	name := f.cur
	block, head := uint32(0), uint32(0)
	stage := f.stage
	f.stage++
	if stage == stageEntry {
		slot := table.Slot(nodes[name].Ext, set[table.SetMult], set[table.SetLog])
		if e := m.findEntry(entries, set[table.SetSlots+slot], name); e != 0 {
			e--
			if e < numBits {
				if numBits > seenBits {
					m.masks[f.words+e/32] |= 1 << (e % 32)
				} else {
					f.seen |= 1 << e
				}
			}
			if info := entries[e*entryWords+table.EntryInfo]; info&table.EntryNamed != 0 {
				f.n = 1
				block, head = entries[e*entryWords+table.EntryBlock], info>>table.EntryHeadShift
			}
		}
	} else {
		p := entries[set[table.SetEntries]*entryWords+(stage-stagePattern)*patternWords:]
		if m.pattern(p[table.PatternDFA], name) {
			f.n = 1
			block, head = p[table.PatternBlock], p[table.PatternHead]
		}
	}
	if status, entered := m.enter(block, head, name+1, stepPropsSlow); entered {
		return status
	}
	m.op = stepPropsSlow
	return 0
}
