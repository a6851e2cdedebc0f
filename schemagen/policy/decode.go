package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/source"
)

// decoder reads settings strictly and reports each defect at its place.
type decoder struct {
	diags *diag.List
}

func (d *decoder) errorf(n *source.Node, code, format string, args ...any) {
	d.diags.Add(diag.Diagnostic{Code: code, Severity: diag.Error, Message: fmt.Sprintf(format, args...)}.At(n))
}

// fields is what an object may have: a reader for each name.
type fields map[string]func(*source.Node)

// object reads the members of n. what names the object in messages.
func (d *decoder) object(n *source.Node, what string, f fields, required ...string) {
	if n.Kind != source.Object {
		d.errorf(n, "policy-type", "found %s as %s, wanted an object", n.Kind, what)
		return
	}
	for i, item := range n.Items {
		name := n.Keys[i].Name
		read, ok := f[name]
		if !ok {
			d.unknown(item, name, what, f)
			continue
		}
		read(item)
	}
	for _, name := range required {
		if n.Get(name) == nil {
			d.errorf(n, "policy-missing", "found %s without %q, wanted it", what, name)
		}
	}
}

func (d *decoder) unknown(n *source.Node, name, what string, f fields) {
	names := make([]string, 0, len(f))
	for k := range f {
		names = append(names, k)
	}
	slices.Sort(names)
	msg := fmt.Sprintf("found the unknown name %q in %s, wanted one of %s", name, what, strings.Join(names, ", "))
	if s := nearest(name, names); s != "" {
		msg = fmt.Sprintf("found the unknown name %q in %s: did you mean %q?", name, what, s)
	}
	d.diags.Add(diag.Diagnostic{Code: "policy-unknown-name", Severity: diag.Error, Message: msg}.At(n))
}

// array calls read for each item of n.
func (d *decoder) array(n *source.Node, what string, read func(*source.Node)) {
	if n.Kind != source.Array {
		d.errorf(n, "policy-type", "found %s as %s, wanted an array", n.Kind, what)
		return
	}
	for _, item := range n.Items {
		read(item)
	}
}

// mapping calls read for each member of n, whose names are free but must look
// like names.
func (d *decoder) mapping(n *source.Node, what string, read func(name string, n *source.Node)) {
	if n.Kind != source.Object {
		d.errorf(n, "policy-type", "found %s as %s, wanted an object", n.Kind, what)
		return
	}
	for i, item := range n.Items {
		read(n.Keys[i].Name, item)
	}
}

func (d *decoder) str(n *source.Node, what string) string {
	if n.Kind != source.String || n.Text == "" {
		d.errorf(n, "policy-type", "found %s as %s, wanted a string that is not empty", describe(n), what)
		return ""
	}
	return n.Text
}

// strs reads an array of strings without doubles.
func (d *decoder) strs(n *source.Node, what string, minItems int) []string {
	out := []string{}
	d.array(n, what, func(item *source.Node) {
		s := d.str(item, what)
		if slices.Contains(out, s) && s != "" {
			d.errorf(item, "policy-value", "found %q again in %s, wanted it once", s, what)
		}
		out = append(out, s)
	})
	if n.Kind == source.Array && len(out) < minItems {
		d.errorf(n, "policy-value", "found an empty array as %s, wanted at least %d", what, minItems)
	}
	return out
}

func (d *decoder) boolean(n *source.Node, what string) bool {
	if n.Kind != source.Bool {
		d.errorf(n, "policy-type", "found %s as %s, wanted true or false", describe(n), what)
	}
	return n.Bool
}

func (d *decoder) onlyTrue(n *source.Node, what string) bool {
	if n.Kind != source.Bool || !n.Bool {
		d.errorf(n, "policy-value", "found %s as %s, wanted true or nothing", describe(n), what)
	}
	return true
}

// integer reads a whole number from lo to hi; it returns lo when it is none.
func (d *decoder) integer(n *source.Node, what string, lo, hi uint64) uint64 {
	v, err := strconv.ParseUint(n.Text, 10, 64)
	if n.Kind != source.Number || err != nil || v < lo || v > hi {
		d.errorf(n, "policy-value", "found %s as %s, wanted a whole number from %d to %d", describe(n), what, lo, hi)
		return lo
	}
	return v
}

// oneOf reads a word; it returns the zero value when it is none of them.
func oneOf[T any](d *decoder, n *source.Node, what string, values map[string]T) (out T) {
	if n.Kind == source.String {
		if v, ok := values[n.Text]; ok {
			return v
		}
	}
	names := make([]string, 0, len(values))
	for k := range values {
		names = append(names, k)
	}
	slices.Sort(names)
	d.errorf(n, "policy-value", "found %s as %s, wanted one of %s", describe(n), what, strings.Join(names, ", "))
	return out
}

// units is the length of each unit of a duration in nanoseconds.
var units = map[string]uint64{"ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9}

// duration reads a number with a unit, in nanoseconds.
func (d *decoder) duration(n *source.Node, what string, lo, hi uint64) uint64 {
	digits := strings.TrimRight(n.Text, "mshd")
	unit, ok := units[n.Text[len(digits):]]
	v, err := strconv.ParseUint(digits, 10, 64)
	if n.Kind != source.String || !ok || err != nil || len(digits) > 9 || v*unit < lo || v*unit > hi {
		d.errorf(n, "policy-value", "found %s as %s, wanted a whole number with ms, s, m, h or d, from %s to %s", describe(n), what, showDuration(lo), showDuration(hi))
		return lo
	}
	return v * unit
}

func showDuration(nanos uint64) string {
	for _, u := range []string{"d", "h", "m", "s"} {
		if nanos%units[u] == 0 {
			return strconv.FormatUint(nanos/units[u], 10) + u
		}
	}
	return strconv.FormatUint(nanos/1e6, 10) + "ms"
}

// describe shows a value in a message.
func describe(n *source.Node) string {
	switch n.Kind {
	case source.Bool:
		return strconv.FormatBool(n.Bool)
	case source.Number:
		return n.Text
	case source.String:
		if len(n.Text) > 60 {
			return strconv.Quote(n.Text[:60]) + "..."
		}
		return strconv.Quote(n.Text)
	}
	return n.Kind.String()
}

// nearest is the name that a typing error may have meant, or "".
func nearest(name string, names []string) string {
	best, bestDist := "", (len(name)+1)/2+1
	for _, n := range names {
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d < bestDist {
			best, bestDist = n, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two short strings.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := min(row[j], row[j+1]) + 1
			if a[i] == b[j] {
				next = min(next, diagonal)
			} else {
				next = min(next, diagonal+1)
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}
