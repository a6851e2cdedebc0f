package json

import "math/bits"

// This file and kernel.go are the source of kernel_wasm.s: they keep to the subset of Go that
// filter/internal/wasmgen translates, and `go generate` must follow every change.

// skipSpace returns the offset of the first byte at or after i that is not
// white space, and the byte, or n and 0.
func skipSpace(src []byte, n, i uint64) (at, c uint64) {
	//wasmgen:peel
	for i < n {
		c := uint64(src[i])
		if c > ' ' || spaces>>(c&63)&1 == 0 {
			return i, c
		}
		i++
		if c == '\n' { // indentation comes in runs
			for i+8 <= n && load64(src, i) == blanks {
				i += 8
			}
		}
	}
	return i, 0
}

// special returns a word whose lowest set bit is the high bit of the first
// byte of w, in memory order, that is a quote, a backslash, a control or not
// ASCII. Bits above that one mean nothing: a borrow may have set them.
func special(w uint64) uint64 {
	q := w ^ quotes
	e := w ^ escapes
	return ((q - ones) | (e - ones) | ((w - blanks) | w)) & highs
}

// scanString checks a string from the byte after its opening quote. It returns
// the offset of the closing quote and the flags, or the offset of what is wrong
// and a status.
func scanString(src []byte, n, i uint64) (end, bad, flags uint64) {
	for {
		for i+8 <= n {
			m := special(load64(src, i))
			if m != 0 {
				i += uint64(bits.TrailingZeros64(m)) >> 3
				if src[i] == '"' {
					return i, 0, flags
				}
				break
			}
			i += 8
		}
		if i >= n {
			return i, uint64(ErrSyntax), flags
		}
		c := uint64(src[i])
		if c == '"' {
			return i, 0, flags
		}
		if c >= 0x80 {
			flags |= FlagNonASCII
			for {
				size := sequence(src, n, i)
				if size == 0 {
					return i, uint64(ErrUTF8), flags
				}
				i += size
				if i >= n || src[i] < 0x80 {
					break
				}
			}
		} else if c == '\\' {
			flags |= FlagEscaped | FlagNonASCII
			size, wrong := escape(src, n, i)
			if wrong != 0 {
				return i, wrong, flags
			}
			i += size
		} else if c < ' ' {
			return i, uint64(ErrSyntax), flags
		} else {
			i++ // an ordinary byte among the last 7
		}
	}
}

// sequence returns the length of the UTF-8 sequence of two to four bytes at i,
// or 0 if it is not one (Unicode 15.0 table 3-7).
//
//wasmgen:cold
func sequence(src []byte, n, i uint64) uint64 {
	w := uint64(0)
	if i+4 <= n {
		w = load32(src, i)
	} else { // zeros behind the end are no continuation bytes
		for j := i; j < n; j++ {
			w |= uint64(src[j]) << ((j - i) << 3 & 63)
		}
	}
	if w&0xc0e0 == 0x80c0 {
		if w&0x1e == 0 { // below U+0080
			return 0
		}
		return 2
	}
	if w&0xc0c0f0 == 0x8080e0 {
		r := w & 0x200f
		if r == 0 || r == 0x200d { // below U+0800, or a surrogate
			return 0
		}
		return 3
	}
	if w&0xc0c0c0f8 == 0x808080f0 {
		r := w & 0x3007
		if r == 0 || r&7 > 4 || r > 4 && r&7 == 4 { // below U+10000, or above U+10FFFF
			return 0
		}
		return 4
	}
	return 0
}

// lowEscapes and highEscapes have the bits of the bytes that stand for themselves or a control
// after a backslash, less 0x22 for those below 0x40, less 0x5c for the others.
const (
	lowEscapes  = uint64(1<<('"'-0x22) | 1<<('/'-0x22))
	highEscapes = uint64(1<<('\\'-0x5c) | 1<<('b'-0x5c) | 1<<('f'-0x5c) | 1<<('n'-0x5c) | 1<<('r'-0x5c) | 1<<('t'-0x5c))
)

