package cel

import (
	"math"
	"math/bits"
	"strconv"
	"unsafe"
)

func (v *value) double() float64 { return math.Float64frombits(v.num) }

// nan reports the double that is no number.
func (v *value) nan() bool { return v.kind == kindDouble && v.double() != v.double() }

func (v *value) setDouble(f float64) { v.kind, v.num = kindDouble, math.Float64bits(f) }

// exact is where doubles stop to hold every whole number: 2^53.
const exact = 1 << 53

// readNumber reads a JSON number: a double, as JSON numbers are in CEL, but an int
// where it is written in digits alone and 2^53 or more, so that identifiers that
// differ do not become the same double. Other numbers from 2^53 on are errors (RFC
// 7493 section 2.2).
func readNumber(text []byte, digits bool, v *value) {
	v.kind = kindError
	if !digits {
		if f, ok := parseFloat(text); ok && math.Abs(f) < exact {
			v.setDouble(f)
		}
		return
	}
	neg := len(text) > 0 && text[0] == '-'
	if neg {
		text = text[1:]
	}
	n, ok := parseDigits(text)
	switch {
	case !ok:
	case n < exact:
		f := float64(n)
		if neg {
			f = -f
		}
		v.setDouble(f)
	case neg && n <= 1<<63:
		v.integer(int64(-n))
	case !neg && n < 1<<63:
		v.integer(int64(n))
	}
}

// parseDigits reads decimal digits, at least one and nothing else.
func parseDigits(b []byte) (n uint64, ok bool) {
	if len(b) == 0 {
		return 0, false
	}
	for i, c := range b {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		if i >= 19 { // as many digits always fit
			hi, lo := bits.Mul64(n, 10)
			sum, carry := bits.Add64(lo, uint64(c), 0)
			if hi != 0 || carry != 0 {
				return 0, false
			}
			n = sum
			continue
		}
		n = n*10 + uint64(c)
	}
	return n, true
}

// maxFloatText bounds the text of a number with a fraction or an exponent: more
// digits than this say nothing, and reading them costs.
const maxFloatText = 1 << 10

// parseFloat reads what RFC 8259 calls a number. ok is false for one that is far
// above what a double holds exactly: strconv would make an error of it.
func parseFloat(text []byte) (f float64, ok bool) {
	if len(text) == 0 || len(text) > maxFloatText || magnitude(text) > 300 {
		return 0, false
	}
	f, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64)
	return f, err == nil
}

// magnitude is the place of the first digit that is not 0, counted from the point:
// a bound of the power of ten. It is 0 for zero.
func magnitude(text []byte) int {
	places, point, first := 0, -1, -1
	i := 0
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= '0' && c <= '9':
			if first < 0 && c != '0' {
				first = places
			}
			places++
		case c == '.':
			point = places
		case c == 'e' || c == 'E':
			goto exponent
		}
	}
exponent:
	if first < 0 {
		return 0
	}
	if point < 0 {
		point = places
	}
	e, neg := 0, false
	for i++; i < len(text); i++ {
		switch c := text[i]; {
		case c == '-':
			neg = true
		case c >= '0' && c <= '9' && e < 1<<20:
			e = e*10 + int(c-'0')
		}
	}
	if neg {
		e = -e
	}
	return point - first + e
}

// wholeDouble is f as an int where it is one exactly.
func wholeDouble(f float64) (int64, bool) {
	if !(f >= -1<<63 && f < 1<<63) || f != math.Trunc(f) {
		return 0, false
	}
	return int64(f), true
}

// compare orders two numbers of any types: -1, 0 or 1. ok is false for NaN. Mixed
// types are compared as CEL does: an int or uint beside a double as a double, where
// the double lies in its range.
func compare(a, b *value) (order int, ok bool) {
	switch {
	case a.kind == kindDouble && b.kind == kindDouble:
		return orderDouble(a.double(), b.double())
	case a.kind == kindDouble:
		return doubleBeside(a.double(), b)
	case b.kind == kindDouble:
		order, ok = doubleBeside(b.double(), a)
		return -order, ok
	case a.kind == kindInt && int64(a.num) < 0:
		if b.kind != kindInt {
			return -1, true
		}
	case b.kind == kindInt && int64(b.num) < 0:
		if a.kind != kindInt {
			return 1, true
		}
	}
	if a.kind == kindInt && b.kind == kindInt {
		return order64(int64(a.num) < int64(b.num), a.num == b.num), true
	}
	return order64(a.num < b.num, a.num == b.num), true
}

func order64(less, same bool) int {
	switch {
	case same:
		return 0
	case less:
		return -1
	}
	return 1
}

func orderDouble(a, b float64) (int, bool) {
	if a != a || b != b {
		return 0, false
	}
	return order64(a < b, a == b), true
}

// doubleBeside orders d against an int or uint.
func doubleBeside(d float64, v *value) (int, bool) {
	if v.kind == kindInt {
		switch {
		case d < math.MinInt64:
			return -1, true
		case d > math.MaxInt64:
			return 1, true
		}
		return orderDouble(d, float64(int64(v.num)))
	}
	switch {
	case d < 0:
		return -1, true
	case d > math.MaxUint64:
		return 1, true
	}
	return orderDouble(d, float64(v.num))
}
