package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// Status is the outcome of Validate. The zero value is invalid.
type Status uint8

// The outcomes. Only StatusValid accepts.
const (
	StatusValid    Status = iota + 1
	StatusInvalid         // Failures says why
	StatusBudget          // judging takes more steps, stack or scratch than allowed
	StatusInternal        // the entry is not in the table, or the node not on the tape
)

// String returns a lower-case name.
func (s Status) String() string {
	switch s {
	case StatusValid:
		return "valid"
	case StatusInvalid:
		return "invalid"
	case StatusBudget:
		return "budget"
	}
	return "internal"
}

// Failure is one violation, in numbers: AppendMessage and its siblings turn it
// into text.
type Failure struct {
	Inst   uint32 // index of the instruction that failed
	Node   uint32 // the value it failed on
	Detail uint32 // which of the instruction's keywords: a Detail constant
	Arg    uint32 // by Detail
}

// Details of instructions that stand for several keywords.
const (
	DetailNone       = 0
	DetailMin        = 1 // the lower bound (minLength, minItems, minProperties, minContains)
	DetailMax        = 2 // the upper one
	DetailRequired   = 3 // Arg is the entry in the property set
	DetailDependent  = 4 // Arg is the dependent's index
	DetailAdditional = 5 // Arg is the name's node
	DetailEqual      = 6 // Arg is the other element's node
)

// Limits sizes a Machine. Zero fields get the defaults.
type Limits struct {
	Nodes    int    // nodes of the largest tape; default 1<<16
	Frames   int    // stack; default 1<<12
	Scratch  int    // bytes for unescaped strings: the largest body; default 1<<16
	Failures int    // violations reported at most; default 1
	Memo     int    // remembered verdicts, rounded up to a power of two; default 1<<12
	Steps    uint64 // steps of one run at most, whatever its size; default 1<<28
	Seed     uint64 // keys the hash of values; random where there is randomness
	// NoMarks leaves out what keeps track of evaluated members and elements: for
	// tables whose programs never do (see Marks).
	NoMarks bool
	// Borrow lends memory for comparing objects and for finding equal elements,
	// three words a node at best. It is called during a run; the memory must stay
	// the machine's until the next run. Nil: the machine has its own.
	Borrow func() []uint32
}

// frame is one level of the interpreter's stack.
//
//	kind    what the frame waits for (frame constants)
//	pc      the instruction that pushed it; calls: where to go on
//	node    the value it was pushed for
//	cur     loops: the next child; branches: the branch being tried
//	end     loops: one past the last child
//	stage   loops: what comes next for the current child
//	n       counts (elements, matches)
//	seen    members seen, by entry
//	try     frames that catch failures: the next one below
//	trail   the same: marks to keep when the block fails
//	scope   the scope to return to
//	words   top of the word stack to return to
type frame struct {
	kind, pc, node, cur, end, stage, n, words uint32
	try, trail, scope, fails                  uint32
	seen                                      uint64
}

// Kinds of frame, in the order that the kernel relies on: what goes on with a
// step of its own, what ends with its block, and what catches failures.
const (
	frameRoot = iota + 1
	frameProps
	framePropsSlow
	frameItems
	frameItemsSlow
	frameUneval
	frameCall
	frameMemo // a call whose verdict is remembered; n = procedure
	frameScope
	frameAnyOf
	frameOneOf
	frameNot
	frameIf
	frameContains
)

// Machine runs programs. It is made once and reused; it is not safe for
// concurrent use.
//
// Invariants: between runs the trail is empty and every mark is zero.
type Machine struct {
	state

	masks    []uint32 // stack of masks of members seen
	scratch  []byte
	order    []uint32 // for comparing objects and finding equal elements
	borrow   func() []uint32
	hashes   []uint32
	failures []Failure

	maxNodes    int
	maxFailures int
	maxSteps    uint64
	seed        uint64

	// Of the current run.
	s        *table.SchemaSections
	tape     *json.Tape
	consts   json.Tape
	allowed  uint64 // steps at the start
	overflow bool   // scratch was too small

	// Of the second look for failures.
	isExplained bool
	deepest     uint32
	best        Failure
	explained   [1]Failure
}

