package format

// Parameters of RFC 3492 section 5.
const (
	punyBase        = 36
	punyTMin        = 1
	punyTMax        = 26
	punySkew        = 38
	punyDamp        = 700
	punyInitialBias = 72
	punyInitialN    = 128
)

// punycodeDecode fills l with what s (without xn--) decodes to (RFC 3492
// section 6.2). Letters before the delimiter are made small, as names are
// compared without case.
func (l *label) punycodeDecode(s []byte) bool {
	basic := len(s)
	for basic > 0 && s[basic-1] != '-' {
		basic--
	}
	l.n = 0
	for i := 0; i+1 < basic; i++ {
		l.runes[i] = rune(lower(s[i]))
		l.n++
	}
	n, bias, at := uint32(punyInitialN), uint32(punyInitialBias), uint32(0)
	for i := basic; i < len(s); {
		old, weight := at, uint32(1)
		for k := uint32(punyBase); ; k += punyBase {
			if i == len(s) {
				return false
			}
			digit := punyDigit(s[i])
			i++
			// What a label can hold is below 64 times the number of code
			// points; past that weight a digit that counts is too large, so
			// nothing here overflows.
			if digit >= punyBase || digit != 0 && weight > 1<<26 {
				return false
			}
			if at += digit * weight; at > 1<<27 {
				return false
			}
			t := punyThreshold(k, bias)
			if digit < t {
				break
			}
			weight *= punyBase - t
		}
		count := uint32(l.n + 1)
		bias = punyAdapt(at-old, count, old == 0)
		n += at / count
		at %= count
		if n > 0x10FFFF || n >= 0xD800 && n < 0xE000 || l.n == maxLabel {
			return false
		}
		copy(l.runes[at+1:l.n+1], l.runes[at:l.n])
		l.runes[at] = rune(n)
		l.n++
		at++
	}
	return l.n > 0
}

// punycodeLength returns the length of l's encoding, or something over
// maxLabel if it is longer.
func (l *label) punycodeLength() int {
	n, _ := l.punycodeEncode(nil)
	return n
}

// punycodeEncodes reports whether l's encoding is want, but for case.
func (l *label) punycodeEncodes(want []byte) bool {
	n, same := l.punycodeEncode(want)
	return same && n == len(want)
}

// punycodeEncode encodes l (RFC 3492 section 6.3), writes nothing, and returns
// the length and whether every byte was the one in want.
func (l *label) punycodeEncode(want []byte) (length int, same bool) {
	same = true
	put := func(c byte) {
		same = same && length < len(want) && lower(want[length]) == c
		length++
	}
	for _, r := range l.runes[:l.n] {
		if r < punyInitialN {
			put(lower(byte(r)))
		}
	}
	basic := length
	if basic > 0 {
		put('-')
	}
	n, bias, delta := rune(punyInitialN), uint32(punyInitialBias), uint32(0)
	for done := basic; done < l.n; {
		next := rune(0x7FFFFFFF)
		for _, r := range l.runes[:l.n] {
			if r >= n && r < next {
				next = r
			}
		}
		delta += uint32(next-n) * uint32(done+1)
		n = next
		for _, r := range l.runes[:l.n] {
			if r < n {
				delta++
			}
			if r != n {
				continue
			}
			q := delta
			for k := uint32(punyBase); ; k += punyBase {
				t := punyThreshold(k, bias)
				if q < t {
					break
				}
				put(punyChar(t + (q-t)%(punyBase-t)))
				q = (q - t) / (punyBase - t)
			}
			put(punyChar(q))
			bias = punyAdapt(delta, uint32(done+1), done == basic)
			delta = 0
			done++
		}
		delta++
		n++
	}
	return length, same
}

func punyThreshold(k, bias uint32) uint32 {
	switch {
	case k <= bias:
		return punyTMin
	case k >= bias+punyTMax:
		return punyTMax
	}
	return k - bias
}

func punyAdapt(delta, count uint32, first bool) uint32 {
	if first {
		delta /= punyDamp
	} else {
		delta /= 2
	}
	delta += delta / count
	k := uint32(0)
	for delta > (punyBase-punyTMin)*punyTMax/2 {
		delta /= punyBase - punyTMin
		k += punyBase
	}
	return k + (punyBase-punyTMin+1)*delta/(delta+punySkew)
}

func punyDigit(c byte) uint32 {
	switch {
	case isDigit(c):
		return uint32(c-'0') + 26
	case isAlpha(c):
		return uint32(lower(c) - 'a')
	}
	return punyBase
}

func punyChar(d uint32) byte {
	if d < 26 {
		return byte('a' + d)
	}
	return byte('0' + d - 26)
}
