package openapi

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// body reads the requestBody of OpenAPI 3.
func (w *walker) body(n *source.Node) {
	if n == nil {
		return
	}
	target, ok := w.follow(n)
	if !ok {
		return
	}
	b := &ir.Body{Required: target.IsTrue("required"), Loc: loc(target)}
	w.op.Body = b
	defer w.strictly()()
	content := target.Get("content")
	if content == nil || content.Kind != source.Object || len(content.Items) == 0 {
		w.unenforceable(target, "body-no-content", "found a request body without content, wanted at least one media type", "")
		return
	}
	for i, item := range content.Items {
		media, ok := w.follow(item)
		if !ok {
			continue
		}
		w.media(b, content.Keys[i].Name, media)
	}
	w.finishBody(b)
}

// strictly makes schemas judge bodies as the policy has it, until the function that it
// returns is called.
func (w *walker) strictly() func() {
	r := w.op.BodyRules
	if r == (ir.BodyRules{}) || w.opts.LowerBody == nil {
		return func() {}
	}
	request := w.opts.Lower
	w.opts.Lower = func(n *source.Node, d dialect.Dialect) *ir.Schema { return w.opts.LowerBody(n, d, r) }
	return func() { w.opts.Lower = request }
}

// media adds what one media type object says to b.
func (w *walker) media(b *ir.Body, name string, n *source.Node) {
	m := &ir.Media{Range: mediaRange(name), Loc: loc(n)}
	if m.Range == "" {
		w.add(n, "body-media-type", fmt.Sprintf("found the media type %q, wanted type/subtype", name), "")
		return
	}
	if s := n.Get("schema"); s != nil {
		m.Schema = w.opts.Lower(s, w.dialect)
	}
	if item := n.Get("itemSchema"); item != nil && w.version >= version32 {
		if kindOf(m.Range) != ir.BodyNDJSON {
			w.addMedia(b, m, ir.BodyOpaque, n, "body-sequential")
			return
		}
		items := w.opts.Lower(item, w.dialect)
		switch {
		case m.Schema == nil:
			m.Schema = items
		default: // OpenAPI 3.2.0 section 4.14.2: the one is for the items, the other for all of them
			m.Schema = &ir.Schema{Loc: m.Loc, AllOf: []*ir.Schema{m.Schema}, AllOfLoc: m.Loc, Items: items, ItemsLoc: loc(item), ItemsKeyword: "itemSchema"}
			m.Sequence = true
		}
	} else if kindOf(m.Range) == ir.BodyNDJSON && m.Schema != nil {
		t := w.shapes.typesOf(m.Schema)
		m.Sequence = t.known && t.types&ir.TypeArray != 0 && t.types&ir.TypeObject == 0
	}
	m.Fields = w.encodings(n)
	if w.positional(n) {
		w.addMedia(b, m, ir.BodyOpaque, n, "body-positional")
		return
	}
	w.addJudged(b, m, n)
}

// positional reports encodings of the parts of a multipart body that have no names
// (OpenAPI 3.2.0 section 4.14.5.1): there is no reader for those.
func (w *walker) positional(n *source.Node) bool {
	return w.version >= version32 && (n.Get("prefixEncoding") != nil || n.Get("itemEncoding") != nil)
}

// encodings reads what a media type object says of the fields of a form
// (OpenAPI 3.1.2 section 4.8.15). Fields of which nothing is said are read by
// their shape.
func (w *walker) encodings(n *source.Node) (out []*ir.Field) {
	list := n.Get("encoding")
	if list == nil {
		return nil
	}
	if list.Kind != source.Object {
		w.unenforceable(list, "encoding-invalid", fmt.Sprintf("found %s as encoding, wanted an object", list.Kind), "")
		return nil
	}
	for i, item := range list.Items {
		e, ok := w.follow(item)
		if !ok {
			continue
		}
		if e.Kind != source.Object {
			w.unenforceable(item, "encoding-invalid", fmt.Sprintf("found %s as the encoding of the field %q, wanted an object", e.Kind, list.Keys[i].Name), "")
			continue
		}
		out = append(out, w.encoding(list.Keys[i].Name, e))
	}
	return out
}

