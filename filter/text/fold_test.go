package text

import (
	"strings"
	"testing"
)

func TestEqualFold(t *testing.T) {
	tests := []struct {
		lower, s string
		want     bool
	}{
		{"", "", true},
		{"", "a", false},
		{"abc", "ABC", true},
		{"abc", "aBd", false},
		{"abc", "ab", false},
		{"a-b", "A-B", true},
		{"a-b", "A\rB", false}, // '-' without bit 5
		{"@`[{", "@`[{", true},
		{"`", "@", false}, // beside the letters: 0x60 and 0x40
		{"{", "[", false},
		{"é", "É", false},      // ASCII only
		{"k", "\u212a", false}, // the Kelvin sign folds to k in Unicode
		{"s", "\u017f", false},
		{"a\x00", "A\x00", true},
	}
	for _, tt := range tests {
		if got := EqualFold(tt.lower, []byte(tt.s)); got != tt.want {
			t.Errorf("EqualFold(%q, %q) = %v, want %v", tt.lower, tt.s, got, tt.want)
		}
		if got := EqualFold([]byte(tt.lower), []byte(tt.s)); got != tt.want {
			t.Errorf("EqualFold(bytes %q, %q) = %v, want %v", tt.lower, tt.s, got, tt.want)
		}
	}
	for c := range 256 {
		for l := range 256 {
			if l >= 'A' && l <= 'Z' {
				continue
			}
			want := c == l || c < 0x80 && l < 0x80 && strings.EqualFold(string(rune(c)), string(rune(l)))
			if got := EqualFold([]byte{byte(l)}, []byte{byte(c)}); got != want {
				t.Errorf("EqualFold(%#x, %#x) = %v, want %v", l, c, got, want)
			}
		}
	}
}

func TestAfterScheme(t *testing.T) {
	tests := []struct {
		value, rest string
		present     bool
	}{
		{"", "", false},
		{"basi", "", false},
		{"basic", "", true},
		{"BaSiC x y", "x y", true},
		{"basic  x", " x", true},
		{"basic ", "", true},
		{"basic\tx", "", false},
		{"basicx", "", false},
		{"bearer x", "", false},
		{" basic x", "", false},
	}
	for _, tt := range tests {
		rest, present := AfterScheme([]byte(tt.value), "basic")
		if string(rest) != tt.rest || present != tt.present {
			t.Errorf("AfterScheme(%q) = %q, %v, want %q, %v", tt.value, rest, present, tt.rest, tt.present)
		}
	}
}
