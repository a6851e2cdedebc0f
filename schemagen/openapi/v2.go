package openapi

import (
	"fmt"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// params20 reads the parameters of OpenAPI 2.0 that are not the body. Their
// schema stands in the parameter itself.
func (w *walker) params20(list []*source.Node) {
	for _, n := range list {
		switch n.Str("in") {
		case "body", "formData":
			continue
		}
		p := w.newParam(n)
		if p == nil {
			continue
		}
		if n.Get("type") == nil {
			w.report(diag.Warning, n, "parameter-no-type", fmt.Sprintf("found the parameter %q without a type, wanted one: any text matches it", p.Name), "")
		}
		if s := n.Get("schema"); s != nil && n.Get("type") == nil {
			p.Schema = w.opts.Lower(s, w.dialect)
		} else {
			p.Schema = w.opts.Lower(schema20(n), w.dialect)
		}
		w.collection(p, n)
		w.finishParam(p, n)
		w.op.Params = append(w.op.Params, p)
	}
}

// notSchema is the members of a 2.0 parameter that its schema does not have.
var notSchema = map[string]bool{
	"name": true, "in": true, "required": true, "description": true, "collectionFormat": true, "allowEmptyValue": true,
	"example": true, "examples": true,
}

// schema20 is the schema inside a 2.0 parameter: a copy without the
// parameter's own members, at the same place.
func schema20(n *source.Node) *source.Node {
	s := &source.Node{Kind: source.Object, Pos: n.Pos, Parent: n.Parent, Name: n.Name, Doc: n.Doc}
	for i, k := range n.Keys {
		if !notSchema[k.Name] {
			s.Keys, s.Items = append(s.Keys, k), append(s.Items, n.Items[i])
		}
	}
	return s
}

// collection sets style and explode from collectionFormat (OpenAPI 2.0,
// Parameter Object).
func (w *walker) collection(p *ir.Param, n *source.Node) {
	p.Style = ir.StyleSimple
	if p.In == ir.InQuery {
		p.Style = ir.StyleForm
	}
	if n.Str("type") != "array" {
		return
	}
	style, explode, ok := w.collectionFormat(n, p.In == ir.InQuery)
	if ok && style != 0 {
		p.Style, p.Explode = style, explode
	}
}

// collectionFormat is the style of an array, 0 for the place's default.
func (w *walker) collectionFormat(n *source.Node, multi bool) (style ir.Style, explode, ok bool) {
	switch f := n.Str("collectionFormat"); f {
	case "", "csv":
		return 0, false, true
	case "ssv":
		return ir.StyleSpaceDelimited, false, true
	case "tsv":
		return ir.StyleTabDelimited, false, true
	case "pipes":
		return ir.StylePipeDelimited, false, true
	case "multi":
		if multi {
			return ir.StyleForm, true, true
		}
		fallthrough
	default:
		w.unenforceable(n, "parameter-style", fmt.Sprintf("found the collectionFormat %q of a %s parameter, wanted one that it may have", f, n.Str("in")), "")
		return 0, false, false
	}
}

// nested20 is shape with the collectionFormat of the items of n, which are arrays
// themselves (OpenAPI 2.0, Items Object).
func nested20(shape *ir.Shape, n *source.Node) *ir.Shape {
	items := n.Get("items")
	if shape == nil || shape.Items == nil || items.Str("type") != "array" {
		return shape
	}
	out, inner := *shape, *shape.Items
	switch items.Str("collectionFormat") {
	case "ssv":
		inner.Separator = ' '
	case "tsv":
		inner.Separator = '\t'
	case "pipes":
		inner.Separator = '|'
	default:
		inner.Separator = ','
	}
	out.Items = nested20(&inner, items)
	return &out
}

// body20 reads the body of OpenAPI 2.0: a body parameter, or the formData ones.
func (w *walker) body20(list []*source.Node) {
	defer w.strictly()()
	var body *source.Node
	var form []*source.Node
	for _, n := range list {
		switch n.Str("in") {
		case "body":
			if body != nil {
				w.unenforceable(n, "parameter-invalid", "found a second body parameter, wanted one", "")
			}
			body = n
		case "formData":
			form = append(form, n)
		}
	}
	switch {
	case body != nil && form != nil:
		w.unenforceable(body, "parameter-invalid", "found both body and formData parameters, wanted one of them", "")
	case body != nil:
		w.jsonBody20(body)
	case form != nil:
		w.formBody20(form)
	}
}

// consumes is the media types of the operation, with where they stand.
func (w *walker) consumes() []*source.Node {
	list := w.op.Node.Get("consumes")
	if list == nil {
		list = w.root.Get("consumes")
	}
	if list == nil || list.Kind != source.Array {
		return nil
	}
	return list.Items
}

func (w *walker) jsonBody20(n *source.Node) {
	b := &ir.Body{Required: n.IsTrue("required"), Loc: loc(n)}
	w.op.Body = b
	var schema *ir.Schema
	if s := n.Get("schema"); s != nil {
		schema = w.opts.Lower(s, w.dialect)
	}
	types := w.consumes()
	if len(types) == 0 {
		w.report(diag.Note, n, "consumes-missing", "found a body without consumes, wanted media types: application/json is taken", "")
		b.Media = append(b.Media, &ir.Media{Range: "application/json", Kind: ir.BodyJSON, Schema: schema, Loc: loc(n)})
		return
	}
	for _, t := range types {
		m := &ir.Media{Range: mediaRange(t.Text), Schema: schema, Loc: loc(n)}
		switch kind := kindOf(m.Range); {
		case m.Range == "":
			w.add(t, "body-media-type", fmt.Sprintf("found the media type %q, wanted type/subtype", t.Text), "")
		case kind == ir.BodyForm || kind == ir.BodyMultipart:
			// The body parameter can't describe forms (Parameter Object, "in").
			w.addMedia(b, m, ir.BodyOpaque, t, "body-opaque")
		default:
			w.addJudged(b, m, t)
		}
	}
	w.finishBody(b)
}

// formBody20 makes one object schema of the formData parameters.
func (w *walker) formBody20(form []*source.Node) {
	b := &ir.Body{Loc: loc(form[0])}
	w.op.Body = b
	first := form[0]
	at := func(kind source.Kind, text string) *source.Node {
		return &source.Node{Kind: kind, Text: text, Pos: first.Pos, Parent: first.Parent, Name: first.Name, Doc: first.Doc}
	}
	schema, props, required := at(source.Object, ""), at(source.Object, ""), at(source.Array, "")
	hasFile := false
	var fields []*ir.Field
	for _, n := range form {
		name := n.Str("name")
		prop := schema20(n)
		if n.Str("type") == "file" {
			hasFile = true
			prop = at(source.Object, "")
		}
		if n.Str("type") == "array" {
			style, explode, _ := w.collectionFormat(n, true)
			if style == 0 {
				style = ir.StyleForm
			}
			fields = append(fields, &ir.Field{Name: name, Style: style, Explode: explode})
		}
		props.Keys, props.Items = append(props.Keys, source.Key{Name: name, Pos: n.Pos}), append(props.Items, prop)
		if n.IsTrue("required") {
			b.Required = true
			required.Items = append(required.Items, at(source.String, name))
		}
	}
	schema.Keys = []source.Key{{Name: "type"}, {Name: "properties"}}
	schema.Items = []*source.Node{at(source.String, "object"), props}
	if len(required.Items) > 0 {
		schema.Keys, schema.Items = append(schema.Keys, source.Key{Name: "required"}), append(schema.Items, required)
	}
	lowered := w.opts.Lower(schema, w.dialect)

	ranges := []string{}
	for _, t := range w.consumes() {
		if r := mediaRange(t.Text); kindOf(r) == ir.BodyMultipart || kindOf(r) == ir.BodyForm && !hasFile {
			ranges = append(ranges, r)
		}
	}
	if len(ranges) == 0 {
		ranges = []string{"application/x-www-form-urlencoded", "multipart/form-data"}
		if hasFile {
			ranges = ranges[1:]
		}
	}
	for _, r := range ranges {
		w.addJudged(b, &ir.Media{Range: r, Schema: lowered, Fields: fields, Loc: loc(first)}, first)
	}
	w.finishBody(b)
}
