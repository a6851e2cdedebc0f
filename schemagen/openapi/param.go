package openapi

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// mergeParams lists the parameters of a path item and of its operation, their
// references followed; an operation's stands in place of the path item's of
// the same name and place.
func (w *walker) mergeParams(shared, own *source.Node) []*source.Node {
	out := w.listParams(nil, shared, false)
	return w.listParams(out, own, true)
}

func (w *walker) listParams(out []*source.Node, list *source.Node, override bool) []*source.Node {
	if list == nil {
		return out
	}
	if list.Kind != source.Array {
		w.unenforceable(list, "parameter-invalid", fmt.Sprintf("found %s as parameters, wanted an array", list.Kind), "")
		return out
	}
	inherited := len(out)
	for _, item := range list.Items {
		n, ok := w.follow(item)
		if !ok {
			continue
		}
		if n.Kind != source.Object || n.Str("name") == "" && n.Str("in") != "body" {
			w.unenforceable(item, "parameter-invalid", "found a parameter without a name, wanted one", "")
			continue
		}
		i := slices.IndexFunc(out, func(m *source.Node) bool { return sameParam(m, n) })
		switch {
		case i < 0:
			out = append(out, n)
		case i < inherited && override:
			out[i] = n
		case out[i] == n:
			w.report(diag.Warning, item, "parameter-duplicate", fmt.Sprintf("found the parameter %q again, wanted it once", n.Str("name")), "")
		default:
			w.unenforceable(item, "parameter-duplicate", fmt.Sprintf("found another %s parameter %q, wanted one", n.Str("in"), n.Str("name")), "")
		}
	}
	return out
}

func sameParam(a, b *source.Node) bool {
	if a.Str("in") != b.Str("in") {
		return false
	}
	if a.Str("in") == "header" {
		return strings.EqualFold(a.Str("name"), b.Str("name"))
	}
	return a.Str("name") == b.Str("name")
}

// params reads the parameters of OpenAPI 3.
func (w *walker) params(list []*source.Node) {
	for _, n := range list {
		if p := w.param(n); p != nil {
			w.op.Params = append(w.op.Params, p)
		}
	}
}

var places = map[string]ir.In{
	"path": ir.InPath, "query": ir.InQuery, "header": ir.InHeader, "cookie": ir.InCookie, "querystring": ir.InQuerystring,
}

// newParam makes a parameter with what all versions have in common, or nil.
func (w *walker) newParam(n *source.Node) *ir.Param {
	in, ok := places[n.Str("in")]
	if !ok || in == ir.InQuerystring && w.version < version32 || in == ir.InCookie && w.version == version20 {
		w.unenforceable(n, "parameter-invalid", fmt.Sprintf("found a parameter in %q, wanted a place that the version has", n.Str("in")), "")
		return nil
	}
	p := &ir.Param{
		Name: n.Str("name"), In: in, Required: n.IsTrue("required") || in == ir.InPath,
		AllowReserved: n.IsTrue("allowReserved"), AllowEmptyValue: in == ir.InQuery && n.IsTrue("allowEmptyValue"),
		Deprecated: n.IsTrue("deprecated"), Node: n, Loc: loc(n),
	}
	if in == ir.InHeader {
		p.Name = strings.ToLower(p.Name)
		// OpenAPI 3.1.1 section 4.8.12.1: such definitions are ignored.
		if slices.Contains([]string{"accept", "content-type", "authorization"}, p.Name) {
			w.report(diag.Note, n, "parameter-ignored", fmt.Sprintf("found the header parameter %q, which OpenAPI ignores", n.Str("name")), "")
			return nil
		}
	}
	return p
}

func (w *walker) param(n *source.Node) *ir.Param {
	p := w.newParam(n)
	if p == nil {
		return nil
	}
	switch content := n.Get("content"); {
	case content != nil:
		if !w.paramContent(p, n, content) {
			return nil
		}
	default:
		if !w.paramStyle(p, n) {
			return nil
		}
		if s := n.Get("schema"); s != nil {
			p.Schema = w.opts.Lower(s, w.dialect)
		}
	}
	w.finishParam(p, n)
	return p
}

// styles is the styles of each place, the default first (OpenAPI 3.1.1
// section 4.8.12.2, 3.2.0 section 4.12.2).
var styles = map[ir.In][]string{
	ir.InPath:   {"simple", "label", "matrix"},
	ir.InQuery:  {"form", "spaceDelimited", "pipeDelimited", "deepObject"},
	ir.InHeader: {"simple"},
	ir.InCookie: {"form", "cookie"},
}

var styleOf = map[string]ir.Style{
	"simple": ir.StyleSimple, "label": ir.StyleLabel, "matrix": ir.StyleMatrix, "form": ir.StyleForm, "cookie": ir.StyleCookie,
	"spaceDelimited": ir.StyleSpaceDelimited, "pipeDelimited": ir.StylePipeDelimited, "deepObject": ir.StyleDeepObject,
}

