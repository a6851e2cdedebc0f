package engine

import (
	"strings"
	"testing"
)

// TestIsHex: the digits of a hash, and nothing that stands for a byte of it.
func TestIsHex(t *testing.T) {
	var zero, full [32]byte
	for i := range full {
		full[i] = 0xff
	}
	for _, tt := range []struct {
		digits string
		of     *[32]byte
		want   bool
	}{
		{strings.Repeat("0", 64), &zero, true},
		{strings.Repeat("f", 64), &full, true},
		{strings.Repeat("F", 64), &full, true},
		{strings.Repeat("f", 63) + "e", &full, false},
		{strings.Repeat("f", 62), &full, false},
		{strings.Repeat("f", 66), &full, false},
		{"", &zero, false},
		{strings.Repeat("z", 64), &full, false},
		{strings.Repeat("f", 63) + ":", &full, false},
		{":" + strings.Repeat("f", 63), &full, false},
		{strings.Repeat("\x00", 64), &zero, false},
	} {
		if got := isHex([]byte(tt.digits), tt.of); got != tt.want {
			t.Errorf("isHex(%q, %x) = %v, want %v", tt.digits, tt.of[:2], got, tt.want)
		}
	}
}
