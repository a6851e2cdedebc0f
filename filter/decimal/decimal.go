// Package decimal works with numbers exactly, straight from their JSON text
// (RFC 8259 section 6): nothing is rounded, nothing overflows, nothing is
// allocated.
//
// Every function takes any number that RFC 8259 can write, with any number of
// digits in the coefficient and in the exponent. Work is linear in the length
// of the texts and never depends on the size of an exponent, so 1e999999999 is
// as cheap as 1. The exception is IsMultipleOf: length of the value times length
// of the divisor, and the divisor has a bound.
//
// Arguments must match RFC 8259's grammar, as what package json has parsed
// does. Other text gives some result, without panic.
package decimal

import "math/bits"

// number is the value 0.d1d2...dn x 10^(exp+shift), where d1...dn are the
// significant digits: d1 and dn are not 0. It has views of the text it came from.
//
// Invariants: n == 0 for zero, and then nothing else but neg has a meaning;
// otherwise text[first] and text[last] are d1 and dn; the digits are
// text[first..last] but for a point in between.
type number struct {
	text  []byte
	first int
	last  int
	n     int64  // significant digits
	shift int64  // what the position of the point adds to the exponent
	exp   []byte // digits of the written exponent, leading zeros dropped
	neg   bool
	negE  bool
}

// split finds the parts of a number in its text, in one pass.
func split(text []byte) number {
	d := number{text: text, first: -1}
	i := 0
	if i < len(text) && text[i] == '-' {
		d.neg = true
		i++
	}
	point := -1
	for ; i < len(text); i++ {
		c := text[i]
		if c-'0' > 9 {
			if c != '.' {
				break
			}
			point = i
			continue
		}
		if c != '0' {
			if d.first < 0 {
				d.first = i
			}
			d.last = i
		}
	}
	if d.first < 0 {
		return d
	}
	if point < 0 {
		point = i
	}
	// A digit before the point counts up from 0.d1, a zero behind it down.
	if d.first < point {
		d.shift = int64(point - d.first)
	} else {
		d.shift = int64(point - d.first + 1)
	}
	d.n = int64(d.last - d.first + 1)
	if d.first < point && point < d.last {
		d.n--
	}
	if i < len(text) { // e or E
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			d.negE = text[i] == '-'
			i++
		}
		for i < len(text) && text[i] == '0' {
			i++
		}
		d.exp = text[i:]
	}
	return d
}

// Exponents of up to expDigits digits are read as they are; a longer one is
// further away from anything that digits of a text can make up for.
const (
	expDigits = 18
	expFar    = 1_000_000_000_000_000_000
	expNear   = expFar - 1<<40
)

// exponent returns exp+shift, or +-expNear where it is that far or further.
func (d *number) exponent() int64 {
	return max(-expNear, min(d.written()+d.shift, expNear))
}

// written returns the exponent as written, or +-expFar for a longer one.
func (d *number) written() int64 {
	e := int64(expFar)
	if len(d.exp) <= expDigits {
		e = 0
		for _, c := range d.exp {
			e = e*10 + int64(c-'0')
		}
	}
	if d.negE {
		return -e
	}
	return e
}

// digits iterates over significant digits, and yields zeros after the last.
type digits struct {
	text []byte
	i    int
	last int
}

func (d *number) digits() digits { return digits{d.text, d.first, d.last} }

func (s *digits) next() byte {
	if s.i > s.last {
		return 0
	}
	c := s.text[s.i]
	if c == '.' {
		s.i++
		c = s.text[s.i]
	}
	s.i++
	return c - '0'
}

// Compare returns -1, 0 or 1 as a is less than, equal to or greater than b.
func Compare(a, b []byte) int {
	if x, ok := short(a); ok {
		if y, ok := short(b); ok {
			return compareInt(x, y)
		}
	}
	x, y := split(a), split(b)
	sx, sy := x.sign(), y.sign()
	switch {
	case sx != sy:
		return compareInt(int64(sx), int64(sy))
	case sx == 0:
		return 0
	}
	if c := compareInt(exponentDiff(&x, &y), 0); c != 0 {
		return c * sx
	}
	dx, dy := x.digits(), y.digits()
	for range max(x.n, y.n) {
		if p, q := dx.next(), dy.next(); p != q {
			return compareInt(int64(p), int64(q)) * sx
		}
	}
	return 0
}

