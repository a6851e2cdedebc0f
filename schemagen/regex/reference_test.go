package regex

import (
	"regexp"
	"regexp/syntax"
	"testing"
	"unicode/utf8"
)

// reference matches by walking over the tree with sets of positions: slow, and
// sharing nothing with the automata but the parser.
type reference struct {
	text []rune
	left int // steps before it gives up
}

// matchesSomewhere reports whether n matches anywhere in text; known is false
// when that took too long.
func matchesSomewhere(n *node, text string) (matched, known bool) {
	r := &reference{text: []rune(text), left: 200_000}
	for i := range len(r.text) + 1 {
		if len(r.ends(n, map[int]bool{i: true})) > 0 {
			return r.left > 0, r.left > 0
		}
	}
	return false, r.left > 0
}

// ends returns where n may end if it begins at one of starts.
func (r *reference) ends(n *node, starts map[int]bool) map[int]bool {
	out := make(map[int]bool)
	if r.left -= 1 + len(starts); r.left <= 0 {
		return out
	}
	switch n.op {
	case opEmpty:
		return starts
	case opSet:
		for i := range starts {
			if i < len(r.text) && n.set.contains(r.text[i]) {
				out[i+1] = true
			}
		}
	case opCat:
		out = starts
		for _, sub := range n.subs {
			out = r.ends(sub, out)
		}
	case opAlt:
		for _, sub := range n.subs {
			for i := range r.ends(sub, starts) {
				out[i] = true
			}
		}
	case opRepeat:
		return r.repeat(n, starts)
	default:
		for i := range starts {
			if r.asserts(n, i) {
				out[i] = true
			}
		}
	}
	return out
}

func (r *reference) repeat(n *node, starts map[int]bool) map[int]bool {
	at := starts
	for range n.min {
		if at = r.ends(n.subs[0], at); len(at) == 0 || r.left <= 0 {
			return at
		}
	}
	out := make(map[int]bool)
	for i := range at {
		out[i] = true
	}
	for times := n.min; (n.max == unlimited || times < n.max) && r.left > 0; times++ {
		fresh := make(map[int]bool)
		for i := range r.ends(n.subs[0], at) {
			if !out[i] {
				out[i], fresh[i] = true, true
			}
		}
		if at = fresh; len(at) == 0 {
			break
		}
	}
	return out
}

func (r *reference) asserts(n *node, i int) bool {
	switch {
	case n.op == opStart:
		return i == 0
	case n.op == opEnd:
		return i == len(r.text)
	case !n.behind:
		return len(r.ends(n.subs[0], map[int]bool{i: true})) > 0 != n.neg
	}
	for j := range i + 1 {
		if r.ends(n.subs[0], map[int]bool{j: true})[i] {
			return !n.neg
		}
	}
	return n.neg
}

// FuzzCompile holds the automata against the reference, and against Go's
// regexp where the two languages are the same.
func FuzzCompile(f *testing.F) {
	seeds := []string{"", "^a|b$", "(?<=a(?!b).)c", "\\bfoo\\B", "(?!(?=a)|b*)[^c]{2,3}?", "^(?=.*\\d)(?!.*--)[\\w-]{1,8}$",
		"\\p{Lu}\\P{Script=Greek}", "[\\s\\S]*\\u{1F600}", "(a|ab)(c|bcd)*$", "x{0,20}y", "^(?:a?){9}$", "(?<n>a)\\k<n>", "\\-{a]",
		"^[ab]{16,20}$", "^(?:xé)?[^b]{17,}$", "^a[^b]{0,17}(?=c)c$", "^(?<!x)\\w{3}.{16}$"}
	for _, s := range seeds {
		f.Add(s, "foo ab-1é\u2028\U0001F600")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 80 || len(text) > 40 || !utf8.ValidString(text) {
			return
		}
		d, _, err := Compile(pattern, Options{MaxStates: 500})
		if err != nil {
			return
		}
		n, _, err := parse(pattern, false)
		if err != nil {
			t.Fatalf("parse(%q) = %v after Compile took it", pattern, err)
		}
		got := d.Match(text)
		if want, known := matchesSomewhere(n, text); known && got != want {
			t.Fatalf("Compile(%q).Match(%q) = %v, reference says %v", pattern, text, got, want)
		}
		if re := inGo(pattern); re != nil && re.MatchString(text) != got {
			t.Fatalf("Compile(%q).Match(%q) = %v, Go's regexp says %v", pattern, text, got, !got)
		}
	})
}

// inGo compiles pattern with Go's regexp if it means the same there: nothing
// but ASCII literals, classes of them, groups, alternation and repeats.
func inGo(pattern string) *regexp.Regexp {
	for _, c := range []byte(pattern) {
		switch c {
		case '\\', '.', '^', '$', '[', '{':
			return nil
		}
		if c < ' ' || c > '~' {
			return nil
		}
	}
	if _, _, err := parse(pattern, true); err != nil {
		return nil
	}
	// (?<name> is in both; other (? forms are not.
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil || re == nil {
		return nil
	}
	for i := 0; i+1 < len(pattern); i++ {
		if pattern[i] == '(' && pattern[i+1] == '?' {
			return nil
		}
	}
	return regexp.MustCompile(pattern)
}
