package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// Words per record, as the table lays them out.
const (
	entryWords       = 4
	patternWords     = 3
	tupleWords       = 2
	enumEntryWords   = 3
	switchEntryWords = 4
)

// findEntry returns one more than the index of the entry for the name at node,
// or 0. First is one more than the first entry of the name's slot, or 0.
func (m *Machine) findEntry(entries []uint32, first, node uint32) uint32 {
	if first == 0 {
		return 0
	}
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
	top := uint32(m.words)
	if uint32(len(m.masks))-top < n {
		return false
	}
	clear(m.masks[top : top+n])
	m.words += uint64(n)
	return true
}

// seenWord returns word i of the members seen by the loop of f.
func (m *Machine) seenWord(f *frame, bits, i uint32) uint32 {
	if bits > seenBits {
		return m.masks[f.words+i]
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
