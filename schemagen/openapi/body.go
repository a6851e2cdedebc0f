package openapi

import (
	"fmt"
	"strings"

	"portcullis/schemagen/diag"
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
	if n.Get("itemSchema") != nil && w.version >= version32 {
		w.addMedia(b, m, ir.BodyNDJSON, n, "body-sequential")
		return
	}
	w.addJudged(b, m, n)
}

// addJudged adds a media type with the kind that its name has.
func (w *walker) addJudged(b *ir.Body, m *ir.Media, n *source.Node) {
	switch kind := kindOf(m.Range); kind {
	case ir.BodyJSON:
		m.Kind = kind
		b.Media = append(b.Media, m)
	case ir.BodyForm:
		w.addMedia(b, m, kind, n, "body-form")
	case ir.BodyMultipart:
		w.addMedia(b, m, kind, n, "body-multipart")
	case ir.BodyNDJSON:
		w.addMedia(b, m, kind, n, "body-sequential")
	case ir.BodyText:
		w.addMedia(b, m, kind, n, textCode(m.Schema, "body-text"))
	case ir.BodyBinary:
		w.addMedia(b, m, kind, n, textCode(m.Schema, "body-binary"))
	default:
		if strings.HasSuffix(m.Range, "*/*") && m.Schema != nil && textCode(m.Schema, "x") != "" {
			w.addAnyType(b, m, n)
			return
		}
		w.addMedia(b, m, ir.BodyOpaque, n, textCode(m.Schema, "body-opaque"))
	}
}

// addAnyType adds the range */* with a schema: JSON is judged by it, other
// types can't be.
func (w *walker) addAnyType(b *ir.Body, m *ir.Media, n *source.Node) {
	for _, r := range []string{"application/json", "application/*+json"} {
		b.Media = append(b.Media, &ir.Media{Range: r, Kind: ir.BodyJSON, Schema: m.Schema, Loc: m.Loc})
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
