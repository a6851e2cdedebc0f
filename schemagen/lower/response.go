package lower

import (
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Response is Schema for responses. With closed, an object holds nothing but what
// its schemas name, unless one of them speaks of other members
// (additionalProperties, unevaluatedProperties): the description is the list of
// what may leave. An array without items, and a schema that says nothing, then
// hold no object with members either; the boolean schema true admits anything.
func (l *Lowerer) Response(n *source.Node, d dialect.Dialect, closed bool) *ir.Schema {
	s := l.Schema(n, d, Response)
	if !closed {
		return s
	}
	return l.closed(s)
}

// Body is Schema for the bodies of requests, closed as Response has it, and without
// readOnly properties, as r says.
func (l *Lowerer) Body(n *source.Node, d dialect.Dialect, r ir.BodyRules) *ir.Schema {
	dir := Request
	if r.NoReadOnly {
		dir = RequestGiven
	}
	s := l.Schema(n, d, dir)
	if !r.Closed {
		return s
	}
	return l.closed(s)
}

// closed is s with its objects closed.
func (l *Lowerer) closed(s *ir.Schema) *ir.Schema {
	if l.closer == nil {
		l.closer = &closer{l: l, at: map[*ir.Schema]*ir.Schema{}, in: map[*ir.Schema]*ir.Schema{}, root: map[*ir.Schema]*ir.Schema{}}
	}
	return l.closer.schema(s)
}

// withheld replaces the schema of each property that is writeOnly, in requests
// readOnly: it must not be there (OpenAPI 3.0.3, schema object: SHOULD NOT be sent as
// part of a response, or of the request; a filter that is asked to judge it can only
// refuse it).
func (b *builder) withheld(v *source.Node, props []ir.Property) {
	flag := "writeOnly"
	switch b.ctx.dir {
	case Response:
	case RequestGiven:
		flag = "readOnly"
	default:
		return
	}
	for i := range props {
		steps := 64
		if b.l.isFlagged(v.Items[i], b.ctx, flag, &steps) {
			no := false
			b.l.numIDs++
			loc := b.l.loc(v.Items[i])
			loc.Pointer += "/" + flag
			props[i].Schema = &ir.Schema{ID: b.l.numIDs, Loc: loc, Bool: &no}
		}
	}
}

// closer copies schemas so that objects are closed. A schema has two copies: one
// for where it is all that is said of a value, and one for where it is a part of
// a conjunction, which alone must not forbid what another part names.
type closer struct {
	l        *Lowerer
	at, in   map[*ir.Schema]*ir.Schema
	root     map[*ir.Schema]*ir.Schema
	anything *ir.Schema // any value without members
}

// schema closes s. Where alternatives exclude each other, a closed branch may
// fail that the written one does not, and with it the reason for a refusal: then
// both are judged.
func (c *closer) schema(s *ir.Schema) *ir.Schema {
	if out := c.root[s]; out != nil {
		return out
	}
	out := c.location(s)
	if reachesOneOf(s, map[*ir.Schema]bool{}) {
		out = &ir.Schema{ID: c.id(), Loc: s.Loc, AllOf: []*ir.Schema{s, out}, AllOfLoc: s.Loc}
	}
	c.root[s] = out
	return out
}

func (c *closer) id() int { c.l.numIDs++; return c.l.numIDs }

// location closes s where it stands for a value alone.
func (c *closer) location(s *ir.Schema) *ir.Schema {
	if s == nil || s.Bool != nil {
		return s
	}
	if out := c.at[s]; out != nil {
		return out
	}
	out := &ir.Schema{}
	c.at[s] = out
	c.fill(out, s)
	switch {
	case isReference(s):
		out.Refs = []ir.Ref{{Target: c.location(s.Refs[0].Target), Keyword: s.Refs[0].Keyword, Loc: s.Refs[0].Loc}}
		return out
	case !hasInPlace(s):
		if mayBe(s, ir.TypeObject) && s.AdditionalProperties == nil && s.UnevaluatedProperties == nil {
			out.AdditionalProperties, out.AdditionalPropertiesLoc = c.none(s), s.Loc
		}
		if mayBe(s, ir.TypeArray) && s.Items == nil && s.UnevaluatedItems == nil {
			out.Items, out.ItemsLoc, out.ItemsKeyword = c.any(), s.Loc, "items"
		}
		return out
	}
	if mayBe(s, ir.TypeObject) && s.AdditionalProperties == nil && s.UnevaluatedProperties == nil {
		out.UnevaluatedProperties, out.UnevaluatedPropertiesLoc = c.none(s), s.Loc
	}
	if mayBe(s, ir.TypeArray) && s.UnevaluatedItems == nil && !saysItems(s, map[*ir.Schema]bool{}) {
		out.UnevaluatedItems, out.UnevaluatedItemsLoc = c.any(), s.Loc
	}
	return out
}

// inPlace closes what s says of the parts of a value.
func (c *closer) inPlace(s *ir.Schema) *ir.Schema {
	if s == nil || s.Bool != nil {
		return s
	}
	if out := c.in[s]; out != nil {
		return out
	}
	out := &ir.Schema{}
	c.in[s] = out
	c.fill(out, s)
	return out
}

// fill makes out a copy of s with closed parts. What is under not, if, contains
// and propertyNames stays: a condition is not what leaves.
func (c *closer) fill(out, s *ir.Schema) {
	*out = *s
	out.ID = c.id()
	out.PrefixItems = each(s.PrefixItems, c.location)
	out.Items = c.rest(s.Items)
	out.AdditionalProperties = c.rest(s.AdditionalProperties)
	out.UnevaluatedItems = c.rest(s.UnevaluatedItems)
	out.UnevaluatedProperties = c.rest(s.UnevaluatedProperties)
	out.Properties = eachProperty(s.Properties, c.location)
	out.PatternProperties = append([]ir.PatternProperty(nil), s.PatternProperties...)
	for i := range out.PatternProperties {
		out.PatternProperties[i].Schema = c.location(out.PatternProperties[i].Schema)
	}
	out.DependentSchemas = eachProperty(s.DependentSchemas, c.inPlace)
	out.AllOf, out.AnyOf, out.OneOf = each(s.AllOf, c.inPlace), each(s.AnyOf, c.inPlace), each(s.OneOf, c.inPlace)
	out.Then, out.Else = c.inPlace(s.Then), c.inPlace(s.Else)
	if !isReference(s) {
		out.Refs = append([]ir.Ref(nil), s.Refs...)
		for i := range out.Refs {
			out.Refs[i].Target = c.inPlace(out.Refs[i].Target)
		}
	} else if c.in[s] == out {
		out.Refs = []ir.Ref{{Target: c.inPlace(s.Refs[0].Target), Keyword: s.Refs[0].Keyword, Loc: s.Refs[0].Loc}}
	}
	if s.Discriminator != nil {
		d := *s.Discriminator
		d.Values = eachProperty(d.Values, c.inPlace)
		out.Discriminator = &d
	}
}

// rest closes the schema of members or elements that are not named one by one.
// An empty one is as good as true: the description speaks of them.
func (c *closer) rest(s *ir.Schema) *ir.Schema {
	if s != nil && isEmpty(s) {
		return s
	}
	return c.location(s)
}

// none admits nothing, in the name of s.
func (c *closer) none(s *ir.Schema) *ir.Schema {
	no := false
	return &ir.Schema{ID: c.id(), Loc: s.Loc, Bool: &no}
}

func (c *closer) any() *ir.Schema {
	if c.anything == nil {
		c.anything = &ir.Schema{ID: c.id()}
		c.anything.AdditionalProperties = c.none(c.anything)
		c.anything.Items, c.anything.ItemsKeyword = c.anything, "items"
	}
	return c.anything
}

func each(list []*ir.Schema, f func(*ir.Schema) *ir.Schema) (out []*ir.Schema) {
	for _, s := range list {
		out = append(out, f(s))
	}
	return out
}

func eachProperty(list []ir.Property, f func(*ir.Schema) *ir.Schema) (out []ir.Property) {
	for _, p := range list {
		out = append(out, ir.Property{Name: p.Name, Schema: f(p.Schema)})
	}
	return out
}

func mayBe(s *ir.Schema, t ir.Types) bool { return s.Types == 0 || s.Types&t != 0 }

// hasInPlace reports whether other schemas apply to the same value as s.
func hasInPlace(s *ir.Schema) bool {
	return len(s.Refs)+len(s.AllOf)+len(s.AnyOf)+len(s.OneOf)+len(s.DependentSchemas) > 0 || s.If != nil || s.Discriminator != nil
}

// isReference reports a schema that says nothing of members or elements but what
// the one it refers to says.
func isReference(s *ir.Schema) bool {
	return len(s.Refs) == 1 && len(s.AllOf)+len(s.AnyOf)+len(s.OneOf)+len(s.DependentSchemas) == 0 && s.If == nil && s.Discriminator == nil && saysNothing(s)
}

// saysNothing reports a schema without keywords about members and elements.
func saysNothing(s *ir.Schema) bool {
	return len(s.Properties)+len(s.PatternProperties)+len(s.PrefixItems) == 0 && s.AdditionalProperties == nil && s.UnevaluatedProperties == nil &&
		s.Items == nil && s.UnevaluatedItems == nil && s.Contains == nil
}

// isEmpty reports a schema that admits anything, as far as members and elements
// are concerned.
func isEmpty(s *ir.Schema) bool {
	return s.Bool == nil && s.Types == 0 && s.Enum == nil && saysNothing(s) && !hasInPlace(s) && s.Not == nil
}

// saysItems reports whether a schema that applies with s speaks of all elements.
func saysItems(s *ir.Schema, seen map[*ir.Schema]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	if s.Items != nil || s.UnevaluatedItems != nil || s.Bool != nil && *s.Bool {
		return true
	}
	found := false
	sameValue(s, func(c *ir.Schema) { found = found || saysItems(c, seen) })
	return found
}

// sameValue calls f with the schemas that may apply to the same value as s.
func sameValue(s *ir.Schema, f func(*ir.Schema)) {
	for _, r := range s.Refs {
		f(r.Target)
	}
	for _, list := range [][]*ir.Schema{s.AllOf, s.AnyOf, s.OneOf, {s.Then, s.Else}} {
		for _, c := range list {
			f(c)
		}
	}
	for _, p := range s.DependentSchemas {
		f(p.Schema)
	}
}

// reachesOneOf reports whether oneOf stands somewhere in s.
func reachesOneOf(s *ir.Schema, seen map[*ir.Schema]bool) bool {
	if s == nil || seen[s] {
		return false
	}
	seen[s] = true
	if len(s.OneOf) > 1 && (s.Discriminator == nil || !s.Discriminator.Exclusive) {
		return true
	}
	found := false
	look := func(c *ir.Schema) { found = found || reachesOneOf(c, seen) }
	sameValue(s, look)
	for _, c := range s.PrefixItems {
		look(c)
	}
	for _, p := range s.Properties {
		look(p.Schema)
	}
	for _, p := range s.PatternProperties {
		look(p.Schema)
	}
	for _, c := range []*ir.Schema{s.Items, s.AdditionalProperties, s.UnevaluatedItems, s.UnevaluatedProperties} {
		look(c)
	}
	return found
}
