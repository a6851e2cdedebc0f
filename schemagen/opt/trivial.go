package opt

import "portcullis/schemagen/ir"

// dropTrivial removes keywords that accept everything: zero lower bounds,
// true subschemas, contains with nothing to count, the empty then.
func dropTrivial(o *Optimiser, s *ir.Schema) bool {
	changed := false
	for _, c := range []**ir.Count{&s.MinLength, &s.MinItems, &s.MinProperties} {
		if *c != nil && (*c).N == 0 {
			*c, changed = nil, true
		}
	}
	list := s.AllOf[:0]
	for _, x := range s.AllOf {
		if always(x, true) {
			changed = true
			continue
		}
		list = append(list, x)
	}
	if s.AllOf = list; len(list) == 0 {
		s.AllOf = nil
	}
	if always(s.Then, true) {
		s.Then, changed = nil, true
	}
	if always(s.Else, true) {
		s.Else, changed = nil, true
	}
	if s.If != nil && s.Then == nil && s.Else == nil && !o.tracks {
		s.If, changed = nil, true
	}
	if always(s.PropertyNames, true) {
		s.PropertyNames, changed = nil, true
	}
	if o.tracks {
		return changed // what accepts everything still evaluates it
	}
	if s.Bool == nil && always(s.AdditionalProperties, true) {
		s.AdditionalProperties, changed = nil, true
	}
	if s.AdditionalProperties == nil && len(s.PatternProperties) == 0 {
		var props []ir.Property
		for _, p := range s.Properties {
			if !always(p.Schema, true) {
				props = append(props, p)
			}
		}
		changed = changed || len(props) != len(s.Properties)
		s.Properties = props
	}
	if always(s.Items, true) {
		s.Items, changed = nil, true
	}
	for n := len(s.PrefixItems); s.Items == nil && n > 0 && always(s.PrefixItems[n-1], true); n-- {
		s.PrefixItems, changed = s.PrefixItems[:n-1], true
	}
	if c := s.Contains; c != nil && c.Min == 0 && c.Max == ^uint32(0) {
		s.Contains, changed = nil, true
	}
	return changed
}
