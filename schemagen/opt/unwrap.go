package opt

import "portcullis/schemagen/ir"

// unwrapSingle turns alternatives of one branch into a conjunction, and the
// double negation into its inside (but for tracked schemas, where `not` hides
// what its inside evaluates).
func unwrapSingle(o *Optimiser, s *ir.Schema) bool {
	changed := false
	if len(s.AnyOf) == 1 {
		s.AllOf, s.AnyOf, changed = append(s.AllOf, s.AnyOf[0]), nil, true
	}
	if len(s.OneOf) == 1 {
		s.AllOf, s.OneOf, changed = append(s.AllOf, s.OneOf[0]), nil, true
	}
	if n := s.Not; n != nil && !o.tracks && n.Not != nil {
		inner := *n
		inner.Not = nil
		if empty(&inner) {
			s.AllOf, s.Not, changed = append(s.AllOf, n.Not), nil, true
		}
	}
	return changed
}
