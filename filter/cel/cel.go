// Package cel evaluates allow expressions: CEL (cel-spec, langdef) over claims,
// parameters and body, as schemagen has checked and lowered them into the table's
// nodes (filter/table, expr.go).
//
// An expression is a function of its inputs: the package knows no host, no clock and
// no request. It answers yes, no, or error for what CEL calls an evaluation error: a
// member that is not there, a value of another type, an overflow. Work is bounded by
// steps, nesting and the bytes that are made; what needs more is an error as well.
// Nothing is allocated, and no expression of a verified table can trap.
//
// Where the semantics are not CEL's own:
//   - A JSON number is a double, as in google.protobuf.Value. A whole number of 2^53
//     or more that is written in digits alone is an int, so that identifiers compare
//     exactly; any other number from 2^53 on is an error when it is looked at.
//   - Comparing lists and maps in which there is such an error is an error.
package cel

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// Result is what an expression says. The zero value is Error.
type Result uint8

// The results. Only Yes allows.
const (
	Error Result = iota // could not be said
	No
	Yes
)

// Bounds of one evaluation.
const (
	maxSteps     = 1 << 14 // nodes evaluated, members and elements looked at, and bytes by bytesPerStep
	bytesPerStep = 16
	maxDepth     = 192
	arenaBytes   = 16 << 10 // strings made: joined, or freed of escapes
)

// Inputs is what an expression is about. Tapes may be nil.
type Inputs struct {
	Claims *json.Tape // root is the object of claims; nil: no token, no claims
	Body   *json.Tape // root is the body; nil: there is none, which is null
	// Params is the nodes of the operation's parameters on ParamTape by ordinal;
	// Absent where there is none.
	Params    [table.MaxExprParams]uint32
	ParamTape *json.Tape
	Consumer  uint32 // of the table; table.NoIndex: nobody
}

// Absent stands for no node.
const Absent = ^uint32(0)

// Machine evaluates expressions, one at a time. It is made once and reused.
type Machine struct {
	x     table.Expr
	code  []uint32 // its nodes
	t     *table.Table
	in    *Inputs
	steps uint32 // left
	depth uint32
	vars  [table.MaxExprSlots]value
	arena []byte

	// Of expressions that are judged with the body.
	who      json.Tape // the consumer, as far as it has been asked for
	saved    [table.MaxExprSaved]value
	kept     Inputs
	keptTape json.Tape
	parser   *json.Parser
	pending  bool // the body is not there yet
}

// NewMachine makes a machine for the expressions of t. With a parser it can evaluate
// what was kept for the body; the parser is used in EvalKept alone.
func NewMachine(t *table.Table, parser *json.Parser) *Machine {
	m := &Machine{arena: make([]byte, 0, arenaBytes), parser: parser}
	m.who.Nodes = make([]json.Node, 0, consumerNodes(t))
	if parser != nil {
		m.keptTape.Nodes = make([]json.Node, 0, KeptBytes/2)
	}
	return m
}

// Eval evaluates expression i of t. Nothing of in is kept.
func (m *Machine) Eval(t *table.Table, i uint32, in *Inputs) Result {
	if i >= t.NumExprs() {
		return Error
	}
	m.begin(t, i, in)
	return m.result()
}

// result evaluates the root.
func (m *Machine) result() Result {
	var v value
	m.eval(0, &v)
	m.in = nil
	switch {
	case v.kind != kindBool || m.steps == 0:
		return Error
	case v.num != 0:
		return Yes
	}
	return No
}

func (m *Machine) begin(t *table.Table, i uint32, in *Inputs) {
	m.t, m.x, m.in = t, t.Expr(i), in
	m.steps, m.depth, m.arena = maxSteps, 0, m.arena[:0]
	m.code = m.x.Code()
	for i := range m.vars {
		m.vars[i].kind = kindError
	}
	for i := range m.x.NumSaved() {
		m.saved[i].kind = kindError
	}
	m.who.Nodes = m.who.Nodes[:0]
}

// spend takes n steps. At 0, and at 1 for the next node, everything that is left to do is an error.
func (m *Machine) spend(n uint32) {
	if n >= m.steps {
		m.steps = 0
		return
	}
	m.steps -= n
}

// eval evaluates a node into v. What it makes in the arena stays there only where the
// result is a string. Results are written through pointers, and of a value only the
// fields that its kind has: copying values is most of what an evaluation would do.
func (m *Machine) eval(i uint32, v *value) {
	if m.steps <= 1 || m.depth >= maxDepth {
		m.steps, v.kind = 0, kindError
		return
	}
	m.steps--
	m.depth++
	mark := len(m.arena)
	m.node(i, v)
	if v.kind != kindString {
		m.arena = m.arena[:mark]
	}
	m.depth--
}

