package param

import (
	"strings"
	"testing"
)

func TestCookieInside(t *testing.T) {
	tests := []struct {
		value string
		open  bool
		want  string // names, each behind a '|'
	}{
		{"", true, ""},
		{"1", false, ""},
		{"a=1", false, ""},
		{"a=1", true, "|a"},
		{"=1", true, ""},
		{"==a=1", true, ""},
		{"1 a=2", false, "|a"},
		{"1, a=2", false, "|a"},
		{"1,a \t=2", false, "|a"},
		{"1 x y", false, ""},
		{"1 x y=2 z=3", false, "|y|z"},
		{"1 =2", false, ""},
		{"1 a", false, ""},
		{"1 a=", false, "|a"},
		{"dGVzdA==", false, ""},
		{`"x; a"`, false, ""},
		{strings.Repeat("a ", 1<<15), true, ""},
		{strings.Repeat(" ", 1<<15) + "a=1", true, "|a"},
	}
	for _, tt := range tests {
		got := ""
		for name, rest := CookieInside([]byte(tt.value), tt.open); name != nil; name, rest = CookieInside(rest, false) {
			got += "|" + string(name)
		}
		if got != tt.want {
			t.Errorf("CookieInside(%.40q, %v) = %q, want %q", tt.value, tt.open, got, tt.want)
		}
	}
}

func TestMangled(t *testing.T) {
	tests := []struct{ name, base, whole string }{
		{"[a]", "a", "a_"},
		{"a]", "a", "a_"},
		{"]]a[b]", "a", "a_b_"},
		{"  a.b c", "a_b_c", "a_b_c"},
		{"a[b", "a", "a_b"},
		{"!a", "a", "a"},
		{"[]", "", ""},
		{strings.Repeat("x", 300) + ".", strings.Repeat("x", 256), strings.Repeat("x", 256)},
	}
	for _, tt := range tests {
		var room [maxMangled]byte
		if got := string(mangled(&room, []byte(tt.name), false)); got != tt.base {
			t.Errorf("mangled(%q) = %q, want %q", tt.name, got, tt.base)
		}
		if got := string(mangled(&room, []byte(tt.name), true)); got != tt.whole {
			t.Errorf("mangled(%q), whole = %q, want %q", tt.name, got, tt.whole)
		}
	}
}
