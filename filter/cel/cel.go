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
	maxSteps     = 1 << 16 // nodes evaluated, members and elements looked at, and bytes by bytesPerStep
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
	v := m.eval(0)
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
	clear(m.vars[:])
	clear(m.saved[:])
	m.who.Nodes = m.who.Nodes[:0]
}

// spend takes n steps. At 0 everything that is left to do is an error.
func (m *Machine) spend(n uint32) {
	if n >= m.steps {
		m.steps = 0
		return
	}
	m.steps -= n
}

// eval evaluates a node. What it makes in the arena stays there only where the
// result is a string.
func (m *Machine) eval(i uint32) value {
	m.spend(1)
	if m.steps == 0 || m.depth >= maxDepth {
		m.steps = 0
		return value{}
	}
	m.depth++
	mark := len(m.arena)
	v := m.node(i)
	if v.kind != kindString {
		m.arena = m.arena[:mark]
	}
	m.depth--
	return v
}

// node is the operations. It is long because it is a table.
func (m *Machine) node(i uint32) value {
	n := m.x.Node(i)
	switch n.Op {
	case table.ExprNull:
		return value{kind: kindNull}
	case table.ExprBool:
		return boolean(n.A != 0)
	case table.ExprInt, table.ExprUint, table.ExprDouble:
		return value{kind: kindInt + kind(n.Op-table.ExprInt), num: uint64(n.A) | uint64(n.B)<<32}
	case table.ExprString:
		return value{kind: kindString, text: m.t.String(n.A, n.B)}
	case table.ExprList:
		return m.literalValue(kindList, i, &n)
	case table.ExprMap:
		return m.literalValue(kindMap, i, &n)
	case table.ExprClaims:
		if t := m.in.Claims; t != nil && len(t.Nodes) > 0 {
			return load(t, 0)
		}
		return value{kind: kindMap} // of no tape: empty
	case table.ExprBody:
		if t := m.in.Body; t != nil && len(t.Nodes) > 0 {
			return load(t, 0)
		}
		return value{kind: kindNull}
	case table.ExprParam:
		return m.param(n)
	case table.ExprHasParam:
		return boolean(m.in.ParamTape != nil && m.in.Params[n.A] != Absent)
	case table.ExprSaved1:
		return m.saved[n.A]
	case table.ExprConsumer, table.ExprHasConsumer:
		return m.consumer(n)
	case table.ExprVar:
		return m.vars[n.Slot]
	case table.ExprSelect, table.ExprHas:
		return m.selected(n)
	case table.ExprNot:
		v := m.eval(n.A)
		if v.kind != kindBool {
			return value{}
		}
		return boolean(v.num == 0)
	case table.ExprNegate:
		v := m.eval(n.A)
		return negate(&v)
	case table.ExprAnd:
		return m.logic(n, false)
	case table.ExprOr:
		return m.logic(n, true)
	case table.ExprCond:
		switch v := m.eval(n.A); {
		case v.kind != kindBool:
			return value{}
		case v.num != 0:
			return m.eval(n.B)
		}
		return m.eval(n.C)
	case table.ExprSize:
		v := m.eval(n.A)
		switch v.kind {
		case kindString:
			return m.codePoints(&v)
		case kindList, kindMap:
			return integer(int64(m.size(&v)))
		}
		return value{}
	case table.ExprMatches:
		v := m.eval(n.A)
		return m.matches(&v, n.B)
	case table.ExprAll:
		return m.quantify(n, false)
	case table.ExprExists:
		return m.quantify(n, true)
	case table.ExprExistsOne:
		return m.existsOne(n)
	case table.ExprToInt, table.ExprToUint, table.ExprToDouble, table.ExprToString:
		v := m.eval(n.A)
		return m.convert(n.Op, &v)
	}
	return m.binary(n)
}

// param is a parameter's value; slot says which numbers it may be.
func (m *Machine) param(n table.ExprNode) value {
	if m.in.ParamTape == nil || m.in.Params[n.A] >= uint32(len(m.in.ParamTape.Nodes)) {
		return value{}
	}
	v := load(m.in.ParamTape, m.in.Params[n.A])
	switch n.Slot {
	case table.ExprAsDouble:
		if v.kind != kindDouble {
			return value{}
		}
	case table.ExprAsInt:
		if v.kind == kindDouble {
			i, ok := wholeDouble(v.double())
			if !ok {
				return value{}
			}
			return integer(i)
		}
		if v.kind != kindInt {
			return value{}
		}
	}
	return v
}

// selected is a member by its name, or whether it is there. Only maps have members;
// to ask whether a scalar has one is no error (cel-spec, "Field Selection").
func (m *Machine) selected(n table.ExprNode) value {
	v := m.eval(n.A)
	name := m.t.String(n.B, n.C)
	if n.Op == table.ExprSelect {
		if v.kind != kindMap {
			return value{}
		}
		found, _ := m.named(&v, name)
		return found
	}
	switch v.kind {
	case kindError, kindList:
		return value{}
	case kindMap:
		_, ok := m.named(&v, name)
		return boolean(ok)
	}
	return boolean(false)
}

// logic is && (decided by false) and || (decided by true): the side that decides
// wins over an error on the other (cel-spec, "Logical Operators").
func (m *Machine) logic(n table.ExprNode, decides bool) value {
	a := m.eval(n.A)
	if a.is(decides) {
		return a
	}
	b := m.eval(n.B)
	if b.is(decides) {
		return b
	}
	if a.kind != kindBool || b.kind != kindBool {
		return value{}
	}
	return a
}

// overRange is what a loop goes over. cel-go takes an empty string for an empty list.
func (m *Machine) overRange(child uint32) (v value, ok bool) {
	v = m.eval(child)
	if v.kind == kindString && len(v.text) == 0 {
		return value{kind: kindMap}, true
	}
	return v, v.kind == kindList || v.kind == kindMap
}

// quantify is all (decided by false) and exists (decided by true).
func (m *Machine) quantify(n table.ExprNode, decides bool) value {
	over, ok := m.overRange(n.A)
	if !ok {
		return value{}
	}
	failed := false
	mark := len(m.arena)
	for it := m.iterate(over); ; m.arena = m.arena[:mark] {
		v, ok := m.next(&it)
		if !ok {
			break
		}
		m.vars[n.Slot] = v
		switch r := m.eval(n.B); {
		case r.is(decides):
			return r
		case r.kind != kindBool:
			failed = true
			if m.steps == 0 {
				return value{}
			}
		}
	}
	if failed {
		return value{}
	}
	return boolean(!decides)
}

func (m *Machine) existsOne(n table.ExprNode) value {
	over, ok := m.overRange(n.A)
	if !ok {
		return value{}
	}
	count := 0
	mark := len(m.arena)
	for it := m.iterate(over); ; m.arena = m.arena[:mark] {
		v, ok := m.next(&it)
		if !ok {
			break
		}
		m.vars[n.Slot] = v
		switch r := m.eval(n.B); {
		case r.kind != kindBool:
			return value{}
		case r.num != 0:
			count++
		}
	}
	return boolean(count == 1)
}
