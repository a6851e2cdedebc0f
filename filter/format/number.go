package format

import "math/bits"

// number is a view of the text of a JSON number: its value is the digits from
// first to last (a point among them may lie), first weighing 10^lead and last
// 10^trail.
type number struct {
	text        []byte
	first, last int // indexes of the first and the last digit that is not 0
	lead, trail int64
	neg         bool
	zero        bool // no digit but 0
	ok          bool // well-formed
}

// maxExponent caps exponents; no format holds a number beyond it, and sums
// with the length of a text stay far from overflow.
const maxExponent = 1 << 40

// parseNumber reads RFC 8259 section 6's number.
func parseNumber(text []byte) number {
	n := number{text: text, zero: true}
	i := 0
	if i < len(text) && text[i] == '-' {
		n.neg = true
		i++
	}
	start := i
	i = skipDigits(text, i)
	if i == start || text[start] == '0' && i-start > 1 {
		return n
	}
	point := i // weights count from here
	if i < len(text) && text[i] == '.' {
		end := skipDigits(text, i+1)
		if end == i+1 {
			return n
		}
		i = end
	}
	mantissa := i
	exp := int64(0)
	if i < len(text) && lower(text[i]) == 'e' {
		if exp, i = exponent(text, i+1); i < 0 {
			return n
		}
	}
	n.ok = i == len(text)
	for j, c := range text[start:mantissa] {
		if c == '.' || c == '0' {
			continue
		}
		at := start + j
		if n.zero {
			n.first, n.lead, n.zero = at, weight(at, point)+exp, false
		}
		n.last, n.trail = at, weight(at, point)+exp
	}
	return n
}

// weight returns the power of ten of the digit at index at, when the point, or
// the end of the digits without one, is at point.
func weight(at, point int) int64 {
	if at < point {
		return int64(point - at - 1)
	}
	return int64(point - at)
}

// exponent reads a signed exponent, capped, and returns the index after it.
func exponent(text []byte, i int) (exp int64, next int) {
	neg := false
	if i < len(text) && (text[i] == '+' || text[i] == '-') {
		neg = text[i] == '-'
		i++
	}
	end := skipDigits(text, i)
	if end == i {
		return 0, -1
	}
	for _, c := range text[i:end] {
		if exp = exp*10 + int64(c-'0'); exp > maxExponent {
			exp = maxExponent
		}
	}
	if neg {
		exp = -exp
	}
	return exp, end
}

// isInteger reports whether text is an integer, in value, from -low to high.
func isInteger(text []byte, low, high uint64) bool {
	if v, neg, ok := smallInteger(text); ok {
		if neg {
			return v <= low
		}
		return v <= high
	}
	n := parseNumber(text)
	if !n.ok || n.zero {
		return n.ok
	}
	if n.trail < 0 || n.lead > 19 {
		return false
	}
	var v uint64
	for _, c := range n.text[n.first : n.last+1] {
		if c != '.' {
			var ok bool
			if v, ok = mulAdd(v, uint64(c-'0')); !ok {
				return false
			}
		}
	}
	for range n.trail {
		var ok bool
		if v, ok = mulAdd(v, 0); !ok {
			return false
		}
	}
	if n.neg {
		return v <= low
	}
	return v <= high
}

// smallInteger reads an integer that is spelled plainly, in up to 18 digits:
// what nearly all of them are.
func smallInteger(text []byte) (v uint64, neg, ok bool) {
	if len(text) > 0 && text[0] == '-' {
		text, neg = text[1:], true
	}
	if len(text) == 0 || len(text) > 18 || text[0] == '0' && len(text) > 1 {
		return 0, false, false
	}
	for _, c := range text {
		if !isDigit(c) {
			return 0, false, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, neg, true
}

// mulAdd returns v*10+digit, if it fits.
func mulAdd(v, digit uint64) (uint64, bool) {
	hi, lo := bits.Mul64(v, 10)
	sum, carry := bits.Add64(lo, digit, 0)
	return sum, hi == 0 && carry == 0
}

// isBelow reports whether |n| is less than the integer that digits spells.
func (n *number) isBelow(digits string) bool {
	if n.zero || n.lead != int64(len(digits)-1) {
		return n.zero || n.lead < int64(len(digits)-1)
	}
	i := 0
	for _, c := range n.text[n.first : n.last+1] {
		if c == '.' {
			continue
		}
		if i == len(digits) {
			return false
		}
		if c != digits[i] {
			return c < digits[i]
		}
		i++
	}
	// All of n's digits agree; it is less if a digit that is not 0 follows.
	for ; i < len(digits); i++ {
		if digits[i] != '0' {
			return true
		}
	}
	return false
}
