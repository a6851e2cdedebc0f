package regex

import "testing"

func TestMatch(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"a", "", false},
		{"a", "bab", true},
		{"^a$", "a", true},
		{"^a$", "aa", false},
		{"^a|b$", "xb", true},
		{"^[a-z]{2,3}$", "ab", true},
		{"^[a-z]{2,3}$", "abcd", false},
		{"^.$", "\U0001F600", true},
		{"^.$", "\u2028", false},
		{"^\\S$", "\ufeff", false},
		{"^[^x]+$", "añb", true},
		{"^$", "", true},
		{"$^", "", true},
		{"a$b?", "a", true},
		{"a$b", "ab", false},
		{"(|a)+$", "aaa", true},
		{"^(a*)*$", "aab", false},
		{"^\\p{L}+$", "Straße", true},
		{"^\\p{L}+$", "Stra ße", false},
		{"^\\u{1F600}\\ud83d\\ude00$", "\U0001F600\U0001F600", true},
		{"[]", "a", false},
		{"[^]", "\n", true},
	}
	for _, tt := range tests {
		d, _, err := Compile(tt.pattern, Options{})
		if err != nil {
			t.Errorf("Compile(%q) = %v, want none", tt.pattern, err)
			continue
		}
		if got := d.Match(tt.text); got != tt.want {
			t.Errorf("Compile(%q).Match(%q) = %v, want %v", tt.pattern, tt.text, got, tt.want)
		}
	}
}

func TestAnalyse(t *testing.T) {
	tests := []struct {
		pattern string
		want    Shape
	}{
		{"", Shape{Kind: ShapeAll}},
		{".*", Shape{Kind: ShapeAll}},
		{"^", Shape{Kind: ShapeAll}},
		{"^$", Shape{Kind: ShapeExact}},
		{"^abc$", Shape{Kind: ShapeExact, Literal: "abc"}},
		{"^/v1/(?:x){2}\\.é", Shape{Kind: ShapePrefix, Literal: "/v1/xx.é"}},
		{"abc$", Shape{Kind: ShapeSuffix, Literal: "abc"}},
		{"a|b|c", Shape{Kind: ShapeOther}},
		{"x-", Shape{Kind: ShapeContains, Literal: "x-"}},
		{"^\\ud800", Shape{Kind: ShapeOther}},
		{"^[0-9]{1,64}$", Shape{Kind: ShapeClass, Min: 1, Max: 64, ASCII: [2]uint64{0x3FF << 48}, WideNone: true}},
		{"^[^\\n]*$", Shape{Kind: ShapeClass, Max: -1, ASCII: [2]uint64{^uint64(1 << 10), ^uint64(0)}, WideAll: true}},
		{"^(a|b)$", Shape{Kind: ShapeClass, Min: 1, Max: 1, ASCII: [2]uint64{0, 3 << 33}, WideNone: true}},
		{"^[a]{1,2}b$", Shape{Kind: ShapeOther}},
		{"(?!x)", Shape{Kind: ShapeOther}},
	}
	for _, tt := range tests {
		if got, err := Analyse(tt.pattern, Options{}); err != nil || got != tt.want {
			t.Errorf("Analyse(%q) = %+v, %v, want %+v", tt.pattern, got, err, tt.want)
		}
	}
}

// TestLength: counts that the length of the text decides take no states.
func TestLength(t *testing.T) {
	tests := []struct {
		pattern  string
		states   int
		yes, no  string
		min, max uint32
	}{
		{"^[a-z]{1,2097152}$", 3, "abc", "", 1, 2097152},
		{"^.{20,}$", 3, "ääääääääääääääääääää", "äääääääääääääääääää", 20, 1<<32 - 1},
		{"^[\\s\\S]{0,16}$", 2, "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀", "12345678901234567", 0, 16},
		{"^(?:ab|cd)[0-9]{17}(?=x)x{2}$", 8, "cd12345678901234567xx", "cd1234567890123456xxx", 21, 21},
		{"^ab?[0-9]{17}$", 22, "a12345678901234567", "ab123456789012345678", 0, 0},
		{"^[0-9]{15}$", 18, "123456789012345", "1234567890123456", 0, 0},
	}
	for _, tt := range tests {
		d, _, err := Compile(tt.pattern, Options{})
		if err != nil {
			t.Errorf("Compile(%q) = %v, want none", tt.pattern, err)
			continue
		}
		a := d.automaton
		if d.NumStates() != tt.states || a.Min != tt.min || a.Max != tt.max {
			t.Errorf("Compile(%q) has %d states, %d..%d, want %d, %d..%d", tt.pattern, d.NumStates(), a.Min, a.Max, tt.states, tt.min, tt.max)
		}
		if !d.Match(tt.yes) || d.Match(tt.no) || d.MatchesAll() {
			t.Errorf("Compile(%q) matches %q: %v, %q: %v, want true, false", tt.pattern, tt.yes, d.Match(tt.yes), tt.no, d.Match(tt.no))
		}
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct{ pattern, want string }{
		{`(a)\1`, `backreference \1 at offset 3 can't be decided in bounded memory`},
		{`(?<n>a)\k<n>`, `backreference \k<n> at offset 7 can't be decided in bounded memory`},
		{`\k<n>`, `invalid regular expression at offset 0: found \k<n>, but no group has that name`},
		{`\p{Print}`, `no Unicode property \p{Print} in ECMA-262 (offset 0)`},
		{`a\p\x41`, `\p at offset 1 is not followed by a {property}`},
		{`^(a{1,1000}b?){1,1000}$`, `the automaton is too large: 50001 instructions, at most 50000 wanted`},
		{`(a|b)*a(a|b){20}`, `the automaton is too large: 16002 states before minimisation, at most 16000 wanted`},
		{`^a{5000}b?$`, `the automaton is too large: 5004 states, at most 4000 wanted`},
		{`\Z`, `invalid regular expression at offset 0: found \Z, which means nothing in ECMA-262`},
		{`(?i)a`, `invalid regular expression at offset 0: found (? that begins none of (?: (?= (?! (?<= (?<! (?<name>`},
		{"a\xff", "invalid regular expression at offset 0: found invalid UTF-8"},
		{`a)`, "invalid regular expression at offset 1: found ) without its ("},
		{`(?:(?=a)(?=b)`, "invalid regular expression at offset 0: found ( without its )"},
		{`[b-a]`, "invalid regular expression at offset 2: found a class range whose ends are out of order"},
	}
	for _, tt := range tests {
		_, _, err := Compile(tt.pattern, Options{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("Compile(%q) = %v, want %s", tt.pattern, err, tt.want)
		}
	}
}

// TestAnnexB lists what is taken with a warning, and refused when strict.
func TestAnnexB(t *testing.T) {
	tests := []struct{ pattern, text string }{
		{`^a\-b\@\_$`, "a-b@_"},
		{`^[\w-.]+$`, "a-."},
		{`^{a}]$`, "{a}]"},
		{`^x{,3}$`, "x{,3}"},
		{`^(?=a)*b$`, "b"},
		{`^\é$`, "é"},
	}
	for _, tt := range tests {
		d, warnings, err := Compile(tt.pattern, Options{})
		if err != nil || len(warnings) == 0 || !d.Match(tt.text) {
			t.Errorf("Compile(%q) = %v, %v, want a warning and a match of %q", tt.pattern, warnings, err, tt.text)
		}
		if _, _, err := Compile(tt.pattern, Options{Strict: true}); err == nil {
			t.Errorf("Compile(%q, strict) = none, want an error", tt.pattern)
		}
	}
}
