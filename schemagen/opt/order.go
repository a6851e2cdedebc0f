package opt

import (
	"sort"

	"portcullis/schemagen/ir"
)

// orderBranches tries cheap branches first: those that look at the value alone
// before those that loop, and those before what leads elsewhere. Branches of
// the same cost keep their order. Within a schema instruction selection has an
// order of its own.
func orderBranches(_ *Optimiser, s *ir.Schema) bool {
	changed := false
	for _, list := range [][]*ir.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		byCost := func(i, j int) bool { return cost(list[i]) < cost(list[j]) }
		if !sort.SliceIsSorted(list, byCost) {
			sort.SliceStable(list, byCost)
			changed = true
		}
	}
	return changed
}

// cost is the class of work that judging a value takes.
func cost(s *ir.Schema) int {
	switch {
	case s.Bool != nil:
		return 0
	case len(s.Refs)+len(s.AllOf)+len(s.AnyOf)+len(s.OneOf)+len(s.DependentSchemas) > 0 || s.Not != nil || s.If != nil || hasUnevaluated(s):
		return 4
	case hasObject(s) || hasArray(s):
		return 3
	case s.Pattern != nil || s.Format != nil:
		return 2
	}
	return 1
}
