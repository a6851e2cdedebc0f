package format

import "unicode/utf8"

// isChar is one character: one Unicode code point.
func isChar(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	_, n := utf8.DecodeRune(s)
	return n == len(s)
}
