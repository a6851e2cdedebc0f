package requests

import (
	"fmt"
	"regexp"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// encode percent-encodes all but the unreserved characters (RFC 3986 section
// 2.3).
func encode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// scalar is the text of a value that is neither array nor object.
func scalar(n *source.Node) (string, bool) {
	switch n.Kind {
	case source.Bool:
		return fmt.Sprint(n.Bool), true
	case source.Number, source.String:
		return n.Text, true
	}
	return "", false
}

// pieces is the texts of an array's items, or an object's names and values in
// turn. ok is false for parts that are no scalars.
func pieces(n *source.Node, raw func(string) string) (out []string, ok bool) {
	for i, item := range n.Items {
		text, ok := scalar(item)
		if !ok || text == "" {
			return nil, false
		}
		if n.Kind == source.Object {
			out = append(out, raw(n.Keys[i].Name))
		}
		out = append(out, raw(text))
	}
	return out, len(out) > 0
}

func same(s string) string { return s }

// pairs joins names and values by =.
func pairs(list []string) (out []string) {
	for i := 0; i+1 < len(list); i += 2 {
		out = append(out, list[i]+"="+list[i+1])
	}
	return out
}

// fragments is how a value of p is written: fields of a query or a cookie, or
// one text for paths and headers (OpenAPI 3.1.2 section 4.8.12).
func fragments(p *ir.Param, v *source.Node) (out []string, err error) {
	raw := encode
	if p.In == ir.InHeader || p.In == ir.InCookie {
		raw = same
	}
	named := func(text string) string { return encode(p.Name) + "=" + text }
	if p.In == ir.InCookie {
		named = func(text string) string { return p.Name + "=" + text }
	}
	if p.In == ir.InPath || p.In == ir.InHeader || p.In == ir.InQuerystring {
		named = same
	}
	switch p.Style {
	case ir.StyleContentJSON:
		return []string{named(raw(jsonText(v)))}, nil
	case ir.StyleContentText:
		text, ok := scalar(v)
		if !ok {
			return nil, cannot("content of a parameter that is neither JSON nor a scalar")
		}
		return []string{named(raw(text))}, nil
	case ir.StyleContentForm:
		list, ok := pieces(v, raw)
		if !ok || v.Kind != source.Object {
			return nil, cannot("a query that is a form with nested parts")
		}
		return pairs(list), nil
	case ir.StyleSimple, ir.StyleLabel, ir.StyleMatrix, ir.StyleForm, ir.StyleSpaceDelimited, ir.StylePipeDelimited, ir.StyleTabDelimited, ir.StyleDeepObject:
	default:
		return nil, cannot("a parameter of a style that is not written here")
	}
	if text, ok := scalar(v); ok {
		text = raw(text)
		switch p.Style {
		case ir.StyleLabel:
			text = "." + text
		case ir.StyleMatrix:
			text = ";" + encode(p.Name) + "=" + text
		}
		return []string{named(text)}, nil
	}
	if v.Kind == source.Null {
		return nil, cannot("a parameter that is null")
	}
	list, ok := pieces(v, raw)
	if !ok {
		return nil, cannot("a parameter with parts that are empty or no scalars")
	}
	object := v.Kind == source.Object
	if p.In == ir.InCookie && p.Explode {
		return nil, cannot("an array or object in a cookie with explode")
	}
	switch p.Style {
	case ir.StyleSimple:
		if object && p.Explode {
			list = pairs(list)
		}
		return []string{named(strings.Join(list, ","))}, nil
	case ir.StyleLabel:
		sep := ","
		if p.Explode {
			sep = "."
			if object {
				list = pairs(list)
			}
		}
		return []string{"." + strings.Join(list, sep)}, nil
	case ir.StyleMatrix:
		switch {
		case object && p.Explode:
			return []string{";" + strings.Join(pairs(list), ";")}, nil
		case p.Explode:
			return []string{";" + encode(p.Name) + "=" + strings.Join(list, ";"+encode(p.Name)+"=")}, nil
		}
		return []string{";" + encode(p.Name) + "=" + strings.Join(list, ",")}, nil
	case ir.StyleDeepObject:
		if !object {
			return nil, cannot("a deepObject that is no object")
		}
		for i := 0; i+1 < len(list); i += 2 {
			out = append(out, encode(p.Name)+"%5B"+list[i]+"%5D="+list[i+1])
		}
		return out, nil
	}
	if p.Explode && object {
		if p.Style != ir.StyleForm {
			return nil, cannot("an object in a delimited style")
		}
		return pairs(list), nil
	}
	if p.Explode {
		for _, x := range list {
			out = append(out, named(x))
		}
		return out, nil
	}
	if object && p.Style != ir.StyleForm {
		return nil, cannot("an object in a delimited style")
	}
	sep := map[ir.Style]string{ir.StyleForm: ",", ir.StyleSpaceDelimited: "%20", ir.StylePipeDelimited: "%7C", ir.StyleTabDelimited: "%09"}[p.Style]
	return []string{named(strings.Join(list, sep))}, nil
}

// fits reports whether a value can stand where p is without being taken for
// something else: what a style or a place gives a meaning is not in it.
func fits(p *ir.Param, v *source.Node) bool {
	safe := func(s string, not string) bool { return s != "" && !strings.ContainsAny(s, not) }
	if text, ok := scalar(v); ok {
		switch p.In {
		case ir.InPath:
			return text != "" && text != "." && text != ".." && isPlain(text) && !strings.ContainsAny(text, "/;") &&
				(p.Style != ir.StyleLabel && p.Style != ir.StyleMatrix || !strings.ContainsAny(text, ".,"))
		case ir.InHeader:
			return isPlain(text)
		case ir.InCookie:
			return isPlain(text)
		}
		return text != "" && text != "null" && !strings.Contains(text, "\x00")
	}
	if p.Style == ir.StyleContentJSON {
		return p.In == ir.InQuery || p.In == ir.InQuerystring
	}
	for i, item := range v.Items {
		text, ok := scalar(item)
		if !ok || !safe(text, " ,.;=&|/[]") || !isPlain(text) {
			return false
		}
		if v.Kind == source.Object && (!isPlain(v.Keys[i].Name) || !safe(v.Keys[i].Name, " ,.;=&|/[]")) {
			return false
		}
	}
	return true
}

// readings is what a decoder may make of the texts in v: each text a string, and
// what it is as a JSON scalar. nil: too many.
func readings(v *source.Node) []*source.Node {
	switch v.Kind {
	case source.Array, source.Object:
		out := []*source.Node{{Kind: v.Kind}}
		for i, item := range v.Items {
			var next []*source.Node
			for _, r := range readings(item) {
				for _, prefix := range out {
					c := clone(prefix)
					if v.Kind == source.Object {
						set(c, v.Keys[i].Name, clone(r))
					} else {
						c.Append(clone(r))
					}
					next = append(next, c)
				}
			}
			if out = next; len(out) > 128 || len(out) == 0 {
				return nil
			}
		}
		return out
	}
	text, ok := scalar(v)
	if !ok {
		return nil
	}
	out := []*source.Node{str(text)}
	switch {
	case text == "true" || text == "false":
		out = append(out, &source.Node{Kind: source.Bool, Bool: text == "true"})
	case text == "null":
		out = append(out, &source.Node{Kind: source.Null})
	case jsonNumber.MatchString(text):
		out = append(out, num(text))
	}
	return out
}
