package table

// Sections of allow expressions (CEL): the expressions, and the nodes that they
// are made of.
//
// A node is four words: its operation with up to one small number, and three
// operands. The first node of an expression is its root. A child is the number
// of a node of the same expression and greater than its parent's, so that no
// expression holds itself.
//
//	 31      24 23      16 15       8 7        0
//	+----------+----------+----------+----------+
//	|        zero         |   slot   | operation|
//	+----------+----------+----------+----------+
//	|                 a    b    c               |

// Words of an expression.
//
//	message(2) text(2) where(2) code(2) saved(2: numbers of nodes) params(2: bits) flags zero(3)
//
// saved is the parts that do not depend on the body: of an expression that does
// they are judged with the header fields and kept until the body is there.
// params has a bit for each parameter of the operation, in its order, that the
// expression reads.
const (
	ExprMessage = 0
	ExprText    = 2
	ExprWhere   = 4
	ExprCode    = 6
	ExprSaved   = 8
	ExprParams  = 10
	ExprFlags   = 12
)

// ExprFlagBody marks an expression that is judged when the body is there.
const (
	ExprFlagBody = 1 << 0
	exprFlagsAll = 1<<1 - 1
)

// Bounds of expressions.
const (
	MaxExprNodes  = 512
	MaxExprSaved  = 16
	MaxExprParams = 64 // parameters after the 64th can't be named in an expression
	MaxExprSlots  = 8  // loops inside each other
)

// ExprOp is what a node does.
type ExprOp uint8

// The operations. a, b and c are the node's operands.
const (
	ExprNull     ExprOp = iota + 1 // null
	ExprBool                       // a: 0 or 1
	ExprInt                        // a, b: low and high word
	ExprUint                       // the same
	ExprDouble                     // the same, IEEE 754 bits
	ExprString                     // a, b: text in the pool
	ExprList                       // a, b: range of SecIndexes, each a child
	ExprMap                        // the same; keys and values in turn
	ExprClaims                     // the claims of the caller's token
	ExprBody                       // the body
	ExprParam                      // a: ordinal of a parameter; slot: ExprAny, ExprAsInt, ExprAsDouble
	ExprHasParam                   // a: the same; whether it is there
	ExprSaved1                     // a: which of the saved values
	ExprVar                        // slot: of the loop whose element it is
	ExprSelect                     // a: child; b, c: name
	ExprHas                        // the same; whether it is there
	ExprIndex                      // a[b]
	ExprNot                        // the children are a, then b, then c
	ExprNegate
	ExprAnd
	ExprOr
	ExprCond // a ? b : c
	ExprEqual
	ExprNotEqual
	ExprLess
	ExprLessEqual
	ExprGreater
	ExprGreaterEqual
	ExprAdd
	ExprSubtract
	ExprMultiply
	ExprDivide
	ExprModulo
	ExprIn
	ExprSize
	ExprStartsWith
	ExprEndsWith
	ExprContains
	ExprMatches   // a: child; b: automaton in SecPatterns
	ExprAll       // slot; a: range, b: what every element has to be
	ExprExists    // the same
	ExprExistsOne // the same
	ExprToInt
	ExprToUint
	ExprToDouble
	ExprToString
	ExprConsumer    // a: ExprConsumerName.., of the consumer that was found
	ExprHasConsumer // the same; whether it is there
	exprOpEnd
)

// What the slot of ExprParam says of numbers: as JSON has them, whole, or doubles.
const (
	ExprAny      = 0
	ExprAsInt    = 1
	ExprAsDouble = 2
)

// Members of a consumer: operand a of ExprConsumer and ExprHasConsumer.
const (
	ExprConsumerName       = 0
	ExprConsumerPlan       = 1
	ExprConsumerScopes     = 2
	ExprConsumerAttributes = 3
	exprConsumerEnd        = 4
)

// exprShape is what the operands of a node are.
type exprShape uint8

const (
	shapeNone     exprShape = iota
	shapeFlag               // a is 0 or 1
	shapeWords              // a and b, anything
	shapeText               // a, b
	shapeList               // a, b
	shapePairs              // a, b, an even number
	shapeParam              // a, and a slot
	shapeHasParam           // a
	shapeSaved              // a
	shapeVar                // a slot
	shapeNamed              // a child; b, c text
	shapeOne                // a child
	shapeTwo                // two children
	shapeThree              // three children
	shapePattern            // a child, b an automaton
	shapeLoop               // a slot, two children
	shapeMember             // a member of a consumer
)

