package opt

import "portcullis/schemagen/ir"

// unwrapSingle turns alternatives of one branch into a conjunction. A double
// negation stays: what is inside may not be blamed for a refusal.
func unwrapSingle(_ *Optimiser, s *ir.Schema) bool {
	changed := false
	if len(s.AnyOf) == 1 {
		s.AllOf, s.AnyOf, changed = append(s.AllOf, s.AnyOf[0]), nil, true
	}
	if len(s.OneOf) == 1 {
		s.AllOf, s.OneOf, changed = append(s.AllOf, s.OneOf[0]), nil, true
	}
	return changed
}
