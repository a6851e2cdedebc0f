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

func TestCompileSplit(t *testing.T) {
	tests := []struct {
		pattern  string
		min, max int
		states   int
	}{
		{"^[a-z]{1,2097152}$", 1, 2097152, 3},
		{"^.{3,}$", 3, -1, 3},
		{"^[\\s\\S]{0,9}$", 0, 9, 2},
		{"^[a-z]{2}x$", 0, -1, 6},
	}
	for _, tt := range tests {
		d, min, max, _, err := CompileSplit(tt.pattern, Options{})
		if err != nil || min != tt.min || max != tt.max || d.NumStates() != tt.states {
			t.Errorf("CompileSplit(%q) = %v, %d, %d, %v, want %d states, %d, %d", tt.pattern, d, min, max, err, tt.states, tt.min, tt.max)
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
		{`^(a{1,1000}){1,1000}$`, `the automaton is too large: 50001 instructions, at most 50000 wanted`},
		{`(a|b)*a(a|b){20}`, `the automaton is too large: 16002 states before minimisation, at most 16000 wanted`},
		{`^a{5000}$`, `the automaton is too large: 5003 states, at most 4000 wanted`},
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
