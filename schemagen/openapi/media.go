package openapi

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// foldMedia leaves one entry for each media range: the filter does not look at
// the parameters of a media type. Entries that differ in those alone and say the
// same are one; where they say different things the range can't be judged, and
// there is a finding with this code. What */* says of a range gives way to what
// stands there for the range itself (OpenAPI 3.1.1 section 4.8.13: the most
// specific key applies).
func (w *walker) foldMedia(list []*ir.Media, code string) (out []*ir.Media) {
	for _, m := range list {
		i := slices.IndexFunc(out, func(e *ir.Media) bool { return e.Range == m.Range })
		switch {
		case i < 0:
			out = append(out, m)
		case ofAny(m):
		case ofAny(out[i]):
			out[i] = m
		case m.Schema == nil && out[i].Schema == nil && m.Action == out[i].Action: // nothing of either is judged
		case !sameMedia(out[i], m):
			w.ambiguous(out[i], m, code)
		}
	}
	return out
}

// ofAny reports an entry that was made of the key */*.
func ofAny(m *ir.Media) bool {
	return m.Loc.Node != nil && strings.HasPrefix(m.Loc.Node.Name, "*") && !strings.HasPrefix(m.Range, "*")
}

func sameMedia(a, b *ir.Media) bool {
	if a.Loc.Node == nil || b.Loc.Node == nil {
		return a.Schema == b.Schema
	}
	for _, name := range []string{"schema", "itemSchema", "encoding", "prefixEncoding", "itemEncoding"} {
		if !equal(a.Loc.Node.Get(name), b.Loc.Node.Get(name)) {
			return false
		}
	}
	return true
}

// ambiguous makes e, which a second entry of its range contradicts, one that
// can't be judged: it is denied, or what the policy says. Waived, the first
// entry counts.
func (w *walker) ambiguous(e, second *ir.Media, code string) {
	if e.Kind == ir.BodyOpaque && slices.Contains(e.Unenforceable, code) {
		return // of a third
	}
	message := fmt.Sprintf("found media types that differ in their parameters alone (%s), which are not looked at, and that say different things, wanted one", e.Range)
	if w.opts.MediaAction != nil {
		if a := w.opts.MediaAction(w.op, e.Range); a != 0 {
			e.Kind, e.Action, e.Shape, e.Fields = ir.BodyOpaque, a, nil, nil
			e.Schema = nil
			return
		}
	}
	if w.add(second.Loc.Node, code, message, "say the same of all versions, or say in the policy's mediaTypes whether it is denied or passes unjudged; waived, the first one counts") {
		e.Kind, e.Action, e.Shape, e.Fields = ir.BodyOpaque, ir.ActionDeny, nil, nil
		e.Schema = nil
		e.Unenforceable = append(e.Unenforceable, code)
	}
}

// equal compares two values of a description by their text.
func equal(a, b *source.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Text != b.Text || a.Bool != b.Bool || len(a.Items) != len(b.Items) {
		return false
	}
	for i := range a.Items {
		if a.Kind == source.Object && a.Keys[i].Name != b.Keys[i].Name || !equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	return true
}
