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
