package table

import (
	"unsafe"

	"portcullis/filter/json"
	"portcullis/filter/le"
)

// The sections of compiled schemas. SecProgram holds the instructions; the
// others hold what does not fit into 16 bytes.
const (
	SecProgram   Section = 32 + iota // instructions
	SecPropSets                      // property sets (propset.go)
	SecConsts                        // nodes of constant values, over the string pool
	SecEnums                         // sets of values (propset.go)
	SecPatterns                      // automata in filter/pattern's format, aligned to 4 bytes
	SecCold                          // a location per instruction, plus one; 0 = none
	SecProcs                         // procedures and entries
	SecLocations                     // places in schemas, a trie of JSON Pointer segments
	SecLists                         // blocks of tuples
	SecSwitches                      // branch tables
)

// Opcode is the operation of an instruction: category, subject, qualifier.
// Numbers are append-only within a format version.
type Opcode uint8

// The opcodes. An Assert fails or goes on to the next instruction. A Logic or
// Loop instruction owns the blocks behind it up to its end; each block ends
// with OpCtlEnd. Unless said, unused operands are zero.
const (
	// OpAssertFail always fails (the schema false).
	OpAssertFail Opcode = iota + 1
	// OpAssertType: the value's type is in A (Type bits, TypeStrict).
	OpAssertType
	// OpAssertMinimum and the next four: a number against the number constant
	// C; if A is NumberInt, D and E are its value as int64, low word first; if A
	// is NumberPlaces (of multipleOf alone), it is ten to the power of -D.
	OpAssertMinimum
	OpAssertMaximum
	OpAssertExclusiveMinimum
	OpAssertExclusiveMaximum
	OpAssertMultipleOf
	// OpAssertLength: a string's code points are within C and D. Of this and the
	// other counts, A is 1 where the location is that of the one keyword there
	// is, not of the schema.
	OpAssertLength
	// OpAssertPattern: the automaton at byte C of the patterns takes the string.
	OpAssertPattern
	// OpAssertFormat: a string (or number) has format C.
	OpAssertFormat
	// OpAssertItems: an array's length is within C and D.
	OpAssertItems
	// OpAssertProperties: an object's size is within C and D.
	OpAssertProperties
	// OpAssertUnique: no two elements of an array are equal.
	OpAssertUnique
	// OpAssertEnum: the value is in the set at word C of the enums.
	OpAssertEnum
	// OpAssertNone always fails: no alternative can match.
	OpAssertNone

	// OpCtlEnd ends a block.
	OpCtlEnd
	// OpCtlCall runs the procedure D, whose first instruction is C. A is 1
	// where its verdict on a value is worth remembering.
	OpCtlCall
	// OpCtlTail goes on at C, in either direction; the work is counted.
	OpCtlTail
	// OpCtlJump goes on at C, forward.
	OpCtlJump
	// OpCtlWhenType goes on at C, forward, unless the type is in A.
	OpCtlWhenType
	// OpCtlWhenHas goes on at E, forward, unless the value is an object that
	// has a member with the name of C bytes at D in the pool.
	OpCtlWhenHas
	// OpCtlSwitchType goes on at the block for the value's kind, forward: list C
	// has one for null, false, true, number, string, array, object, in order.
	OpCtlSwitchType
	// OpCtlSwitchValue goes on at the target for the string value of a member,
	// by switch C, forward; D, forward, where there is none.
	OpCtlSwitchValue
	// OpCtlNote is not run. It stands behind a loop over members and says where
	// the keyword of detail C with argument D is, if not in the loop's schema.
	OpCtlNote
	// OpCtlScope opens a scope of evaluated members; its block ends the scope.
	// It goes on at C.
	OpCtlScope

	// OpLogicAnyOf tries the branches from the next instruction on; C is the
	// end. With A = 1 all branches are tried, for what they evaluate.
	OpLogicAnyOf
	// OpLogicOneOf is the same for exactly one.
	OpLogicOneOf
	// OpLogicBranch begins a branch; C is the next branch or the end.
	OpLogicBranch
	// OpLogicNot fails when the block behind it passes; C is the end.
	OpLogicNot
	// OpLogicIf runs the block behind it, then goes on at C if that passed and at
	// D if not.
	OpLogicIf

	// OpLoopProperties judges an object's members by property set C; D is the
	// block for other members (0: none), B its head; A has PropsFlags. E is the
	// end.
	OpLoopProperties
	// OpLoopItems judges an array's elements by the tuple at C of the lists
	// (NoIndex: none), then by block D (0: none) with head B. E is the end.
	// A is LoopMark.
	OpLoopItems
	// OpLoopContains counts the elements that pass the block behind it: within
	// C and D. E is the end. A is LoopMark.
	OpLoopContains
	// OpLoopUnevaluatedProperties runs block D with head B (0: they are refused)
	// on the members not yet evaluated in this scope. E is the end. A is LoopMark.
	OpLoopUnevaluatedProperties
	// OpLoopUnevaluatedItems is the same for elements.
	OpLoopUnevaluatedItems

	numOpcodes
)