// Equal reports whether a and b are the same number.
func Equal(a, b []byte) bool { return Compare(a, b) == 0 }

func compareInt(x, y int64) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

func (d *number) sign() int {
	switch {
	case d.n == 0:
		return 0
	case d.neg:
		return -1
	}
	return 1
}

// exponentDiff returns how much greater exp+shift of x is than that of y, where
// the result is within diffFar; beyond that only its sign and "far" are right.
// Written exponents too long for 64 bits are subtracted digit by digit: once the
// difference is out of reach of the shifts, later digits cannot bring it back.
func exponentDiff(x, y *number) int64 {
	diff := int64(0)
	if len(x.exp) <= expDigits && len(y.exp) <= expDigits {
		diff = x.written() - y.written()
	} else {
		for i := max(len(x.exp), len(y.exp)); i > 0; i-- {
			diff = diff*10 + expDigit(x, i) - expDigit(y, i)
			if diff >= diffFar || diff <= -diffFar {
				break
			}
		}
	}
	return diff + x.shift - y.shift
}

const diffFar = 1 << 48

// expDigit returns the written exponent's digit worth 10^(place-1), signed.
func expDigit(d *number, place int) int64 {
	if place > len(d.exp) {
		return 0
	}
	c := int64(d.exp[len(d.exp)-place] - '0')
	if d.negE {
		return -c
	}
	return c
}

// Sign returns -1, 0 or 1 as the number is negative, zero (-0 too) or positive.
func Sign(text []byte) int {
	for i, c := range text {
		switch {
		case c == 'e' || c == 'E':
			return 0
		case c >= '1' && c <= '9':
			if i > 0 && text[0] == '-' {
				return -1
			}
			return 1
		}
	}
	return 0
}

// IsInteger reports whether the number has no fraction: 1.0 and 1e2 have none.
func IsInteger(text []byte) bool {
	if _, ok := short(text); ok {
		return true
	}
	d := split(text)
	return d.n == 0 || d.exponent() >= d.n
}

// shortDigits digits always fit an int64.
const shortDigits = 18

// short returns the value of a text of at most shortDigits digits and nothing
// but a sign besides.
func short(text []byte) (int64, bool) {
	i := 0
	if len(text) > 0 && text[0] == '-' {
		i = 1
	}
	if len(text)-i > shortDigits || len(text) == i {
		return 0, false
	}
	v := int64(0)
	for _, c := range text[i:] {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		v = v*10 + int64(c)
	}
	if i == 1 {
		v = -v
	}
	return v, true
}

// Int64 returns the number as an int64, and false where it has a fraction or is
// out of range. The spelling does not matter: 1e2 is 100, -0.0 is 0.
func Int64(text []byte) (int64, bool) {
	if v, ok := short(text); ok {
		return v, true
	}
	d := split(text)
	if d.n == 0 {
		return 0, true
	}
	e := d.exponent()
	if e < d.n || e > 19 {
		return 0, false
	}
	v := uint64(0)
	s := d.digits()
	for range e { // at most 19 digits: no overflow of 64 bits
		v = v*10 + uint64(s.next())
	}
	switch {
	case v < 1<<63 && !d.neg:
		return int64(v), true
	case v <= 1<<63 && d.neg:
		return int64(-v), true
	}
	return 0, false
}

// Multipliers of Hash, as in package json's names.
const (
	hashMulA = 0x9e3779b97f4a7c15
	hashMulB = 0xc2b2ae3d27d4eb4f
)

// Hash returns a hash of the value: numbers that Compare equal hash equal,
// however they are written. It is not keyed.
func Hash(text []byte) uint64 {
	d := split(text)
	if d.n == 0 {
		return hashMulB
	}
	h := uint64(d.exponent()) * hashMulA
	if d.neg {
		h = ^h
	}
	s := d.digits()
	for left := d.n; left > 0; left -= chunkDigits {
		chunk := uint64(0)
		for range chunkDigits { // zeros behind the last digit change nothing
			chunk = chunk*10 + uint64(s.next())
		}
		h = (bits.RotateLeft64(h, 23) ^ chunk) * hashMulA
	}
	h ^= h >> 32
	h *= hashMulB
	return h ^ h>>29
}

const chunkDigits = 18