// paramStyle sets style and explode.
func (w *walker) paramStyle(p *ir.Param, n *source.Node) bool {
	allowed := styles[p.In]
	if len(allowed) == 0 {
		w.unenforceable(n, "parameter-invalid", "found a parameter in querystring without content, wanted content", "")
		return false
	}
	style := n.Str("style")
	if style == "" {
		style = allowed[0]
	}
	if !slices.Contains(allowed, style) || style == "cookie" && w.version < version32 {
		w.unenforceable(n, "parameter-style", fmt.Sprintf("found the style %q of a %s parameter, wanted one of %s", style, n.Str("in"), strings.Join(allowed, ", ")), "")
		return false
	}
	p.Style = styleOf[style]
	p.Explode = p.Style == ir.StyleForm || p.Style == ir.StyleCookie
	if e := n.Get("explode"); e != nil {
		p.Explode = e.Kind == source.Bool && e.Bool
	}
	return true
}

// paramContent reads the one media type of a parameter's content.
func (w *walker) paramContent(p *ir.Param, n, content *source.Node) bool {
	if content.Kind != source.Object || len(content.Items) != 1 {
		w.unenforceable(n, "parameter-invalid", "found content that does not have exactly one media type, wanted one", "")
		return false
	}
	media, ok := w.follow(content.Items[0])
	if !ok {
		return false
	}
	if s := media.Get("schema"); s != nil {
		p.Schema = w.opts.Lower(s, w.dialect)
	}
	p.Style = ir.StyleContentText
	switch kind := kindOf(mediaRange(content.Keys[0].Name)); {
	case kind == ir.BodyJSON:
		p.Style = ir.StyleContentJSON
	case kind == ir.BodyForm && p.In == ir.InQuerystring:
		p.Style = ir.StyleContentForm
		for _, f := range w.encodings(media) {
			if f.Style == ir.StyleDeepObject || f.Style == 0 || f.Style == ir.StyleForm && f.Explode {
				continue // as the decoder reads fields that nothing is said of
			}
			w.unenforceable(n, "parameter-encoding", fmt.Sprintf("found an encoding of %q in a query string, wanted style form or deepObject", f.Name), waiveHint)
			return false
		}
	default:
		if t := w.shape(p.Schema); t != nil && t.Types&(ir.TypeArray|ir.TypeObject) != 0 {
			w.unenforceable(n, "parameter-content-type", fmt.Sprintf("found content of %s that is an array or object, wanted JSON or a scalar", content.Keys[0].Name), waiveHint)
			return false
		}
	}
	return true
}

// finishParam computes what the decoder needs to know of the schema.
func (w *walker) finishParam(p *ir.Param, n *source.Node) {
	if p.Style == ir.StyleContentJSON {
		return
	}
	p.Shape = w.shape(p.Schema)
	p.TypeOnly = p.Shape != nil && typeOnly(p.Schema, 0)
	if w.shapes.full {
		w.unenforceable(n, "parameter-shape", fmt.Sprintf("found schemas that combine in more than %d ways, wanted fewer", maxShapes), waiveHint)
	}
	if w.version == version20 {
		p.Shape = nested20(p.Shape, n)
	}
	w.checkStyleType(p, n)
}

// checkStyleType finds types for which the style is not defined (OpenAPI 3.1.1
// section 4.8.12.6, the cells that say n/a). Where a type with a meaning is
// among them, that one counts: a schema that does not say is an array or an
// object.
func (w *walker) checkStyleType(p *ir.Param, n *source.Node) {
	var want Types
	switch p.Style {
	case ir.StyleSpaceDelimited, ir.StylePipeDelimited, ir.StyleTabDelimited:
		want = ir.TypeArray | ir.TypeObject
	case ir.StyleDeepObject:
		want = ir.TypeObject | ir.TypeArray // arrays as tools write them: a[]=1
	default:
		return
	}
	if p.Shape == nil || p.Shape.Types == 0 {
		want = ir.TypeArray
		if p.Style == ir.StyleDeepObject {
			want = ir.TypeObject
		}
		p.Shape = &ir.Shape{Types: want, Open: true}
		return
	}
	if p.Shape.Types&want == 0 {
		// A lone scalar has no delimiter in it: it reads as in style form.
		if w.version != version20 {
			p.Style = ir.StyleForm
			w.report(diag.Note, n, "parameter-style-type", fmt.Sprintf("found the style %q for a type that it is not defined for: it is read as form", n.Str("style")), "")
			return
		}
		w.unenforceable(n, "parameter-style-type", fmt.Sprintf("found the style %q for a type that it is not defined for, wanted an array or an object", n.Str("style")), waiveHint)
	}
}

// checkPathParams compares the expressions of the path with the path
// parameters.
func (w *walker) checkPathParams(n *source.Node) {
	var names []string
	for _, s := range w.op.Segments {
		for _, p := range s.Parts {
			if p.Param != "" {
				names = append(names, p.Param)
			}
		}
	}
	kept := w.op.Params[:0]
	for _, p := range w.op.Params {
		if p.In == ir.InPath && !slices.Contains(names, p.Name) {
			w.report(diag.Warning, p.Node, "path-parameter-unused", fmt.Sprintf("found the path parameter %q, which the path does not have", p.Name), "")
			continue
		}
		kept = append(kept, p)
	}
	w.op.Params = kept
	for _, name := range names {
		if !slices.ContainsFunc(w.op.Params, func(p *ir.Param) bool { return p.In == ir.InPath && p.Name == name }) {
			w.report(diag.Warning, n, "path-parameter-undeclared", fmt.Sprintf("found {%s} in the path without a parameter, wanted one: any text matches it", name), "")
		}
	}
}
