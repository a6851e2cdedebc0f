package token

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"portcullis/filter/json"
)

func TestParseDate(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		ok   bool
	}{
		{"0", 0, true},
		{"-0", 0, true},
		{"1", 1e9, true},
		{"1700000000", 1700000000e9, true},
		{"1700000000.0", 1700000000e9, true},
		{"1700000000.5", 1700000000500000000, true},
		{"1700000000.123456789999", 1700000000123456789, true},
		{"1700000000.0000000009", 1700000000e9, true},
		{"1.7e9", 1700000000e9, true},
		{"1.7E+9", 1700000000e9, true},
		{"17000000000e-1", 1700000000e9, true},
		{"0.0000000017e18", 1700000000e9, true},
		{"1700000000123e-3", 1700000000123000000, true},
		{"1e-9", 1, true},
		{"1e-10", 0, true},
		{"1e-400", 0, true},
		{"0e99999999999999999999", 0, true},
		{"0.000e400", 0, true},
		{"-1", -1e9, true},
		{"-1.5", -1500000000, true},
		{"9223372036", math.MaxInt64, true},
		{"9007199254740991", math.MaxInt64, true},
		{"-9007199254740991", -math.MaxInt64, true},
		{"9007199254740992", 0, false},
		{"1e400", 0, false},
		{"-1e400", 0, false},
		{"1e16", 0, false},
		{"1e99999999999999999999", 0, false},
		{"99999999999999999999999999999999", 0, false},
		{"0.00000000001e40", 0, false},
		{"1e15", math.MaxInt64, true},
	}
	for _, tt := range tests {
		if got, ok := parseDate([]byte(tt.in)); got != tt.want && tt.ok || ok != tt.ok {
			t.Errorf("parseDate(%s) = %d, %v, want %d, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParseDate(f *testing.F) {
	for _, s := range []string{"0", "-1.5e3", "1700000000.25", "1e400", "0.0001e5", "9007199254740991", "123456789e-9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, ok := json.ScanNumber(text); !ok || len(text) > 300 {
			return
		}
		got, ok := parseDate(text)
		if _, exp, found := strings.Cut(strings.ToLower(string(text)), "e"); found && len(strings.TrimLeft(exp, "+-0")) > 3 {
			return // too large for the reference
		}
		r, _ := new(big.Rat).SetString(string(text))
		mag := new(big.Rat).Abs(r)
		// Seconds are cut off before they are compared.
		sec := new(big.Int).Quo(mag.Num(), mag.Denom())
		if wantOK := sec.Cmp(big.NewInt(maxSeconds)) <= 0; ok != wantOK {
			t.Fatalf("parseDate(%s) = %v, want %v", text, ok, wantOK)
		}
		if !ok {
			return
		}
		mag.Mul(mag, new(big.Rat).SetInt64(nanosPerSecond))
		want := new(big.Int).Quo(mag.Num(), mag.Denom())
		if sec.Cmp(big.NewInt(math.MaxInt64/nanosPerSecond)) >= 0 {
			want.SetInt64(math.MaxInt64)
		}
		if text[0] == '-' {
			want.Neg(want)
		}
		if want.Cmp(big.NewInt(got)) != 0 {
			t.Fatalf("parseDate(%s) = %d, want %d", text, got, want)
		}
	})
}

func TestAddSeconds(t *testing.T) {
	tests := []struct{ t, s, want int64 }{
		{0, 60, 60e9},
		{math.MaxInt64, 1, math.MaxInt64},
		{math.MaxInt64 - 1e9, 1, math.MaxInt64},
		{math.MinInt64, -1, math.MinInt64},
		{math.MinInt64 + 1e9, -1, math.MinInt64},
		{5e18, 1<<32 - 1, math.MaxInt64},
	}
	for _, tt := range tests {
		if got := addSeconds(tt.t, tt.s); got != tt.want {
			t.Errorf("addSeconds(%d, %d) = %d, want %d", tt.t, tt.s, got, tt.want)
		}
	}
}
