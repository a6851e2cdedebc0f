package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// This file is the source of kernel_wasm.s: it keeps to the subset of Go that
// filter/internal/wasmgen translates, and `go generate` must follow every change.

// state is what the kernel and the slow steps share: the registers of the
// interpreter and what they point into.
//
// Invariants: pc < len(prog); node < len(nodes); sp < len(frames); try <= sp,
// and frames[try] catches failures unless try is 0.
type state struct {
	prog     []table.Inst
	nodes    []json.Node
	src      []byte
	strs     []byte
	sets     []uint32
	enums    []uint32
	lists    []uint32
	switches []uint32
	dfas     []byte
	frames   []frame

	pc, node uint64 // the instruction, and the value it is for
	op       uint64 // what to do next: the opcode at pc, or a step
	sp       uint64 // top frame
	try      uint64 // innermost frame that catches failures; 0 = none
	steps    uint64 // left
	trail    uint64 // marks made
	words    uint64 // top of the stack of masks
	scope    uint64 // marks made when the current scope began
	look     uint64 // 1: every failure is of interest (explain)

	// A failure, and the step that goes on if it is only recorded.
	failInst, failNode, failDetail, failArg uint64
	after                                   uint64
}

// Steps are no instructions: what to do next after a block ended or something
// failed. They share the dispatch with opcodes.
const (
	stepFailHere    = 200 + iota // the instruction failed; the next one goes on
	stepFail                     // something failed; after goes on
	stepNext                     // (only as after) the next instruction
	stepAt                       // (only as after) the instruction at pc
	stepHead                     // the value failNode has another kind than block failInst takes
	stepProps                    // the next member
	stepPropsEnd                 // all members judged
	stepPropsSlow                // the next member, with all there can be to it
	stepItems                    // the next element
	stepItemsSlow                // the next element, with all there can be to it
	stepLoopEnd                  // all elements judged
	stepContains                 // the next element
	stepUnevaluated              // the next member or element
	stepBudget                   // give up
)

// kindTypes holds the type bits of each kind of node, six bits a kind, from
// KindNull at bit 6 to KindName, which counts as a string, at bit 48.
const kindTypes uint64 = table.TypeNull<<(6*json.KindNull) |
	table.TypeBoolean<<(6*json.KindFalse) |
	table.TypeBoolean<<(6*json.KindTrue) |
	table.TypeNumber<<(6*json.KindNumber) |
	table.TypeString<<(6*json.KindString) |
	table.TypeArray<<(6*json.KindArray) |
	table.TypeObject<<(6*json.KindObject) |
	table.TypeString<<(6*json.KindName)

// typeBits returns the type bits of a node: TypeNumber and TypeInteger both for
// a number written as an integer.
func typeBits(meta uint64) uint64 {
	return kindTypes>>(6*(meta&0xff)&63)&0x3f | meta>>10&1<<6
}

