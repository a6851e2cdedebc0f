package requests

import (
	"regexp"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// route is a path that some operation has, as an expression over whole paths.
type route struct {
	re *regexp.Regexp
	op *ir.Operation
}

// index lists the routes of all operations.
func (r *runner) index() {
	for _, a := range r.build.APIs {
		for _, op := range a.Operations {
			mounts := op.Mounts
			if mounts == nil {
				mounts = a.Mounts
			}
			for _, m := range mounts {
				var b strings.Builder
				b.WriteString("^" + regexp.QuoteMeta(m.BasePath))
				for _, seg := range op.Segments {
					b.WriteByte('/')
					for _, part := range seg.Parts {
						if part.Param == "" {
							b.WriteString(regexp.QuoteMeta(part.Literal))
						} else {
							b.WriteString("[^/]*")
						}
					}
				}
				if re, err := regexp.Compile(b.String() + "$"); err == nil {
					r.routes = append(r.routes, route{re, op})
				}
			}
		}
	}
}

// otherRoute reports whether a path matches the template of another path
// than op's.
func (r *runner) otherRoute(path string, op *ir.Operation) bool {
	decoded := decode(path)
	own := template(op)
	if !strings.Contains(own, "{") {
		return false // concrete paths go before templated ones (OpenAPI 3.1.2 section 4.8.8.2)
	}
	return slices.ContainsFunc(r.routes, func(t route) bool { return template(t.op) != own && t.re.MatchString(decoded) })
}

var expression = regexp.MustCompile(`\{[^}]*\}`)

func template(op *ir.Operation) string { return expression.ReplaceAllString(op.Path, "{}") }

// decode undoes percent-encoding, of slashes too: drafts have none.
func decode(s string) string {
	return regexp.MustCompile(`%[0-9A-F]{2}`).ReplaceAllStringFunc(s, func(h string) string {
		return string([]byte{unhex(h[1])<<4 | unhex(h[2])})
	})
}

func unhex(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// faults lists what can be wrong with base, one thing each, and changes that
// are harmless.
func (m *maker) faults(base *draft) (out []*request) {
	add := func(change func(d *draft), what string, valid bool) {
		d := *base
		change(&d)
		out = append(out, d.request(what, valid))
	}
	params := m.op.Inspect >= ir.InspectParameters
	if params {
		m.paramFaults(base, add)
	}
	if m.op.Inspect >= ir.InspectBody {
		m.bodyFaults(base, add)
	}
	m.routeFaults(base, add)
	return out
}

type adder func(change func(d *draft), what string, valid bool)

func (m *maker) routeFaults(base *draft, add adder) {
	method := "PURGE"
	for slices.ContainsFunc(m.api.Operations, func(op *ir.Operation) bool { return op.Method == method }) {
		method += "X"
	}
	add(func(d *draft) { d.method = method }, "a method that no operation has", false)
	// Another path, if no template takes it.
	q := base.request("", false)
	path, rest, _ := strings.Cut(q.Path, "?")
	unknown := path + "/zz-unknown"
	if path == "/" {
		unknown = "/zz-unknown"
	}
	if !slices.ContainsFunc(m.routes, func(t route) bool { return t.re.MatchString(decode(unknown)) }) && m.build.Unknown == ir.ActionDeny {
		if rest != "" {
			unknown += "?" + rest
		}
		m.more(base, add, func(r *request) { r.Path = unknown }, "a path that no operation has")
	}
}

// more adds a request that is changed as a whole.
func (m *maker) more(base *draft, _ adder, change func(r *request), what string) {
	q := base.request(what, false)
	change(q)
	m.send(m.op, q)
}

func (m *maker) paramFaults(base *draft, add adder) {
	free := false // fields of any name may be there
	for _, p := range m.op.Params {
		free = free || p.In == ir.InQuerystring || p.In == ir.InQuery && p.Style == ir.StyleForm && p.Explode && mayBeObject(p.Schema)
	}
	if m.op.UnknownQuery == ir.ActionDeny && !free {
		add(func(d *draft) { d.query = []string{"zzUndescribed=1"} }, "a query parameter that is not described", false)
	}
	for _, p := range m.op.Params {
		v := base.values[p]
		if v == nil {
			continue
		}
		if p.Required && p.In != ir.InPath {
			add(func(d *draft) { d.dropped = p }, "no "+p.Name, false)
		}
		if _, isScalar := scalar(v); isScalar && p.In == ir.InQuery && p.Style == ir.StyleForm && onlyScalars(p.Schema) {
			list, _ := fragments(p, v)
			add(func(d *draft) { d.query = list }, p.Name+" twice", false)
		}
		m.paramMutants(base, p, v, add)
	}
}

func mayBeObject(s *ir.Schema) bool {
	if s == nil {
		return false
	}
	t, known := reachTypes(s)
	return !known || t&ir.TypeObject != 0
}

func onlyScalars(s *ir.Schema) bool {
	if s == nil {
		return true
	}
	t, known := reachTypes(s)
	return known && t&(ir.TypeArray|ir.TypeObject) == 0
}

// reachTypes is the types that s may take through any of its alternatives.
func reachTypes(s *ir.Schema) (t ir.Types, known bool) {
	seen := map[*ir.Schema]bool{}
	var walk func(s *ir.Schema) (ir.Types, bool)
	walk = func(s *ir.Schema) (ir.Types, bool) {
		if s == nil || seen[s] {
			return 0, false
		}
		seen[s] = true
		t, known := s.Types, s.Types != 0
		if !known && s.Enum != nil {
			known = true
			for _, v := range s.Enum.Values {
				t |= map[source.Kind]ir.Types{source.Null: ir.TypeNull, source.Bool: ir.TypeBoolean, source.Number: ir.TypeNumber, source.String: ir.TypeString, source.Array: ir.TypeArray, source.Object: ir.TypeObject}[v.Kind]
			}
		}
		for _, r := range s.Refs {
			if o, ok := walk(r.Target); ok {
				t, known = t|o, true
			}
		}
		for _, a := range s.AllOf {
			if o, ok := walk(a); ok {
				t, known = t|o, true
			}
		}
		for _, c := range [][]*ir.Schema{s.AnyOf, s.OneOf} {
			all := len(c) > 0
			var u ir.Types
			for _, a := range c {
				o, ok := walk(a)
				u |= o
				all = all && ok
			}
			if all {
				t, known = t|u, true
			}
		}
		return t, known
	}
	return walk(s)
}

// exploded reports a parameter whose members are fields of the query.
func exploded(p *ir.Param) bool {
	return p.In == ir.InQuery && p.Style == ir.StyleForm && p.Explode
}

// clash reports that a member of v, as a field of the query, has the name of
// another parameter: which of them it is then nobody can say.
func clash(op *ir.Operation, p *ir.Param, v *source.Node) bool {
	if !exploded(p) || v.Kind != source.Object {
		return false
	}
	for _, k := range v.Keys {
		for _, o := range op.Params {
			if o != p && o.In == ir.InQuery && (o.Name == k.Name || strings.HasPrefix(k.Name, o.Name+"[")) {
				return true
			}
			if o != p && exploded(o) && mayBeObject(o.Schema) {
				return true
			}
		}
	}
	return false
}

// paramMutants changes the value of a parameter. A decoder may read texts as
// strings or as what they look like: a change is a fault when no reading is
// valid, and harmless when one is.
func (m *maker) paramMutants(base *draft, p *ir.Param, v *source.Node, add adder) {
	if p.Schema == nil {
		return
	}
	types, known := reachTypes(p.Schema)
	g := &generator{Rand: m.rand, goals: base.goals, plain: true}
	for _, mu := range g.mutants(v) {
		value := mu.value()
		if value.Kind != v.Kind && (v.Kind == source.Array || v.Kind == source.Object || value.Kind == source.Array || value.Kind == source.Object) {
			continue // the texts of scalars and of arrays of one are the same
		}
		if !fits(p, value) || p.AllowEmptyValue && value.Text == "" || exploded(p) && m.op.UnknownQuery != ir.ActionPass && strings.HasPrefix(mu.what, "a member that") {
			continue
		}
		if _, err := fragments(p, value); err != nil || clash(m.op, p, value) {
			continue
		}
		list := []*source.Node{value}
		if p.Style != ir.StyleContentJSON {
			if list = mu.readings(); list == nil {
				m.cannot("a change of a parameter with too many readings")
				continue
			}
		}
		if !known || types&(ir.TypeArray|ir.TypeObject) != 0 && types&^(ir.TypeArray|ir.TypeObject|ir.TypeNull) != 0 {
			m.cannot("a change of a parameter whose type is not clear")
			continue
		}
		good, certain := 0, true
		for _, r := range list {
			valid, sure := m.judge.valid(p.Schema, r)
			certain = certain && sure
			if valid {
				good++
			}
		}
		if !certain {
			m.cannot("a change under a pattern that is too hard")
			continue
		}
		changed := map[*ir.Param]*source.Node{}
		for k, x := range base.values {
			changed[k] = x
		}
		changed[p] = value
		if p.In == ir.InPath {
			d := *base
			d.values = changed
			if m.otherRoute(d.path(), m.op) || len(m.op.Segments) == 0 {
				continue
			}
		}
		add(func(d *draft) { d.values = changed }, p.Name+": "+mu.what, good > 0)
	}
}

func (m *maker) bodyFaults(base *draft, add adder) {
	text := func(s string) *string { return &s }
	b := m.op.Body
	if b == nil {
		if !m.op.AnyBody {
			add(func(d *draft) { d.bodyText, d.contentType = text("{}"), "application/json" }, "a body that is not described", false)
		}
		return
	}
	if base.media == nil {
		return
	}
	if b.Required {
		add(func(d *draft) { d.media, d.body = nil, nil }, "no body", false)
	}
	any := slices.ContainsFunc(b.Media, func(x *ir.Media) bool { return strings.HasPrefix(x.Range, "*") })
	if !any {
		add(func(d *draft) { d.contentType = "application/x-zz-unknown" }, "a media type that is not described", false)
	}
	switch base.media.Kind {
	case ir.BodyJSON:
		m.jsonFaults(base, add)
	case ir.BodyMultipart, ir.BodyText, ir.BodyBinary, ir.BodyNDJSON:
		m.otherFaults(base, add)
		return
	}
	if base.media.Schema == nil {
		return
	}
	form := base.media.Kind == ir.BodyForm
	g := &generator{Rand: m.rand, goals: base.goals, plain: form}
	list := g.mutants(base.body)
	m.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	for i, mu := range list {
		if i >= 2*m.Options.Faults {
			break
		}
		if form {
			m.formMutant(base, mu, add)
			continue
		}
		value := mu.value()
		valid, sure := m.judge.valid(base.media.Schema, value)
		if !sure {
			m.cannot("a change under a pattern that is too hard")
			continue
		}
		add(func(d *draft) { d.body = value }, mu.what, valid)
	}
}

// jsonFaults are faults of the text.
func (m *maker) jsonFaults(base *draft, add adder) {
	text := func(s string) *string { return &s }
	whole := jsonText(base.body)
	if len(whole) > 1 {
		// What is left of a number may be one, of anything else it is no JSON.
		short, valid, sure := whole[:len(whole)-1], false, true
		if doc, err := source.Parse("body.json", "", []byte(short)); err == nil {
			valid, sure = m.judge.valid(base.media.Schema, doc.Root)
		}
		if sure {
			add(func(d *draft) { d.bodyText = text(short) }, "a body that ends too early", valid)
		}
	}
	add(func(d *draft) { d.bodyText = text(whole + " x") }, "text behind the body", false)
	add(func(d *draft) { d.bodyText = text(" \t\r\n" + whole + "\n") }, "a body within white space", true)
	if !m.op.AllowDuplicateNames && base.body.Kind == source.Object && len(base.body.Items) > 0 {
		name := jsonText(str(base.body.Keys[0].Name))
		add(func(d *draft) { d.bodyText = text("{" + name + ":" + jsonText(base.body.Items[0]) + "," + whole[1:]) }, "a member twice", false)
	}
}
