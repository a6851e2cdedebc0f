package table

import (
	"portcullis/filter/decimal"
	"portcullis/filter/format"
	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/pattern"
)

// schemaVerifier checks the schema sections. Records are walked once, which
// marks where they begin; then every reference is checked against the marks.
type schemaVerifier struct {
	s     *SchemaSections
	sets  marks
	enums marks
	lists marks
	swtch marks
	dfas  marks // by byte offset / 4
}

// marks is a set of word offsets.
type marks []uint64

func newMarks(n int) marks { return make(marks, (n+63)/64) }

func (m marks) set(i uint32) { m[i/64] |= 1 << (i % 64) }

func (m marks) has(i uint32) bool {
	return i/64 < uint32(len(m)) && m[i/64]>>(i%64)&1 != 0
}

// verify checks all sections. The second result is the index of the offending
// instruction, where there is one.
func (s *SchemaSections) verify(strs []byte) (Err, uint32) {
	s.Strings = strs
	v := schemaVerifier{s: s}
	if !v.patterns() || !v.consts() || !v.walkEnums() || !v.walkSwitches() || !v.walkLists() || !v.walkSets() {
		return ErrSchema, 0
	}
	if !v.procs() || !v.cold() {
		return ErrSchema, 0
	}
	for i := range s.Program {
		if !v.inst(uint32(i), &s.Program[i]) {
			return ErrSchema, uint32(i)
		}
	}
	return ErrNone, 0
}

func (v *schemaVerifier) str(off, n uint32) bool {
	return inRange(off, n, uint32(len(v.s.Strings)))
}

// patternSize is the offset of an automaton's size in its header.
const patternSize = 12

func (v *schemaVerifier) patterns() bool {
	b := v.s.Patterns
	v.dfas = newMarks(len(b) / 4)
	for off := uint32(0); off < uint32(len(b)); {
		rest := uint32(len(b)) - off
		if rest < pattern.HeaderSize {
			return false
		}
		size := le.U32(b, off+patternSize)
		if size == 0 || size%4 != 0 || size > rest || pattern.Verify(b[off:off+size]) != pattern.OK {
			return false
		}
		v.dfas.set(off / 4)
		off += size
	}
	return true
}

// maxConstDepth bounds the nesting of constants, so that comparing them needs
// little stack.
const maxConstDepth = 64

// consts checks that the constants are tapes: containers hold what they say,
// members come in pairs, texts lie in the pool.
func (v *schemaVerifier) consts() bool {
	nodes := v.s.Consts
	var ends, counts [maxConstDepth]uint32
	var isObject [maxConstDepth]bool
	depth := 0
	wantValue := false // after a name
	for i := range nodes {
		n, at := &nodes[i], uint32(i)
		for depth > 0 && ends[depth-1] == at {
			if wantValue || counts[depth-1] != 0 {
				return false
			}
			depth--
		}
		kind := n.Kind()
		isName := kind == json.KindName
		if isName != (depth > 0 && isObject[depth-1] && !wantValue) {
			return false
		}
		if depth > 0 && !isName {
			if counts[depth-1] == 0 {
				return false
			}
			counts[depth-1]--
		}
		wantValue = isName
		if n.Meta&json.FlagEscaped != 0 {
			return false // constants are stored plain
		}
		switch kind {
		case json.KindNull, json.KindFalse, json.KindTrue:
		case json.KindString:
			if !v.str(n.Off, n.Len) {
				return false
			}
		case json.KindName:
			if !v.str(n.Off, n.Len) || n.Ext != json.HashName(v.s.Strings[n.Off:n.Off+n.Len]) {
				return false
			}
		case json.KindNumber:
			if !v.str(n.Off, n.Len) {
				return false
			}
			flags, ok := json.ScanNumber(v.s.Strings[n.Off : n.Off+n.Len])
			if !ok || n.Meta != json.KindNumber|flags {
				return false
			}
		case json.KindArray, json.KindObject:
			limit := uint32(len(nodes))
			if depth > 0 {
				limit = ends[depth-1]
			}
			if depth == maxConstDepth || n.Ext <= at || n.Ext > limit {
				return false
			}
			ends[depth], counts[depth], isObject[depth] = n.Ext, n.Len, kind == json.KindObject
			depth++
		default:
			return false
		}
	}
	for depth > 0 && ends[depth-1] == uint32(len(nodes)) && counts[depth-1] == 0 && !wantValue {
		depth--
	}
	return depth == 0 && !wantValue
}

// constant reports whether i is a value (not a name) among the constants.
func (v *schemaVerifier) constant(i uint32) bool {
	return i < uint32(len(v.s.Consts)) && v.s.Consts[i].Kind() != json.KindName
}

