package engine

import (
	"portcullis/filter/cel"
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// authorizer judges allow expressions. A table without any has none.
type authorizer struct {
	machine *cel.Machine
	in      cel.Inputs
	params  json.Tape // of the parameters that the expression reads
	wants   uint64    // ordinals of those
}

// keptNodes bounds what is kept of parameters for an expression: it sees no
// parameter that is larger, and refuses.
const keptNodes = 2048

func newAuthorizer(t *table.Table) *authorizer {
	if t.NumExprs() == 0 {
		return nil
	}
	a := &authorizer{machine: cel.NewMachine()}
	a.params.Nodes = make([]json.Node, 0, keptNodes)
	a.in.ParamTape = &a.params
	return a
}

// begin forgets the parameters of the request before, and notes which of op's are
// wanted: 0 when op has no expression.
func (a *authorizer) begin(t *table.Table, op table.Op) uint64 {
	if op.Expr() == table.NoIndex || a == nil {
		return 0
	}
	for i := range a.in.Params {
		a.in.Params[i] = cel.Absent
	}
	a.params.Nodes = a.params.Nodes[:0]
	a.wants = t.Expr(op.Expr()).Params()
	return a.wants
}

// keep notes the value of parameter i, which stands on tape. Its texts stay where
// they are until the engine's next call.
func (a *authorizer) keep(i uint32, tape *json.Tape) {
	n := uint32(len(tape.Nodes))
	at := uint32(len(a.params.Nodes))
	if n == 0 || int(n) > cap(a.params.Nodes)-len(a.params.Nodes) {
		return
	}
	n = tape.Next(0) // what may stand behind the value is none of it
	for _, node := range tape.Nodes[:n] {
		if k := node.Kind(); k == json.KindArray || k == json.KindObject {
			node.Ext += at
		}
		a.params.Nodes = append(a.params.Nodes, node)
	}
	a.params.Src = tape.Src
	a.in.Params[i] = at
}

// authorize asks op's expression once everything that it reads has been judged. code
// is what the other stages said: Allow or NeedBody.
func (e *Engine) authorize(op table.Op, d *Decision, code verdict.Code) verdict.Code {
	a := e.allow
	if a == nil {
		return verdict.Internal
	}
	if e.t.Expr(op.Expr()).NeedsBody() {
		return verdict.Internal
	}
	a.in.Claims, a.in.Body = nil, nil
	if e.authorized {
		a.in.Claims = e.tokens.Claims()
	}
	if a.machine.Eval(e.t, op.Expr(), &a.in) != cel.Yes {
		d.Part = verdict.PartSecurity
		return verdict.AuthorizeDeny
	}
	return code
}
