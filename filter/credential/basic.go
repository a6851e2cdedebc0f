package credential

import "portcullis/filter/text"

// Basic is the credential of an Authorization field value of the scheme Basic (RFC
// 7617 section 2); the scheme is case-insensitive (RFC 9110 section 11.1) and one
// space follows it. present is false for another scheme or none.
func Basic(value []byte) (encoded []byte, present bool) { return text.AfterScheme(value, "basic") }

// maxUserPass is the longest "id:secret".
const maxUserPass = MaxKey

// ParseBasic reads the key whose id is the user and whose secret is the password of
// encoded, the base64 of "user:password". The key points into buf.
func ParseBasic(buf *[maxUserPass + 2]byte, encoded []byte) (k Key, ok bool) {
	if len(encoded) > (maxUserPass+2)/3*4 {
		return Key{}, false
	}
	n, ok := decode64(buf[:], encoded)
	if !ok {
		return Key{}, false
	}
	for i, c := range buf[:n] {
		if c == ':' { // the first: a user has none (RFC 7617 section 2)
			return parts(buf[:i], buf[i+1:n])
		}
	}
	return Key{}, false
}

// decode64 decodes src, base64 with padding (RFC 4648 section 4), and returns the
// bytes written. It declines what is not canonical: missing padding, white space,
// the other alphabet, and bits that are set past the last byte.
func decode64(dst, src []byte) (n int, ok bool) {
	if len(src)%4 != 0 {
		return 0, false
	}
	for len(src) > 0 {
		pad := 0
		if len(src) == 4 {
			if src[3] == '=' {
				pad = 1
				if src[2] == '=' {
					pad = 2
				}
			}
		}
		v := uint32(0)
		for i := range 4 - pad {
			d := value64(src[i])
			if d > 63 {
				return 0, false
			}
			v |= uint32(d) << (18 - 6*i)
		}
		if n+3-pad > len(dst) || v&(1<<(8*pad)-1) != 0 {
			return 0, false
		}
		for i := range 3 - pad {
			dst[n] = byte(v >> (16 - 8*i))
			n++
		}
		src = src[4:]
	}
	return n, true
}

// value64 is the value of a digit of base64, 255 of anything else.
func value64(c byte) byte {
	switch {
	case c-'A' < 26:
		return c - 'A'
	case c-'a' < 26:
		return c - 'a' + 26
	case c-'0' < 10:
		return c - '0' + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return 255
}
