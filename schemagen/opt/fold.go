package opt

import "portcullis/schemagen/ir"

// foldConstants decides what does not depend on the value: conjunctions with
// false, alternatives with true or without any branch that could match, the
// negation of false and the condition of a constant.
func foldConstants(o *Optimiser, s *ir.Schema) bool {
	if s.Bool != nil {
		return false
	}
	changed := false
	for _, x := range s.AllOf {
		if always(x, false) {
			refuse(s, x)
			return true
		}
	}
	for _, r := range s.Refs {
		if always(r.Target, false) {
			refuse(s, r.Target)
			return true
		}
	}
	if len(s.AnyOf) > 0 {
		first := s.AnyOf[0]
		s.AnyOf, changed = dropFalse(s.AnyOf)
		switch {
		case len(s.AnyOf) == 0:
			refuse(s, first)
			return true
		case !o.tracks && anyTrue(s.AnyOf):
			s.AnyOf, changed = nil, true
		}
	}
	if len(s.OneOf) > 0 {
		list, dropped := dropFalse(s.OneOf)
		if len(list) == 0 {
			refuse(s, s.OneOf[0])
			return true
		}
		s.OneOf, changed = list, changed || dropped
	}
	if always(s.Not, false) {
		s.Not, changed = nil, true
	}
	if always(s.If, true) || always(s.If, false) {
		taken := s.Then
		if always(s.If, false) {
			taken = s.Else
		}
		if taken != nil {
			s.AllOf = append(s.AllOf, taken)
		}
		s.If, s.Then, s.Else, changed = nil, nil, nil, true
	}
	return changed
}

// refuse makes s the schema false in the place of x, the part of it that is to
// blame.
func refuse(s, x *ir.Schema) {
	no := false
	*s = ir.Schema{ID: s.ID, Loc: x.Loc, Bool: &no, Unenforceable: s.Unenforceable}
}

// dropFalse removes the branches that match nothing.
func dropFalse(list []*ir.Schema) ([]*ir.Schema, bool) {
	var out []*ir.Schema
	for _, x := range list {
		if !always(x, false) {
			out = append(out, x)
		}
	}
	return out, len(out) != len(list)
}

func anyTrue(list []*ir.Schema) bool {
	for _, x := range list {
		if always(x, true) {
			return true
		}
	}
	return false
}
