package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// Words per record, as the table lays them out.
const (
	entryWords   = 4
	patternWords = 3
	tupleWords   = 2
)

// findEntry returns one more than the index of the entry for the name at node,
// or 0. First is one more than the first entry of the name's slot.
func (m *Machine) findEntry(entries []uint32, first, node uint32) uint32 {
	name := &m.tape.Nodes[node]
	for at := (first - 1) * entryWords; ; at += entryWords {
		e := entries[at : at+entryWords]
		info := e[table.EntryInfo]
		if e[table.EntryHash] == name.Ext && m.isText(node, e[table.EntryName], info&0xffff) {
			return at/entryWords + 1
		}
		if info&table.EntryMore == 0 {
			return 0
		}
	}
}

// isText reports whether the string or name at node, unescaped, is the n bytes
// at off of the pool.
func (m *Machine) isText(node, off, n uint32) bool {
	x := &m.tape.Nodes[node]
	want := m.s.Strings[off : off+n]
	if x.Meta&json.FlagEscaped != 0 {
		return m.tape.EqualString(node, want)
	}
	return x.Len == n && string(m.tape.Src[x.Off:x.Off+n]) == string(want)
}

// pushWords makes room for a mask of that many bits, all clear.
func (m *Machine) pushWords(bits uint32) bool {
	n := (bits + 31) / 32
	if uint32(len(m.words))-m.numWords < n {
		return false
	}
	clear(m.words[m.numWords : m.numWords+n])
	m.numWords += n
	return true
}

// seenWord returns word i of the members seen by the loop of f.
func (m *Machine) seenWord(f *frame, bits, i uint32) uint32 {
	if bits > 64 {
		return m.words[f.words+i]
	}
	return uint32(f.seen >> (32 * i))
}

// missing looks for the next required name, from stage on, that the object of
// frame f lacks, then for the next dependent. It returns the detail of the
// failure, DetailNone if there is none, and leaves its argument in f.n.
func (m *Machine) missing(f *frame, at uint32) uint32 {
	set := m.s.PropSets[at:]
	bits := set[table.SetBits]
	if bits == 0 {
		return DetailNone
	}
	masks := (bits + 31) / 32
	required := set[table.SetSlots+uint32(1)<<set[table.SetLog]:]
	for i := f.stage; i < bits; i++ {
		// Whole words at a time: all there is the common case.
		if i%32 == 0 {
			for i < bits && required[i/32]&^m.seenWord(f, bits, i/32) == 0 {
				i += 32
			}
			if i >= bits {
				break
			}
		}
		if (required[i/32]&^m.seenWord(f, bits, i/32))>>(i%32)&1 != 0 {
			f.n, f.stage = i, i+1
			return DetailRequired
		}
	}
	dependents := required[masks+set[table.SetEntries]*entryWords+set[table.SetPatterns]*patternWords:]
	stage := max(f.stage, bits)
	for i := stage - bits; i < set[table.SetDependents]; i++ {
		d := dependents[i*(1+masks) : (i+1)*(1+masks)]
		if m.seenWord(f, bits, d[0]/32)>>(d[0]%32)&1 == 0 {
			continue
		}
		for j, need := range d[1:] {
			if need&^m.seenWord(f, bits, uint32(j)) != 0 {
				f.n, f.stage = i, bits+i+1
				return DetailDependent
			}
		}
	}
	return DetailNone
}

// Outcomes of the slow loop.
const (
	slowEnd   = iota + 1 // all members are judged
	slowBlock            // enter the block slowPC on slowNode
	slowFail             // slowPC failed on slowNode
	slowFull             // out of scratch
)

// Stages of a member in the slow loop; patterns count up from stagePattern.
const (
	stageName    = 0
	stageEntry   = 1
	stagePattern = 2
)

// propsSlow goes on with the loop of f, a set that has patterns, a block for
// names, or more members to track than fit a word. Stage says what comes next
// for the member at cur, n whether something named it already.
func (m *Machine) propsSlow(f *frame, in *table.Inst) int {
	nodes := m.tape.Nodes
	set := m.s.PropSets[in.C:]
	bits, numPatterns := set[table.SetBits], set[table.SetPatterns]
	entries := set[table.SetSlots+uint32(1)<<set[table.SetLog]+(bits+31)/32:]
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
			if e < bits {
				if bits > 64 {
					m.words[f.words+e/32] |= 1 << (e % 32)
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
					return m.slowFailed(f.pc, f.node, DetailAdditional, name)
				}
				judged = in.A&table.PropsOther != 0
				block, head = in.D, uint32(in.B)
			}
			if judged && in.A&table.PropsMark != 0 && !m.mark(name) {
				return slowFull
			}
		}
		if block == 0 {
			continue
		}
		if head&table.HeadTypes != 0 {
			if head&typeBits(nodes[node].Meta) == 0 && !m.integral(head, node) {
				return m.slowFailed(block, node, DetailNone, 0)
			}
			if head&table.HeadOnly != 0 {
				continue
			}
			block++
		}
		m.slowPC, m.slowNode = block, node
		return slowBlock
	}
	return slowEnd
}

func (m *Machine) slowFailed(pc, node, detail, arg uint32) int {
	m.slowPC, m.slowNode, m.slowDetail, m.slowArg = pc, node, detail, arg
	return slowFail
}

// member returns the value of the member of the object at node that has the
// name of n bytes at off in the pool; 0 if there is none or it is no object.
func (m *Machine) member(off, n, node uint32) uint32 {
	return m.tape.Member(node, m.s.Strings[off:off+n])
}

// switchValue returns where an OpCtlSwitchValue goes.
func (m *Machine) switchValue(in *table.Inst, node uint32) uint32 {
	r := m.s.Switches[in.C:]
	value := m.member(r[table.SwitchName], r[table.SwitchName+1], node)
	if value == 0 || m.tape.Nodes[value].Kind() != json.KindString {
		return in.D
	}
	text, ok := m.text(value)
	if !ok {
		return in.D
	}
	hash := json.HashName(text)
	e := r[table.SwitchSlots+table.Slot(hash, r[table.SwitchMult], r[table.SwitchLog])]
	if e == 0 {
		return in.D
	}
	for items := r[table.SwitchSlots+uint32(1)<<r[table.SwitchLog]+(e-1)*4:]; ; items = items[4:] {
		off, n := items[table.EnumEntryText], items[table.EnumEntryText+1]
		size := n &^ table.EnumEntryMore
		if items[table.EnumEntryHash] == hash && string(m.s.Strings[off:off+size]) == string(text) {
			return items[table.SwitchTarget]
		}
		if n == size {
			return in.D
		}
	}
}
