package opt

import (
	"portcullis/filter/decimal"
	"portcullis/schemagen/ir"
)

// mergeAllOf moves the keywords of allOf branches into the schema around them
// where that means the same: both apply to the same value. A branch whose
// keywords depend on each other in a way that the schema's would change
// (additionalProperties, items, unevaluated keywords) stays as it is.
func mergeAllOf(o *Optimiser, s *ir.Schema) bool {
	var rest, inner []*ir.Schema
	changed := false
	for _, b := range s.AllOf {
		if b != s && b.Bool == nil && (o.uses[b] <= 1 || weight(b) <= smallWeight) && !o.cyclic(b) && o.mergeable(s, b) {
			o.merge(s, b)
			inner = append(inner, b.AllOf...)
			changed = true
			continue
		}
		rest = append(rest, b)
	}
	if changed {
		s.AllOf = append(rest, inner...)
	}
	return changed
}

// mergeable reports whether merge(a, b) would say what a and b say.
func (o *Optimiser) mergeable(a, b *ir.Schema) bool {
	switch {
	case hasUnevaluated(b), len(b.Unenforceable) > 0:
		return false
	case a.Enum != nil && b.Enum != nil, a.Not != nil && b.Not != nil, a.If != nil && b.If != nil:
		return false
	case len(a.AnyOf) > 0 && len(b.AnyOf) > 0, len(a.OneOf) > 0 && len(b.OneOf) > 0:
		return false
	case a.Discriminator != nil && b.Discriminator != nil:
		return false
	case a.Pattern != nil && b.Pattern != nil && a.Pattern.Source != b.Pattern.Source:
		return false
	case a.Format != nil && b.Format != nil && a.Format.Name != b.Format.Name:
		return false
	case a.MultipleOf != nil && b.MultipleOf != nil && a.MultipleOf.Text != b.MultipleOf.Text:
		return false
	case a.Contains != nil && b.Contains != nil, a.PropertyNames != nil && b.PropertyNames != nil:
		return false
	case !nestedTypes(a, b), a.Types != 0 && b.Types != 0 && a.StrictInteger != b.StrictInteger:
		return false
	case (a.Enum != nil || b.Enum != nil) && (a.StrictInteger || b.StrictInteger):
		return false
	}
	if hasMembers(a) && hasMembers(b) && (a.AdditionalProperties != nil || b.AdditionalProperties != nil) {
		return false
	}
	if hasElements(a) && hasElements(b) && (len(a.PrefixItems) > 0 || len(b.PrefixItems) > 0) {
		return false
	}
	return true
}

// merge adds b's keywords but allOf to a. Both are mergeable.
func (o *Optimiser) merge(a, b *ir.Schema) {
	mergeTypes(a, b)
	if b.Enum != nil {
		a.Enum = b.Enum
	}
	a.Minimum = tighter(a.Minimum, b.Minimum, 1)
	a.ExclusiveMinimum = tighter(a.ExclusiveMinimum, b.ExclusiveMinimum, 1)
	a.Maximum = tighter(a.Maximum, b.Maximum, -1)
	a.ExclusiveMaximum = tighter(a.ExclusiveMaximum, b.ExclusiveMaximum, -1)
	if a.MultipleOf == nil {
		a.MultipleOf = b.MultipleOf
	}
	a.MinLength, a.MaxLength = atLeast(a.MinLength, b.MinLength), atMost(a.MaxLength, b.MaxLength)
	a.MinItems, a.MaxItems = atLeast(a.MinItems, b.MinItems), atMost(a.MaxItems, b.MaxItems)
	a.MinProperties, a.MaxProperties = atLeast(a.MinProperties, b.MinProperties), atMost(a.MaxProperties, b.MaxProperties)
	if a.Pattern == nil {
		a.Pattern = b.Pattern
	}
	if a.Format == nil {
		a.Format = b.Format
	}
	if a.UniqueItems == nil {
		a.UniqueItems = b.UniqueItems
	}
	if a.Contains == nil {
		a.Contains = b.Contains
	}
	a.ContainsEvaluates = a.ContainsEvaluates || b.ContainsEvaluates
	o.mergeElements(a, b)
	o.mergeMembers(a, b)
	a.Refs = append(a.Refs[:len(a.Refs):len(a.Refs)], b.Refs...)
	if b.AnyOf != nil {
		a.AnyOf, a.AnyOfLoc = b.AnyOf, b.AnyOfLoc
	}
	if b.OneOf != nil {
		a.OneOf, a.OneOfLoc = b.OneOf, b.OneOfLoc
	}
	if b.Discriminator != nil {
		a.Discriminator = b.Discriminator
	}
	if b.Not != nil {
		a.Not, a.NotLoc = b.Not, b.NotLoc
	}
	if b.If != nil {
		a.If, a.Then, a.Else, a.IfLoc, a.ThenLoc, a.ElseLoc = b.If, b.Then, b.Else, b.IfLoc, b.ThenLoc, b.ElseLoc
	}
}

