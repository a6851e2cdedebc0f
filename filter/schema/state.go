package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

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
	memo     []memoEntry  // direct-mapped; a power of two
	marks    []uint32     // by node: 1 + index of the latest entry of undo
	undo     []trailEntry // marks to take back

	pc, node uint64 // the instruction, and the value it is for
	op       uint64 // what to do next: the opcode at pc, or a step
	sp       uint64 // top frame
	try      uint64 // innermost frame that catches failures; 0 = none
	steps    uint64 // left
	trail    uint64 // marks made
	words    uint64 // top of the stack of masks
	scope    uint64 // marks made when the current scope began
	look     uint64 // 1: every failure is of interest (explain); 2: but this one
	failed   uint64 // failures outside of branches so far
	gen      uint64 // generation of the memo

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
	stepPropsSlow                // the next thing for a member, with all there can be to it
	stepPropsMany                // more members to track than a frame can: make room
	stepItems                    // the next element
	stepItemsSlow                // the next element, with all there can be to it
	stepLoopEnd                  // all elements judged
	stepContains                 // the next element
	stepUnevaluated              // the next member or element
	stepDone                     // the root's block ended
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
