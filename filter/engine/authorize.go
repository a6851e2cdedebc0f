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
}

// keptNodes bounds what is kept of parameters for an expression: it sees no
// parameter that is larger, and refuses.
const keptNodes = 2048

func newAuthorizer(t *table.Table, parser *json.Parser) *authorizer {
	if t.NumExprs() == 0 {
		return nil
	}
	if !KeepsForBody(t) {
		parser = nil
	}
	a := &authorizer{machine: cel.NewMachine(t, parser)}
	a.params.Nodes = make([]json.Node, 0, keptNodes)
	a.in.ParamTape = &a.params
	return a
}

// KeepsForBody reports whether requests for some operation of t leave something in
// Decision.Kept that is needed with the body.
func KeepsForBody(t *table.Table) bool {
	for i := range t.NumExprs() {
		if t.Expr(i).NeedsBody() {
			return true
		}
	}
	return false
}

// begin forgets the parameters of the request before, and notes which of op's are
// wanted, by their ordinals: 0 when op has no expression.
func (a *authorizer) begin(t *table.Table, op table.Op) uint64 {
	if op.Expr() == table.NoIndex || a == nil {
		return 0
	}
	for i := range a.in.Params {
		a.in.Params[i] = cel.Absent
	}
	a.params.Nodes = a.params.Nodes[:0]
	return t.Expr(op.Expr()).Params()
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
// is what the other stages said: Allow or NeedBody. Of an expression over the body it
// keeps in d what the rest of it needs, unless it is clear that no body comes.
func (e *Engine) authorize(r *Request, op table.Op, d *Decision, code verdict.Code) verdict.Code {
	a := e.allow
	if a == nil {
		return verdict.Internal
	}
	a.in.Claims, a.in.Consumer = nil, d.Consumer
	if e.authorized {
		a.in.Claims = e.tokens.Claims()
	}
	if e.t.Expr(op.Expr()).NeedsBody() {
		if !a.machine.Keep(e.t, op.Expr(), &a.in, &d.Kept) {
			return denied(d)
		}
		if code == verdict.NeedBody && !r.EndStream && !r.fields.upgrades() {
			if a.machine.EvalEarly(e.t, op.Expr(), &d.Kept) == cel.No {
				return denied(d) // no body can change it: it is not waited for
			}
			return code
		}
		if c := e.authorizeBody(op, d, nil); c != verdict.Allow {
			return c
		}
		return code
	}
	if a.machine.Eval(e.t, op.Expr(), &a.in) != cel.Yes {
		return denied(d)
	}
	return code
}

// authorizeBody asks op's expression with the body, nil for none.
func (e *Engine) authorizeBody(op table.Op, d *Decision, body *json.Tape) verdict.Code {
	if e.allow == nil || e.allow.machine.EvalKept(e.t, op.Expr(), body, &d.Kept) != cel.Yes {
		return denied(d)
	}
	return verdict.Allow
}

// allowed asks the expression of an operation whose body b has been judged, where it
// is over the body. A body of a kind that expressions can't read refuses: schemagen
// takes no expression over such.
func (e *Engine) allowed(b []byte, op table.Op, d *Decision) verdict.Code {
	if op.Expr() == table.NoIndex || d.Preflight || !e.t.Expr(op.Expr()).NeedsBody() {
		return verdict.Allow
	}
	if len(b) == 0 {
		return e.authorizeBody(op, d, nil)
	}
	if d.Encoded { // nobody has read it: the tape is of another body
		return denied(d)
	}
	switch m := e.t.Media(d.Media); m.Kind() {
	case table.BodyJSON, table.BodyForm, table.BodyMultipart, table.BodyText:
		return e.authorizeBody(op, d, &e.tape)
	case table.BodyNDJSON:
		if m.Flags()&table.MediaFlagSequence != 0 {
			return e.authorizeBody(op, d, &e.tape)
		}
	}
	return denied(d)
}

func denied(d *Decision) verdict.Code {
	d.Part = verdict.PartSecurity
	return verdict.AuthorizeDeny
}
