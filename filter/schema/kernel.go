package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// This file is the source of kernel_wasm.s: it keeps to the subset of Go that
// filter/internal/wasmgen translates, and `go generate` must follow every change.

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
			meta := uint64(nodes[node].Meta)
			if uint64(prog[pc].A)&typeBits(meta) == 0 {
				if mayBeInteger(uint64(prog[pc].A), meta) {
					break run
				}
				s.failDetail = DetailNone
				op = stepFailHere
				continue run
			}
			pc++

		case uint64(table.OpAssertFail), uint64(table.OpAssertNone):
			s.failDetail = DetailNone
			op = stepFailHere
			continue run

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
					s.failDetail = DetailMin
					if n > uint64(prog[pc].D) {
						s.failDetail = DetailMax
					}
					op = stepFailHere
					continue run
				}
			}
			pc++

		case uint64(table.OpAssertProperties):
			if uint64(nodes[node].Meta)&0xff == json.KindObject {
				n := uint64(nodes[node].Len)
				if n < uint64(prog[pc].C) || n > uint64(prog[pc].D) {
					s.failDetail = DetailMin
					if n > uint64(prog[pc].D) {
						s.failDetail = DetailMax
					}
					op = stepFailHere
					continue run
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
				ok := uint64(1)
				if op == uint64(table.OpAssertMinimum) {
					if v < bound {
						ok = 0
					}
				} else if op == uint64(table.OpAssertMaximum) {
					if v > bound {
						ok = 0
					}
				} else if op == uint64(table.OpAssertExclusiveMinimum) {
					if v <= bound {
						ok = 0
					}
				} else if v >= bound {
					ok = 0
				}
				if ok == 0 {
					s.failDetail = DetailNone
					op = stepFailHere
					continue run
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
					s.failDetail = DetailNone
					op = stepFailHere
					continue run
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
				s.failDetail = DetailNone
				op = stepFailHere
				continue run
			}
			pc++

		case uint64(table.OpCtlEnd):
			f := &frames[sp]
			kind := uint64(f.kind)
			if kind < frameCall { // a loop, or the root
				op = uint64(stepOfFrame[kind])
				continue run
			}
			if kind == frameContains {
				f.n++
				op = stepContains
				if prog[f.pc].A&table.LoopMark != 0 && mark(s, node) == 0 {
					op = stepBudget
				}
				continue run
			}
			from := uint64(f.pc)
			node = uint64(f.node)
			if kind == frameCall {
				pc = from
				sp--
			} else if kind == frameMemo {
				if s.failed == uint64(f.fails) {
					remember(s, uint64(f.n), node, memoPass)
				}
				pc = from
				sp--
			} else if kind == frameScope {
				s.scope = uint64(f.scope)
				pc = uint64(prog[from].C)
				sp--
			} else if kind == frameIf {
				pc = uint64(prog[from].C)
				try = uint64(f.try)
				sp--
			} else if kind == frameNot {
				rollback(s, uint64(f.trail))
				pc = uint64(prog[from].C)
				try = uint64(f.try)
				sp--
				s.failInst = from
				s.failNode = node
				s.failDetail = DetailNone
				s.after = stepAt
				op = stepFail
				continue run
			} else { // frameAnyOf, frameOneOf
				f.n++
				b := uint64(f.cur)
				if kind == frameOneOf && f.n > 1 {
					pc = uint64(prog[from].C)
					try = uint64(f.try)
					sp--
					s.failInst = from
					s.failNode = node
					s.failDetail = DetailMax
					s.after = stepAt
					op = stepFail
					continue run
				}
				if prog[b].A == 0 && (kind == frameOneOf || prog[from].A != 0) {
					f.cur = prog[b].C
					f.trail = uint32(s.trail)
					pc = uint64(prog[b].C) + 1
				} else {
					pc = uint64(prog[from].C)
					try = uint64(f.try)
					sp--
				}
			}

		case uint64(table.OpCtlCall):
			if s.steps == 0 || sp+1 >= uint64(len(frames)) {
				op = stepBudget
				continue run
			}
			s.steps--
			kind := uint64(frameCall)
			if prog[pc].A != 0 {
				kind = frameMemo
				verdict := recall(s, uint64(prog[pc].D), node)
				if verdict == memoPass {
					pc++
					op = uint64(prog[pc].Op)
					continue run
				}
				// Outside of branches the run wants to know what failed.
				if verdict == memoFail && try != 0 && s.look == 0 {
					s.failDetail = DetailNone
					op = stepFailHere
					continue run
				}
			}
			sp++
			f := &frames[sp]
			f.kind = uint32(kind)
			f.pc = uint32(pc) + 1
			f.node = uint32(node)
			f.n = prog[pc].D
			f.fails = uint32(s.failed)
			pc = uint64(prog[pc].C)

		case uint64(table.OpCtlScope):
			if sp+1 >= uint64(len(frames)) {
				op = stepBudget
				continue run
			}
			sp++
			f := &frames[sp]
			f.kind = frameScope
			f.pc = uint32(pc)
			f.node = uint32(node)
			f.scope = uint32(s.scope)
			s.scope = s.trail
			pc++

		case uint64(table.OpCtlTail):
			if s.steps == 0 {
				op = stepBudget
				continue run
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
				op = stepBudget
				continue run
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

		case uint64(table.OpLoopProperties), uint64(table.OpLoopItems), uint64(table.OpLoopContains),
			uint64(table.OpLoopUnevaluatedProperties), uint64(table.OpLoopUnevaluatedItems):
			want := uint64(json.KindArray)
			if op == uint64(table.OpLoopProperties) || op == uint64(table.OpLoopUnevaluatedProperties) {
				want = json.KindObject
			}
			if uint64(nodes[node].Meta)&0xff != want {
				pc = uint64(prog[pc].E)
				op = uint64(prog[pc].Op)
				continue run
			}
			n := uint64(nodes[node].Len)
			if s.steps < n || sp+1 >= uint64(len(frames)) {
				op = stepBudget
				continue run
			}
			s.steps -= n
			sp++
			f := &frames[sp]
			f.pc = uint32(pc)
			f.node = uint32(node)
			f.cur = uint32(node) + 1
			f.end = nodes[node].Ext
			f.stage = 0
			f.n = 0
			f.seen = 0
			f.words = uint32(s.words)
			kind := uint64(frameProps)
			if op == uint64(table.OpLoopProperties) {
				bits := uint64(s.sets[uint64(prog[pc].C)+table.SetBits])
				if prog[pc].A&(table.PropsSlow|table.PropsMark) != 0 || bits > seenBits {
					kind = framePropsSlow
				}
				if bits > seenBits {
					f.kind = framePropsSlow
					op = stepPropsMany
					break run
				}
			} else if op == uint64(table.OpLoopItems) {
				kind = frameItems
				if prog[pc].A&table.LoopMark != 0 || prog[pc].C != table.NoIndex {
					kind = frameItemsSlow
				}
			} else if op == uint64(table.OpLoopContains) {
				f.try = uint32(try)
				f.scope = uint32(s.scope)
				f.trail = uint32(s.trail)
				try = sp
				f.kind = frameContains
				op = stepContains
				continue run
			} else {
				kind = frameUneval
			}
			f.kind = uint32(kind)
			op = uint64(stepOfFrame[kind])
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
			if op == stepProps {
				op = stepPropsEnd
			} else if op == stepPropsSlow {
				frames[sp].kind = framePropsSlow
			}
			continue run

		case stepPropsEnd:
			// What is missing is found out by a slow step.
			f := &frames[sp]
			pc = uint64(f.pc)
			set := s.sets[prog[pc].C:]
			bits := uint64(set[table.SetBits])
			required := uint64(0)
			if bits != 0 {
				masks := set[table.SetSlots+uint64(1)<<(set[table.SetLog]&31):]
				required = uint64(masks[0])
				if bits > 32 {
					required |= uint64(masks[1]) << 32
				}
			}
			if required&^f.seen != 0 || set[table.SetDependents] != 0 || bits > seenBits {
				break run
			}
			node = uint64(f.node)
			pc = uint64(prog[pc].E)
			sp--

		case stepPropsSlow:
			// The next thing to do for the member at cur: stage says what.
			f := &frames[sp]
			pc = uint64(f.pc)
			set := s.sets[prog[pc].C:]
			bits := uint64(set[table.SetBits])
			entries := set[table.SetSlots+uint64(1)<<(set[table.SetLog]&31)+(bits+31)/32:]
			op = stepPropsEnd
			for f.cur < f.end {
				name := uint64(f.cur)
				on := name + 1
				block := uint64(0)
				head := uint64(0)
				stage := uint64(f.stage)
				f.stage++
				if stage == stageName {
					f.n = 0
					block = uint64(set[table.SetNames])
					on = name
				} else if stage == stageEntry {
					if nodes[name].Meta&json.FlagEscaped != 0 || bits > seenBits {
						f.stage = stageEntry
						op = stepPropsSlow
						break run
					}
					e := findEntry(s, set, entries, uint64(nodes[name].Ext), uint64(nodes[name].Off), uint64(nodes[name].Len))
					if e != 0 {
						if e-1 < bits {
							f.seen |= 1 << ((e - 1) & 63)
						}
						info := uint64(entries[(e-1)*entryWords+table.EntryInfo])
						if info&table.EntryNamed != 0 {
							f.n = 1
							block = uint64(entries[(e-1)*entryWords+table.EntryBlock])
							head = info >> table.EntryHeadShift
						}
					}
				} else if stage < stagePattern+uint64(set[table.SetPatterns]) {
					if nodes[name].Meta&json.FlagNonASCII != 0 {
						f.stage = uint32(stage)
						op = stepPropsSlow
						break run
					}
					at := uint64(set[table.SetEntries])*entryWords + (stage-stagePattern)*patternWords
					if matchASCII(s.dfas[entries[at+table.PatternDFA]:], s.src, uint64(nodes[name].Off), uint64(nodes[name].Len)) != 0 {
						f.n = 1
						block = uint64(entries[at+table.PatternBlock])
						head = uint64(entries[at+table.PatternHead])
					}
				} else {
					f.stage = stageName
					f.cur += 2
					if nodes[on].Meta&0xff >= json.KindArray {
						f.cur = nodes[on].Ext
					}
					judged := uint64(f.n)
					if judged == 0 {
						if prog[pc].A&table.PropsClosed != 0 {
							s.failInst = pc
							s.failNode = uint64(f.node)
							s.failDetail = DetailAdditional
							s.failArg = name
							s.after = stepPropsSlow
							op = stepFail
							break
						}
						judged = uint64(prog[pc].A & table.PropsOther)
						block = uint64(prog[pc].D)
						head = uint64(prog[pc].B)
					}
					if judged != 0 && prog[pc].A&table.PropsMark != 0 && mark(s, name) == 0 {
						op = stepBudget
						break
					}
				}
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(uint64(nodes[on].Meta)) == 0 {
						s.failInst = block
						s.failNode = on
						s.after = stepPropsSlow
						op = stepHead
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				pc = block
				node = on
				op = uint64(prog[pc].Op)
				break
			}
			if op == stepPropsEnd {
				f.stage = 0
			}
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

		case stepItemsSlow, stepUnevaluated:
			// The same with tuples and marks; or what is left to evaluate.
			f := &frames[sp]
			pc = uint64(f.pc)
			self := op
			object := uint64(0)
			if uint64(prog[pc].Op) == uint64(table.OpLoopUnevaluatedProperties) {
				object = 1
			}
			op = stepLoopEnd
			for f.cur < f.end {
				child := uint64(f.cur)
				value := child + object
				meta := uint64(nodes[value].Meta)
				f.cur = uint32(value) + 1
				if meta&0xff >= json.KindArray {
					f.cur = nodes[value].Ext
				}
				block := uint64(prog[pc].D)
				head := uint64(prog[pc].B)
				judged := block | uint64(prog[pc].A&table.LoopOther)
				if self == stepUnevaluated {
					if uint64(s.marks[child]) > s.scope {
						continue
					}
					if judged == 0 {
						s.failInst = pc
						s.failNode = value
						s.failDetail = DetailAdditional
						s.failArg = child
						s.after = stepUnevaluated
						op = stepFail
						break
					}
				} else {
					list := uint64(prog[pc].C)
					if list != uint64(table.NoIndex) && uint64(f.n) < uint64(s.lists[list+table.TupleCount]) {
						at := list + uint64(f.n)*tupleWords
						block = uint64(s.lists[at+table.TupleEntries])
						head = uint64(s.lists[at+table.TupleEntries+1])
						judged = 1
					}
					f.n++
				}
				if judged != 0 && prog[pc].A&table.LoopMark != 0 && mark(s, child) == 0 {
					op = stepBudget
					break
				}
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 {
						s.failInst = block
						s.failNode = value
						s.after = self
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
			continue run

		case stepLoopEnd:
			node = uint64(frames[sp].node)
			pc = uint64(prog[frames[sp].pc].E)
			sp--

		case stepContains:
			f := &frames[sp]
			pc = uint64(f.pc)
			n := uint64(f.n)
			least := uint64(prog[pc].C)
			most := uint64(prog[pc].D)
			if n <= most && f.cur < f.end && (n < least || most != uint64(table.NoIndex) || prog[pc].A&table.LoopMark != 0) {
				node = uint64(f.cur)
				f.cur++
				if nodes[node].Meta&0xff >= json.KindArray {
					f.cur = nodes[node].Ext
				}
				f.trail = uint32(s.trail)
				pc++
			} else {
				node = uint64(f.node)
				try = uint64(f.try)
				sp--
				if n < least || n > most {
					s.failInst = pc
					s.failNode = node
					s.failDetail = DetailMin
					if n > most {
						s.failDetail = DetailMax
					}
					s.failArg = n
					s.after = stepAt
					pc = uint64(prog[pc].E)
					op = stepFail
					continue run
				}
				pc = uint64(prog[pc].E)
			}

		case stepHead:
			if mayBeInteger(uint64(prog[s.failInst].A), uint64(nodes[s.failNode].Meta)) {
				break run
			}
			s.failDetail = DetailNone
			op = stepFail
			continue run

		case stepFailHere:
			s.failInst = pc
			s.failNode = node
			s.after = stepNext
			op = stepFail
			continue run

		case stepFail:
			if try == 0 || s.look == 1 {
				break run
			}
			s.look >>= 1
			// Back to the innermost branch.
			for sp > try {
				if uint64(frames[sp].kind) == frameMemo {
					remember(s, uint64(frames[sp].n), uint64(frames[sp].node), memoFail)
				}
				sp--
			}
			f := &frames[sp]
			rollback(s, uint64(f.trail))
			s.scope = uint64(f.scope)
			s.words = uint64(f.words)
			node = uint64(f.node)
			kind := uint64(f.kind)
			if kind == frameContains {
				op = stepContains
				continue run
			}
			b := uint64(f.cur)
			if (kind == frameAnyOf || kind == frameOneOf) && prog[b].A == 0 {
				f.cur = prog[b].C
				pc = uint64(prog[b].C) + 1
			} else {
				try = uint64(f.try)
				sp--
				pc = uint64(prog[f.pc].C)
				if kind == frameIf {
					pc = uint64(prog[f.pc].D)
				} else if kind != frameNot && f.n == 0 {
					s.failInst = uint64(f.pc)
					s.failNode = node
					s.failDetail = DetailNone
					s.after = stepAt
					continue run
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
