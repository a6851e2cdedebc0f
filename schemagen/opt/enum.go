package opt

import (
	"unicode/utf8"

	"portcullis/filter/decimal"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// filterEnum applies type, length and number keywords of a schema to its enum
// now, and drops them: the enum says it all.
func filterEnum(_ *Optimiser, s *ir.Schema) bool {
	if s.Enum == nil {
		return false
	}
	var keep []*ir.Value
	for _, v := range s.Enum.Values {
		if admits(s, v) {
			keep = append(keep, v)
		}
	}
	changed := len(keep) != len(s.Enum.Values)
	if changed {
		e := *s.Enum
		e.Values = keep
		s.Enum = &e
	}
	if s.Types != 0 && !asksSpelling(s) {
		s.Types, s.TypesLoc, s.StrictInteger, changed = 0, ir.Loc{}, false, true
	}
	if hasNumber(s) || s.MinLength != nil || s.MaxLength != nil {
		s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf = nil, nil, nil, nil, nil
		s.MinLength, s.MaxLength = nil, nil
		changed = true
	}
	return changed
}

// asksSpelling reports whether the types of s tell 1 from 1.0, which are equal.
func asksSpelling(s *ir.Schema) bool {
	return s.StrictInteger && s.Types&ir.TypeInteger != 0 && s.Types&ir.TypeNumber == 0
}

func admits(s *ir.Schema, v *ir.Value) bool {
	if s.Types != 0 && s.Types&typesOf(s, v) == 0 {
		return false
	}
	switch v.Kind {
	case source.Number:
		text := []byte(v.Text)
		cmp := func(n *ir.Number) int { return decimal.Compare(text, []byte(n.Text)) }
		return (s.Minimum == nil || cmp(s.Minimum) >= 0) && (s.Maximum == nil || cmp(s.Maximum) <= 0) &&
			(s.ExclusiveMinimum == nil || cmp(s.ExclusiveMinimum) > 0) && (s.ExclusiveMaximum == nil || cmp(s.ExclusiveMaximum) < 0) &&
			(s.MultipleOf == nil || decimal.IsMultipleOf(text, []byte(s.MultipleOf.Text)))
	case source.String:
		n := uint32(utf8.RuneCountInString(v.Text))
		return (s.MinLength == nil || n >= s.MinLength.N) && (s.MaxLength == nil || n <= s.MaxLength.N)
	}
	return true
}

// typesOf returns the types that the constant v has.
func typesOf(s *ir.Schema, v *ir.Value) ir.Types {
	switch v.Kind {
	case source.Null:
		return ir.TypeNull
	case source.Bool:
		return ir.TypeBoolean
	case source.String:
		return ir.TypeString
	case source.Array:
		return ir.TypeArray
	case source.Object:
		return ir.TypeObject
	}
	// In draft 4 the constant 1.0 equals the integer 1 and is none: what an
	// instance is depends on how it is written.
	if s.StrictInteger || decimal.IsInteger([]byte(v.Text)) {
		return ir.TypeNumber | ir.TypeInteger
	}
	return ir.TypeNumber
}
