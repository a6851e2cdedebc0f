package engine

import (
	"portcullis/filter/route"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// route finds the operation and with it the mode.
func (e *Engine) route(r *Request, d *Decision) verdict.Code {
	d.Part = verdict.PartPath
	if code := e.path.Parse(r.fields.path); code != verdict.Allow {
		return code
	}
	if route.Doubtful(e.t, r.fields.authority) {
		return verdict.RouteHostUnknown
	}
	op, out := e.find(r, d)
	if out != route.Found {
		if e.path.Seen != 0 {
			return verdict.RoutePathNotCanonical
		}
		// Let through as unknown it could still become one that is known.
		if e.passesUnknown() && r.fields.seen&seenOverride != 0 {
			d.Part = verdict.PartHeader
			return verdict.RequestOverride
		}
		if out == route.NoMethod && e.passesUnknown() && e.anotherMethod(r.fields.method) {
			d.Methods = e.match.Methods
			return verdict.RouteMethodNotAllowed
		}
		// The actions and the modes are numbered alike: deny and enforce,
		// monitor, pass and off.
		d.Mode = max(d.Mode, e.t.Unknown())
	}
	switch out {
	case route.NoHost:
		return verdict.RouteHostUnknown
	case route.NoPath:
		return verdict.RouteNotFound
	case route.NoMethod:
		d.Methods = e.match.Methods
		return verdict.RouteMethodNotAllowed
	}
	o := e.t.Op(op)
	if !e.pathAllowed(o) {
		return verdict.RoutePathNotCanonical
	}
	d.Op, d.Part = op, verdict.PartNone
	d.Mode = max(d.Mode, o.Mode())
	if r.fields.upgrades() && (d.Preflight || !e.upgradeAllowed(r, op)) {
		d.Part = verdict.PartHeader
		return verdict.RequestUpgrade
	}
	if d.Mode == table.ModeOff && e.opt.Mode != table.ModeOff {
		// Let through unjudged it could still become one that is judged.
		if code := e.overridden(r, o, d); code != verdict.Allow {
			d.Mode = e.opt.Mode
			return code
		}
	}
	return verdict.Allow
}

// find looks the operation up: as the path is; without its empty segments; with
// or without the slash at its end, where the operation found allows that.
func (e *Engine) find(r *Request, d *Decision) (op uint32, out route.Outcome) {
	f := &r.fields
	op, out = route.Find(e.t, f.authority, f.method, e.path, &e.match)
	if out == route.NoPath && e.path.Seen&route.EmptySegment != 0 {
		e.path.Compact()
		op, out = route.Find(e.t, f.authority, f.method, e.path, &e.match)
	} else {
		e.path.Seen &^= route.EmptySegment // what there is of them, a template has
	}
	if out == route.NoPath && e.path.ToggleSlash() {
		if op, out = route.Find(e.t, f.authority, f.method, e.path, &e.match); out != route.NoHost && !e.slashIgnored() {
			if e.passesUnknown() && (out == route.Found || out == route.NoMethod) {
				e.path.Seen |= route.EmptySegment // many take it for the path that is known
			}
			op, out = table.NoIndex, route.NoPath
		}
	}
	if out == route.NoMethod {
		return e.otherMethod(r, d)
	}
	return e.otherPreflight(r, d, op, out)
}

// passesUnknown reports that requests of no operation may pass, counted or not.
func (e *Engine) passesUnknown() bool { return e.t.Unknown() > table.ActionDeny }

// anotherMethod reports a method that many upstreams take for one that the matched path
// has: HEAD for GET (RFC 9110 section 9.3.2), and small letters for capitals.
func (e *Engine) anotherMethod(method []byte) bool {
	for i := e.match.Methods.Start; i < e.match.Methods.End(); i++ {
		name, _ := e.t.Method(i)
		if string(method) == "HEAD" && string(name) == "GET" || table.Alike(method, name) {
			return true
		}
	}
	return false
}

// slashIgnored reports that the operations of the matched path take it with
// and without a slash at its end.
func (e *Engine) slashIgnored() bool {
	m := e.match.Methods
	for i := m.Start; i < m.End(); i++ {
		if _, op := e.t.Method(i); e.t.Op(op).Flags()&table.OpFlagTrailingSlash == 0 {
			return false
		}
	}
	return m.Count > 0
}

// otherMethod finds the operation that judges a method that the matched path
// does not have: GET for HEAD, or the one that a CORS preflight request is
// about (Fetch Standard section 3.2.2), where the policy says so.
func (e *Engine) otherMethod(r *Request, d *Decision) (uint32, route.Outcome) {
	switch string(r.fields.method) {
	case "HEAD":
		if op, ok := e.match.FindMethod(e.t, methodGet); ok && e.t.Op(op).Flags()&table.OpFlagHeadAsGet != 0 {
			return op, route.Found
		}
	case "OPTIONS":
		op, answer, ok := e.preflightOp(r)
		if ok && answer {
			d.Preflight, d.CORS = true, e.t.FindCORS(op)
			return op, route.Found
		}
		if ok && e.t.Op(op).Flags()&table.OpFlagPreflight != 0 {
			d.Preflight = true
			return op, route.Found
		}
	}
	return table.NoIndex, route.NoMethod
}

var methodGet = []byte("GET")

// pathAllowed reports whether the operation takes what the path has although it
// is not canonical. A ';' needs no allowance where the segment is a parameter of
// style matrix, which is written with it (RFC 6570 section 3.2.7).
func (e *Engine) pathAllowed(op table.Op) bool {
	seen := e.path.Seen
	if seen == 0 {
		return true
	}
	for _, a := range [...]struct {
		flag uint32
		bit  route.Irregular
	}{
		{table.OpFlagEncodedSlash, route.EncodedSlash}, {table.OpFlagSemicolon, route.Semicolon},
		{table.OpFlagEmptySegment, route.EmptySegment}, {table.OpFlagBackslash, route.Backslash},
	} {
		if op.Flags()&a.flag != 0 {
			seen &^= a.bit
		}
	}
	if seen == route.Semicolon {
		return e.matrixOnly(op)
	}
	return seen == 0
}

// matrixOnly reports that every segment with a ';' is a matrix parameter.
func (e *Engine) matrixOnly(op table.Op) bool {
	matrix := uint64(0) // bit i: segment i
	params := op.Params()
	for i := params.Start; i < params.End(); i++ {
		p := e.t.Param(i)
		if c := p.Capture(); p.Style() == table.StyleMatrix && c < uint32(e.match.N) {
			matrix |= 1 << e.match.Segment[c]
		}
	}
	for i := 0; i < e.path.N; i++ {
		for _, c := range e.path.Segments[i] {
			if c == ';' && matrix>>i&1 == 0 {
				return false
			}
		}
	}
	return true
}
