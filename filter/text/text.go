// Package text appends text to byte slices, splits and compares it. What it appends is what append and
// strconv do, kept out of line: inlined, each append of a literal is 100 to 150 bytes
// of module, and messages consist of little else.
package text

// Append appends s.
//
//go:noinline
func Append(dst []byte, s string) []byte { return append(dst, s...) }

// Bytes appends b.
//
//go:noinline
func Bytes(dst, b []byte) []byte { return append(dst, b...) }

// Byte appends c.
//
//go:noinline
func Byte(dst []byte, c byte) []byte { return append(dst, c) }

// Uint appends n in decimal.
//
//go:noinline
func Uint(dst []byte, n uint64) []byte {
	var b [20]byte
	i := len(b)
	for {
		i--
		b[i] = byte('0' + n%10)
		if n /= 10; n == 0 {
			return append(dst, b[i:]...)
		}
	}
}

// Quote appends s between quotes, in ASCII, for one line of a log: what is not a
// printable ASCII character is written as Go escapes it, byte by byte.
func Quote(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = Byte(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c < ' ' || c >= 0x7f:
			dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			dst = Byte(dst, c)
		}
	}
	return Byte(dst, '"')
}