var exprShapes = [exprOpEnd]exprShape{
	ExprBool: shapeFlag, ExprInt: shapeWords, ExprUint: shapeWords, ExprDouble: shapeWords, ExprString: shapeText,
	ExprList: shapeList, ExprMap: shapePairs, ExprParam: shapeParam, ExprHasParam: shapeHasParam, ExprSaved1: shapeSaved,
	ExprVar: shapeVar, ExprSelect: shapeNamed, ExprHas: shapeNamed, ExprIndex: shapeTwo, ExprNot: shapeOne, ExprNegate: shapeOne,
	ExprAnd: shapeTwo, ExprOr: shapeTwo, ExprCond: shapeThree, ExprEqual: shapeTwo, ExprNotEqual: shapeTwo, ExprLess: shapeTwo,
	ExprLessEqual: shapeTwo, ExprGreater: shapeTwo, ExprGreaterEqual: shapeTwo, ExprAdd: shapeTwo, ExprSubtract: shapeTwo,
	ExprMultiply: shapeTwo, ExprDivide: shapeTwo, ExprModulo: shapeTwo, ExprIn: shapeTwo, ExprSize: shapeOne,
	ExprStartsWith: shapeTwo, ExprEndsWith: shapeTwo, ExprContains: shapeTwo, ExprMatches: shapePattern,
	ExprAll: shapeLoop, ExprExists: shapeLoop, ExprExistsOne: shapeLoop,
	ExprToInt: shapeOne, ExprToUint: shapeOne, ExprToDouble: shapeOne, ExprToString: shapeOne,
	ExprConsumer: shapeMember, ExprHasConsumer: shapeMember,
}

// Children is how many children a node of this operation has in a, b and c. A
// list and a map have theirs in SecIndexes.
func (op ExprOp) Children() int {
	if op >= exprOpEnd {
		return 0
	}
	switch exprShapes[op] {
	case shapeNamed, shapeOne, shapePattern:
		return 1
	case shapeTwo, shapeLoop:
		return 2
	case shapeThree:
		return 3
	}
	return 0
}

// ExprNode is one node.
type ExprNode struct {
	Op      ExprOp
	Slot    uint8
	A, B, C uint32
}

// Expr is one expression.
type Expr struct {
	t *Table
	w *[wordsExpr]uint32
}

// NumExprs is the number of expressions.
func (t *Table) NumExprs() uint32 { return uint32(len(t.exprs)) / wordsExpr }

// Expr is the i-th expression.
func (t *Table) Expr(i uint32) Expr { return Expr{t, (*[wordsExpr]uint32)(t.exprs[i*wordsExpr:])} }

// Message is what the policy tells who is refused, or nothing.
func (x Expr) Message() []byte { return x.t.str(x.w[:], ExprMessage) }

// Text is the expression as it was written.
func (x Expr) Text() []byte { return x.t.str(x.w[:], ExprText) }

// Where is the file, line and column that it comes from.
func (x Expr) Where() []byte { return x.t.str(x.w[:], ExprWhere) }

// NumNodes is the number of its nodes, at least 1.
func (x Expr) NumNodes() uint32 { return x.w[ExprCode+1] }

// Node is the i-th node, i < NumNodes.
func (x Expr) Node(i uint32) ExprNode {
	w := (*[wordsExprNode]uint32)(x.t.exprNodes[(x.w[ExprCode]+i)*wordsExprNode:])
	return ExprNode{ExprOp(w[0]), uint8(w[0] >> 8), w[1], w[2], w[3]}
}

// Code is its nodes, four words each.
func (x Expr) Code() []uint32 {
	return x.t.exprNodes[x.w[ExprCode]*wordsExprNode : (x.w[ExprCode]+x.w[ExprCode+1])*wordsExprNode]
}

// Child is an element of a list or a map, at an index between a and a+b.
func (x Expr) Child(i uint32) uint32 { return x.t.indexes[i] }

