package opt

import "portcullis/schemagen/ir"

// foldConstants decides what does not depend on the value: conjunctions with
// false, alternatives with true or without any branch that could match, the
// negation and the condition of a constant.
func foldConstants(o *Optimiser, s *ir.Schema) bool {
	if s.Bool != nil {
		return false
	}
	changed := false
	for _, x := range s.AllOf {
		if always(x, false) {
			become(s, false)
			return true
		}
	}
	for _, r := range s.Refs {
		if always(r.Target, false) {
			become(s, false)
			return true
		}
	}
	if len(s.AnyOf) > 0 {
		s.AnyOf, changed = dropFalse(s.AnyOf)
		switch {
		case len(s.AnyOf) == 0:
			become(s, false)
			return true
		case !o.tracks && anyTrue(s.AnyOf):
			s.AnyOf, changed = nil, true
		}
	}
	if len(s.OneOf) > 0 {
		list, dropped := dropFalse(s.OneOf)
		s.OneOf, changed = list, changed || dropped
		if len(list) == 0 {
			become(s, false)
			return true
		}
	}
	switch {
	case always(s.Not, true):
		become(s, false)
		return true
	case always(s.Not, false):
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

// dropFalse removes the branches that match nothing. The last one stays where
// the caller can see that there is none left.
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
