package engine

import (
	"portcullis/filter/route"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// preflightOp finds the operation that a CORS preflight request is about (Fetch
// Standard section 3.2.2) among those of the matched path. answer reports that it is
// answered here.
func (e *Engine) preflightOp(r *Request) (op uint32, answer, ok bool) {
	var wanted []byte
	origin := false
	for i := range r.Headers {
		switch string(r.Headers[i].Name) {
		case "origin":
			origin = true
		case "access-control-request-method":
			wanted = r.Headers[i].Value
		}
	}
	if !origin || wanted == nil {
		return 0, false, false
	}
	op, ok = e.match.FindMethod(e.t, wanted)
	if !ok {
		return 0, false, false
	}
	return op, e.t.FindCORS(op) != table.NoIndex, true
}

// otherPreflight takes a preflight request although the path has an operation for
// OPTIONS, where it is answered here: not for an operation that is judged less
// strictly, as whose request it would pass.
func (e *Engine) otherPreflight(r *Request, d *Decision, op uint32, out route.Outcome) (uint32, route.Outcome) {
	if e.t.NumExtras() == 0 || out != route.Found || string(r.fields.method) != "OPTIONS" {
		return op, out
	}
	if asked, answer, ok := e.preflightOp(r); ok && answer && e.t.Op(asked).Mode() <= e.t.Op(op).Mode() {
		d.Preflight, d.CORS = true, e.t.FindCORS(asked)
		return asked, route.Found
	}
	return op, out
}

// answerPreflight decides on a preflight request that is answered here: nothing of
// it goes to the upstream.
func (e *Engine) answerPreflight(r *Request, op table.Op, d *Decision) verdict.Code {
	c := e.t.Extra(d.CORS)
	if !c.Allows(single(r.Headers, originField)) { // one that stands twice is nobody's
		d.Part = verdict.PartHeader
		return verdict.RequestOrigin
	}
	d.Methods = e.match.Methods
	if c.Limit() == table.NoIndex || e.lim.rules[c.Limit()].Mode == table.ModeOff {
		return verdict.Allow
	}
	m := &e.lim
	if !e.charge(r, op, d, c.Limit(), &m.charges[0]) {
		d.Part, d.Limit = verdict.PartLimit, c.Limit()
		return verdict.LimitUnavailable
	}
	return e.settle(r, 1, m.limits.Check(r.NowNanos, m.charges[:1], &m.outcome), d)
}

var originField = []byte("origin")
