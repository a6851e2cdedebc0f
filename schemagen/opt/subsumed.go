package opt

import (
	"portcullis/filter/decimal"
	"portcullis/schemagen/ir"
)

// dropSubsumed removes checks that others imply: keywords for types that the
// value can't have, the looser of two bounds, counts that required names imply,
// a multipleOf that integers satisfy.
func dropSubsumed(o *Optimiser, s *ir.Schema) bool {
	changed := false
	if t := s.Types; t != 0 {
		if t&ir.TypeString == 0 && hasString(s) {
			// A format may be about numbers.
			if s.MinLength != nil || s.MaxLength != nil || s.Pattern != nil {
				s.MinLength, s.MaxLength, s.Pattern, changed = nil, nil, nil, true
			}
		}
		if t&(ir.TypeNumber|ir.TypeInteger) == 0 && hasNumber(s) {
			s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf = nil, nil, nil, nil, nil
			changed = true
		}
		if t&ir.TypeArray == 0 && (hasArray(s) || s.MinItems != nil || s.MaxItems != nil || s.UnevaluatedItems != nil) {
			s.MinItems, s.MaxItems, s.UniqueItems, s.PrefixItems, s.Items, s.Contains, s.UnevaluatedItems = nil, nil, nil, nil, nil, nil, nil
			changed = true
		}
		if t&ir.TypeObject == 0 && (hasObject(s) || s.MinProperties != nil || s.MaxProperties != nil || len(s.DependentSchemas) > 0 || s.UnevaluatedProperties != nil) {
			s.MinProperties, s.MaxProperties, s.Required, s.Properties, s.PatternProperties = nil, nil, nil, nil, nil
			s.AdditionalProperties, s.PropertyNames, s.DependentRequired, s.DependentSchemas, s.UnevaluatedProperties = nil, nil, nil, nil, nil
			changed = true
		}
		if t&ir.TypeInteger != 0 && t&ir.TypeNumber == 0 && s.MultipleOf != nil && decimal.Equal([]byte(s.MultipleOf.Text), []byte("1")) {
			s.MultipleOf, changed = nil, true
		}
		if t&ir.TypeNumber != 0 && t&ir.TypeInteger != 0 {
			s.Types, changed = t&^ir.TypeInteger, true
		}
	}
	if s.Minimum != nil && s.ExclusiveMinimum != nil {
		if decimal.Compare([]byte(s.Minimum.Text), []byte(s.ExclusiveMinimum.Text)) <= 0 {
			s.Minimum = nil
		} else {
			s.ExclusiveMinimum = nil
		}
		changed = true
	}
	if s.Maximum != nil && s.ExclusiveMaximum != nil {
		if decimal.Compare([]byte(s.Maximum.Text), []byte(s.ExclusiveMaximum.Text)) >= 0 {
			s.Maximum = nil
		} else {
			s.ExclusiveMaximum = nil
		}
		changed = true
	}
	if s.MinProperties != nil && int(s.MinProperties.N) <= distinct(s.Required) {
		s.MinProperties, changed = nil, true
	}
	if s.UniqueItems != nil && s.MaxItems != nil && s.MaxItems.N <= 1 {
		s.UniqueItems, changed = nil, true
	}
	return changed
}

func distinct(list []ir.Required) int {
	names := map[string]bool{}
	for _, r := range list {
		names[r.Name] = true
	}
	return len(names)
}
