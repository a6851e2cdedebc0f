package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// responses reads what the operation n may be answered with, where the policy
// asks for it. Schemas mean something else in responses: readOnly and writeOnly.
func (w *walker) responses(n *source.Node) {
	r := w.op.Responses
	if r == nil || w.opts.LowerResponse == nil {
		w.op.Responses = nil
		return
	}
	request := w.opts.Lower
	w.opts.Lower = func(n *source.Node, d dialect.Dialect) *ir.Schema { return w.opts.LowerResponse(n, d, r.Closed) }
	defer func() { w.opts.Lower = request }()
	list := n.Get("responses")
	if list == nil || list.Kind != source.Object {
		w.report(diag.Warning, n, "response-none", "found no responses although they are to be judged, wanted at least one: every response will be refused", "")
		return
	}
	for i, item := range list.Items {
		name := list.Keys[i].Name
		if strings.HasPrefix(name, "x-") {
			continue
		}
		from, to, ok := statuses(name, w.version)
		if !ok {
			w.report(diag.Warning, item, "response-status", fmt.Sprintf("found the response %q, wanted a status from 100 to 599, a range such as 2XX, or default", name), "")
			continue
		}
		if target, ok := w.follow(item); ok && target.Kind == source.Object {
			r.List = append(r.List, w.response(from, to, target))
		}
	}
	slices.SortStableFunc(r.List, func(a, b *ir.Response) int { return int(a.To-a.From) - int(b.To-b.From) })
}

// statuses is what a key of the responses object stands for (OpenAPI 3.1.2
// section 4.8.16). 2.0 has no ranges.
func statuses(name string, v version) (from, to uint16, ok bool) {
	if name == "default" {
		return 100, 599, true
	}
	if len(name) == 3 && name[0] >= '1' && name[0] <= '5' && strings.EqualFold(name[1:], "xx") && v != version20 {
		from = uint16(name[0]-'0') * 100
		return from, from + 99, true
	}
	s, err := strconv.ParseUint(name, 10, 16)
	return uint16(s), uint16(s), err == nil && len(name) == 3 && s >= 100 && s <= 599
}

func (w *walker) response(from, to uint16, n *source.Node) *ir.Response {
	r := &ir.Response{From: from, To: to, Node: n, Loc: loc(n)}
	if headers := n.Get("headers"); headers != nil && headers.Kind == source.Object {
		for i, item := range headers.Items {
			h := w.responseHeader(headers.Keys[i].Name, item)
			if h != nil && !slices.ContainsFunc(r.Headers, func(p *ir.Param) bool { return p.Name == h.Name }) {
				r.Headers = append(r.Headers, h)
			}
		}
	}
	if len(r.Headers) > maxParams {
		w.unenforceable(n, "parameter-count", fmt.Sprintf("found %d header fields of a response, wanted at most %d", len(r.Headers), maxParams), "")
	}
	if w.version == version20 {
		w.content20(r, n)
		r.Media = w.foldMedia(r.Media, "response-media-parameters")
		return r
	}
	content := n.Get("content")
	if content == nil || content.Kind != source.Object {
		return r
	}
	for i, item := range content.Items {
		if media, ok := w.follow(item); ok {
			w.responseMedia(r, content.Keys[i].Name, media.Get("schema"), media.Get("itemSchema") != nil, media)
		}
	}
	r.Media = w.foldMedia(r.Media, "response-media-parameters")
	return r
}

func (w *walker) responseHeader(name string, item *source.Node) *ir.Param {
	if w.version != version20 {
		return w.partHeader(name, item)
	}
	p := &ir.Param{Name: strings.ToLower(name), In: ir.InHeader, Style: ir.StyleSimple, Node: item, Loc: loc(item)}
	if item.Kind != source.Object || p.Name == "content-type" {
		return nil
	}
	p.Schema = w.opts.Lower(schema20(item), w.dialect)
	w.collection(p, item)
	w.finishParam(p, item)
	return p
}

// content20 makes media types of schema and produces. Without a schema there is
// no content (OpenAPI 2.0, Response Object).
func (w *walker) content20(r *ir.Response, n *source.Node) {
	schema := n.Get("schema")
	if schema == nil {
		return
	}
	list := w.op.Node.Get("produces")
	if list == nil {
		list = w.root.Get("produces")
	}
	if list == nil || list.Kind != source.Array || len(list.Items) == 0 {
		w.report(diag.Note, n, "produces-missing", "found a response without produces, wanted media types: application/json is taken", "")
		w.responseMedia(r, "application/json", schema, false, n)
		return
	}
	for _, t := range list.Items {
		s := schema
		if s.Str("type") == "file" {
			s = nil
		}
		w.responseMedia(r, t.Text, s, false, n)
	}
}

// responseMedia adds a media type of a response. JSON is judged; streams pass as
// they are; of others the type alone is judged, and a schema that says more is a
// finding.
func (w *walker) responseMedia(r *ir.Response, name string, schema *source.Node, sequence bool, n *source.Node) {
	m := &ir.Media{Range: mediaRange(name), Action: ir.ActionPass, Loc: loc(n)}
	if m.Range == "" {
		w.add(n, "response-media-type", fmt.Sprintf("found the media type %q of a response, wanted type/subtype", name), "")
		return
	}
	if schema != nil {
		m.Schema = w.opts.Lower(schema, w.dialect)
	}
	m.Kind = kindOf(m.Range)
	switch {
	case m.Kind == ir.BodyJSON:
	case m.Kind == ir.BodyNDJSON, sequence, m.Range == "text/event-stream":
		m.Kind, m.Schema = ir.BodyNDJSON, nil
	case strings.HasSuffix(m.Range, "*/*") && schema != nil:
		for _, json := range []string{"application/json", "application/*+json"} {
			r.Media = append(r.Media, &ir.Media{Range: json, Kind: ir.BodyJSON, Schema: m.Schema, Action: ir.ActionPass, Loc: m.Loc})
		}
		fallthrough
	default:
		m.Kind = ir.BodyOpaque
		if textCode(m.Schema, "x") != "" {
			w.responseGap(m, n)
		}
		m.Schema = nil
	}
	r.Media = append(r.Media, m)
}

// responseGap settles a media type whose schema can't be judged: by the policy,
// or else it is refused, with a finding.
func (w *walker) responseGap(m *ir.Media, n *source.Node) {
	const code = "response-opaque"
	message := fmt.Sprintf("found a response that is not JSON, with a schema (%s)", m.Range)
	if w.opts.MediaAction != nil {
		if a := w.opts.MediaAction(w.op, m.Range); a != 0 {
			m.Action = a
			w.report(diag.Note, n, code, message+": the policy settles it", "")
			return
		}
	}
	if w.add(n, code, message+", wanted one that can be judged", bodyHint) {
		m.Action = ir.ActionDeny
	}
}
