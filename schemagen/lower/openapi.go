package lower

import (
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// nullable adds null to the types of an OpenAPI 3.0 schema. It means something
// only beside `type` in the same schema object, and does not add null to an
// enum (OpenAPI 3.0.3 clarification "nullable").
func (b *builder) nullable() {
	v := b.member("nullable")
	if v == nil || !b.flag(v) {
		return
	}
	if b.s.Types == 0 {
		b.l.warn(v, "nullable-without-type", "found nullable without type in the same schema, where it has no effect", "add the type")
		return
	}
	b.s.Types |= ir.TypeNull
	if b.s.Enum != nil && !hasNull(b.s.Enum.Values) {
		b.l.warn(v, "nullable-enum", "found nullable beside an enum without null, so null is refused", "add null to the enum")
	}
}

func hasNull(values []*ir.Value) bool {
	for _, v := range values {
		if v.Kind == source.Null {
			return true
		}
	}
	return false
}

// pendingDiscriminator is a discriminator whose branches may not be complete
// yet.
type pendingDiscriminator struct {
	l   *Lowerer
	s   *ir.Schema
	n   *source.Node // the schema
	ctx context
}

// discriminator reads OpenAPI's hint which branch of oneOf or anyOf is meant.
// It never changes a verdict (OpenAPI 3.1.1 section 4.8.25); 2.0 has only the
// name of the property.
func (b *builder) discriminator(v *source.Node) {
	property := v.Text
	if v.Kind == source.Object {
		property = v.Str("propertyName")
	}
	if property == "" || v.Kind != source.Object && v.Kind != source.String {
		b.l.warn(v, "discriminator-invalid", "found a discriminator without the name of a property; it has no effect", "")
		return
	}
	b.s.Discriminator = &ir.Discriminator{Property: property, Loc: b.loc(v)}
	b.l.pending = append(b.l.pending, pendingDiscriminator{b.l, b.s, b.n, b.ctx})
}

// resolveDiscriminators completes the discriminators once all schemas are.
func (l *Lowerer) resolveDiscriminators() {
	pending := l.pending
	l.pending = nil
	for _, p := range pending {
		p.resolve()
	}
}

func (p *pendingDiscriminator) resolve() {
	branches, keyword := p.s.OneOf, "oneOf"
	if len(branches) == 0 {
		branches, keyword = p.s.AnyOf, "anyOf"
	}
	p.checkMapping()
	if len(branches) == 0 {
		p.l.note(p.n.Get("discriminator"), "discriminator-base", "found a discriminator without oneOf or anyOf: where this schema stands alone, nothing that those which extend it say is judged")
		return
	}
	if values, ok := dispatch(p.s, branches); ok {
		p.s.Discriminator.Values, p.s.Discriminator.Exclusive = values, true
		return
	}
	if len(branches) > 1 {
		p.l.warn(p.n.Get("discriminator"), "discriminator-open", "found a discriminator whose value selects nothing: a body may be judged by another branch than the one that it names",
			"require the property in each branch, with a const or an enum of its own")
	}
	nodes := p.n.Get(keyword)
	names := p.mappingNames()
	for i, branch := range branches {
		ref := nodes.Items[i].Str("$ref")
		if ref == "" {
			continue
		}
		for _, m := range names {
			if m.target == branchTarget(branch) {
				p.s.Discriminator.Values = append(p.s.Discriminator.Values, ir.Property{Name: m.name, Schema: branch})
			}
		}
		implicit := ref[strings.LastIndexByte(ref, '/')+1:]
		p.s.Discriminator.Values = append(p.s.Discriminator.Values, ir.Property{Name: implicit, Schema: branch})
	}
}

type mapped struct {
	name   string
	target *source.Node
}

// mappingNames resolves the mapping to schema objects.
func (p *pendingDiscriminator) mappingNames() []mapped {
	mapping := p.n.Get("discriminator").Get("mapping")
	if mapping == nil || mapping.Kind != source.Object {
		return nil
	}
	var out []mapped
	for i, v := range mapping.Items {
		if t, ok := p.mappingTarget(v); ok {
			out = append(out, mapped{mapping.Keys[i].Name, t.node})
		}
	}
	return out
}

// mappingTarget resolves the value of a mapping: the name of a schema of the
// components, or a reference.
func (p *pendingDiscriminator) mappingTarget(v *source.Node) (target, bool) {
	if v.Kind != source.String {
		return target{}, false
	}
	if !strings.ContainsAny(v.Text, "/#.") {
		name := "#/components/schemas/" + source.EscapePointer(v.Text)
		if t, err := p.l.resolve(name, p.ctx.res.doc.root); err == nil {
			return t, true
		}
	}
	t, err := p.l.resolve(v.Text, p.ctx.res)
	return t, err == nil
}

func (p *pendingDiscriminator) checkMapping() {
	mapping := p.n.Get("discriminator").Get("mapping")
	if mapping == nil || mapping.Kind != source.Object {
		return
	}
	for _, v := range mapping.Items {
		if _, ok := p.mappingTarget(v); !ok {
			p.l.warn(v, "discriminator-mapping", "found a mapping to "+describe(v)+", and no such schema is given", "")
		}
	}
}

func branchTarget(s *ir.Schema) *source.Node {
	if len(s.Refs) == 1 {
		return s.Refs[0].Target.Loc.Node
	}
	return nil
}

// dispatch finds the values of the discriminating property when looking it up
// gives the verdict that trying every branch would: each branch takes objects
// only, requires the property and allows it strings that no other branch
// allows.
func dispatch(s *ir.Schema, branches []*ir.Schema) ([]ir.Property, bool) {
	var values []ir.Property
	seen := map[string]bool{}
	for _, branch := range branches {
		f := facts{property: s.Discriminator.Property}
		f.add(branch)
		if !f.object || !f.required || f.values == nil {
			return nil, false
		}
		for _, v := range f.values {
			if v.Kind != source.String || seen[v.Text] {
				return nil, false
			}
			seen[v.Text] = true
			values = append(values, ir.Property{Name: v.Text, Schema: branch})
		}
	}
	return values, true
}

// facts is what a conjunction says for certain about one of its properties.
type facts struct {
	property         string
	object, required bool
	values           []*ir.Value
	steps            int
}

// maxSteps bounds the search for facts: what is not found is no reason to
// dispatch.
const maxSteps = 256

func (f *facts) add(s *ir.Schema) {
	if f.steps++; f.steps > maxSteps {
		return
	}
	f.object = f.object || s.Types == ir.TypeObject
	for _, r := range s.Required {
		f.required = f.required || r.Name == f.property
	}
	for _, p := range s.Properties {
		if p.Name == f.property && f.values == nil {
			f.values = f.enumOf(p.Schema)
		}
	}
	for _, r := range s.Refs {
		f.add(r.Target)
	}
	for _, c := range s.AllOf {
		f.add(c)
	}
}

// enumOf is the values that s allows at most, or nil.
func (f *facts) enumOf(s *ir.Schema) []*ir.Value {
	if f.steps++; f.steps > maxSteps {
		return nil
	}
	if s.Enum != nil {
		return s.Enum.Values
	}
	for _, r := range s.Refs {
		if v := f.enumOf(r.Target); v != nil {
			return v
		}
	}
	for _, c := range s.AllOf {
		if v := f.enumOf(c); v != nil {
			return v
		}
	}
	return nil
}