// walk visits records that begin with their size, and marks their starts.
func walk(w []uint32, least uint32, check func(r []uint32) bool) (marks, bool) {
	m := newMarks(len(w))
	for off := uint32(0); off < uint32(len(w)); {
		size := w[off]
		if size < least || size > uint32(len(w))-off {
			return m, false
		}
		m.set(off)
		if !check(w[off : off+size]) {
			return m, false
		}
		off += size
	}
	return m, true
}

// slotsOK checks a slot table over n entries of the given size, whose second
// info word holds the bit more: a chain must end within the entries.
func slotsOK(slots, entries []uint32, n, size, info, more uint32) bool {
	for _, s := range slots {
		if s > n {
			return false
		}
	}
	return n == 0 || entries[(n-1)*size+info]&more == 0
}

func (v *schemaVerifier) walkEnums() (ok bool) {
	v.enums, ok = walk(v.s.Enums, EnumSlots+1, func(r []uint32) bool {
		n, log, values := uint64(r[EnumStrings]), r[EnumLog], uint64(r[EnumValues])
		if log > maxLog || r[EnumLiterals]&^(1<<json.KindNull|1<<json.KindFalse|1<<json.KindTrue) != 0 {
			return false
		}
		slots := uint64(1) << log
		if uint64(EnumSlots)+slots+n*wordsEnumEntry+values != uint64(len(r)) {
			return false
		}
		entries := r[EnumSlots+slots : EnumSlots+slots+n*wordsEnumEntry]
		for i := uint64(0); i < n; i++ {
			if !v.hashed(entries[i*wordsEnumEntry:]) {
				return false
			}
		}
		for _, c := range r[EnumSlots+slots+n*wordsEnumEntry:] {
			if !v.constant(c) {
				return false
			}
		}
		return slotsOK(r[EnumSlots:EnumSlots+slots], entries, uint32(n), wordsEnumEntry, EnumEntryText+1, EnumEntryMore)
	})
	return ok
}

// hashed checks the words hash, offset, length of an enum's or switch's entry.
func (v *schemaVerifier) hashed(e []uint32) bool {
	off, n := e[EnumEntryText], e[EnumEntryText+1]&^EnumEntryMore
	return v.str(off, n) && e[EnumEntryHash] == json.HashName(v.s.Strings[off:off+n])
}

func (v *schemaVerifier) walkSwitches() (ok bool) {
	v.swtch, ok = walk(v.s.Switches, SwitchSlots+1, func(r []uint32) bool {
		n, log := uint64(r[SwitchEntries]), r[SwitchLog]
		if log > maxLog || !v.str(r[SwitchName], r[SwitchName+1]) {
			return false
		}
		name := v.s.Strings[r[SwitchName] : r[SwitchName]+r[SwitchName+1]]
		slots := uint64(1) << log
		if r[SwitchHash] != json.HashName(name) || uint64(SwitchSlots)+slots+n*wordsSwitchItem != uint64(len(r)) {
			return false
		}
		entries := r[SwitchSlots+slots:]
		for i := uint64(0); i < n; i++ {
			if !v.hashed(entries[i*wordsSwitchItem:]) || !v.target(entries[i*wordsSwitchItem+SwitchTarget]) {
				return false
			}
		}
		return slotsOK(r[SwitchSlots:SwitchSlots+slots], entries, uint32(n), wordsSwitchItem, EnumEntryText+1, EnumEntryMore)
	})
	return ok
}

func (v *schemaVerifier) walkLists() (ok bool) {
	v.lists, ok = walk(v.s.Lists, TupleEntries, func(r []uint32) bool {
		if uint64(TupleEntries)+uint64(r[TupleCount])*wordsTuple != uint64(len(r)) {
			return false
		}
		for i := uint32(TupleEntries); i < uint32(len(r)); i += wordsTuple {
			if !v.block(r[i], r[i+1]) {
				return false
			}
		}
		return true
	})
	return ok
}