func (w *walker) encoding(name string, e *source.Node) *ir.Field {
	f := &ir.Field{Name: name}
	if t := e.Get("contentType"); t != nil && t.Kind == source.String {
		for _, r := range strings.Split(t.Text, ",") {
			if r = mediaRange(r); r != "" {
				f.ContentTypes = append(f.ContentTypes, r)
			} else {
				w.report(diag.Warning, t, "encoding-content-type", fmt.Sprintf("found %q as the content type of the field %q, wanted media ranges", t.Text, name), "")
			}
		}
	}
	if e.Get("style") != nil || e.Get("explode") != nil || e.Get("allowReserved") != nil {
		style := e.Str("style")
		if style == "" {
			style = "form"
		}
		if !slices.Contains(styles[ir.InQuery], style) {
			w.unenforceable(e, "parameter-style", fmt.Sprintf("found the style %q of the field %q, wanted one of %s", style, name, strings.Join(styles[ir.InQuery], ", ")), "")
			style = "form"
		}
		f.Style, f.Explode = styleOf[style], style == "form"
		if x := e.Get("explode"); x != nil {
			f.Explode = x.Kind == source.Bool && x.Bool
		}
	}
	if headers := e.Get("headers"); headers != nil && headers.Kind == source.Object {
		for i, item := range headers.Items {
			if h := w.partHeader(headers.Keys[i].Name, item); h != nil {
				f.Headers = append(f.Headers, h)
			}
		}
	}
	return f
}

// partHeader reads a Header Object: a parameter without name and place.
func (w *walker) partHeader(name string, item *source.Node) *ir.Param {
	n, ok := w.follow(item)
	if !ok || n.Kind != source.Object || strings.EqualFold(name, "content-type") {
		return nil
	}
	p := &ir.Param{Name: strings.ToLower(name), In: ir.InHeader, Style: ir.StyleSimple, Required: n.IsTrue("required"), Explode: n.IsTrue("explode"), Node: n, Loc: loc(n)}
	if content := n.Get("content"); content != nil {
		if !w.paramContent(p, n, content) {
			return nil
		}
	} else if s := n.Get("schema"); s != nil {
		p.Schema = w.opts.Lower(s, w.dialect)
	}
	w.finishParam(p, n)
	return p
}

// addJudged adds a media type with the kind that its name has.
func (w *walker) addJudged(b *ir.Body, m *ir.Media, n *source.Node) {
	switch kind := kindOf(m.Range); kind {
	case ir.BodyForm, ir.BodyMultipart:
		m.Shape = w.shape(m.Schema)
		if m.Shape != nil && m.Shape.Types&ir.TypeObject == 0 {
			// A form is an object, whatever the schema says or leaves unsaid.
			c := *m.Shape
			c.Types = ir.TypeObject
			m.Shape = &c
		}
		if kind == ir.BodyForm || w.version == version30 || w.version == version20 {
			for _, f := range m.Fields {
				if kind == ir.BodyForm {
					f.Headers = nil
				} else if w.version == version30 {
					f.Style, f.Explode = 0, false // OpenAPI 3.0.4 section 4.7.15.1.2: ignored
				}
			}
		}
		w.addMedia(b, m, kind, n, "body-form")
	case ir.BodyText, ir.BodyBinary:
		if m.Schema != nil && !isFree(m.Schema, 0) {
			m.Shape = w.shape(m.Schema)
		}
		w.addMedia(b, m, kind, n, textCode(m.Schema, "body-text"))
	case ir.BodyJSON, ir.BodyNDJSON:
		m.Kind = kind
		b.Media = append(b.Media, m)
	default:
		if strings.HasSuffix(m.Range, "*/*") && m.Schema != nil && textCode(m.Schema, "x") != "" {
			w.addAnyType(b, m, n)
			return
		}
		w.addMedia(b, m, ir.BodyOpaque, n, textCode(m.Schema, "body-opaque"))
	}
	if w.shapes.full {
		w.unenforceable(n, "parameter-shape", fmt.Sprintf("found schemas that combine in more than %d ways, wanted fewer", maxShapes), waiveHint)
	}
}

// addAnyType adds the range */* with a schema: JSON is judged by it, other
// types can't be.
func (w *walker) addAnyType(b *ir.Body, m *ir.Media, n *source.Node) {
	for _, r := range []string{"application/json", "application/*+json"} {
		b.Media = append(b.Media, &ir.Media{Range: r, Kind: ir.BodyJSON, Schema: m.Schema, Loc: m.Loc})
	}
	for _, r := range []string{"application/x-www-form-urlencoded", "multipart/form-data"} {
		w.addJudged(b, &ir.Media{Range: r, Schema: m.Schema, Fields: m.Fields, Loc: m.Loc}, n)
	}
	w.addMedia(b, &ir.Media{Range: m.Range, Loc: m.Loc}, ir.BodyOpaque, n, "body-any-type")
}

