package ir

import (
	"portcullis/filter/table"
	"portcullis/schemagen/source"
)

// Allow is an expression over the caller and the request that has to hold (CEL),
// lowered for one operation.
type Allow struct {
	Text      string // as it was written
	Message   string // what the policy tells who is refused; "": nothing
	Nodes     []AllowNode
	Saved     []uint32 // nodes that are evaluated with the header fields and kept for the body
	Params    uint64   // ordinals of the operation's parameters that are read
	NeedsBody bool
	Node      *source.Node
}

// AllowNode is one node: table.ExprNode, whose operands stand for themselves but
// for texts, lists and automata.
type AllowNode struct {
	Op      table.ExprOp
	Slot    uint8
	A, B, C uint32
	Text    string   // of ExprString, ExprSelect and ExprHas
	List    []uint32 // of ExprList and ExprMap
	Pattern []byte   // of ExprMatches, in filter/pattern's format
}