func (v *schemaVerifier) walkSets() (ok bool) {
	v.sets, ok = walk(v.s.PropSets, SetSlots+1, func(r []uint32) bool {
		n, log, bits := uint64(r[SetEntries]), r[SetLog], uint64(r[SetBits])
		np, nd := uint64(r[SetPatterns]), uint64(r[SetDependents])
		if log > maxLog || bits > n || np > uint64(len(r)) || nd > uint64(len(r)) || n > uint64(len(r)) {
			return false
		}
		masks := (bits + 31) / 32
		entries := uint64(SetSlots) + 1<<log + masks
		patterns := entries + n*wordsEntry
		dependents := patterns + np*wordsPattern
		if dependents+nd*(1+masks) != uint64(len(r)) || !v.target(r[SetNames]) {
			return false
		}
		for e := entries; e < patterns; e += wordsEntry {
			off, info := r[e+EntryName], r[e+EntryInfo]
			size := info & 0xffff
			if !v.str(off, size) || r[e+EntryHash] != json.HashName(v.s.Strings[off:off+size]) {
				return false
			}
			if info&^uint32(entryFlagsAll) != 0 || !v.block(r[e+EntryBlock], info>>EntryHeadShift&headAll) {
				return false
			}
		}
		for p := patterns; p < dependents; p += wordsPattern {
			if !v.dfa(r[p+PatternDFA]) || !v.block(r[p+PatternBlock], r[p+PatternHead]) {
				return false
			}
		}
		if !maskOK(r[entries-masks:entries], bits) {
			return false
		}
		for d := dependents; d < uint64(len(r)); d += 1 + masks {
			if uint64(r[d]) >= bits || !maskOK(r[d+1:d+1+masks], bits) {
				return false
			}
		}
		return slotsOK(r[SetSlots:SetSlots+uint64(1)<<log], r[entries:patterns], uint32(n), wordsEntry, EntryInfo, EntryMore)
	})
	return ok
}

// maskOK reports whether the bits of a mask past the last are clear: no member
// could ever set them.
func maskOK(mask []uint32, bits uint64) bool {
	return bits%32 == 0 || mask[len(mask)-1]>>(bits%32) == 0
}

func (v *schemaVerifier) dfa(off uint32) bool { return off%4 == 0 && v.dfas.has(off/4) }

func (v *schemaVerifier) target(pc uint32) bool { return pc < uint32(len(v.s.Program)) }

// block checks a block and its head; block 0 has no head.
func (v *schemaVerifier) block(pc, head uint32) bool {
	if !v.target(pc) || head&^uint32(headAll) != 0 {
		return pc == 0 && head == 0 && len(v.s.Program) == 0
	}
	switch {
	case head&HeadTypes == 0:
		return head == 0
	case pc == 0:
		return false
	}
	in := &v.s.Program[pc]
	return in.Op == OpAssertType && uint32(in.A) == head&0xff && pc+1 < uint32(len(v.s.Program))
}

func (v *schemaVerifier) procs() bool {
	w := v.s.Procs
	if len(w)%wordsProc != 0 {
		return false
	}
	for i := 0; i < len(w); i += wordsProc {
		if !v.target(w[i+ProcPC]) || w[i+3] != 0 {
			return false
		}
	}
	p := v.s.Program
	if len(p) == 0 {
		return true
	}
	// Nothing runs past the last instruction.
	last := p[len(p)-1].Op
	return last == OpCtlEnd || last == OpCtlTail
}

func (v *schemaVerifier) cold() bool {
	w := v.s.Locations
	if len(w)%wordsLocation != 0 || len(v.s.Cold) != len(v.s.Program) {
		return false
	}
	n := uint32(len(w)) / wordsLocation
	for i := uint32(0); i < n; i++ {
		l := w[i*wordsLocation:]
		if l[LocationParent] > i || !v.str(l[LocationSegment], l[LocationSegment+1]) {
			return false
		}
	}
	for _, c := range v.s.Cold {
		if c > n {
			return false
		}
	}
	return true
}