// addMedia adds m. When gap code stands, it becomes opaque: passed or denied
// as the policy says, otherwise denied with a finding.
func (w *walker) addMedia(b *ir.Body, m *ir.Media, kind ir.BodyKind, n *source.Node, code string) {
	m.Kind = kind
	b.Media = append(b.Media, m)
	g, isGap := gaps[code]
	if code == "" { // nothing to judge: presence, size and type are all there is
		m.Kind, m.Schema, m.Action = ir.BodyOpaque, nil, ir.ActionPass
		return
	}
	if !isGap {
		return
	}
	m.Kind, m.Action = ir.BodyOpaque, ir.ActionDeny
	if w.opts.MediaAction != nil {
		if a := w.opts.MediaAction(w.op, m.Range); a != 0 {
			m.Action = a
			w.report(diag.Note, n, code, fmt.Sprintf("%s (%s): the policy settles it", g.message, m.Range), "")
			return
		}
	}
	if w.add(n, code, fmt.Sprintf("%s (%s), wanted one that can be judged", g.message, m.Range), g.hint) {
		m.Unenforceable = append(m.Unenforceable, code)
	} else {
		m.Action = ir.ActionPass
	}
}

// textCode is code unless the schema says nothing about bytes: without
// keywords besides type string and its binary formats there is nothing to
// judge.
func textCode(s *ir.Schema, code string) string {
	if isFree(s, 0) {
		return ""
	}
	return code
}

// typeOnly reports that s asks for scalar types and for nothing else of a
// scalar.
func typeOnly(s *ir.Schema, depth int) bool {
	if s == nil || s.Bool != nil || depth > 8 || s.Types&(ir.TypeArray|ir.TypeObject) != 0 || s.Types == 0 && len(s.Refs) == 0 {
		return false
	}
	if len(s.Unenforceable) > 0 || s.Enum != nil || s.Pattern != nil || s.Format != nil || s.MinLength != nil || s.MaxLength != nil ||
		s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil ||
		s.Not != nil || s.If != nil || len(s.AllOf)+len(s.AnyOf)+len(s.OneOf) > 0 || s.Discriminator != nil {
		return false
	}
	for _, r := range s.Refs {
		if s.Types != 0 || !typeOnly(r.Target, depth+1) {
			return false
		}
	}
	return true
}

// isFree reports that s accepts every string.
func isFree(s *ir.Schema, depth int) bool {
	if s == nil || s.Bool != nil && *s.Bool {
		return true
	}
	if depth > 8 || s.Bool != nil || len(s.Unenforceable) > 0 {
		return false
	}
	if s.Types != 0 && s.Types&ir.TypeString == 0 || s.Enum != nil || s.Pattern != nil ||
		s.MinLength != nil || s.MaxLength != nil || s.Not != nil || s.If != nil || len(s.AnyOf) > 0 || len(s.OneOf) > 0 {
		return false
	}
	if s.Format != nil && s.Format.Name != "binary" && s.Format.Name != "byte" {
		return false
	}
	for _, r := range s.Refs {
		if !isFree(r.Target, depth+1) {
			return false
		}
	}
	for _, a := range s.AllOf {
		if !isFree(a, depth+1) {
			return false
		}
	}
	return true
}

// finishBody denies the operation when none of its media types can be judged.
func (w *walker) finishBody(b *ir.Body) {
	if len(b.Media) == 0 {
		w.op.Unenforceable = append(w.op.Unenforceable, "body-no-content")
		return
	}
	b.Media = w.foldMedia(b.Media, "body-media-parameters")
	for _, m := range b.Media {
		if len(m.Unenforceable) == 0 {
			return
		}
	}
	w.op.Unenforceable = append(w.op.Unenforceable, b.Media[0].Unenforceable...)
}

// mediaRange is a media type in lower case without parameters, or "" when it
// is none.
func mediaRange(name string) string {
	r, _, _ := strings.Cut(strings.ToLower(name), ";")
	r = strings.TrimSpace(r)
	main, sub, ok := strings.Cut(r, "/")
	if !ok || main == "" || sub == "" || strings.ContainsAny(r, " \t,\"()<>@:\\[]?={}") || strings.Contains(sub, "/") {
		if r == "*" {
			return "*/*"
		}
		return ""
	}
	return r
}

// kindOf is how bodies of a media range are read.
func kindOf(r string) ir.BodyKind {
	main, sub, _ := strings.Cut(r, "/")
	switch {
	case r == "application/json", r == "text/json", strings.HasSuffix(sub, "+json"):
		return ir.BodyJSON
	case r == "application/x-www-form-urlencoded":
		return ir.BodyForm
	case r == "multipart/form-data":
		return ir.BodyMultipart
	case sub == "x-ndjson", sub == "jsonl", sub == "x-jsonlines", sub == "jsonlines", sub == "ndjson", strings.HasSuffix(sub, "json-seq"):
		return ir.BodyNDJSON
	case strings.HasSuffix(sub, "xml") || strings.HasSuffix(sub, "yaml") || main == "multipart" || main == "*":
		return ir.BodyOpaque
	case main == "text":
		return ir.BodyText
	case main == "image", main == "audio", main == "video", main == "font", r == "application/octet-stream":
		return ir.BodyBinary
	}
	return ir.BodyOpaque
}