// NewMachine allocates everything a machine will ever need.
func NewMachine(l Limits) *Machine {
	set := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	set(&l.Nodes, 1<<16)
	set(&l.Frames, 1<<12)
	set(&l.Scratch, 1<<16)
	set(&l.Failures, 1)
	set(&l.Memo, 1<<12)
	if l.Steps == 0 {
		l.Steps = 1 << 28
	}
	memo := 1
	for memo < l.Memo {
		memo *= 2
	}
	marked := l.Nodes
	if l.NoMarks {
		marked = 0
	}
	m := &Machine{
		state: state{
			frames: make([]frame, l.Frames),
			marks:  make([]uint32, marked),
			undo:   make([]trailEntry, marked+marked/2),
			memo:   make([]memoEntry, memo),
		},
		maxNodes:    l.Nodes,
		borrow:      l.Borrow,
		masks:       make([]uint32, 64+l.Nodes/8),
		scratch:     make([]byte, 0, l.Scratch),
		hashes:      make([]uint32, l.Nodes),
		failures:    make([]Failure, 0, l.Failures),
		maxFailures: l.Failures,
		maxSteps:    l.Steps,
		seed:        l.Seed,
	}
	if l.Borrow == nil {
		m.order = make([]uint32, 3*l.Nodes+16)
	}
	return m
}

// borrowOrder sees to it that m.order is there.
func (m *Machine) borrowOrder() {
	if m.order == nil {
		m.order = m.borrow()
	}
}

// Marks reports whether a program of s keeps track of evaluated members or
// elements.
func Marks(s *table.SchemaSections) bool {
	for i := range s.Program {
		switch in := &s.Program[i]; in.Op {
		case table.OpCtlScope, table.OpLoopUnevaluatedProperties, table.OpLoopUnevaluatedItems:
			return true
		case table.OpLoopProperties:
			if in.A&table.PropsMark != 0 {
				return true
			}
		case table.OpLoopItems, table.OpLoopContains:
			if in.A&table.LoopMark != 0 {
				return true
			}
		}
	}
	return false
}

// Collect sets how many violations a run reports, within Limits.Failures. With
// one, the default, a run ends at the first.
func (m *Machine) Collect(n int) {
	m.maxFailures = max(1, min(n, cap(m.failures)))
}

// Failures returns what the last run found, in the order of the run. It is to
// be called before the tape or the table changes: where alternatives failed, it
// looks once more at what was wrong with them. The slice is valid until the
// next run.
func (m *Machine) Failures() []Failure {
	if !m.isExplained && m.s != nil {
		m.isExplained = true
		for i, f := range m.failures {
			m.failures[i] = m.explain(f)
		}
	}
	return m.failures
}

// Steps of a run: a base, and for each node a multiple of what the entry can
// reach, within bounds, so that no body of ordinary size is refused.
const (
	stepsBase    = 1 << 16
	stepsLeast   = 256
	stepsPerNode = 1 << 14
)

// Validate judges the value at node by the procedure entry of t. NoIndex as
// entry accepts anything.
func (m *Machine) Validate(t *table.Table, entry uint32, tape *json.Tape, node uint32) Status {
	m.failures, m.isExplained = m.failures[:0], false
	if entry == table.NoIndex {
		return StatusValid
	}
	s := &t.Schema
	if !s.ValidEntry(entry) || node >= uint32(len(tape.Nodes)) {
		return StatusInternal
	}
	if len(tape.Nodes) > m.maxNodes {
		return StatusBudget
	}
	if m.borrow != nil {
		m.order = nil // the lender has had it since
	}
	perNode := min(max(2*uint64(s.Proc(entry, table.ProcCost)), stepsLeast), stepsPerNode)
	m.steps = min(stepsBase+perNode*uint64(len(tape.Nodes)), m.maxSteps)
	m.allowed = m.steps
	m.s, m.tape = s, tape
	m.consts = json.Tape{Src: s.Strings, Nodes: s.Consts}
	m.prog, m.nodes, m.src, m.strs = s.Program, tape.Nodes, tape.Src, s.Strings
	m.sets, m.enums, m.lists, m.switches, m.dfas = s.PropSets, s.Enums, s.Lists, s.Switches, s.Patterns
	m.words, m.trail, m.scope, m.look, m.failed, m.overflow = 0, 0, 0, 0, 0, false
	m.forget()
	m.frames[0] = frame{kind: frameRoot, node: node}
	status := m.run(s.Proc(entry, table.ProcPC), node)
	rollback(&m.state, 0)
	if m.overflow {
		status = StatusBudget
	}
	return status
}

// report records a failure outside of branches, and reports whether the run
// should go on looking for more.
func (m *Machine) report(f Failure) bool {
	m.failed++
	if len(m.failures) < m.maxFailures {
		m.failures = append(m.failures, f)
	}
	return len(m.failures) < m.maxFailures
}

// Steps is how many steps the last run took, for tests and figures. Where
// Failures looked a second time it is the second look's.
func (m *Machine) Steps() uint64 { return m.allowed - m.steps }
