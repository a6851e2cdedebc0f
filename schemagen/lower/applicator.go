package lower

import (
	"math"
	"slices"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// sub lowers a subschema that applies to another instance, or not for certain:
// names that are not required in this schema may be required in that.
func (b *builder) sub(v *source.Node) *ir.Schema {
	ctx := b.ctx
	ctx.relax = ""
	return b.l.lower(v, ctx)
}

func (b *builder) schemaMap(v *source.Node) []ir.Property {
	if !b.want(v, source.Object, "an object of schemas") {
		return nil
	}
	out := make([]ir.Property, len(v.Items))
	for i, item := range v.Items {
		out[i] = ir.Property{Name: v.Keys[i].Name, Schema: b.sub(item)}
	}
	return out
}

// schemaList lowers an array of schemas. An empty one is against every
// metaschema, and what it would assert is not defined.
func (b *builder) schemaList(v *source.Node) []*ir.Schema {
	if v.Kind != source.Array || len(v.Items) == 0 {
		b.invalid(v, "an array of at least one schema")
		return nil
	}
	out := make([]*ir.Schema, len(v.Items))
	for i, item := range v.Items {
		out[i] = b.sub(item)
	}
	return out
}

// conjuncts lowers allOf, which shares the relaxed names of this schema.
func (b *builder) conjuncts(v *source.Node) []*ir.Schema {
	if v.Kind != source.Array || len(v.Items) == 0 {
		b.invalid(v, "an array of at least one schema")
		return nil
	}
	relaxed := b.relaxed()
	out := make([]*ir.Schema, len(v.Items))
	for i, item := range v.Items {
		ctx := b.ctx
		ctx.relax = b.l.relaxFor(item, b.ctx, relaxed)
		out[i] = b.l.lower(item, ctx)
	}
	return out
}

func (b *builder) reference(keyword string, v *source.Node) {
	if !b.want(v, source.String, "a URI reference") {
		return
	}
	t, err := b.follow(keyword, v)
	if err != nil {
		b.l.unenforceable(b.s, v, err.Code, err.Msg, err.Hint)
		return
	}
	ctx := b.ctx
	ctx.res = t.res
	ctx.scope = b.l.enter(b.ctx.scope, t.res)
	ctx.relax = b.l.relaxFor(t.node, ctx, b.relaxed())
	b.s.Refs = append(b.s.Refs, ir.Ref{Target: b.l.lower(t.node, ctx), Keyword: keyword, Loc: b.loc(v)})
}

// follow resolves a reference, a dynamic one in the scope of b.
func (b *builder) follow(keyword string, v *source.Node) (target, *resolve.Error) {
	t, err := b.l.resolve(v.Text, b.ctx.res)
	if err != nil {
		return t, err
	}
	name, dynamic := "", false
	switch keyword {
	case "$dynamicRef":
		name, dynamic = t.dynamic, t.hasDynamic
	case "$recursiveRef":
		if v.Text != "#" {
			return t, &resolve.Error{Code: resolve.CodeUnparsable, Msg: "found " + v.Text + " for $recursiveRef, wanted #"}
		}
		// Only a resource root holds a $recursiveAnchor that counts.
		_, dynamic = t.res.dynamic[""]
		dynamic = dynamic && t.node == t.res.root
	}
	if dynamic {
		if e, ok := b.ctx.scope.lookup(name); ok && e.node == nil {
			return t, ambiguous(v.Text)
		} else if ok {
			t.node, t.res = e.node, e.res
		}
	}
	return t, nil
}

// arrays lowers items, prefixItems, additionalItems and contains.
func (b *builder) arrays() {
	items := b.member("items")
	switch {
	case items == nil:
	case items.Kind == source.Array && b.rules.Items == dialect.ItemsBoth:
		b.s.PrefixItems, b.s.PrefixItemsLoc = b.tuple(items), b.loc(items)
		if rest := b.member("additionalItems"); rest != nil {
			b.s.Items, b.s.ItemsLoc, b.s.ItemsKeyword = b.sub(rest), b.loc(rest), "additionalItems"
		}
	case items.Kind == source.Array:
		b.invalid(items, "one schema in "+b.d.String())
	default:
		b.s.Items, b.s.ItemsLoc, b.s.ItemsKeyword = b.sub(items), b.loc(items), "items"
	}
	if prefix := b.member("prefixItems"); prefix != nil {
		b.s.PrefixItems, b.s.PrefixItemsLoc = b.schemaList(prefix), b.loc(prefix)
	}
	b.contains()
	b.s.ContainsEvaluates = b.rules.ContainsEvaluates
}

// tuple lowers the array form of items, which may be empty in some drafts.
func (b *builder) tuple(v *source.Node) []*ir.Schema {
	out := make([]*ir.Schema, len(v.Items))
	for i, item := range v.Items {
		out[i] = b.sub(item)
	}
	return out
}

// contains reads contains with its bounds, which do nothing without it.
func (b *builder) contains() {
	v := b.member("contains")
	if v == nil {
		return
	}
	c := &ir.Contains{Schema: b.sub(v), Min: 1, Max: math.MaxUint32, Loc: b.loc(v)}
	b.s.Contains = c
	if m := b.member("minContains"); m != nil {
		if n := b.count(m); n != nil {
			c.Min, c.MinLoc, c.HasMin = n.N, n.Loc, true
		}
	}
	if m := b.member("maxContains"); m != nil {
		if n := b.count(m); n != nil {
			c.Max, c.MaxLoc = n.N, n.Loc
		}
	}
}

// conditional reads if, then and else; then and else do nothing without if.
func (b *builder) conditional() {
	v := b.member("if")
	if v == nil {
		return
	}
	b.s.If, b.s.IfLoc = b.sub(v), b.loc(v)
	if v := b.member("then"); v != nil {
		b.s.Then, b.s.ThenLoc = b.sub(v), b.loc(v)
	}
	if v := b.member("else"); v != nil {
		b.s.Else, b.s.ElseLoc = b.sub(v), b.loc(v)
	}
}

// member returns the value of a keyword that the dialect has.
func (b *builder) member(name string) *source.Node {
	if b.d.Keyword(name) == nil {
		return nil
	}
	return b.n.Get(name)
}

func (b *builder) required(v *source.Node) {
	if v.Kind == source.Bool && !v.Bool {
		b.l.warn(v, "required-form", "found false for required, wanted an array of names; it has no effect", "remove it")
		return
	}
	names, ok := b.nameList(v)
	if !ok {
		return
	}
	relaxed := b.relaxed()
	loc := b.loc(v)
	for i, name := range names {
		if slices.Contains(names[:i], name) || relaxed.has(name) {
			continue
		}
		b.s.Required = append(b.s.Required, ir.Required{Name: name, Loc: loc})
	}
}

func (b *builder) nameList(v *source.Node) ([]string, bool) {
	if !b.want(v, source.Array, "an array of names") {
		return nil, false
	}
	names := make([]string, len(v.Items))
	for i, item := range v.Items {
		if item.Kind != source.String {
			b.invalid(v, "an array of names")
			return nil, false
		}
		names[i] = item.Text
	}
	return names, true
}

func (b *builder) dependentRequired(v *source.Node) {
	if !b.want(v, source.Object, "an object of arrays of names") {
		return
	}
	for i, item := range v.Items {
		b.needs(v.Keys[i].Name, item)
	}
}

func (b *builder) needs(name string, v *source.Node) {
	if names, ok := b.nameList(v); ok {
		b.s.DependentRequired = append(b.s.DependentRequired, ir.DependentRequired{Name: name, Needs: names, Loc: b.loc(v)})
	}
}

// dependencies splits the older keyword into the two newer ones.
func (b *builder) dependencies(v *source.Node) {
	if !b.want(v, source.Object, "an object of schemas and arrays of names") {
		return
	}
	for i, item := range v.Items {
		name := v.Keys[i].Name
		switch {
		case item.Kind == source.Array:
			b.needs(name, item)
		case item.Kind == source.String && b.d.Version == dialect.Draft4:
			// draft 3 had single names; draft 4 has arrays only
			b.invalid(item, "an array of names")
		default:
			b.s.DependentSchemas = append(b.s.DependentSchemas, ir.Property{Name: name, Schema: b.sub(item)})
			b.s.DependentSchemasLoc = b.loc(v)
		}
	}
}
