package dump

import (
	"fmt"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// IR writes the graph of schemas from s on: one paragraph each, numbered in
// the order they are met, subschemas by number.
func IR(s *ir.Schema) string {
	d := irDump{number: map[*ir.Schema]int{}}
	d.ref(s)
	for i := 0; i < len(d.todo); i++ {
		d.schema(i, d.todo[i])
	}
	return d.b.String()
}

type irDump struct {
	b      strings.Builder
	number map[*ir.Schema]int
	todo   []*ir.Schema
}

// ref returns how s is referred to.
func (d *irDump) ref(s *ir.Schema) string {
	if s.Bool != nil {
		return fmt.Sprint(*s.Bool)
	}
	n, ok := d.number[s]
	if !ok {
		n = len(d.todo)
		d.number[s] = n
		d.todo = append(d.todo, s)
	}
	return fmt.Sprintf("#%d", n)
}

func (d *irDump) line(keyword, format string, args ...any) {
	fmt.Fprintf(&d.b, "  %s: %s\n", keyword, fmt.Sprintf(format, args...))
}

func (d *irDump) one(keyword string, s *ir.Schema) {
	if s != nil {
		d.line(keyword, "%s", d.ref(s))
	}
}

func (d *irDump) list(keyword string, list []*ir.Schema) {
	if len(list) > 0 {
		var out []string
		for _, s := range list {
			out = append(out, d.ref(s))
		}
		d.line(keyword, "%s", strings.Join(out, " "))
	}
}

// schema writes one paragraph. It is long because it is a table.
func (d *irDump) schema(n int, s *ir.Schema) {
	fmt.Fprintf(&d.b, "#%d %s\n", n, s.Loc.Pointer)
	if s.Bool != nil {
		d.line("bool", "%t", *s.Bool)
		return
	}
	if s.Types != 0 {
		t := uint32(s.Types) & 0x7f
		if s.StrictInteger {
			t |= 0x80
		}
		d.line("type", "%s", typeList(t))
	}
	if s.Enum != nil {
		var out []string
		for _, v := range s.Enum.Values {
			out = append(out, value(v))
		}
		d.line(s.Enum.Keyword, "%s", strings.Join(out, ", "))
	}
	for _, x := range []struct {
		keyword string
		n       *ir.Number
	}{{"minimum", s.Minimum}, {"maximum", s.Maximum}, {"exclusiveMinimum", s.ExclusiveMinimum}, {"exclusiveMaximum", s.ExclusiveMaximum}, {"multipleOf", s.MultipleOf}} {
		if x.n != nil {
			d.line(x.keyword, "%s", x.n.Text)
		}
	}
	for _, x := range []struct {
		keyword string
		n       *ir.Count
	}{{"minLength", s.MinLength}, {"maxLength", s.MaxLength}, {"minItems", s.MinItems}, {"maxItems", s.MaxItems}, {"minProperties", s.MinProperties}, {"maxProperties", s.MaxProperties}} {
		if x.n != nil {
			d.line(x.keyword, "%d", x.n.N)
		}
	}
	if s.Pattern != nil {
		d.line("pattern", "%q", s.Pattern.Source)
	}
	if s.Format != nil {
		d.line("format", "%s", s.Format.Name)
	}
	if s.UniqueItems != nil {
		d.line("uniqueItems", "true")
	}
	d.list("prefixItems", s.PrefixItems)
	d.one("items", s.Items)
	if c := s.Contains; c != nil {
		d.line("contains", "%s %s", d.ref(c.Schema), bounds(c.Min, c.Max))
	}
	for _, r := range s.Required {
		d.line("required", "%q", r.Name)
	}
	for _, p := range s.Properties {
		d.line("property", "%q %s", p.Name, d.ref(p.Schema))
	}
	for _, p := range s.PatternProperties {
		d.line("patternProperty", "%q %s", p.Pattern.Source, d.ref(p.Schema))
	}
	d.one("additionalProperties", s.AdditionalProperties)
	d.one("propertyNames", s.PropertyNames)
	for _, x := range s.DependentRequired {
		d.line("dependentRequired", "%q %q", x.Name, x.Needs)
	}
	for _, p := range s.DependentSchemas {
		d.line("dependentSchema", "%q %s", p.Name, d.ref(p.Schema))
	}
	for _, r := range s.Refs {
		d.line(r.Keyword, "%s", d.ref(r.Target))
	}
	d.list("allOf", s.AllOf)
	d.list("anyOf", s.AnyOf)
	d.list("oneOf", s.OneOf)
	d.one("not", s.Not)
	d.one("if", s.If)
	d.one("then", s.Then)
	d.one("else", s.Else)
	d.one("unevaluatedItems", s.UnevaluatedItems)
	d.one("unevaluatedProperties", s.UnevaluatedProperties)
}

func value(v *source.Node) string {
	switch v.Kind {
	case source.Null:
		return "null"
	case source.Bool:
		return fmt.Sprint(v.Bool)
	case source.Number:
		return v.Text
	case source.String:
		return fmt.Sprintf("%q", v.Text)
	}
	var parts []string
	for i, x := range v.Items {
		if v.Kind == source.Object {
			parts = append(parts, fmt.Sprintf("%q:%s", v.Keys[i].Name, value(x)))
			continue
		}
		parts = append(parts, value(x))
	}
	if v.Kind == source.Object {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}
