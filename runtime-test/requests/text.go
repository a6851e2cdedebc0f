package requests

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"

	"portcullis/filter/format"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/ir/irtest"
	"portcullis/schemagen/source"
)

// hard is what Go's regexp reads otherwise than ECMA-262, or not at all.
var hard = regexp.MustCompile(`\\[ASZzPcuxkQEC]|\\p[^{]|\\\d|\(\?[^:]|\[:|[[:^ascii:]]|\[\]|\[\^\]`)

// unicodeEscape is an escape that Go spells otherwise.
var unicodeEscape = regexp.MustCompile(`\\u([0-9A-Fa-f]{4})`)

// goSource is src as Go writes it.
func goSource(src string) string { return unicodeEscape.ReplaceAllString(src, `\x{$1}`) }

var patternCache sync.Map // source -> *regexp.Regexp, nil when too hard

// compilePattern compiles an ECMA-262 expression where Go's is the same.
func compilePattern(src string) (*regexp.Regexp, bool) {
	if re, ok := patternCache.Load(src); ok {
		return re.(*regexp.Regexp), re.(*regexp.Regexp) != nil
	}
	var re *regexp.Regexp
	if !hard.MatchString(unicodeEscape.ReplaceAllString(src, "")) {
		re, _ = regexp.Compile(goSource(src))
	}
	patternCache.Store(src, re)
	return re, re != nil
}

// matching makes a text that an expression matches.
func (g *generator) matching(src string, lo, hi int) (string, bool) {
	tree, err := syntax.Parse(goSource(src), syntax.Perl)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	// Repetitions take what the length leaves.
	reps := g.IntN(6)
	if g.IntN(2) == 0 && lo > 0 {
		reps = lo
	}
	g.expression(&b, tree.Simplify(), reps, 0)
	s := b.String()
	for len(s) < lo && !strings.HasSuffix(src, "$") && len(s) < hi {
		s += "a"
	}
	return s, len(s) < 1<<17
}

func (g *generator) expression(b *strings.Builder, re *syntax.Regexp, reps, depth int) {
	if b.Len() > 1<<16 {
		return
	}
	times := func(n int) {
		for range n {
			g.expression(b, re.Sub[0], reps, depth+1)
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
	case syntax.OpCharClass:
		b.WriteRune(g.classRune(re.Rune))
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte(alphabet[g.IntN(len(alphabet))])
	case syntax.OpCapture:
		times(1)
	case syntax.OpStar:
		times(g.repeats(0, reps, depth))
	case syntax.OpPlus:
		times(g.repeats(1, reps, depth))
	case syntax.OpQuest:
		times(g.IntN(2))
	case syntax.OpRepeat:
		most := re.Max
		if most < 0 {
			most = re.Min + reps
		}
		times(re.Min + g.IntN(min(most-re.Min, max(reps, 3))+1))
	case syntax.OpConcat:
		for _, s := range re.Sub {
			g.expression(b, s, reps, depth)
		}
	case syntax.OpAlternate:
		g.expression(b, re.Sub[g.IntN(len(re.Sub))], reps, depth)
	}
}

func (g *generator) repeats(lo, reps, depth int) int {
	if depth > 3 {
		return lo
	}
	return lo + reps
}

// classRune picks a printable ASCII character of a class where there is one.
func (g *generator) classRune(ranges []rune) rune {
	var good []rune
	for c := rune(0x20); c < 0x7f; c++ {
		for i := 0; i < len(ranges); i += 2 {
			if ranges[i] <= c && c <= ranges[i+1] {
				good = append(good, c)
				if strings.ContainsRune(alphabet, c) {
					good = append(good, c, c, c)
				}
			}
		}
	}
	if len(good) == 0 {
		if len(ranges) == 0 {
			return 'a'
		}
		return ranges[0]
	}
	return good[g.IntN(len(good))]
}

// samples is texts that are, and are not, in a format: by hand, from the
// documents that define it.
var samples = map[string]struct{ good, bad []string }{
	"date-time": {[]string{"2024-02-29T12:30:00Z", "1999-12-31T23:59:59.123+01:00"}, []string{"2023-02-29T12:30:00Z", "2024-02-29 12:30", "yesterday"}},
	"date":      {[]string{"2024-02-29", "1970-01-01"}, []string{"2023-02-29", "01/02/2024", "2024-13-01"}},
	"time":      {[]string{"12:30:00Z", "23:59:59.5+01:00"}, []string{"25:00:00Z", "noon"}},
	"email":     {[]string{"a@example.com", "first.last@sub.example.org"}, []string{"a.example.com", "@example.com", "a@"}},
	"uuid":      {[]string{"123e4567-e89b-12d3-a456-426614174000", "F47AC10B-58CC-4372-A567-0E02B2C3D479"}, []string{"123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "x"}},
	"uri":       {[]string{"https://example.com/a?b=c", "urn:isbn:0451450523"}, []string{"/relative", "http://exa mple.com", "a b"}},
	"hostname":  {[]string{"example.com", "a-b.example"}, []string{"-a.example", "a..b", "a_b.example"}},
	"ipv4":      {[]string{"192.0.2.1", "255.255.255.255"}, []string{"256.0.0.1", "1.2.3", "1.2.3.4.5"}},
	"ipv6":      {[]string{"2001:db8::1", "::"}, []string{"2001:db8:::1", "12345::", "1.2.3.4"}},
}

func hasSamples(name string) bool { _, ok := samples[name]; return ok }

// judge says whether values are valid. unsure is set when a verdict rests on
// an expression that Go can't read.
type judge struct{ unsure bool }

// valid judges v. sure is false where it can't be known.
func (j *judge) valid(s *ir.Schema, v *source.Node) (valid, sure bool) {
	if s == nil {
		return true, true
	}
	j.unsure = false
	n := len(irtest.New(s, irtest.Options{Pattern: j.pattern, Format: checkFormat}).Validate(v))
	return n == 0, !j.unsure
}

func (j *judge) pattern(src, text string) bool {
	re, ok := compilePattern(src)
	if !ok {
		j.unsure = true
		return true
	}
	return re.MatchString(text)
}

func checkFormat(name string, v *source.Node) bool {
	if s, ok := samples[name]; ok && v.Kind == source.String {
		switch {
		case slices.Contains(s.good, v.Text):
			return true
		case slices.Contains(s.bad, v.Text):
			return false
		}
	}
	id, ok := format.Lookup(name)
	switch {
	case !ok:
		return true
	case v.Kind == source.String:
		return format.CheckString(id, []byte(v.Text))
	case v.Kind == source.Number:
		return format.CheckNumber(id, []byte(v.Text))
	}
	return true
}