// node is the operations. It is long because it is a table.
func (m *Machine) node(i uint32, v *value) {
	n := (*[4]uint32)(m.code[i*4:])
	switch op := table.ExprOp(n[0]); op {
	case table.ExprNull:
		v.kind = kindNull
	case table.ExprBool:
		v.kind, v.num = kindBool, uint64(n[1])
	case table.ExprInt, table.ExprUint, table.ExprDouble:
		v.kind, v.num = kindInt+kind(op-table.ExprInt), uint64(n[1])|uint64(n[2])<<32
	case table.ExprString:
		v.str(m.t.String(n[1], n[2]), false)
	case table.ExprList:
		m.literal(kindList, i, n, v)
	case table.ExprMap:
		m.literal(kindMap, i, n, v)
	case table.ExprClaims:
		if t := m.in.Claims; t != nil && len(t.Nodes) > 0 {
			m.load(t, 0, v)
			return
		}
		v.container(kindMap, nil, 0) // of no tape: empty
	case table.ExprBody:
		if m.pending {
			v.kind = kindError
			return
		}
		if t := m.in.Body; t != nil && len(t.Nodes) > 0 {
			m.load(t, 0, v)
			return
		}
		v.kind = kindNull
	case table.ExprParam:
		m.param(n, v)
	case table.ExprHasParam:
		v.bool(m.in.ParamTape != nil && m.in.Params[n[1]] != Absent)
	case table.ExprSaved1:
		*v = m.saved[n[1]]
	case table.ExprConsumer, table.ExprHasConsumer:
		m.consumer(op, n[1], v)
	case table.ExprVar:
		*v = m.vars[slot(n)]
	case table.ExprSelect, table.ExprHas:
		m.selected(op, n, v)
	case table.ExprNot:
		m.eval(n[1], v)
		if v.kind != kindBool {
			v.kind = kindError
			return
		}
		v.num ^= 1
	case table.ExprNegate:
		m.eval(n[1], v)
		negate(v)
	case table.ExprAnd:
		m.logic(n, false, v)
	case table.ExprOr:
		m.logic(n, true, v)
	case table.ExprCond:
		m.eval(n[1], v)
		switch {
		case v.kind != kindBool:
			v.kind = kindError
		case v.num != 0:
			m.eval(n[2], v)
		default:
			m.eval(n[3], v)
		}
	case table.ExprSize:
		m.eval(n[1], v)
		switch v.kind {
		case kindString:
			m.codePoints(v)
		case kindList, kindMap:
			v.integer(int64(m.size(v)))
		default:
			v.kind = kindError
		}
	case table.ExprMatches:
		m.eval(n[1], v)
		m.matches(n[2], v)
	case table.ExprAll:
		m.quantify(n, false, v)
	case table.ExprExists:
		m.quantify(n, true, v)
	case table.ExprExistsOne:
		m.existsOne(n, v)
	case table.ExprToInt, table.ExprToUint, table.ExprToDouble, table.ExprToString:
		m.eval(n[1], v)
		m.convert(op, v)
	default:
		m.binary(op, n, v)
	}
}

// slot is the number of the loop whose variable a node names or binds.
func slot(n *[4]uint32) uint32 { return n[0] >> 8 & (table.MaxExprSlots - 1) }

// param is a parameter's value; slot says which numbers it may be.
func (m *Machine) param(n *[4]uint32, v *value) {
	v.kind = kindError
	at := m.in.Params[n[1]]
	if m.in.ParamTape == nil || at >= uint32(len(m.in.ParamTape.Nodes)) {
		return
	}
	m.load(m.in.ParamTape, at, v)
	switch slot(n) {
	case table.ExprAsDouble:
		if v.kind != kindDouble {
			v.kind = kindError
		}
	case table.ExprAsInt:
		switch v.kind {
		case kindInt:
		case kindDouble:
			i, ok := wholeDouble(v.double())
			v.integer(i)
			if !ok {
				v.kind = kindError
			}
		default:
			v.kind = kindError
		}
	}
}

// selected is a member by its name, or whether it is there. Only maps have members;
// to ask whether a scalar has one is no error (cel-spec, "Field Selection").
func (m *Machine) selected(op table.ExprOp, n *[4]uint32, v *value) {
	m.eval(n[1], v)
	name := m.t.String(n[2], n[3])
	switch {
	case v.kind == kindMap:
		var found value
		ok := m.named(v, name, &found)
		if op == table.ExprHas {
			v.bool(ok)
			return
		}
		*v = found
	case op == table.ExprHas && v.kind != kindError && v.kind != kindList:
		v.bool(false)
	default:
		v.kind = kindError
	}
}

// logic is && (decided by false) and || (decided by true): the side that decides
// wins over an error on the other (cel-spec, "Logical Operators").
func (m *Machine) logic(n *[4]uint32, decides bool, v *value) {
	m.eval(n[1], v)
	if v.is(decides) {
		return
	}
	sound := v.kind == kindBool
	m.eval(n[2], v)
	if v.is(decides) {
		return
	}
	if !sound || v.kind != kindBool {
		v.kind = kindError
	}
}

// overRange is what a loop goes over. cel-go takes an empty string for an empty list.
func (m *Machine) overRange(child uint32, v *value) bool {
	m.eval(child, v)
	if v.kind == kindString && len(v.text) == 0 {
		v.container(kindMap, nil, 0)
	}
	return v.kind == kindList || v.kind == kindMap
}

// quantify is all (decided by false) and exists (decided by true).
func (m *Machine) quantify(n *[4]uint32, decides bool, v *value) {
	var it iterator
	if !m.overRange(n[1], v) {
		v.kind = kindError
		return
	}
	m.iterate(v, &it)
	failed := false
	mark := len(m.arena)
	element := &m.vars[slot(n)]
	for m.next(&it, v) {
		*element = *v
		m.eval(n[2], v)
		if v.is(decides) {
			return
		}
		if v.kind != kindBool {
			failed = true
			if m.steps == 0 {
				break
			}
		}
		m.arena = m.arena[:mark]
	}
	v.bool(!decides)
	if failed {
		v.kind = kindError
	}
}

func (m *Machine) existsOne(n *[4]uint32, v *value) {
	var it iterator
	if !m.overRange(n[1], v) {
		v.kind = kindError
		return
	}
	m.iterate(v, &it)
	count := 0
	mark := len(m.arena)
	element := &m.vars[slot(n)]
	for m.next(&it, v) {
		*element = *v
		m.eval(n[2], v)
		if v.kind != kindBool {
			v.kind = kindError
			return
		}
		count += int(v.num)
		m.arena = m.arena[:mark]
	}
	v.bool(count == 1)
}
