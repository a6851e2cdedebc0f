package report

import (
	"regexp"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// values looks for gaps in the schemas of one operation.
type values struct {
	a    *analysis
	o    *Operation
	op   string
	file string
	seen map[*ir.Schema]bool
}

func (v *values) operation(op *ir.Operation) {
	v.seen = map[*ir.Schema]bool{}
	for _, p := range op.Params {
		if p.Schema != nil {
			v.value([]*ir.Schema{p.Schema}, nil, p.Name, false)
		}
	}
	if op.Body == nil {
		return
	}
	for _, m := range op.Body.Media {
		if m.Schema != nil && m.Kind != ir.BodyBinary {
			v.value([]*ir.Schema{m.Schema}, nil, "body", true)
		}
	}
	if v.o.openObjects && v.o.Body.Mood == "good" {
		v.o.Body = Cell{"Open", "warn", "members that are not described pass"}
	}
}

// flatten lists what applies together: references and allOf.
func flatten(list []*ir.Schema) (out []*ir.Schema) {
	var add func(s *ir.Schema)
	add = func(s *ir.Schema) {
		if s == nil || slices.Contains(out, s) {
			return
		}
		out = append(out, s)
		for _, r := range s.Refs {
			add(r.Target)
		}
		for _, a := range s.AllOf {
			add(a)
		}
	}
	for _, s := range list {
		add(s)
	}
	return out
}

// value looks at a value that all of list judge, once for each schema. outer is
// what bounds an alternative from around it.
func (v *values) value(list, outer []*ir.Schema, name string, body bool) {
	if len(list) == 0 || v.seen[list[0]] {
		return
	}
	v.seen[list[0]] = true
	own := flatten(list)
	all := append(own[:len(own):len(own)], outer...)
	any := func(f func(*ir.Schema) bool) bool { return slices.ContainsFunc(all, f) }
	if any(func(s *ir.Schema) bool { return s.Bool != nil && !*s.Bool || s.Enum != nil }) {
		return
	}
	types := ir.Types(0)
	alternatives := false
	for _, s := range outer {
		types |= s.Types
	}
	for _, s := range own {
		types |= s.Types
		for _, c := range [][]*ir.Schema{s.AnyOf, s.OneOf} {
			for _, b := range c {
				alternatives = true
				v.value([]*ir.Schema{b}, all, name, body)
			}
		}
	}
	place, where := v.place(list[0])
	if types&ir.TypeString != 0 && !any(boundsString) && !alternatives {
		v.o.unbounded = true
		v.a.item("string", where(name), place)
	}
	if types&ir.TypeArray != 0 {
		if !any(func(s *ir.Schema) bool {
			return s.MaxItems != nil || s.Items != nil && s.Items.Bool != nil && !*s.Items.Bool
		}) && !alternatives {
			v.o.unbounded = true
			v.a.item("array", where(name), place)
		}
	}
	if body && types&ir.TypeObject != 0 && !alternatives {
		v.object(all, where(name), place)
	}
	if body && isURL(name, list[0]) && types&ir.TypeString != 0 {
		v.a.item("url", where(name), place)
	}
	v.children(own, all, body)
}

func (v *values) object(all []*ir.Schema, name, place string) {
	named, closed, mapped := false, false, false
	for _, s := range all {
		named = named || len(s.Properties) > 0
		if x := s.AdditionalProperties; x != nil {
			if x.Bool != nil && !*x.Bool {
				closed = true
			} else if x.Bool == nil {
				mapped = true
			}
		}
		closed = closed || s.UnevaluatedProperties != nil && s.UnevaluatedProperties.Bool != nil && !*s.UnevaluatedProperties.Bool
	}
	if closed || mapped && !named {
		return
	}
	v.o.openObjects = true
	v.a.item("open", name, place)
}

func (v *values) children(own, all []*ir.Schema, body bool) {
	for _, s := range own {
		for _, p := range s.Properties {
			sub := []*ir.Schema{p.Schema}
			for _, o := range all {
				for _, q := range o.Properties {
					if o != s && q.Name == p.Name {
						sub = append(sub, q.Schema)
					}
				}
			}
			v.value(sub, nil, p.Name, body)
		}
		for _, x := range append([]*ir.Schema{s.Items, s.AdditionalProperties}, s.PrefixItems...) {
			if x != nil && x.Bool == nil {
				v.value([]*ir.Schema{x}, nil, "item", body)
			}
		}
		for _, p := range s.PatternProperties {
			v.value([]*ir.Schema{p.Schema}, nil, "member", body)
		}
		for _, x := range []*ir.Schema{s.Then, s.Else} {
			if x != nil {
				v.value([]*ir.Schema{x}, all, "body", body)
			}
		}
	}
}

// place is where a schema stands, and how to call its value.
func (v *values) place(s *ir.Schema) (place string, where func(string) string) {
	n := s.Loc.Node
	if n == nil || n.Doc == nil {
		return v.file, func(name string) string { return v.op + ", " + name }
	}
	_, pointer := source.Place(n)
	return v.a.at(n), func(name string) string {
		short := strings.NewReplacer("~1", "/", "~0", "~").Replace(strings.TrimPrefix(pointer, "/"))
		for _, cut := range []string{"components/schemas/", "components/", "definitions/", "paths/"} {
			short = strings.TrimPrefix(short, cut)
		}
		return strings.ReplaceAll(strings.ReplaceAll(short, "/properties/", " › "), "/items", " › item")
	}
}

// short formats are texts whose length their format bounds.
var short = []string{"date", "date-time", "time", "duration", "uuid", "ipv4", "ipv6", "email", "hostname", "int64", "uint64", "decimal", "binary"}

// endless is what makes an expression match texts of any length.
var endless = regexp.MustCompile(`[^\\][*+]|\{\d+,\}`)

func boundsString(s *ir.Schema) bool {
	switch {
	case s.MaxLength != nil, s.Enum != nil:
		return true
	case s.Format != nil && slices.Contains(short, s.Format.Name):
		return true
	}
	return s.Pattern != nil && strings.HasPrefix(s.Pattern.Source, "^") && strings.HasSuffix(s.Pattern.Source, "$") && !endless.MatchString(s.Pattern.Source)
}

var urlName = regexp.MustCompile(`(^|[_\-.])(?i:url|uri|webhook|callback|endpoint)$|[a-z](Url|URL|Uri|URI|Webhook|Callback|Endpoint)$`)

// isURL reports a value that may make the upstream fetch what a caller names.
func isURL(name string, s *ir.Schema) bool {
	for _, x := range flatten([]*ir.Schema{s}) {
		if x.Enum != nil || x.Pattern != nil {
			return false
		}
		if x.Format != nil && (x.Format.Name == "uri" || x.Format.Name == "url") {
			return true
		}
	}
	return urlName.MatchString(name)
}
