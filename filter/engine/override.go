package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// overrideNames are fields that frameworks take for the method or the target of a
// request: whoever follows them runs another operation than the one that was
// judged.
var overrideNames = [...]string{"x-http-method-override", "x-http-method", "x-method-override", "x-original-url", "x-rewrite-url"}

// isOverride reports such a field. Names are lower case; a '_' is a '-' to servers
// that hand fields on as CGI variables (RFC 3875 section 4.1.18).
func isOverride(name []byte) bool {
	if len(name) < 13 || len(name) > 22 || name[0] != 'x' {
		return false
	}
next:
	for _, want := range overrideNames {
		if len(name) != len(want) {
			continue
		}
		for i, c := range name {
			if c == '_' {
				c = '-'
			}
			if c != want[i] {
				continue next
			}
		}
		return true
	}
	return false
}

// overridden refuses fields of overrideNames but for those that the operation
// declares as parameters, unless the policy lets them pass.
func (e *Engine) overridden(r *Request, op table.Op, d *Decision) verdict.Code {
	if r.fields.seen&seenOverride == 0 || op.Flags()&table.OpFlagMethodOverride != 0 {
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
