package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// Steps of the interpreter that are no instructions: what to do next after a
// block ended or something failed. They share the dispatch with opcodes.
const (
	stepFailHere    table.Opcode = 200 + iota // the instruction failed; the next one goes on
	stepFail                                  // something failed; after goes on
	stepNext                                  // (only as after) the next instruction
	stepAt                                    // (only as after) the instruction at pc
	stepProps                                 // the next member
	stepPropsEnd                              // all members judged
	stepPropsSlow                             // the next member, with patterns or names
	stepItems                                 // the next element
	stepLoopEnd                               // all elements judged
	stepContains                              // the next element
	stepUnevaluated                           // the next member or element
	stepBudget                                // give up
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
func typeBits(meta uint32) uint32 {
	return uint32(kindTypes>>(6*(meta&0xff)))&0x3f | meta>>10&1<<6
}

// run interprets from pc on the value at node until the root frame's block
// ends, a failure has nowhere to go, or the budget is used up.
//
// It is one function because it is one loop: what follows an instruction is
// either the next one or a step, and both are dispatched in the same switch.
// Slow work is in methods of its own. Its subset of Go (flat slices, uint32
// indexes, no closures, few live variables) is meant for translation.
func (m *Machine) run(pc, node uint32) Status {
	prog := m.s.Program
	nodes := m.tape.Nodes
	frames := m.frames
	sp := uint32(0)  // top frame
	try := uint32(0) // innermost frame that catches failures, 0 = none
	var failInst, failNode, failDetail, failArg uint32
	after := stepNext
	op := prog[pc].Op
	for {
		in := &prog[pc]
		switch op {
		case table.OpAssertType:
			meta := nodes[node].Meta
			if uint32(in.A)&typeBits(meta) == 0 && !m.integral(uint32(in.A), node) {
				failDetail = DetailNone
				op = stepFailHere
				continue
			}
			pc++

		case table.OpAssertFail, table.OpAssertNone:
			failDetail = DetailNone
			op = stepFailHere
			continue

		case table.OpAssertMinimum, table.OpAssertMaximum, table.OpAssertExclusiveMinimum,
			table.OpAssertExclusiveMaximum, table.OpAssertMultipleOf:
			if nodes[node].Meta&0xff == json.KindNumber && !m.number(in, node) {
				failDetail = DetailNone
				op = stepFailHere
				continue
			}
			pc++

		case table.OpAssertLength:
			if typeBits(nodes[node].Meta)&table.TypeString != 0 {
				n := nodes[node].Len
				if nodes[node].Meta&json.FlagNonASCII != 0 {
					n = m.tape.CodePoints(node)
				}
				if n < in.C {
					failDetail = DetailMin
					op = stepFailHere
					continue
				}
				if n > in.D {
					failDetail = DetailMax
					op = stepFailHere
					continue
				}
			}
			pc++

		case table.OpAssertItems, table.OpAssertProperties:
			want := uint32(json.KindArray)
			if op == table.OpAssertProperties {
				want = json.KindObject
			}
			if nodes[node].Meta&0xff == want {
				if nodes[node].Len < in.C {
					failDetail = DetailMin
					op = stepFailHere
					continue
				}
				if nodes[node].Len > in.D {
					failDetail = DetailMax
					op = stepFailHere
					continue
				}
			}
			pc++

		case table.OpAssertPattern:
			if typeBits(nodes[node].Meta)&table.TypeString != 0 && !m.pattern(in.C, node) {
				failDetail = DetailNone
				op = stepFailHere
				continue
			}
			pc++

		case table.OpAssertFormat:
			if !m.format(in.C, node) {
				failDetail = DetailNone
				op = stepFailHere
				continue
			}
			pc++

		case table.OpAssertUnique:
			if nodes[node].Meta&0xff == json.KindArray && nodes[node].Len > 1 {
				equal, ok := m.unique(node)
				if !ok {
					op = stepBudget
					continue
				}
				if equal != 0 {
					failDetail, failArg = DetailEqual, equal
					op = stepFailHere
					continue
				}
			}
			pc++

		case table.OpAssertEnum:
			if !m.enum(in.C, node) {
				failDetail = DetailNone
				op = stepFailHere
				continue
			}
			pc++

		case table.OpCtlEnd:
			f := &frames[sp]
			switch f.kind {
			case frameRoot:
				if m.numFailed != 0 {
					return StatusInvalid
				}
				return StatusValid
			case frameCall:
				pc, node = f.pc, f.node
				sp--
			case frameMemo:
				if m.numFailed == f.fails {
					m.remember(f.n, f.node, memoPass)
				}
				pc, node = f.pc, f.node
				sp--
			case frameScope:
				pc, node, m.scope = prog[f.pc].C, f.node, f.scope
				sp--
			case frameProps:
				op = stepProps
				continue
			case framePropsSlow:
				op = stepPropsSlow
				continue
			case frameItems:
				op = stepItems
				continue
			case frameUnevalProps, frameUnevalItems:
				op = stepUnevaluated
				continue
			case frameContains:
				// The element passed. Marks it made below itself stay.
				f.n++
				if prog[f.pc].A&table.LoopMark != 0 {
					m.scope = f.scope
					if !m.mark(node) {
						op = stepBudget
						continue
					}
				}
				op = stepContains
				continue
			case frameAnyOf:
				f.n++
				b := &prog[f.cur]
				if prog[f.pc].A != 0 && b.A == 0 {
					f.cur, f.trail = b.C, m.numTrail
					pc, node = b.C+1, f.node
					break
				}
				pc, node, try = prog[f.pc].C, f.node, f.try
				sp--
			case frameOneOf:
				f.n++
				b := &prog[f.cur]
				if f.n > 1 {
					failInst, failNode, failDetail, failArg = f.pc, f.node, DetailMax, 0
					pc, node, try = prog[f.pc].C, f.node, f.try
					sp--
					op, after = stepFail, stepAt
					continue
				}
				if b.A == 0 {
					f.cur, f.trail = b.C, m.numTrail
					pc, node = b.C+1, f.node
					break
				}
				pc, node, try = prog[f.pc].C, f.node, f.try
				sp--
			case frameNot:
				failInst, failNode, failDetail, failArg = f.pc, f.node, DetailNone, 0
				m.rollback(f.trail)
				pc, node, try = prog[f.pc].C, f.node, f.try
				sp--
				op, after = stepFail, stepAt
				continue
			case frameIf:
				pc, node, try = prog[f.pc].C, f.node, f.try
				sp--
			}

		case table.OpCtlCall:
			if m.steps == 0 || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps--
			kind := uint32(frameCall)
			if in.A != 0 {
				kind = frameMemo
				verdict := m.recall(in.D, node)
				if verdict == memoPass {
					pc++
					break
				}
				// Outside of branches the run wants to know what failed.
				if verdict == memoFail && try != 0 {
					failDetail = DetailNone
					op = stepFailHere
					continue
				}
			}
			sp++
			f := &frames[sp]
			f.kind, f.pc, f.node, f.n, f.fails = kind, pc+1, node, in.D, m.numFailed
			pc = in.C

		case table.OpCtlTail:
			if m.steps == 0 {
				op = stepBudget
				continue
			}
			m.steps--
			pc = in.C

		case table.OpCtlJump:
			pc = in.C

		case table.OpCtlWhenType:
			if uint32(in.A)&typeBits(nodes[node].Meta) == 0 {
				pc = in.C
			} else {
				pc++
			}

		case table.OpCtlWhenHas:
			if m.member(in.D, in.C, node) == 0 {
				pc = in.E
			} else {
				pc++
			}

		case table.OpCtlSwitchType:
			kind := nodes[node].Meta & 0xff
			if kind == json.KindName {
				kind = json.KindString
			}
			pc = m.s.Lists[in.C+table.TupleEntries+(kind-1)*2]

		case table.OpCtlSwitchValue:
			pc = m.switchValue(in, node)

		case table.OpCtlScope:
			if sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			sp++
			f := &frames[sp]
			f.kind, f.pc, f.node, f.scope = frameScope, pc, node, m.scope
			m.scope = m.numTrail
			pc++

		case table.OpLogicAnyOf, table.OpLogicOneOf, table.OpLogicNot, table.OpLogicIf:
			if m.steps == 0 || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps--
			sp++
			f := &frames[sp]
			f.pc, f.node, f.n = pc, node, 0
			f.try, f.trail, f.scope, f.words = try, m.numTrail, m.scope, m.numWords
			try = sp
			pc++
			switch op {
			case table.OpLogicAnyOf:
				f.kind, f.cur = frameAnyOf, pc
				pc++
			case table.OpLogicOneOf:
				f.kind, f.cur = frameOneOf, pc
				pc++
			case table.OpLogicNot:
				f.kind = frameNot
			default:
				f.kind = frameIf
			}

		case table.OpLoopProperties:
			if nodes[node].Meta&0xff != json.KindObject {
				pc = in.E
				break
			}
			if m.steps < uint64(nodes[node].Len) || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps -= uint64(nodes[node].Len)
			sp++
			f := &frames[sp]
			f.pc, f.node, f.cur, f.end, f.stage, f.seen = pc, node, node+1, nodes[node].Ext, 0, 0
			f.kind = frameProps
			op = stepProps
			f.words = m.numWords
			if bits := m.s.PropSets[in.C+table.SetBits]; bits > 64 && !m.pushWords(bits) {
				op = stepBudget
			} else if in.A&table.PropsSlow != 0 || bits > 64 {
				f.kind = framePropsSlow
				op = stepPropsSlow
			}
			continue

		case stepProps:
			// The members from cur on, as far as they need no block.
			f := &frames[sp]
			pc = f.pc
			set := m.s.PropSets[prog[pc].C:]
			shift, mult, bits := 32-set[table.SetLog], set[table.SetMult], set[table.SetBits]
			slots := set[table.SetSlots:]
			entries := slots[uint32(1)<<set[table.SetLog]+(bits+31)/32:]
			flags := uint32(prog[pc].A)
			cur, end, seen := f.cur, f.end, f.seen
			op = stepPropsEnd
			for cur < end {
				value := cur + 1
				meta := nodes[value].Meta
				next := value + 1
				if meta&0xff >= json.KindArray {
					next = nodes[value].Ext
				}
				head, block, judged := uint32(0), uint32(0), flags&(table.PropsOther|table.PropsClosed) != 0
				e := slots[uint64(nodes[cur].Ext*mult)>>shift]
				if e != 0 {
					e = m.findEntry(entries, e, cur)
				}
				if e != 0 {
					e--
					if e < bits {
						seen |= 1 << e
					}
					head = entries[e*4+table.EntryInfo]
					if head&table.EntryNamed == 0 {
						e = 0
					} else {
						block = entries[e*4+table.EntryBlock]
						head >>= table.EntryHeadShift
						judged, e = true, 1
					}
				}
				if e == 0 {
					if flags&table.PropsClosed != 0 {
						f.cur = next
						failInst, failNode, failDetail, failArg = pc, f.node, DetailAdditional, cur
						op, after = stepFail, stepProps
						break
					}
					block, head = prog[pc].D, uint32(prog[pc].B)
				}
				if judged && flags&table.PropsMark != 0 && !m.mark(cur) {
					op = stepBudget
					break
				}
				cur = next
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 && !m.integral(head, value) {
						f.cur = next
						failInst, failNode, failDetail, failArg = block, value, DetailNone, 0
						op, after = stepFail, stepProps
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				f.cur = next
				pc, node = block, value
				op = prog[pc].Op
				break
			}
			f.seen = seen
			continue

		case stepPropsEnd:
			// All members are judged: what is missing?
			f := &frames[sp]
			pc, node = f.pc, f.node
			if failDetail = m.missing(f, prog[pc].C); failDetail != DetailNone {
				failInst, failNode, failArg = pc, node, f.n
				op, after = stepFail, stepPropsEnd
				continue
			}
			m.numWords = f.words
			pc = prog[pc].E
			sp--

		case stepPropsSlow:
			f := &frames[sp]
			pc = f.pc
			switch m.propsSlow(f, &prog[pc]) {
			case slowBlock:
				pc, node = m.slowPC, m.slowNode
				op = prog[pc].Op
			case slowFail:
				failInst, failNode, failDetail, failArg = m.slowPC, m.slowNode, m.slowDetail, m.slowArg
				op, after = stepFail, stepPropsSlow
			case slowEnd:
				f.stage = 0
				op = stepPropsEnd
			default:
				op = stepBudget
			}
			continue

		case table.OpLoopItems:
			if nodes[node].Meta&0xff != json.KindArray {
				pc = in.E
				break
			}
			if m.steps < uint64(nodes[node].Len) || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps -= uint64(nodes[node].Len)
			sp++
			f := &frames[sp]
			f.kind, f.pc, f.node, f.cur, f.end, f.n = frameItems, pc, node, node+1, nodes[node].Ext, 0
			op = stepItems
			continue

		case stepItems:
			f := &frames[sp]
			pc = f.pc
			cur, end, flags := f.cur, f.end, uint32(prog[pc].A)
			op = stepLoopEnd
			for cur < end {
				meta := nodes[cur].Meta
				value := cur
				cur++
				if meta&0xff >= json.KindArray {
					cur = nodes[value].Ext
				}
				block, head, judged := prog[pc].D, uint32(prog[pc].B), prog[pc].D != 0
				if list := prog[pc].C; list != table.NoIndex && f.n < m.s.Lists[list+table.TupleCount] {
					block = m.s.Lists[list+table.TupleEntries+f.n*2]
					head = m.s.Lists[list+table.TupleEntries+f.n*2+1]
					judged = true
				}
				f.n++
				if flags&table.LoopMark != 0 && (judged || flags&table.LoopOther != 0) && !m.mark(value) {
					op = stepBudget
					break
				}
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 && !m.integral(head, value) {
						f.cur = cur
						failInst, failNode, failDetail, failArg = block, value, DetailNone, 0
						op, after = stepFail, stepItems
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				f.cur = cur
				pc, node = block, value
				op = prog[pc].Op
				break
			}
			continue

		case stepLoopEnd:
			f := &frames[sp]
			pc, node = prog[f.pc].E, f.node
			sp--

		case table.OpLoopContains:
			if nodes[node].Meta&0xff != json.KindArray {
				pc = in.E
				break
			}
			if m.steps < uint64(nodes[node].Len) || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps -= uint64(nodes[node].Len)
			sp++
			f := &frames[sp]
			f.kind, f.pc, f.node, f.cur, f.end, f.n = frameContains, pc, node, node+1, nodes[node].Ext, 0
			f.try, f.scope, f.words = try, m.scope, m.numWords
			try = sp
			op = stepContains
			continue

		case stepContains:
			f := &frames[sp]
			pc = f.pc
			in = &prog[pc]
			if f.n > in.D || f.cur >= f.end || f.n >= in.C && in.D == table.NoIndex && in.A == 0 {
				node, try = f.node, f.try
				sp--
				pc = in.E
				if f.n >= in.C && f.n <= in.D {
					break
				}
				failInst, failNode, failArg, failDetail = f.pc, node, f.n, DetailMin
				if f.n > in.D {
					failDetail = DetailMax
				}
				op, after = stepFail, stepAt
				continue
			}
			node = f.cur
			f.cur++
			if nodes[node].Meta&0xff >= json.KindArray {
				f.cur = nodes[node].Ext
			}
			f.trail = m.numTrail
			pc++

		case table.OpLoopUnevaluatedProperties, table.OpLoopUnevaluatedItems:
			want, kind := uint32(json.KindArray), uint32(frameUnevalItems)
			if op == table.OpLoopUnevaluatedProperties {
				want, kind = json.KindObject, frameUnevalProps
			}
			if nodes[node].Meta&0xff != want {
				pc = in.E
				break
			}
			if m.steps < uint64(nodes[node].Len) || sp+1 >= uint32(len(frames)) {
				op = stepBudget
				continue
			}
			m.steps -= uint64(nodes[node].Len)
			sp++
			f := &frames[sp]
			f.kind, f.pc, f.node, f.cur, f.end = kind, pc, node, node+1, nodes[node].Ext
			op = stepUnevaluated
			continue

		case stepUnevaluated:
			f := &frames[sp]
			pc = f.pc
			cur, end := f.cur, f.end
			op = stepLoopEnd
			for cur < end {
				child, value := cur, cur
				if f.kind == frameUnevalProps {
					value++
				}
				meta := nodes[value].Meta
				cur = value + 1
				if meta&0xff >= json.KindArray {
					cur = nodes[value].Ext
				}
				if m.evaluated(child) {
					continue
				}
				block, head := prog[pc].D, uint32(prog[pc].B)
				if prog[pc].A&table.LoopOther == 0 && block == 0 {
					f.cur = cur
					failInst, failNode, failDetail, failArg = pc, value, DetailAdditional, child
					op, after = stepFail, stepUnevaluated
					break
				}
				if prog[pc].A&table.LoopMark != 0 && !m.mark(child) {
					op = stepBudget
					break
				}
				if block == 0 {
					continue
				}
				if head&table.HeadTypes != 0 {
					if head&typeBits(meta) == 0 && !m.integral(head, value) {
						f.cur = cur
						failInst, failNode, failDetail, failArg = block, value, DetailNone, 0
						op, after = stepFail, stepUnevaluated
						break
					}
					if head&table.HeadOnly != 0 {
						continue
					}
					block++
				}
				f.cur = cur
				pc, node = block, value
				op = prog[pc].Op
				break
			}
			continue

		case stepFailHere:
			failInst, failNode = pc, node
			op, after = stepFail, stepNext
			continue

		case stepFail:
			if try == 0 {
				if !m.report(failInst, failNode, failDetail, failArg) {
					return StatusInvalid
				}
				// Collecting: go on as if it had passed.
				switch op = after; op {
				case stepNext:
					pc++
					op = prog[pc].Op
				case stepAt:
					op = prog[pc].Op
				}
				continue
			}
			if m.explaining {
				m.consider(sp, try, Failure{failInst, failNode, failDetail, failArg})
			}
			// Back to the innermost branch.
			for ; sp > try; sp-- {
				if frames[sp].kind == frameMemo {
					m.remember(frames[sp].n, frames[sp].node, memoFail)
				}
			}
			f := &frames[sp]
			m.rollback(f.trail)
			m.scope, m.numWords = f.scope, f.words
			pc, node = f.pc, f.node
			switch f.kind {
			case frameAnyOf, frameOneOf:
				b := &prog[f.cur]
				if b.A == 0 {
					f.cur = b.C
					pc = b.C + 1
					break
				}
				try = f.try
				sp--
				failInst, failNode, failDetail, failArg = pc, node, DetailNone, 0
				pc = prog[pc].C
				if f.n == 0 {
					after = stepAt
					continue
				}
			case frameNot:
				try = f.try
				sp--
				pc = prog[pc].C
			case frameIf:
				try = f.try
				sp--
				pc = prog[pc].D
			default: // frameContains
				op = stepContains
				continue
			}

		case stepBudget:
			return StatusBudget

		default:
			return StatusInternal
		}
		op = prog[pc].Op
	}
}
