package opt

import "portcullis/schemagen/ir"

// inlineRefs treats a reference like a branch of allOf where its target is
// small or used nowhere else, so that the two can be merged. Targets that lead
// back to themselves stay procedures.
func inlineRefs(o *Optimiser, s *ir.Schema) bool {
	if len(s.Refs) == 0 || onlyRef(s) {
		return false
	}
	var rest []ir.Ref
	changed := false
	for _, r := range s.Refs {
		if t := r.Target; t != s && (o.uses[t] <= 1 || weight(t) <= smallWeight) && !o.cyclic(t) {
			s.AllOf = append(s.AllOf, t)
			changed = true
			continue
		}
		rest = append(rest, r)
	}
	s.Refs = rest
	return changed
}

// onlyRef reports whether s is one reference and nothing else, which costs
// nothing as it is.
func onlyRef(s *ir.Schema) bool {
	if len(s.Refs) != 1 {
		return false
	}
	x := *s
	x.Refs = nil
	return empty(&x)
}

// smallWeight is the number of keywords that are cheaper repeated than called.
const smallWeight = 3

// weight counts the keywords and members of s, not those of its subschemas.
func weight(s *ir.Schema) int {
	n := len(s.Properties) + len(s.PatternProperties) + len(s.Required) + len(s.Refs) + len(s.AllOf) + 2*len(s.AnyOf) + 2*len(s.OneOf)
	for _, has := range []bool{
		s.Bool != nil, s.Types != 0, s.Enum != nil, s.Minimum != nil, s.Maximum != nil, s.ExclusiveMinimum != nil,
		s.ExclusiveMaximum != nil, s.MultipleOf != nil, s.MinLength != nil, s.MaxLength != nil, s.Pattern != nil, s.Format != nil,
		s.MinItems != nil, s.MaxItems != nil, s.UniqueItems != nil, s.MinProperties != nil, s.MaxProperties != nil,
		s.AdditionalProperties != nil, s.PropertyNames != nil, s.Items != nil, s.Contains != nil,
	} {
		if has {
			n++
		}
	}
	if s.Not != nil || s.If != nil || len(s.PrefixItems) > 0 || len(s.DependentSchemas) > 0 || hasUnevaluated(s) {
		n += smallWeight
	}
	return n
}

// cyclic reports whether s can be reached from itself, looking no further than
// a bound; beyond it the answer is yes.
func (o *Optimiser) cyclic(s *ir.Schema) bool {
	if c, ok := o.cycles[s]; ok {
		return c
	}
	seen := map[*ir.Schema]bool{}
	found := false
	var visit func(x *ir.Schema)
	visit = func(x *ir.Schema) {
		switch {
		case found:
		case x == s && len(seen) > 0 || len(seen) > maxCycleSearch:
			found = true
		case !seen[x]:
			seen[x] = true
			x.Each(visit)
		}
	}
	visit(s)
	o.cycles[s] = found
	return found
}

const maxCycleSearch = 300
