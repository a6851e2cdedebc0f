package cel

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"portcullis/filter/pattern"
)

// TestAutomaton: a pattern's automaton says of every text what Go's regexp says.
func TestAutomaton(t *testing.T) {
	g := rand.New(rand.NewPCG(3, 0))
	atoms := []string{"a", "b", "B", ".", "[a-c]", "[^a]", `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, "é", `\x{1F600}`, `\pL`, `\P{Lu}`, "[[:alpha:]]", `\.`, `\n`, "(?i:k)", "(?i)ſ", "(?s:.)",
		"^", "$", `\A`, `\z`, `\b`, `\B`, `\Q.*\E`, "()", "[^\\x00-\\x{10FFFF}]", `\x7F`, `[\d-]`, `\pN`}
	texts := []string{"", "a", "b", "B", "ab", "ba", "aab", "abc", "a b", "a\nb", "\n", "é", "aé", "\U0001f600", "k", "K", "\u212a", "s", "S", "ſ", "1", "a1", "_", " a ", ".*", ".", "A", "ABC", "\x7f", "1-2", "٣"}
	var expr func(d int) string
	expr = func(d int) string {
		if d <= 0 || g.IntN(4) == 0 {
			return atoms[g.IntN(len(atoms))]
		}
		switch g.IntN(6) {
		case 0:
			return expr(d-1) + "|" + expr(d-1)
		case 1:
			return "(" + expr(d-1) + ")" + []string{"*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?"}[g.IntN(8)]
		case 2:
			return "(?:" + expr(d-1) + ")"
		}
		return expr(d-1) + expr(d-1)
	}
	compiled, refused := 0, 0
	for range 3000 {
		p := expr(3)
		want, err := regexp.Compile(p)
		blob, err2 := automaton(p)
		if err != nil {
			if err2 == nil {
				t.Errorf("automaton(%q) was made, want an error: %v", p, err)
			}
			continue
		}
		if err2 != nil {
			refused++
			continue
		}
		compiled++
		if f := pattern.Verify(blob); f != pattern.OK {
			t.Fatalf("automaton(%q): %v", p, f)
		}
		for _, text := range texts {
			if got := pattern.Match(blob, []byte(text)); got != want.MatchString(text) {
				t.Errorf("%q matches %q = %v, want %v", p, text, got, !got)
			}
		}
	}
	t.Logf("%d patterns, %d refused", compiled, refused)
	if compiled < 2000 {
		t.Errorf("%d patterns compiled and %d were refused, want more", compiled, refused)
	}
	for _, p := range []string{"(?m)^a", "(?m)a$", "(", `\1`, "(?=a)", strings.Repeat("(a|b)*a(a|b){12}", 2)} {
		if _, err := automaton(p); err == nil {
			t.Errorf("automaton(%q) was made, want an error", p)
		}
	}
}