var opcodeNames = [numOpcodes]string{
	OpAssertFail:                "AssertFail",
	OpAssertType:                "AssertType",
	OpAssertMinimum:             "AssertMinimum",
	OpAssertMaximum:             "AssertMaximum",
	OpAssertExclusiveMinimum:    "AssertExclusiveMinimum",
	OpAssertExclusiveMaximum:    "AssertExclusiveMaximum",
	OpAssertMultipleOf:          "AssertMultipleOf",
	OpAssertLength:              "AssertLength",
	OpAssertPattern:             "AssertPattern",
	OpAssertFormat:              "AssertFormat",
	OpAssertItems:               "AssertItems",
	OpAssertProperties:          "AssertProperties",
	OpAssertUnique:              "AssertUnique",
	OpAssertEnum:                "AssertEnum",
	OpAssertNone:                "AssertNone",
	OpCtlEnd:                    "CtlEnd",
	OpCtlCall:                   "CtlCall",
	OpCtlTail:                   "CtlTail",
	OpCtlJump:                   "CtlJump",
	OpCtlWhenType:               "CtlWhenType",
	OpCtlWhenHas:                "CtlWhenHas",
	OpCtlSwitchType:             "CtlSwitchType",
	OpCtlSwitchValue:            "CtlSwitchValue",
	OpCtlNote:                   "CtlNote",
	OpCtlScope:                  "CtlScope",
	OpLogicAnyOf:                "LogicAnyOf",
	OpLogicOneOf:                "LogicOneOf",
	OpLogicBranch:               "LogicBranch",
	OpLogicNot:                  "LogicNot",
	OpLogicIf:                   "LogicIf",
	OpLoopProperties:            "LoopProperties",
	OpLoopItems:                 "LoopItems",
	OpLoopContains:              "LoopContains",
	OpLoopUnevaluatedProperties: "LoopUnevaluatedProperties",
	OpLoopUnevaluatedItems:      "LoopUnevaluatedItems",
}

// String returns the opcode's name without its Op.
func (o Opcode) String() string {
	if o == 0 || o >= numOpcodes {
		return "Invalid"
	}
	return opcodeNames[o]
}

// Type bits of OpAssertType and of block heads. TypeInteger without TypeNumber
// takes numbers with an integral value; with TypeStrict, only those written as
// integers (draft 4).
const (
	TypeNull    = 1 << 0
	TypeBoolean = 1 << 1
	TypeObject  = 1 << 2
	TypeArray   = 1 << 3
	TypeNumber  = 1 << 4
	TypeString  = 1 << 5
	TypeInteger = 1 << 6
	TypeStrict  = 1 << 7
)

// What the operands of a number's assertion hold besides the constant.
const (
	NumberInt    = 1
	NumberPlaces = 2
)

// Flags of OpLoopProperties.
const (
	PropsOther  = 1 << 0 // members that no property or pattern names are judged by block D
	PropsClosed = 1 << 1 // such members are refused
	PropsMark   = 1 << 2 // judged members become evaluated
	PropsSlow   = 1 << 3 // the set has patterns or a block for names
)

// Flags in A of the other loops. With LoopMark judged elements become evaluated.
const (
	LoopMark  = 1 << 0
	LoopOther = 1 << 1 // elements or members without a block are accepted
)

// Head of a block: what a loop can do without entering the block. The types,
// in the low byte, are those of the OpAssertType that the block begins with.
const (
	HeadTypes = 1 << 8 // check the types, then enter behind the OpAssertType
	HeadOnly  = 1 << 9 // the types are all there is: do not enter
	headAll   = HeadTypes | HeadOnly | 0xff
)

