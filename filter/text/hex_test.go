package text

import (
	"strconv"
	"testing"
)

func TestHexDigit(t *testing.T) {
	for c := range 256 {
		want := byte(255)
		if n, err := strconv.ParseUint(string([]byte{byte(c)}), 16, 8); err == nil {
			want = byte(n)
		}
		if got := HexDigit(byte(c)); got != want {
			t.Errorf("HexDigit(%#x) = %d, want %d", c, got, want)
		}
	}
}
