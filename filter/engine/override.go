package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// overrideNames are fields that frameworks take for the method or the target of a
// request: whoever follows them runs another operation than the one that was
// judged.
var overrideNames = [...]string{"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"}

// isOverride reports such a field, in every spelling that servers which hand fields
// on as CGI variables take for it (RFC 3875 section 4.1.18).
func isOverride(name []byte) bool {
	if len(name) < 13 || len(name) > 22 || name[0]|0x20 != 'x' {
		return false
	}
	switch name[2] | 0x20 { // most such fields are "x-forwarded-" something
	case 'h', 'm', 'o', 'r':
	default:
		return false
	}
	for _, want := range overrideNames {
		if len(name) == len(want) && table.Alike(name, want) {
			return true
		}
	}
	return false
}

// overridden refuses fields of overrideNames but for those that the operation
// declares as parameters, unless the policy lets them pass.
func (e *Engine) overridden(r *Request, op table.Op, d *Decision) verdict.Code {
	if r.fields.seen&seenOverride == 0 || d.flags(op)&table.OpFlagMethodOverride != 0 {
		return verdict.Allow
	}
	for i := range r.Headers {
		name := r.Headers[i].Name
		if isOverride(name) && e.paramNamed(op, table.InHeader, name) == table.NoIndex {
			d.Part, e.unknown = verdict.PartHeader, name
			return verdict.RequestOverride
		}
	}
	return verdict.Allow
}

// strict takes the mode monitor from a decision that refuses a request for another method
// or target, where some operation is enforced: let through and counted it could become that
// one. It stays where the plugin's own mode is monitor, and nothing is enforced.
func (e *Engine) strict(d *Decision, code verdict.Code) {
	if code == verdict.RequestOverride && d.Mode == table.ModeMonitor && e.enforces {
		d.Mode = e.opt.Mode
	}
}