// inst checks one instruction. Targets of jumps lie behind it, so that a run
// makes progress between two counted steps (calls, tails, loops).
func (v *schemaVerifier) inst(pc uint32, in *Inst) bool {
	forward := func(t uint32) bool { return t > pc && v.target(t) }
	if in.Op < OpCtlEnd && in.Op >= OpAssertMinimum && in.Op <= OpAssertMultipleOf {
		return v.number(in)
	}
	switch in.Op {
	case OpAssertFail, OpAssertNone, OpCtlEnd, OpAssertUnique:
		return in.A == 0 && in.B == 0 && in.C == 0 && in.D == 0 && in.E == 0
	case OpAssertType:
		return in.A != 0 && in.B == 0 && in.C == 0 && in.D == 0 && in.E == 0
	case OpAssertLength, OpAssertProperties, OpAssertItems:
		return in.A <= 1 && in.B == 0 && in.E == 0
	case OpAssertPattern:
		return v.dfa(in.C) && in.A == 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpAssertFormat:
		// A format that this module does not know would accept everything.
		return in.C >= 1 && in.C <= uint32(format.Last) && in.A == 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpAssertEnum:
		return v.enums.has(in.C) && in.A == 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpCtlCall:
		return v.s.ValidEntry(in.D) && in.C == v.s.Proc(in.D, ProcPC) && in.A <= 1 && in.B == 0 && in.E == 0 && v.target(pc+1)
	case OpCtlNote:
		return in.A == 0 && in.B == 0 && in.E == 0
	case OpCtlTail:
		return v.target(in.C) && in.A == 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpCtlJump, OpCtlScope, OpLogicNot:
		return forward(in.C) && in.A == 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpCtlWhenType:
		return forward(in.C) && in.A != 0 && in.B == 0 && in.D == 0 && in.E == 0
	case OpCtlWhenHas:
		return forward(in.E) && v.str(in.D, in.C) && in.A == 0 && in.B == 0
	case OpCtlSwitchType:
		if !v.lists.has(in.C) || v.s.Lists[in.C+TupleCount] != NumSwitchKinds || in.A != 0 || in.B != 0 || in.D != 0 || in.E != 0 {
			return false
		}
		for i := uint32(0); i < NumSwitchKinds; i++ {
			if !forward(v.s.Lists[in.C+TupleEntries+i*wordsTuple]) {
				return false
			}
		}
		return true
	case OpCtlSwitchValue:
		return v.swtch.has(in.C) && v.switchForward(in.C, pc) && forward(in.D) && in.A == 0 && in.B == 0 && in.E == 0
	case OpLogicAnyOf, OpLogicOneOf:
		return forward(in.C) && v.s.Program[pc+1].Op == OpLogicBranch && in.A <= 1 && in.B == 0 && in.D == 0 && in.E == 0
	case OpLogicBranch:
		// The next branch, or the end of the alternatives.
		return forward(in.C) && in.A <= 1 && in.B == 0 && in.D == 0 && in.E == 0 &&
			(in.A == 1 || v.s.Program[in.C].Op == OpLogicBranch)
	case OpLogicIf:
		return forward(in.C) && forward(in.D) && in.A == 0 && in.B == 0 && in.E == 0
	case OpLoopProperties:
		return v.sets.has(in.C) && in.A <= PropsOther|PropsClosed|PropsMark|PropsSlow && v.block(in.D, uint32(in.B)) && forward(in.E) &&
			(in.A&PropsSlow != 0 || v.s.PropSets[in.C+SetPatterns] == 0 && v.s.PropSets[in.C+SetNames] == 0)
	case OpLoopItems:
		return (in.C == NoIndex || v.lists.has(in.C)) && v.block(in.D, uint32(in.B)) && in.A <= LoopMark|LoopOther && forward(in.E)
	case OpLoopContains:
		return forward(in.E) && in.A <= LoopMark && in.B == 0
	case OpLoopUnevaluatedProperties, OpLoopUnevaluatedItems:
		return v.block(in.D, uint32(in.B)) && in.C == 0 && in.A <= LoopMark|LoopOther && forward(in.E)
	}
	return false
}

// number checks an assertion on numbers: what it holds besides the constant is
// the constant's value.
func (v *schemaVerifier) number(in *Inst) bool {
	if !v.constant(in.C) || v.s.Consts[in.C].Kind() != json.KindNumber || in.B != 0 {
		return false
	}
	c := v.s.Consts[in.C]
	text := v.s.Strings[c.Off : c.Off+c.Len]
	switch in.A {
	case 0:
		return in.D == 0 && in.E == 0
	case NumberInt:
		n, ok := decimal.Int64(text)
		return ok && uint64(n) == uint64(in.D)|uint64(in.E)<<32
	case NumberPlaces:
		return in.Op == OpAssertMultipleOf && in.E == 0 && isPower(text, in.D)
	}
	return false
}

// isPower reports whether text is ten to the power of -places as schemagen
// writes it: 1, 0.1, 0.01 and so on.
func isPower(text []byte, places uint32) bool {
	if places == 0 {
		return string(text) == "1"
	}
	if uint32(len(text)) != places+2 || text[0] != '0' || text[1] != '.' || text[places+1] != '1' {
		return false
	}
	for _, c := range text[2 : places+1] {
		if c != '0' {
			return false
		}
	}
	return true
}

// switchForward reports whether all targets of a switch lie behind pc.
func (v *schemaVerifier) switchForward(at, pc uint32) bool {
	r := v.s.Switches[at:]
	entries := uint32(SwitchSlots) + 1<<r[SwitchLog]
	for i := uint32(0); i < r[SwitchEntries]; i++ {
		if r[entries+i*wordsSwitchItem+SwitchTarget] <= pc {
			return false
		}
	}
	return true
}
