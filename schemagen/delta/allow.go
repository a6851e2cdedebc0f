package delta

import (
	"strings"

	"portcullis/schemagen/explain"
)

// allow compares expressions as texts: which of two refuses more can't be told.
func (d *differ) allow(old, new *explain.Allow) {
	d.where = "allow"
	text := func(a *explain.Allow) string {
		if a == nil {
			return ""
		}
		return strings.Join(strings.Fields(a.Text), " ")
	}
	a, b := text(old), text(new)
	switch {
	case a == b:
	case a == "":
		d.add(MayRefuse, "only if "+b, "")
	case b == "":
		d.add(Accepts, "no longer only if "+a, "")
	default:
		d.add(MayRefuse, "only if "+b+", was "+a, "")
	}
	d.where = "operation"
}
