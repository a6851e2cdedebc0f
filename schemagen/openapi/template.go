package openapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// template splits a path template (OpenAPI 3.1.1 section 4.8.2) into segments.
// Literals are percent-decoded. When it can't be matched exactly, ok is false
// and the finding is there.
func (w *walker) template(path string, n *source.Node) (segs []ir.Segment, ok bool) {
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		w.unenforceable(n, "path-query",
			fmt.Sprintf("found %q in the path %q, wanted a path alone", path[i], path), "declare query parameters as parameters")
		return nil, false
	}
	var names []string
	for _, text := range splitSegments(path) {
		seg, problem := parseSegment(text)
		if problem != "" {
			w.unenforceable(n, "path-template", fmt.Sprintf("found %s in the path %q, wanted a template", problem, path), "")
			return nil, false
		}
		for _, p := range seg.Parts {
			if p.Param == "" {
				continue
			}
			if slices.Contains(names, p.Param) {
				w.unenforceable(n, "path-template", fmt.Sprintf("found {%s} twice in the path %q, wanted each name once", p.Param, path), "")
				return nil, false
			}
			names = append(names, p.Param)
		}
		segs = append(segs, seg)
	}
	return segs, true
}

// splitSegments splits at the slashes outside braces. The slash in front is
// dropped; one at the end leaves an empty last segment.
func splitSegments(path string) []string {
	var out []string
	start, depth := 1, 0
	for i := 1; i < len(path); i++ {
		switch path[i] {
		case '{':
			depth++
		case '}':
			depth--
		case '/':
			if depth <= 0 {
				out = append(out, path[start:i])
				start = i + 1
			}
		}
	}
	return append(out, path[start:])
}

// parseSegment splits one segment into literals and expressions. problem says
// what is wrong with it, if anything.
func parseSegment(text string) (seg ir.Segment, problem string) {
	for text != "" {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			i = len(text)
		}
		if i > 0 {
			lit, ok := decodeLiteral(text[:i])
			switch {
			case !ok:
				return seg, fmt.Sprintf("the text %q, which no path can have,", text[:i])
			case i == len(text) && len(seg.Parts) == 0 && (lit == "." || lit == ".."):
				return seg, fmt.Sprintf("the segment %q, which clients take out,", lit)
			}
			seg.Parts = append(seg.Parts, ir.Part{Literal: lit})
			text = text[i:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if text[0] == '}' || end < 0 {
			return seg, "an unpaired brace"
		}
		name := text[1:end]
		switch {
		case name == "":
			return seg, "an expression without a name"
		case strings.ContainsAny(name, "{/"):
			return seg, "an unpaired brace"
		case strings.HasSuffix(name, "+") || strings.HasPrefix(name, "+") || strings.Contains(name, "="):
			return seg, fmt.Sprintf("the expression {%s}, which may hold slashes,", name)
		case len(seg.Parts) > 0 && seg.Parts[len(seg.Parts)-1].Param != "":
			return seg, "two expressions side by side"
		}
		seg.Parts = append(seg.Parts, ir.Part{Param: name})
		text = text[end+1:]
	}
	return seg, ""
}

// decodeLiteral percent-decodes a literal of a template. What no judged path
// can hold is refused (package route).
func decodeLiteral(text string) (string, bool) {
	out, err := url.PathUnescape(text)
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if err != nil || !utf8.ValidString(out) || strings.ContainsAny(out, "/\\") || strings.ContainsFunc(out, control) {
		return "", false
	}
	return out, true
}
