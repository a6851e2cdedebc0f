package token

import "math"

const (
	nanosPerSecond = 1_000_000_000
	// maxSeconds bounds dates: integers that every JSON reader holds exactly
	// (RFC 8259 section 6). What is beyond is no date but a mistake or an attack.
	maxSeconds = 1<<53 - 1
	// maxExponent is where exponents are cut off: far beyond any date.
	maxExponent = 100_000
)

// parseDate reads a NumericDate (RFC 7519 section 2) from the text of a JSON
// number, exactly: Unix nanoseconds, what is below a nanosecond cut off, and
// dates that int64 can't hold (1677 to 2262) taken to its ends. It declines
// magnitudes over 2^53 seconds. text must be what RFC 8259 section 6 calls a
// number.
func parseDate(text []byte) (nanos int64, ok bool) {
	if sec, ok := wholeSeconds(text); ok {
		return int64(sec * nanosPerSecond), true
	}
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	d := splitNumber(text)
	sec := uint64(0)
	for i := 0; i < d.point; i++ {
		if i >= len(d.digits) && sec == 0 {
			break // only zeros can follow
		}
		sec = sec*10 + d.at(i)
		if sec > maxSeconds {
			return 0, false
		}
	}
	sub := uint64(0)
	for i := range 9 {
		sub = sub*10 + d.at(d.point+i)
	}
	if sec >= math.MaxInt64/nanosPerSecond {
		nanos = math.MaxInt64
	} else {
		nanos = int64(sec*nanosPerSecond + sub)
	}
	if negative {
		nanos = -nanos
	}
	return nanos, true
}

// wholeSeconds is what nearly every date is: digits, few enough for its nanoseconds to fit.
func wholeSeconds(text []byte) (sec uint64, ok bool) {
	if len(text) == 0 || len(text) > len("1700000000") {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		sec = sec*10 + uint64(c-'0')
	}
	return sec, sec < math.MaxInt64/nanosPerSecond
}

// decimal is a number's digits with '.' somewhere inside, and where the decimal
// point stands after the exponent has moved it (may be outside).
type decimal struct {
	digits []byte
	dot    int // index of '.' in digits, len(digits) without one
	point  int // number of digits before the decimal point
}

// splitNumber takes an unsigned JSON number apart.
func splitNumber(text []byte) decimal {
	d := decimal{digits: text, dot: -1}
	exp, sign := 0, 1
	for i, c := range text {
		if c == '.' {
			d.dot = i
		}
		if c|0x20 != 'e' {
			continue
		}
		d.digits = text[:i]
		for _, c := range text[i+1:] {
			if c == '-' {
				sign = -1
			} else if c != '+' && exp < maxExponent {
				exp = exp*10 + int(c-'0')
			}
		}
		break
	}
	if d.dot < 0 {
		d.dot = len(d.digits)
	}
	d.point = d.dot + sign*exp
	return d
}

// at is the i-th digit, counting without the '.', and 0 outside.
func (d *decimal) at(i int) uint64 {
	if i >= d.dot {
		i++
	}
	if i < 0 || i >= len(d.digits) {
		return 0
	}
	return uint64(d.digits[i] - '0')
}

// addSeconds is t + s seconds, taken to the ends of int64 when it does not fit.
func addSeconds(t, s int64) int64 {
	d := s * nanosPerSecond // s is at most 2^32 in magnitude
	switch {
	case d > 0 && t > math.MaxInt64-d:
		return math.MaxInt64
	case d < 0 && t < math.MinInt64-d:
		return math.MinInt64
	}
	return t + d
}
