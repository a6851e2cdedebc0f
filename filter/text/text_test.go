package text

import (
	"math"
	"strconv"
	"testing"
)

func TestUint(t *testing.T) {
	for _, n := range []uint64{0, 1, 9, 10, 99, 100, 1<<32 - 1, 1 << 32, math.MaxUint64} {
		if got, want := string(Uint([]byte("x"), n)), "x"+strconv.FormatUint(n, 10); got != want {
			t.Errorf("Uint(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestQuote(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", `""`},
		{"a b", `"a b"`},
		{"a\"\\b", `"a\"\\b"`},
		{"a\nb\x00\x1b\x7fé", `"a\nb\x00\x1b\x7f\xc3\xa9"`},
	}
	for _, tt := range tests {
		got := string(Quote(nil, tt.in))
		if got != tt.want {
			t.Errorf("Quote(%q) = %s, want %s", tt.in, got, tt.want)
		}
		if back, err := strconv.Unquote(got); err != nil || back != tt.in {
			t.Errorf("Unquote(%s) = %q, %v, want %q", got, back, err, tt.in)
		}
	}
}

func TestAllocs(t *testing.T) {
	buf := make([]byte, 0, 100)
	if n := testing.AllocsPerRun(100, func() {
		b := Append(buf, "a")
		b = Bytes(b, []byte("b"))
		b = Byte(b, 'c')
		b = Uint(b, 12345)
		Quote(b, "d\n")
	}); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}