func mergeTypes(a, b *ir.Schema) {
	switch {
	case b.Types == 0:
	case a.Types == 0:
		a.Types, a.TypesLoc, a.StrictInteger = b.Types, b.TypesLoc, b.StrictInteger
	case withInteger(a.Types)&^withInteger(b.Types) != 0: // b's is the narrower
		a.Types, a.TypesLoc = b.Types, b.TypesLoc
	}
}

// nestedTypes reports whether the types of one of the two are all among those
// of the other, so that a refusal by the narrower names the right keyword. It
// is also true where one of them does not say.
func nestedTypes(a, b *ir.Schema) bool {
	x, y := withInteger(a.Types), withInteger(b.Types)
	return x == 0 || y == 0 || x&^y == 0 || y&^x == 0
}

// withInteger adds integer to number.
func withInteger(t ir.Types) ir.Types {
	if t&ir.TypeNumber != 0 {
		t |= ir.TypeInteger
	}
	return t
}

// tighter returns the bound that is further in the direction of sign.
func tighter(a, b *ir.Number, sign int) *ir.Number {
	switch {
	case a == nil:
		return b
	case b == nil || decimal.Compare([]byte(b.Text), []byte(a.Text))*sign <= 0:
		return a
	}
	return b
}

func atLeast(a, b *ir.Count) *ir.Count {
	if a == nil || b != nil && b.N > a.N {
		return b
	}
	return a
}

func atMost(a, b *ir.Count) *ir.Count {
	if a == nil || b != nil && b.N < a.N {
		return b
	}
	return a
}

func (o *Optimiser) mergeElements(a, b *ir.Schema) {
	switch {
	case !hasElements(b):
	case !hasElements(a):
		a.PrefixItems, a.PrefixItemsLoc = b.PrefixItems, b.PrefixItemsLoc
		a.Items, a.ItemsLoc, a.ItemsKeyword = b.Items, b.ItemsLoc, b.ItemsKeyword
	default:
		a.Items = o.both(a.Items, b.Items)
	}
}

func (o *Optimiser) mergeMembers(a, b *ir.Schema) {
	have := map[string]bool{}
	for _, r := range a.Required {
		have[r.Name] = true
	}
	a.Required = a.Required[:len(a.Required):len(a.Required)]
	for _, r := range b.Required {
		if !have[r.Name] {
			have[r.Name] = true
			a.Required = append(a.Required, r)
		}
	}
	a.DependentRequired = append(a.DependentRequired[:len(a.DependentRequired):len(a.DependentRequired)], b.DependentRequired...)
	a.DependentSchemas = append(a.DependentSchemas[:len(a.DependentSchemas):len(a.DependentSchemas)], b.DependentSchemas...)
	if b.DependentSchemas != nil {
		a.DependentSchemasLoc = b.DependentSchemasLoc
	}
	if b.PropertyNames != nil {
		a.PropertyNames, a.PropertyNamesLoc = b.PropertyNames, b.PropertyNamesLoc
	}
	if !hasMembers(b) {
		return
	}
	index := map[string]int{}
	a.Properties = append([]ir.Property(nil), a.Properties...)
	for i, p := range a.Properties {
		index[p.Name] = i
	}
	for _, p := range b.Properties {
		if i, ok := index[p.Name]; ok {
			a.Properties[i].Schema = o.both(a.Properties[i].Schema, p.Schema)
			continue
		}
		index[p.Name] = len(a.Properties)
		a.Properties = append(a.Properties, p)
	}
	a.PatternProperties = append(a.PatternProperties[:len(a.PatternProperties):len(a.PatternProperties)], b.PatternProperties...)
	if b.AdditionalProperties != nil {
		a.AdditionalProperties, a.AdditionalPropertiesLoc = b.AdditionalProperties, b.AdditionalPropertiesLoc
	}
}

// both returns the conjunction of two subschemas.
func (o *Optimiser) both(a, b *ir.Schema) *ir.Schema {
	switch {
	case a == b || always(b, true):
		return a
	case always(a, true):
		return b
	}
	return o.made(&ir.Schema{Loc: a.Loc, AllOf: []*ir.Schema{a, b}})
}