// kernel runs instructions from s.op on and returns before the first step that
// it leaves to Machine.slow: what is rare, what needs other packages, and what
// marks members as evaluated. It is one function because it is one loop: what
// follows an instruction is either the next one or a step, and both are
// dispatched by the same switch.
func kernel(s *state) {
	prog := s.prog
	nodes := s.nodes
	frames := s.frames
	pc := s.pc
	node := s.node
	op := s.op
	sp := s.sp
	try := s.try
run:
	for {
		//wasmgen:tree
		switch op {
		case uint64(table.OpAssertType):
			if uint64(prog[pc].A)&typeBits(uint64(nodes[node].Meta)) == 0 {
				break run
			}
			pc++

		case uint64(table.OpAssertLength):
			meta := uint64(nodes[node].Meta)
			if typeBits(meta)&table.TypeString != 0 {
				n := uint64(nodes[node].Len)
				least := n
				if meta&json.FlagNonASCII != 0 {
					// Twelve bytes may be one character; a string is empty or not.
					least = (n + 11) / 12
				}
				if least < uint64(prog[pc].C) || n > uint64(prog[pc].D) {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertItems):
			if uint64(nodes[node].Meta)&0xff == json.KindArray {
				n := uint64(nodes[node].Len)
				if n < uint64(prog[pc].C) || n > uint64(prog[pc].D) {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertProperties):
			if uint64(nodes[node].Meta)&0xff == json.KindObject {
				n := uint64(nodes[node].Len)
				if n < uint64(prog[pc].C) || n > uint64(prog[pc].D) {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertMinimum), uint64(table.OpAssertMaximum),
			uint64(table.OpAssertExclusiveMinimum), uint64(table.OpAssertExclusiveMaximum):
			meta := uint64(nodes[node].Meta)
			if meta&0xff == json.KindNumber {
				if uint64(nodes[node].Len) > shortNumber || prog[pc].A == 0 {
					break run
				}
				v, places := shortDecimal(s.src, uint64(nodes[node].Off), uint64(nodes[node].Len))
				bound := int64(uint64(prog[pc].D) | uint64(prog[pc].E)<<32)
				if places > 0 {
					if places > maxPlaces || uint64(bound+maxBound) > 2*maxBound {
						break run
					}
					bound *= int64(powers[places])
				}
				if op == uint64(table.OpAssertMinimum) {
					if v < bound {
						break run
					}
				} else if op == uint64(table.OpAssertMaximum) {
					if v > bound {
						break run
					}
				} else if op == uint64(table.OpAssertExclusiveMinimum) {
					if v <= bound {
						break run
					}
				} else if v >= bound {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertMultipleOf):
			meta := uint64(nodes[node].Meta)
			if meta&0xff == json.KindNumber {
				// A power of ten that is no more than 1 asks for few decimal places.
				if prog[pc].A != table.NumberPlaces || uint64(nodes[node].Len) > shortNumber {
					break run
				}
				_, places := shortDecimal(s.src, uint64(nodes[node].Off), uint64(nodes[node].Len))
				if places > uint64(prog[pc].D) {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertPattern):
			meta := uint64(nodes[node].Meta)
			if typeBits(meta)&table.TypeString != 0 {
				if meta&json.FlagNonASCII != 0 {
					break run
				}
				if matchASCII(s.dfas[prog[pc].C:], s.src, uint64(nodes[node].Off), uint64(nodes[node].Len)) == 0 {
					break run
				}
			}
			pc++

		case uint64(table.OpAssertEnum):
			meta := uint64(nodes[node].Meta)
			if meta&0xff != json.KindString || meta&json.FlagEscaped != 0 {
				break run
			}
			set := s.enums[prog[pc].C:]
			if findText(s, set, table.EnumSlots, uint64(set[table.EnumLog]), uint64(set[table.EnumMult]), enumEntryWords,
				uint64(nodes[node].Off), uint64(nodes[node].Len)) == 0 {
				break run
			}
			pc++

		case uint64(table.OpCtlEnd):
			f := &frames[sp]
			kind := uint64(f.kind)
			if kind == frameProps {
				op = stepProps
				continue run
			}
			if kind == frameItems {
				op = stepItems
				continue run
			}
			if kind == frameCall {
				pc = uint64(f.pc)
				node = uint64(f.node)
				sp--
			} else if kind == frameAnyOf {
				if prog[f.pc].A != 0 {
					break run
				}
				pc = uint64(prog[f.pc].C)
				node = uint64(f.node)
				try = uint64(f.try)
				sp--
			} else if kind == frameOneOf {
				f.n++
				if f.n > 1 || prog[f.pc].A != 0 {
					f.n--
					break run
				}
				node = uint64(f.node)
				b := uint64(f.cur)
				if prog[b].A == 0 {
					f.cur = prog[b].C
					pc = uint64(prog[b].C) + 1
				} else {
					pc = uint64(prog[f.pc].C)
					try = uint64(f.try)
					sp--
				}
			} else if kind == frameIf {
				pc = uint64(prog[f.pc].C)
				node = uint64(f.node)
				try = uint64(f.try)
				sp--
			} else {
				break run
			}

		case uint64(table.OpCtlCall):
			if prog[pc].A != 0 || s.steps == 0 || sp+1 >= uint64(len(frames)) {
				break run
			}
			s.steps--
			sp++
			f := &frames[sp]
			f.kind = frameCall
			f.pc = uint32(pc) + 1
			f.node = uint32(node)
			pc = uint64(prog[pc].C)

		case uint64(table.OpCtlTail):
			if s.steps == 0 {
				break run
			}
			s.steps--
			pc = uint64(prog[pc].C)

		case uint64(table.OpCtlJump):
			pc = uint64(prog[pc].C)

		case uint64(table.OpCtlWhenType):
			if uint64(prog[pc].A)&typeBits(uint64(nodes[node].Meta)) == 0 {
				pc = uint64(prog[pc].C)
			} else {
				pc++
			}

		case uint64(table.OpCtlSwitchType):
			kind := uint64(nodes[node].Meta) & 0xff
			if kind == json.KindName {
				kind = json.KindString
			}
			pc = uint64(s.lists[uint64(prog[pc].C)+(kind-1)*tupleWords+table.TupleEntries])

		case uint64(table.OpCtlSwitchValue):
			// The member with that name, and its string among the entries.
			set := s.switches[prog[pc].C:]
			target := uint64(prog[pc].D)
			if uint64(nodes[node].Meta)&0xff == json.KindObject {
				hash := uint64(set[table.SwitchHash])
				cur := node + 1
				end := uint64(nodes[node].Ext)
				for cur < end && uint64(nodes[cur].Ext) != hash {
					cur += 2
					if nodes[cur-1].Meta&0xff >= json.KindArray {
						cur = uint64(nodes[cur-1].Ext)
					}
				}
				if cur < end {
					n := uint64(nodes[cur].Len)
					if uint64(nodes[cur].Meta|nodes[cur+1].Meta)&json.FlagEscaped != 0 || n != uint64(set[table.SwitchName+1]) ||
						equalBytes(s.src, uint64(nodes[cur].Off), s.strs, uint64(set[table.SwitchName]), n) == 0 {
						break run
					}
					cur++
					if uint64(nodes[cur].Meta)&0xff == json.KindString {
						at := findText(s, set, table.SwitchSlots, uint64(set[table.SwitchLog]), uint64(set[table.SwitchMult]), switchEntryWords,
							uint64(nodes[cur].Off), uint64(nodes[cur].Len))
						if at != 0 {
							target = uint64(set[at+table.SwitchTarget-1])
						}
					}
				}
			}
			pc = target

		case uint64(table.OpLogicAnyOf), uint64(table.OpLogicOneOf), uint64(table.OpLogicNot), uint64(table.OpLogicIf):
			if s.steps == 0 || sp+1 >= uint64(len(frames)) {
				break run
			}
			s.steps--
			sp++
			f := &frames[sp]
			f.pc = uint32(pc)
			f.node = uint32(node)
			f.n = 0
			f.try = uint32(try)
			f.trail = uint32(s.trail)
			f.scope = uint32(s.scope)
			f.words = uint32(s.words)
			try = sp
			pc++
			if op == uint64(table.OpLogicAnyOf) {
				f.kind = frameAnyOf
				f.cur = uint32(pc)
				pc++
			} else if op == uint64(table.OpLogicOneOf) {
				f.kind = frameOneOf
				f.cur = uint32(pc)
				pc++
			} else if op == uint64(table.OpLogicNot) {
				f.kind = frameNot
			} else {
				f.kind = frameIf
			}

		case uint64(table.OpLoopProperties):
			if uint64(nodes[node].Meta)&0xff != json.KindObject {
				pc = uint64(prog[pc].E)
				op = uint64(prog[pc].Op)
				continue run
			}
			n := uint64(nodes[node].Len)
			if prog[pc].A&(table.PropsSlow|table.PropsMark) != 0 || s.steps < n || sp+1 >= uint64(len(frames)) ||
				s.sets[uint64(prog[pc].C)+table.SetBits] > seenBits {
				break run
			}
			s.steps -= n
			sp++
			f := &frames[sp]
			f.kind = frameProps
			f.pc = uint32(pc)
			f.node = uint32(node)
			f.cur = uint32(node) + 1
			f.end = nodes[node].Ext
			f.stage = 0
			f.seen = 0
			f.words = uint32(s.words)
			op = stepProps
			continue run

		case stepProps:
			// The members from cur on, as far as they need no block.
			pc = uint64(frames[sp].pc)
			set := s.sets[prog[pc].C:]
			entries := set[table.SetSlots+uint64(1)<<(set[table.SetLog]&31)+(uint64(set[table.SetBits])+31)/32:]
			cur := uint64(frames[sp].cur)
			end := uint64(frames[sp].end)
			seen := frames[sp].seen
			for cur < end {
				hash := uint64(nodes[cur].Ext)
				e := uint64(set[(hash*uint64(set[table.SetMult])&0xffffffff)>>((32-uint64(set[table.SetLog]))&63)+table.SetSlots])
				head := uint64(prog[pc].B)
				block := uint64(prog[pc].D)
				named := uint64(0)
				if e != 0 {
					e--
					at := e * entryWords
					info := uint64(entries[at+table.EntryInfo])
					if uint64(entries[at+table.EntryHash]) == hash {
						n := uint64(nodes[cur].Len)
						if nodes[cur].Meta&json.FlagEscaped != 0 || info&0xffff != n ||
							equalBytes(s.src, uint64(nodes[cur].Off), s.strs, uint64(entries[at+table.EntryName]), n) == 0 {
							op = stepPropsSlow // escapes, or two names with one hash
							break
						}
						if e < uint64(set[table.SetBits]) {
							seen |= 1 << (e & 63)
						}
						if info&table.EntryNamed != 0 {
							block = uint64(entries[at+table.EntryBlock])
							head = info >> table.EntryHeadShift
							named = 1
						}
					} else if info&table.EntryMore != 0 {
						op = stepPropsSlow // the next entry of the slot
						break
					}
				}
				value := cur + 1
				meta := uint64(nodes[value].Meta)
				name := cur
				cur += 2
				if meta&0xff >= json.KindArray {
					cur = uint64(nodes[value].Ext)
				}
				if named|uint64(prog[pc].A)&table.PropsClosed == table.PropsClosed {
					s.failInst = pc
					s.failNode = uint64(frames[sp].node)
					s.failDetail = DetailAdditional
					s.failArg = name
					s.after = stepProps
					op = stepFail
					break
				}
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 {
						s.failInst = block
						s.failNode = value
						s.after = stepProps
						op = stepHead
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				pc = block
				node = value
				op = uint64(prog[pc].Op)
				break
			}
			frames[sp].cur = uint32(cur)
			frames[sp].seen = seen
			if op != stepProps {
				if op == stepPropsSlow {
					frames[sp].kind = framePropsSlow
					frames[sp].stage = 0
				}
				continue run
			}
			// What is missing is found out by a slow step.
			bits := uint64(set[table.SetBits])
			required := uint64(0)
			if bits != 0 {
				masks := set[table.SetSlots+uint64(1)<<(set[table.SetLog]&31):]
				required = uint64(masks[0])
				if bits > 32 {
					required |= uint64(masks[1]) << 32
				}
			}
			if required&^seen != 0 || set[table.SetDependents] != 0 {
				op = stepPropsEnd
				break run
			}
			node = uint64(frames[sp].node)
			pc = uint64(prog[pc].E)
			sp--

		case uint64(table.OpLoopItems):
			if uint64(nodes[node].Meta)&0xff != json.KindArray {
				pc = uint64(prog[pc].E)
				op = uint64(prog[pc].Op)
				continue run
			}
			n := uint64(nodes[node].Len)
			if prog[pc].A&table.LoopMark != 0 || prog[pc].C != table.NoIndex || s.steps < n || sp+1 >= uint64(len(frames)) {
				break run
			}
			s.steps -= n
			sp++
			f := &frames[sp]
			f.kind = frameItems
			f.pc = uint32(pc)
			f.node = uint32(node)
			f.cur = uint32(node) + 1
			f.end = nodes[node].Ext
			op = stepItems
			continue run

		case stepItems:
			f := &frames[sp]
			pc = uint64(f.pc)
			cur := uint64(f.cur)
			end := uint64(f.end)
			block := uint64(prog[pc].D)
			head := uint64(prog[pc].B)
			if block == 0 {
				cur = end
			}
			for cur < end {
				value := cur
				meta := uint64(nodes[cur].Meta)
				cur++
				if meta&0xff >= json.KindArray {
					cur = uint64(nodes[value].Ext)
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 {
						s.failInst = block
						s.failNode = value
						s.after = stepItems
						op = stepHead
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				pc = block
				node = value
				op = uint64(prog[pc].Op)
				break
			}
			f.cur = uint32(cur)
			if op != stepItems {
				continue run
			}
			node = uint64(f.node)
			pc = uint64(prog[pc].E)
			sp--

		case stepFailHere:
			s.failInst = pc
			s.failNode = node
			s.after = stepNext
			op = stepFail
			continue run

		case stepFail:
			if try == 0 || s.look != 0 || s.trail != uint64(frames[try].trail) || uint64(frames[try].kind) == frameContains {
				break run
			}
			// Back to the innermost branch.
			for sp > try {
				if uint64(frames[sp].kind) == frameMemo {
					break run
				}
				sp--
			}
			f := &frames[sp]
			s.scope = uint64(f.scope)
			s.words = uint64(f.words)
			node = uint64(f.node)
			kind := uint64(f.kind)
			if kind == frameAnyOf || kind == frameOneOf {
				b := uint64(f.cur)
				if prog[b].A == 0 {
					f.cur = prog[b].C
					pc = uint64(prog[b].C) + 1
				} else {
					try = uint64(f.try)
					sp--
					pc = uint64(prog[f.pc].C)
					if f.n == 0 {
						s.failInst = uint64(f.pc)
						s.failNode = node
						s.failDetail = DetailNone
						s.after = stepAt
						continue run
					}
				}
			} else {
				try = uint64(f.try)
				sp--
				if kind == frameNot {
					pc = uint64(prog[f.pc].C)
				} else { // frameIf
					pc = uint64(prog[f.pc].D)
				}
			}

		default:
			break run
		}
		op = uint64(prog[pc].Op)
	}
	s.pc = pc
	s.node = node
	s.op = op
	s.sp = sp
	s.try = try
}

// seenBits is how many members a frame can keep track of without more memory.
const seenBits = 64

// Numbers that the kernel compares itself: of at most shortNumber bytes, with at
// most maxPlaces decimal places if the bound is within maxBound, so that both
// times a power of ten fit an int64.
const (
	shortNumber = 18
	maxPlaces   = 9
	maxBound    = 1 << 31
)

var powers = [maxPlaces + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// shortDecimal reads a number of at most shortNumber bytes as v divided by ten
// to the power of places. For a number with an exponent places is beyond
// maxPlaces.
func shortDecimal(src []byte, off, n uint64) (v int64, places uint64) {
	end := off + n
	sign := uint64(0)
	if src[off] == '-' {
		sign = 1
		off++
	}
	u := uint64(0)
	point := end
	for off < end {
		c := uint64(src[off])
		if c == '.' {
			point = off + 1
		} else if c > '9' {
			return 0, maxPlaces + 1
		} else {
			u = u*10 + c - '0'
		}
		off++
	}
	return int64((u ^ (0 - sign)) + sign), end - point
}

// equalBytes returns 1 if the n bytes at i of a are those at j of b, else 0. It
// reads whole words where there are enough bytes, the last one overlapping.
func equalBytes(a []byte, i uint64, b []byte, j, n uint64) uint64 {
	if n >= 8 {
		k := uint64(0)
		for k+8 < n {
			if load64(a, i+k) != load64(b, j+k) {
				return 0
			}
			k += 8
		}
		if load64(a, i+n-8) != load64(b, j+n-8) {
			return 0
		}
		return 1
	}
	if n >= 4 {
		if load32(a, i) != load32(b, j) || load32(a, i+n-4) != load32(b, j+n-4) {
			return 0
		}
		return 1
	}
	for k := uint64(0); k < n; k++ {
		if a[i+k] != b[j+k] {
			return 0
		}
	}
	return 1
}

// The parts of an automaton's layout (filter/pattern) that matchASCII reads.
const (
	dfaClasses = 2
	dfaAccept  = 4
	dfaStart   = 6
	dfaWidth   = 8
	dfaRanges  = 10
	dfaASCII   = 16
	dfaCells   = 144
	dfaRow     = 2 // first state that has a row
)

// matchASCII returns what pattern.Match says of the n bytes at off, all below
// 0x80: 1 for a match, else 0.
func matchASCII(dfa, src []byte, off, n uint64) uint64 {
	classes := uint64(dfa[dfaClasses]) | uint64(dfa[dfaClasses+1])<<8
	state := uint64(dfa[dfaStart]) | uint64(dfa[dfaStart+1])<<8
	cells := dfa[dfaCells+4*(uint64(dfa[dfaRanges])|uint64(dfa[dfaRanges+1])<<8):]
	end := off + n
	if dfa[dfaWidth] == 1 {
		for off < end && state >= dfaRow {
			state = uint64(cells[(state-dfaRow)*classes+uint64(dfa[dfaASCII+uint64(src[off])])])
			off++
		}
	} else {
		for off < end && state >= dfaRow {
			at := ((state-dfaRow)*classes + uint64(dfa[dfaASCII+uint64(src[off])])) * 2
			state = uint64(cells[at]) | uint64(cells[at+1])<<8
			off++
		}
	}
	if state == 1 || state >= uint64(dfa[dfaAccept])|uint64(dfa[dfaAccept+1])<<8 {
		return 1
	}
	return 0
}

// findText looks for the unescaped string of n bytes at off in a set of entries
// of the given number of words, whose slots stand at first. It returns one more
// than the place of its entry in r, or 0.
func findText(s *state, r []uint32, first, log, mult, words, off, n uint64) uint64 {
	hash := hashText(s.src, off, n)
	e := uint64(r[first+(hash*mult&0xffffffff)>>((32-log)&63)])
	if e == 0 {
		return 0
	}
	at := first + 1<<(log&31) + (e-1)*words
	for {
		size := uint64(r[at+table.EnumEntryText+1])
		if uint64(r[at+table.EnumEntryHash]) == hash && size&^table.EnumEntryMore == n &&
			equalBytes(s.src, off, s.strs, uint64(r[at+table.EnumEntryText]), n) != 0 {
			return at + 1
		}
		if size&table.EnumEntryMore == 0 {
			return 0
		}
		at += words
	}
}

// Constants of json.HashName.
const (
	hashSeed = 0x27d4eb2f165667c5
	hashMulA = 0x9e3779b97f4a7c15
	hashMulB = 0xc2b2ae3d27d4eb4f
)

// hashText is json.HashName of the n bytes at off.
func hashText(src []byte, off, n uint64) uint64 {
	h := uint64(hashSeed)
	end := off + n
	for off+8 <= end {
		h = (h ^ load64(src, off)) * hashMulA
		off += 8
	}
	w := uint64(0)
	shift := uint64(0)
	for off < end {
		w |= uint64(src[off]) << (shift & 63)
		shift += 8
		off++
	}
	h = (h ^ w) * hashMulA
	return ((h ^ h>>32 ^ n) * hashMulB) >> 32
}
