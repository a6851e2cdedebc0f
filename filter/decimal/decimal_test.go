package decimal

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// rat is the reference: the exact value of a text with a moderate exponent.
func rat(t *testing.T, text string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("big.Rat does not read %q", text)
	}
	return r
}

var (
	nines400 = strings.Repeat("9", 400)
	ones400  = strings.Repeat("1", 400)
)

func TestCompare(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"0", "-0", 0}, {"0", "-0.0e99", 0}, {"0e5", "0E-5", 0}, {"1", "1.0", 0}, {"1", "10e-1", 0}, {"100", "1e2", 0}, {"1E+2", "100.00", 0},
		{"0.001", "1e-3", 0}, {"0.00100", "0.01e-1", 0}, {"1.5", "15e-1", 0}, {"-1", "1", -1}, {"-2", "-1", -1}, {"1", "0", 1}, {"-1e-400", "0", -1},
		{"1e400", "1e399", 1}, {"1e-400", "1e-401", 1}, {"1e400", "9" + nines400, -1}, {"1e400", "1" + strings.Repeat("0", 400), 0},
		{nines400, ones400, 1}, {nines400 + ".0", nines400, 0}, {nines400 + ".1", nines400, 1}, {"-" + nines400, nines400, -1},
		{"9007199254740993", "9007199254740992", 1}, {"0.1", "0.10000000000000000000000001", -1}, {"18446744073709551616", "18446744073709551615", 1},
		{"1e999999999999999999", "1e999999999999999998", 1}, {"10e999999999999999998", "1e999999999999999999", 0},
		{"1e99999999999999999999999", "1e99999999999999999999998", 1}, {"10e99999999999999999999998", "1e99999999999999999999999", 0},
		{"1e1000000000000000000", "10e999999999999999999", 0}, {"1e-1000000000000000000", "0.1e-999999999999999999", 0},
		{"1e99999999999999999999", "1e-99999999999999999999", 1}, {"1e-99999999999999999999", "0", 1}, {"-1e-99999999999999999999", "1e-999999999999999999999", -1},
		{"1e000000000000000000000000000000001", "10", 0}, {"1e-0", "1", 0}, {"1e" + nines400, "2e" + nines400, -1}, {"1e1" + strings.Repeat("0", 50), "0.1e1" + strings.Repeat("0", 49) + "1", 0},
		{"123.456", "123.4560", 0}, {"123.456", "123.4561", -1}, {"12", "2", 1}, {"0.5", "0.25", 1}, {"99", "100", -1}, {"0.99", "1.00", -1},
	}
	for _, test := range tests {
		if got := Compare([]byte(test.a), []byte(test.b)); got != test.want {
			t.Errorf("Compare(%q, %q) = %v, want %v", test.a, test.b, got, test.want)
		}
		if got := Compare([]byte(test.b), []byte(test.a)); got != -test.want {
			t.Errorf("Compare(%q, %q) = %v, want %v", test.b, test.a, got, -test.want)
		}
		// Values out of reach of any computer may hash alike.
		far := strings.Contains(test.a, "e99999999999999")
		if x, y := Hash([]byte(test.a)), Hash([]byte(test.b)); (x == y) != (test.want == 0) && !far {
			t.Errorf("Hash(%q) = %#x, Hash(%q) = %#x, want equal %v", test.a, x, test.b, y, test.want == 0)
		}
	}
}

func TestIsInteger(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"0", true}, {"-0", true}, {"0.0", true}, {"0e-5", true}, {"1.0", true}, {"1e2", true}, {"1.5e1", true}, {"1.25e1", false}, {"1e-1", false}, {"10e-1", true},
		{"1000e-3", true}, {"1000e-4", false}, {"0.5", false}, {"-3.000", true}, {"1e400", true}, {"1e-400", false}, {nines400, true}, {nines400 + ".5", false},
		{"1.5e999999999999999999999", true}, {"1e-999999999999999999999", false}, {ones400 + "e-1", false}, {"1" + strings.Repeat("0", 400) + "e-400", true},
	}
	for _, test := range tests {
		if got := IsInteger([]byte(test.text)); got != test.want {
			t.Errorf("IsInteger(%q) = %v, want %v", test.text, got, test.want)
		}
	}
}