// NumSaved is the number of values that are kept for the body's judgement.
func (x Expr) NumSaved() uint32 { return x.w[ExprSaved+1] }

// SavedAt is the number of the node that makes the i-th of them.
func (x Expr) SavedAt(i uint32) uint32 { return x.t.indexes[x.w[ExprSaved]+i] }

// Params has a bit for each parameter of the operation that is read.
func (x Expr) Params() uint64 { return uint64(x.w[ExprParams]) | uint64(x.w[ExprParams+1])<<32 }

// NeedsBody reports whether it is judged when the body is there.
func (x Expr) NeedsBody() bool { return x.w[ExprFlags]&ExprFlagBody != 0 }

// Expr is the index of the expression that has to hold, NoIndex for none.
func (o Op) Expr() uint32 { return o.w[OpExpr] }

// exprs checks what the layouts can't say of expressions.
func (v *verifier) exprs() bool {
	t := v.t
	for i := range v.count(SecExprs) {
		w := t.exprs[i*wordsExpr : (i+1)*wordsExpr]
		x := t.Expr(i)
		if n := x.NumNodes(); n == 0 || n > MaxExprNodes || x.NumSaved() > MaxExprSaved {
			return v.fail(ErrRange, v.at(SecExprs, i*wordsExpr+ExprCode))
		}
		for j := range x.NumSaved() {
			if x.SavedAt(j) >= x.NumNodes() {
				return v.fail(ErrRange, v.at(SecIndexes, w[ExprSaved]+j))
			}
		}
		for j := range x.NumNodes() {
			if e := v.exprNode(x, j); e != ErrNone {
				return v.fail(e, v.at(SecExprNodes, (w[ExprCode]+j)*wordsExprNode))
			}
		}
	}
	return true
}

// exprNode checks one node: its operands are what its operation reads, all other
// bits are zero.
func (v *verifier) exprNode(x Expr, i uint32) Err {
	t, n := v.t, x.Node(i)
	if n.Op == 0 || n.Op >= exprOpEnd {
		return ErrEnum
	}
	if t.exprNodes[(x.w[ExprCode]+i)*wordsExprNode]>>16 != 0 {
		return ErrReserved
	}
	child := func(c uint32) bool { return c > i && c < x.NumNodes() }
	operands := [3]uint32{n.A, n.B, n.C}
	for j := range n.Op.Children() {
		if !child(operands[j]) {
			return ErrOrder
		}
		operands[j] = 0
	}
	slots := uint8(1)
	switch exprShapes[n.Op] {
	case shapeFlag:
		if n.A > 1 {
			return ErrEnum
		}
		operands[0] = 0
	case shapeWords:
		operands[0], operands[1] = 0, 0
	case shapeText:
		if !inRange(n.A, n.B, uint32(len(t.strs))) {
			return ErrString
		}
		operands[0], operands[1] = 0, 0
	case shapeNamed:
		if !inRange(n.B, n.C, uint32(len(t.strs))) {
			return ErrString
		}
		operands[1], operands[2] = 0, 0
	case shapeList, shapePairs:
		if !inRange(n.A, n.B, uint32(len(t.indexes))) || exprShapes[n.Op] == shapePairs && n.B%2 != 0 {
			return ErrRange
		}
		for _, c := range t.indexes[n.A : n.A+n.B] {
			if !child(c) {
				return ErrOrder
			}
		}
		operands[0], operands[1] = 0, 0
	case shapeParam, shapeHasParam:
		if n.A >= MaxExprParams {
			return ErrRange
		}
		operands[0] = 0
		if n.Op == ExprParam {
			slots = ExprAsDouble + 1
		}
	case shapeSaved:
		if n.A >= x.NumSaved() {
			return ErrRange
		}
		operands[0] = 0
	case shapeVar, shapeLoop:
		slots = MaxExprSlots
	case shapeMember:
		if n.A >= exprConsumerEnd {
			return ErrEnum
		}
		operands[0] = 0
	case shapePattern:
		if !t.Schema.ValidPattern(n.B) {
			return ErrSchema
		}
		operands[1] = 0
	}
	if n.Slot >= slots || operands != [3]uint32{} {
		return ErrReserved
	}
	return ErrNone
}
