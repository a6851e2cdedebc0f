package decimal

import "math/bits"

// MaxDivisorDigits is the most significant digits IsMultipleOf takes in a
// divisor. A compiler must refuse a schema with a longer one: see IsDivisor.
const MaxDivisorDigits = 1024

// IsDivisor reports whether IsMultipleOf is exact for this divisor: it is
// greater than zero, as JSON Schema 2020-12 validation section 6.2.1 wants it,
// and has at most MaxDivisorDigits significant digits.
func IsDivisor(text []byte) bool {
	d := split(text)
	return d.n > 0 && !d.neg && d.n <= MaxDivisorDigits
}

// IsMultipleOf reports whether value/divisor is an integer, exactly. For a
// divisor that IsDivisor refuses it reports false, but for the sign: that of
// either does not matter.
func IsMultipleOf(value, divisor []byte) bool {
	if v, ok := short(value); ok {
		if d, ok := short(divisor); ok {
			return d != 0 && v%d == 0
		}
	}
	v, d := split(value), split(divisor)
	switch {
	case d.n == 0 || d.n > MaxDivisorDigits:
		return false
	case v.n == 0:
		return true
	}
	// value = a x 10^p and divisor = b x 10^q with whole a and b, neither of them
	// a multiple of 10. If p < q then a would have to be one.
	zeros, ok := zerosBetween(&v, &d)
	if !ok {
		return false
	}
	if d.n <= 19 {
		return dividesSmall(&v, &d, zeros)
	}
	return dividesLarge(&v, &d, zeros)
}

// zerosBetween returns p-q, or false if it is negative. A difference that the
// divisor cannot tell from a greater one is cut: 10^k holds every factor 2 and 5
// that an n-digit divisor can have when k is 4n, as 2^4 > 10 > 5.
func zerosBetween(v, d *number) (int64, bool) {
	// p is exp+shift-n, and q the same of the divisor.
	k := exponentDiff(v, d) - v.n + d.n
	return min(k, 4*d.n), k >= 0
}

// dividesSmall decides for a divisor whose digits fit 64 bits.
func dividesSmall(v, d *number, zeros int64) bool {
	b := uint64(0)
	s := d.digits()
	for range d.n {
		b = b*10 + uint64(s.next())
	}
	if b == 1 {
		return true
	}
	r := uint64(0)
	s = v.digits()
	for left := v.n + zeros; left > 0; { // digits past the last are the zeros
		scale, chunk := uint64(1), uint64(0)
		for k := min(left, chunkDigits); k > 0; k-- {
			scale *= 10
			chunk = chunk*10 + uint64(s.next())
			left--
		}
		hi, lo := bits.Mul64(r, scale)
		lo, carry := bits.Add64(lo, chunk, 0)
		r = bits.Rem64(hi+carry, lo, b)
	}
	return r == 0
}

// limbDigits decimal digits make a limb of the long division, in base limbBase.
const (
	limbDigits = 9
	limbBase   = 1_000_000_000
	maxLimbs   = (MaxDivisorDigits + limbDigits - 1) / limbDigits
)

// dividesLarge is schoolbook division (Knuth, volume 2, 4.3.1, algorithm D) that
// keeps only the remainder: one limb of the value comes in, one quotient limb is
// guessed from the top limbs, and corrected at most twice.
func dividesLarge(v, d *number, zeros int64) bool {
	var b [maxLimbs]uint64
	n := int((d.n + limbDigits - 1) / limbDigits)
	s := d.digits()
	// Zeros behind the divisor's digits make the top limb full, which scales b
	// and must scale the value alike.
	pad := int64(n)*limbDigits - d.n
	for i := n - 1; i >= 0; i-- {
		b[i] = s.limb(limbDigits)
	}
	// Normalise: the top limb at least half the base, so that guesses are good.
	f := limbBase / (b[n-1] + 1)
	mulLimbs(b[:n], f)
	if b[n-1] == 0 {
		return false // the text is no number: the first digit of one is 1 to 9
	}

	var r [maxLimbs + 1]uint64
	s = v.digits()
	total := v.n + zeros + pad
	// The first limb takes what is left over, so that all others are full.
	head := total % limbDigits
	if head != 0 {
		shiftIn(r[:n+1], s.limb(head)*f)
		total -= head
	}
	for ; total > 0; total -= limbDigits {
		shiftIn(r[:n+1], s.limb(limbDigits)*f)
		reduce(r[:n+1], b[:n])
	}
	for _, x := range r[:n+1] {
		if x != 0 {
			return false
		}
	}
	return true
}

// limb reads the next k digits as a number.
func (s *digits) limb(k int64) uint64 {
	x := uint64(0)
	for ; k > 0; k-- {
		x = x*10 + uint64(s.next())
	}
	return x
}

// mulLimbs multiplies b by f, which does not make it longer.
func mulLimbs(b []uint64, f uint64) {
	carry := uint64(0)
	for i := range b {
		carry += b[i] * f
		b[i] = carry % limbBase
		carry /= limbBase
	}
}

// shiftIn multiplies r by the base and adds x, which may be several limbs' worth.
func shiftIn(r []uint64, x uint64) {
	copy(r[1:], r[:len(r)-1])
	r[0] = 0
	for i := 0; x != 0 && i < len(r); i++ {
		x += r[i]
		r[i] = x % limbBase
		x /= limbBase
	}
}

// reduce takes the largest multiple of b from r, given r < b x base.
func reduce(r, b []uint64) {
	n := len(b)
	top := r[n]*limbBase + r[n-1]
	q := min(top/b[n-1], limbBase-1)
	borrow := uint64(0)
	for i := range b {
		need := q*b[i] + borrow
		low := need % limbBase
		borrow = need / limbBase
		if r[i] < low {
			r[i] += limbBase
			borrow++
		}
		r[i] -= low
	}
	if r[n] >= borrow {
		r[n] -= borrow
	} else {
		// The guess was too great, by 1 or 2: add b back until r is not negative.
		owed := borrow - r[n]
		r[n] = 0
		for owed > 0 {
			carry := uint64(0)
			for i := range b {
				carry += r[i] + b[i]
				r[i] = carry % limbBase
				carry /= limbBase
			}
			owed -= carry
		}
	}
}