func TestInt64(t *testing.T) {
	tests := []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"-0.0", 0, true}, {"12", 12, true}, {"-12", -12, true}, {"1e2", 100, true}, {"1.20e1", 12, true}, {"1.5", 0, false},
		{"9223372036854775807", 1<<63 - 1, true}, {"9223372036854775808", 0, false}, {"-9223372036854775808", -1 << 63, true}, {"-9223372036854775809", 0, false},
		{"9.223372036854775807e18", 1<<63 - 1, true}, {"1e18", 1e18, true}, {"1e19", 0, false}, {"99999999999999999999", 0, false}, {"18446744073709551616", 0, false},
		{"1e99999999999999999999", 0, false}, {"1e-99999999999999999999", 0, false}, {nines400, 0, false}, {"1" + strings.Repeat("0", 400) + "e-400", 1, true},
		{"000000000000000000000000001", 1, true},
	}
	for _, test := range tests {
		if got, ok := Int64([]byte(test.text)); got != test.want || ok != test.ok {
			t.Errorf("Int64(%q) = %v, %v, want %v, %v", test.text, got, ok, test.want, test.ok)
		}
	}
}

func TestIsMultipleOf(t *testing.T) {
	tests := []struct {
		value, divisor string
		want           bool
	}{
		{"0", "7", true}, {"0.0", "0.1", true}, {"-0", "5", true}, {"10", "5", true}, {"-10", "5", true}, {"7", "5", false}, {"1", "0", false}, {"0", "0", false},
		{"12.34", "0.01", true}, {"12.345", "0.01", false}, {"0.3", "0.1", true}, {"4.35", "0.01", true}, {"1.1", "0.1", true}, {"0.0075", "0.0001", true}, {"0.00751", "0.0001", false},
		{"1e308", "0.5", true}, {"1e400", "3", false}, {"3e400", "3", true}, {"1e400", "7e399", false}, {"7e400", "7e399", true}, {"1e-400", "1e-401", true}, {"1e-401", "1e-400", false},
		{"1e999999999", "1", true}, {"1e999999999", "3", false}, {"1e-999999999", "1", false}, {"1e999999999", "1024", true}, {"1e9", "1024", false}, {"1e10", "1024", true},
		{"1e99999999999999999999999", "1.5e99999999999999999999998", false}, {"3e99999999999999999999999", "1.5e99999999999999999999998", true}, {"1e99999999999999999999998", "1e99999999999999999999999", false},
		{"9007199254740993", "3", true}, {"9007199254740994", "3", false}, {nines400, "9", true}, {nines400, "7", false}, {nines400, ones400, true}, {ones400, nines400, false},
		{nines400 + "0", ones400, true}, {nines400 + "1", ones400, false}, {nines400, nines400, true}, {"1e400", nines400, false}, {"18446744073709551616", "4294967296", true},
		{"18446744073709551615", "9999999999999999999", false}, {"9999999999999999999e7", "9999999999999999999", true}, {"1.5", "0.5", true}, {"1.5", "1", false}, {"123e-2", "0.41", true},
		{"1e5000", "1" + strings.Repeat("0", 600) + "1", false}, {"5e-324", "5e-324", true}, {"1", "1" + strings.Repeat("1", 2000), false},
	}
	for _, test := range tests {
		if got := IsMultipleOf([]byte(test.value), []byte(test.divisor)); got != test.want {
			t.Errorf("IsMultipleOf(%q, %q) = %v, want %v", test.value, test.divisor, got, test.want)
		}
	}
}

func TestIsDivisor(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"1", true}, {"0.01", true}, {"1e-400", true}, {"0", false}, {"0.00", false}, {"-1", false}, {strings.Repeat("7", MaxDivisorDigits), true},
		{strings.Repeat("7", MaxDivisorDigits) + "000", true}, {strings.Repeat("7", MaxDivisorDigits+1), false},
	}
	for _, test := range tests {
		if got := IsDivisor([]byte(test.text)); got != test.want {
			t.Errorf("IsDivisor(%.20q) = %v, want %v", test.text, got, test.want)
		}
	}
}

// TestDivisionCorrections feeds the quotient guess its worst cases: limbs that
// are all nines, all zeros or one.
func TestDivisionCorrections(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	limbs := []string{"999999999", "000000000", "000000001", "500000000", "499999999", "100000000", "999999998"}
	pick := func(n int) string {
		var b strings.Builder
		for range n {
			if rng.IntN(6) == 0 {
				b.WriteString(strconv.Itoa(100_000_000 + rng.IntN(900_000_000)))
				continue
			}
			b.WriteString(limbs[rng.IntN(len(limbs))])
		}
		if s := strings.TrimLeft(b.String(), "0"); s != "" {
			return s
		}
		return "1"
	}
	for range 20_000 {
		d := strings.TrimLeft(pick(1 + rng.IntN(6))[1:], "0")
		v := pick(1 + rng.IntN(12))
		if rng.IntN(2) == 0 { // make it a multiple, or just beside one
			x, _ := new(big.Int).SetString("0"+d, 10)
			y, _ := new(big.Int).SetString(v, 10)
			v = x.Mul(x, y).Add(x, big.NewInt(int64(rng.IntN(3)/2))).String()
		}
		checkMultiple(t, v, "0"+d)
	}
}

