package format

import "unicode/utf8"

// isURITemplate is URI-Template of RFC 6570 section 2, all levels, with
// erratum 6937, which allows the apostrophe in literals.
func isURITemplate(s []byte) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '{':
			n := expression(s[i:])
			if n < 0 {
				return false
			}
			i += n
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 3
		case c >= 0x80:
			r, n := utf8.DecodeRune(s[i:])
			if !isUCSChar(r) && !isPrivate(r) {
				return false
			}
			i += n
		case c <= ' ' || c == 0x7F || hasByte("\"<>\\^`|}", c):
			return false
		default:
			i++
		}
	}
	return true
}

// expression returns the length of the expression that s begins with, or -1.
// Operators reserved for extensions are in the grammar and accepted.
func expression(s []byte) int {
	i := 1
	if i < len(s) && hasByte("+#./;?&=,!@|", s[i]) {
		i++
	}
	for {
		if i = varspec(s, i); i < 0 || i >= len(s) {
			return -1
		}
		switch s[i] {
		case '}':
			return i + 1
		case ',':
			i++
		default:
			return -1
		}
	}
}

// varspec returns the index after the varspec at s[i:], or -1.
func varspec(s []byte, i int) int {
	if i = varname(s, i); i < 0 || i == len(s) {
		return i
	}
	switch s[i] {
	case '*':
		return i + 1
	case ':':
		end := skipDigits(s, i+1)
		if end == i+1 || end > i+5 || s[i+1] == '0' {
			return -1
		}
		return end
	}
	return i
}

// varname returns the index after the varname at s[i:], or -1.
func varname(s []byte, i int) int {
	chars := 0
	for i < len(s) {
		c := s[i]
		switch {
		case isAlnum(c) || c == '_':
			i++
			chars++
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			i += 3
			chars++
		case c == '.' && chars > 0:
			i++
			chars = 0
		default:
			if chars == 0 {
				return -1
			}
			return i
		}
	}
	return -1
}
