package lower

import (
	"strings"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// builder fills one ir.Schema from one schema object.
type builder struct {
	l     *Lowerer
	s     *ir.Schema
	n     *source.Node
	ctx   context
	d     dialect.Dialect
	rules *dialect.Rules
}

func (b *builder) schema() {
	if code := b.l.dialectProblem(b.n); code != "" {
		b.s.Unenforceable = append(b.s.Unenforceable, code)
	}
	switch b.n.Kind {
	case source.Object:
		b.object()
	case source.Bool:
		if !b.rules.BooleanSchemas && !mayBeBoolean(b.n) {
			b.invalid(b.n, "a schema object")
			return
		}
		v := b.n.Bool
		b.s.Bool = &v
	default:
		b.invalid(b.n, "a schema")
	}
}

// mayBeBoolean reports whether n stands where drafts without boolean schemas
// have them.
func mayBeBoolean(n *source.Node) bool {
	return n.Name == "additionalProperties" || n.Name == "additionalItems"
}

func (b *builder) object() {
	if ref := b.n.Get("$ref"); ref != nil && b.rules.RefHidesSiblings {
		b.reference("$ref", ref)
		b.hiddenSiblings()
		return
	}
	for i, key := range b.n.Keys {
		k := b.d.Keyword(key.Name)
		if k == nil {
			b.unknown(key.Name, b.n.Items[i])
			continue
		}
		b.keyword(key.Name, b.n.Items[i])
	}
	b.arrays()
	b.exclusiveBounds()
	b.conditional()
	b.nullable()
}

// keyword lowers one member that stands for itself. Keywords that depend on
// others come after all of them: arrays, exclusiveBounds, conditional, nullable.
// The switch is one line a keyword and stays whole.
func (b *builder) keyword(name string, v *source.Node) {
	s := b.s
	switch name {
	case "$ref", "$dynamicRef", "$recursiveRef":
		b.reference(name, v)

	case "type":
		s.Types, s.TypesLoc = b.types(v), b.loc(v)
		s.StrictInteger = b.rules.StrictInteger
	case "enum":
		b.enum(v)
	case "const":
		b.constant(v)

	case "multipleOf":
		s.MultipleOf = b.divisor(v)
	case "minimum":
		s.Minimum = b.number(v)
	case "maximum":
		s.Maximum = b.number(v)

	case "minLength":
		s.MinLength = b.count(v)
	case "maxLength":
		s.MaxLength = b.count(v)
	case "pattern":
		if b.want(v, source.String, "a regular expression") {
			s.Pattern = &ir.Pattern{Source: v.Text, Loc: b.loc(v)}
		}
	case "format":
		b.format(v)

	case "minItems":
		s.MinItems = b.count(v)
	case "maxItems":
		s.MaxItems = b.count(v)
	case "uniqueItems":
		if b.flag(v) {
			s.UniqueItems = &ir.Keyword{Loc: b.loc(v)}
		}

	case "minProperties":
		s.MinProperties = b.count(v)
	case "maxProperties":
		s.MaxProperties = b.count(v)
	case "required":
		b.required(v)
	case "properties":
		s.Properties, s.PropertiesLoc = b.schemaMap(v), b.loc(v)
		b.withheld(v, s.Properties)
	case "patternProperties":
		for _, p := range b.schemaMap(v) {
			s.PatternProperties = append(s.PatternProperties, ir.PatternProperty{
				Pattern: ir.Pattern{Source: p.Name, Loc: p.Schema.Loc}, Schema: p.Schema,
			})
		}
	case "additionalProperties":
		s.AdditionalProperties, s.AdditionalPropertiesLoc = b.sub(v), b.loc(v)
	case "propertyNames":
		s.PropertyNames, s.PropertyNamesLoc = b.sub(v), b.loc(v)
	case "dependentRequired":
		b.dependentRequired(v)
	case "dependentSchemas":
		s.DependentSchemas = append(s.DependentSchemas, b.schemaMap(v)...)
		s.DependentSchemasLoc = b.loc(v)
	case "dependencies":
		b.dependencies(v)

	case "allOf":
		s.AllOf, s.AllOfLoc = b.conjuncts(v), b.loc(v)
	case "anyOf":
		s.AnyOf, s.AnyOfLoc = b.schemaList(v), b.loc(v)
	case "oneOf":
		s.OneOf, s.OneOfLoc = b.schemaList(v), b.loc(v)
	case "not":
		s.Not, s.NotLoc = b.sub(v), b.loc(v)
	case "unevaluatedItems":
		s.UnevaluatedItems, s.UnevaluatedItemsLoc = b.sub(v), b.loc(v)
	case "unevaluatedProperties":
		s.UnevaluatedProperties, s.UnevaluatedPropertiesLoc = b.sub(v), b.loc(v)
	case "discriminator":
		b.discriminator(v)

	default:
		b.annotation(name, v)
	}
}

// annotation keeps what later passes use. Annotations of a wrong kind are the
// metaschema's business.
func (b *builder) annotation(name string, v *source.Node) {
	s := b.s
	switch name {
	case "default":
		s.Default = v
	case "deprecated":
		s.Deprecated = v.Kind == source.Bool && v.Bool
	case "readOnly":
		s.ReadOnly = v.Kind == source.Bool && v.Bool
	case "writeOnly":
		s.WriteOnly = v.Kind == source.Bool && v.Bool
	case "contentMediaType":
		s.ContentMediaType = textOf(v)
	case "contentEncoding":
		s.ContentEncoding = textOf(v)
	case "title":
		s.Title = textOf(v)
	}
}

func textOf(v *source.Node) string {
	if v.Kind == source.String {
		return v.Text
	}
	return ""
}

// unknown looks at a member that is no keyword of the dialect. JSON Schema
// says to ignore it; in an API description that is worth a note, and a warning
// when another dialect would have enforced it.
func (b *builder) unknown(name string, v *source.Node) {
	if rest, ok := strings.CutPrefix(name, "x-"); ok {
		if strings.HasPrefix(rest, "portcullis-") {
			b.s.XPortcullis = append(b.s.XPortcullis, source.Key{Name: name, Pos: v.KeyPos()})
		}
		return
	}
	switch {
	case !b.rules.OpenAPI:
	case b.d.Elsewhere(name):
		b.l.warn(v, "keyword-not-in-dialect",
			"found "+name+", which is no keyword of "+b.d.String()+" and has no effect", "use a version of OpenAPI that has it")
	case name != "$schema" && name != "$comment":
		b.l.note(v, "keyword-unknown", "found "+name+", which is no keyword of "+b.d.String()+" and has no effect")
	}
}

// hiddenSiblings tells what stands beside a $ref that hides it.
func (b *builder) hiddenSiblings() {
	if !b.rules.OpenAPI {
		return
	}
	for i, key := range b.n.Keys {
		k := b.d.Keyword(key.Name)
		if k == nil || !k.Asserts || key.Name == "$ref" {
			continue
		}
		b.l.warn(b.n.Items[i], "ref-sibling-ignored",
			"found "+key.Name+" beside $ref, where "+b.d.String()+" ignores it", "put the $ref into an allOf")
	}
}

func (b *builder) loc(v *source.Node) ir.Loc {
	loc := ir.Loc{Node: v, URI: b.s.Loc.URI}
	if v.Parent == b.n { // the usual case needs no walk to the root
		loc.Pointer = b.s.Loc.Pointer + "/" + source.EscapePointer(v.Name)
	} else {
		loc.Pointer = source.Pointer(v)
	}
	return loc
}

// invalid reports a value that is not what its keyword takes. The keyword is
// left out.
func (b *builder) invalid(v *source.Node, wanted string) {
	where := ""
	if v != b.n {
		where = " for " + v.Name
	}
	b.l.unenforceable(b.s, v, "schema-invalid", "found "+describe(v)+where+", wanted "+wanted, "")
}

func (b *builder) want(v *source.Node, kind source.Kind, wanted string) bool {
	if v.Kind != kind {
		b.invalid(v, wanted)
	}
	return v.Kind == kind
}