func checkMultiple(t *testing.T, value, divisor string) {
	t.Helper()
	want := false
	if d := rat(t, divisor); d.Sign() != 0 {
		want = new(big.Rat).Quo(rat(t, value), d).IsInt()
	}
	if got := IsMultipleOf([]byte(value), []byte(divisor)); got != want {
		t.Errorf("IsMultipleOf(%q, %q) = %v, want %v", value, divisor, got, want)
	}
}

// checkAll holds every function to big.Rat for two numbers.
func checkAll(t *testing.T, a, b string) {
	t.Helper()
	x, y := rat(t, a), rat(t, b)
	want := x.Cmp(y)
	if got := Compare([]byte(a), []byte(b)); got != want {
		t.Errorf("Compare(%q, %q) = %v, want %v", a, b, got, want)
	}
	if want == 0 && Hash([]byte(a)) != Hash([]byte(b)) {
		t.Errorf("Hash(%q) != Hash(%q) though equal", a, b)
	}
	if got := IsInteger([]byte(a)); got != x.IsInt() {
		t.Errorf("IsInteger(%q) = %v, want %v", a, got, x.IsInt())
	}
	if got := Sign([]byte(a)); got != x.Sign() {
		t.Errorf("Sign(%q) = %v, want %v", a, got, x.Sign())
	}
	v, ok := Int64([]byte(a))
	if wantOK := x.IsInt() && x.Num().IsInt64(); ok != wantOK || ok && v != x.Num().Int64() {
		t.Errorf("Int64(%q) = %v, %v, want %v, %v", a, v, ok, x, wantOK)
	}
	checkMultiple(t, a, b)
}

func randomNumber(rng *rand.Rand) string {
	var b strings.Builder
	if rng.IntN(3) == 0 {
		b.WriteByte('-')
	}
	digits := func(n int) {
		for range n {
			b.WriteByte("0001234567899"[rng.IntN(13)])
		}
	}
	if rng.IntN(3) == 0 {
		b.WriteByte('0')
	} else {
		b.WriteByte("123456789"[rng.IntN(9)])
		digits(rng.IntN(1 + rng.IntN(30)))
	}
	if rng.IntN(2) == 0 {
		b.WriteByte('.')
		digits(1 + rng.IntN(1+rng.IntN(30)))
	}
	if rng.IntN(2) == 0 {
		b.WriteString([]string{"e", "E", "e+", "e-", "E-"}[rng.IntN(5)])
		b.WriteString(strconv.Itoa(rng.IntN(1 + rng.IntN(60))))
	}
	return b.String()
}

func TestAgainstBig(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		a, b := randomNumber(rng), randomNumber(rng)
		checkAll(t, a, b)
		// The same value in another spelling.
		c := a
		switch i := strings.IndexAny(a, "eE"); {
		case i >= 0:
		case strings.Contains(a, "."):
			c = a + "00"
		default:
			c = a + "000e-3"
		}
		checkAll(t, a, c)
	}
}

func FuzzAgainstBig(f *testing.F) {
	for _, seed := range []string{"0", "-1.5e3", "10e-1", "9223372036854775808", "0.01", ones400, "1e19"} {
		f.Add(seed, "0.1")
		f.Add("3", seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		// Anything goes in; what is a number is compared too.
		IsMultipleOf([]byte(a), []byte(b))
		Compare([]byte(a), []byte(b))
		Hash([]byte(a))
		IsInteger([]byte(a))
		Int64([]byte(a))
		if isModerate(a) && isModerate(b) {
			checkAll(t, a, b)
		}
	})
}

// isModerate reports whether text is a JSON number that big.Rat can hold.
func isModerate(text string) bool {
	if len(text) > MaxDivisorDigits {
		return false
	}
	s := strings.TrimPrefix(text, "-")
	mantissa, exp, hasExp := s, "", false
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exp, hasExp = s[:i], s[i+1:], true
	}
	whole, fraction, hasPoint := strings.Cut(mantissa, ".")
	allDigits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	if !allDigits(whole) || len(whole) > 1 && whole[0] == '0' || hasPoint && !allDigits(fraction) {
		return false
	}
	if !hasExp {
		return true
	}
	if exp != "" && (exp[0] == '+' || exp[0] == '-') {
		exp = exp[1:]
	}
	return allDigits(exp) && len(strings.TrimLeft(exp, "0")) <= 3
}

func TestDoesNotAllocate(t *testing.T) {
	a, b := []byte(nines400+"e5"), []byte(ones400)
	if n := testing.AllocsPerRun(100, func() {
		Compare(a, b)
		Hash(a)
		IsInteger(a)
		Int64(a)
		IsMultipleOf(a, b)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