// Inst is one instruction.
//
//	 0        1        2                 4        8        12       16
//	+--------+--------+-----------------+--------+--------+--------+
//	|   Op   |   A    |        B        |   C    |   D    |   E    |
//	+--------+--------+-----------------+--------+--------+--------+
type Inst struct {
	Op      Opcode
	A       uint8
	B       uint16
	C, D, E uint32
}

// Words of a procedure record.
//
//	pc frames cost zero
//
// Frames is the number of stack frames it can need for one value, not counting
// those for the value's parts; cost is the number of instructions it can reach.
const (
	ProcPC     = 0
	ProcFrames = 1
	ProcCost   = 2
	wordsProc  = 4
)

// Words of a location: its parent's index plus one (0: the segment is a
// document's URI), and the segment, unescaped.
//
//	parent segment(2)
const (
	LocationParent  = 0
	LocationSegment = 1
	wordsLocation   = 3
)

// SchemaSections is the part of a table that schemas are judged by. After
// Open, or VerifySchema, every operand that is an offset or index is in bounds.
type SchemaSections struct {
	Program   []Inst
	PropSets  []uint32
	Consts    []json.Node
	Enums     []uint32
	Patterns  []byte
	Cold      []uint32
	Procs     []uint32
	Locations []uint32
	Lists     []uint32
	Switches  []uint32
	Strings   []byte // the shared string pool
}

// place takes a section's bytes, which are aligned to four, and reports whether
// the section is one of schemas'. Lengths that don't fit the record size are
// left to verify, which sees a partial record as missing.
func (s *SchemaSections) place(id uint32, b []byte) bool {
	switch Section(id) {
	case SecProgram:
		if len(b) >= 16 {
			s.Program = unsafe.Slice((*Inst)(unsafe.Pointer(&b[0])), len(b)/16)
		}
	case SecConsts:
		if len(b) >= 16 {
			s.Consts = unsafe.Slice((*json.Node)(unsafe.Pointer(&b[0])), len(b)/16)
		}
	case SecPropSets:
		s.PropSets = words(b)
	case SecEnums:
		s.Enums = words(b)
	case SecPatterns:
		s.Patterns = b
	case SecCold:
		s.Cold = words(b)
	case SecProcs:
		s.Procs = words(b)
	case SecLocations:
		s.Locations = words(b)
	case SecLists:
		s.Lists = words(b)
	case SecSwitches:
		s.Switches = words(b)
	default:
		return false
	}
	return true
}

// OpenSchema verifies schema sections that stand alone, for tests and tools.
// Section data is given by id in any order and is copied where not aligned.
func OpenSchema(strs []byte, section map[uint32][]byte) (*Table, bool) {
	t := &Table{strs: strs}
	for id, b := range section {
		if len(b) == 0 {
			continue
		}
		if !t.Schema.place(id, aligned(b)) {
			return nil, false
		}
	}
	e, _ := t.Schema.verify(strs)
	return t, e == ErrNone
}

// ValidEntry reports whether e names a procedure.
func (s *SchemaSections) ValidEntry(e uint32) bool {
	return uint64(e)*wordsProc < uint64(len(s.Procs))
}

// ValidPattern reports whether an automaton of the section begins at off.
func (s *SchemaSections) ValidPattern(off uint32) bool {
	at := uint32(0)
	for at < off && at < uint32(len(s.Patterns)) {
		at += le.U32(s.Patterns, at+patternSize) // verified: positive, and within the section
	}
	return at == off && off < uint32(len(s.Patterns))
}

// NumProcs is the number of procedures.
func (s *SchemaSections) NumProcs() uint32 { return uint32(len(s.Procs)) / wordsProc }

// Proc returns a word of procedure e.
func (s *SchemaSections) Proc(e, word uint32) uint32 { return s.Procs[e*wordsProc+word] }

// MaxFrames is the largest number of stack frames that any procedure can need
// for one value: a machine that judges values nested d deep needs (d+1) times
// as many.
func (s *SchemaSections) MaxFrames() uint32 {
	most := uint32(1)
	for e := range s.NumProcs() {
		most = max(most, s.Proc(e, ProcFrames))
	}
	return most
}
