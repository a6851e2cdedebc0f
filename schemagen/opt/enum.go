package opt

import (
	"unicode/utf8"

	"portcullis/filter/decimal"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// impliedByEnum drops the type, length and number keywords of a schema that all
// values of its enum satisfy: the enum says it all. Where one does not, the
// keywords stay as they are: each refusal keeps naming the keyword to blame.
func impliedByEnum(_ *Optimiser, s *ir.Schema) bool {
	if s.Enum == nil || s.Types == 0 && !hasNumber(s) && s.MinLength == nil && s.MaxLength == nil {
		return false
	}
	if len(s.Enum.Values) == 0 || asksSpelling(s) {
		return false
	}
	for _, v := range s.Enum.Values {
		if !admits(s, v) {
			return false
		}
	}
	s.Types, s.TypesLoc, s.StrictInteger = 0, ir.Loc{}, false
	s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf = nil, nil, nil, nil, nil
	s.MinLength, s.MaxLength = nil, nil
	return true
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