// escape returns the length of the escape at i (a surrogate pair is one
// escape), or a status.
//
//wasmgen:cold
func escape(src []byte, n, i uint64) (size, bad uint64) {
	if i+1 >= n {
		return 0, uint64(ErrSyntax)
	}
	c := uint64(src[i+1])
	if c == 'u' {
		r := hexUnit(src, n, i+2)
		if r&0xf800 == 0xd800 {
			return surrogatePair(src, n, i, r)
		}
		if r > 0xffff {
			return 0, uint64(ErrSyntax)
		}
		return 6, 0
	}
	d := c - 0x5c
	if d < 64 && highEscapes>>(d&63)&1 != 0 {
		return 2, 0
	}
	d = c - 0x22
	if d < 64 && lowEscapes>>(d&63)&1 != 0 {
		return 2, 0
	}
	return 0, uint64(ErrSyntax)
}

// surrogatePair is escape for a \u escape that is a surrogate, r.
//
//wasmgen:cold
func surrogatePair(src []byte, n, i, r uint64) (size, bad uint64) {
	if r >= 0xdc00 || i+8 > n || src[i+6] != '\\' || src[i+7] != 'u' {
		return 0, uint64(ErrSurrogate)
	}
	r = hexUnit(src, n, i+8)
	if r > 0xffff {
		return 0, uint64(ErrSyntax)
	}
	if r&0xfc00 != 0xdc00 {
		return 0, uint64(ErrSurrogate)
	}
	return 12, 0
}

// hexUnit returns the value of the four hexadecimal digits at i, or 0x10000 if
// they are not. It works on all four bytes of a word at once; adding to a byte
// below 0x80 sets its high bit where the byte is at least 0x80 less what is added.
func hexUnit(src []byte, n, i uint64) uint64 {
	if i+4 > n {
		return 0x10000
	}
	w := load32(src, i)
	lower := w | 0x20202020
	digit := (w + 0x50505050) &^ (w + 0x46464646)          // 0x30 to 0x39
	letter := (lower + 0x1f1f1f1f) &^ (lower + 0x19191919) // 0x61 to 0x66
	if (digit|letter)&^w&0x80808080 != 0x80808080 {
		return 0x10000
	}
	v := w&0x0f0f0f0f + w>>6&0x01010101*9
	v = v<<4 | v>>8 // two pairs of digits, in bytes 0 and 2
	return v&0xff<<8 | v>>16&0xff
}

// numberOK is a bit that scanNumber sets besides the flags, so that 0 is left
// for what is no number.
const numberOK = 1 << 16

// scanNumber checks the number at i, and returns the offset of the first byte
// that does not belong to it, and its flags, or 0 for flags (RFC 8259
// section 6).
func scanNumber(src []byte, n, i uint64) (end, flags uint64) {
	flags = numberOK | FlagInteger
	if i < n && src[i] == '-' {
		flags |= FlagNegative
		i++
	}
	if i >= n {
		return i, 0
	}
	c := uint64(src[i]) - '0'
	if c > 9 {
		return i, 0
	}
	i++
	if c != 0 { // no digit may follow a leading zero
		i = skipDigits(src, n, i)
	}
	if i < n && src[i] == '.' {
		flags &^= FlagInteger
		first := i + 1
		i = skipDigits(src, n, first)
		if i == first {
			return i, 0
		}
	}
	if i < n && src[i]|0x20 == 'e' {
		flags &^= FlagInteger
		i++
		if i < n && (src[i] == '+' || src[i] == '-') {
			i++
		}
		first := i
		i = skipDigits(src, n, first)
		if i == first {
			return i, 0
		}
	}
	return i, flags
}

func skipDigits(src []byte, n, i uint64) uint64 {
	for i < n && uint64(src[i])-'0' <= 9 {
		i++
	}
	return i
}

// literal returns the kind and length of the literal at i, or kind 0.
func literal(src []byte, n, i uint64) (kind, size uint64) {
	if i+4 > n {
		return 0, 0
	}
	w := load32(src, i)
	if w == 't'|'r'<<8|'u'<<16|'e'<<24 {
		return KindTrue, 4
	}
	if w == 'n'|'u'<<8|'l'<<16|'l'<<24 {
		return KindNull, 4
	}
	if w == 'f'|'a'<<8|'l'<<16|'s'<<24 && i+5 <= n && src[i+4] == 'e' {
		return KindFalse, 5
	}
	return 0, 0
}
