package format

func isDigit(c byte) bool { return c-'0' < 10 }
func isAlpha(c byte) bool { return c|0x20-'a' < 26 }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }
func isHex(c byte) bool   { return isDigit(c) || c|0x20-'a' < 6 }

// lower makes an ASCII letter small.
func lower(c byte) byte {
	if c-'A' < 26 {
		return c | 0x20
	}
	return c
}

// hasByte reports whether c is one of list.
func hasByte(list string, c byte) bool {
	for i := 0; i < len(list); i++ {
		if list[i] == c {
			return true
		}
	}
	return false
}

// hasPrefix reports whether s begins with prefix.
func hasPrefix(s []byte, prefix string) bool {
	return len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix
}

// digits reads two decimal digits at s[i:]; -1 if they are not there.
func digits2(s []byte, i int) int {
	if i+1 >= len(s) || !isDigit(s[i]) || !isDigit(s[i+1]) {
		return -1
	}
	return int(s[i]-'0')*10 + int(s[i+1]-'0')
}

// skipDigits returns the first index from i on that holds no decimal digit.
func skipDigits(s []byte, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// charset is a set of ASCII bytes: bit c%64 of word c/64.
type charset [2]uint64

const (
	digitBits  = 0x3FF << '0'
	letterBits = 0x3FFFFFF<<('A'-64) | 0x3FFFFFF<<('a'-64)
)

func (s charset) has(c byte) bool {
	// Bytes of 0x80 and more are in no set: s has no third word.
	if c < 64 {
		return s[0]>>c&1 == 1
	}
	return c < 128 && s[1]>>(c-64)&1 == 1
}

// isTchar is tchar of RFC 9110 section 5.6.2.
func isTchar(c byte) bool {
	return charset{
		digitBits | 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.',
		letterBits | 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64),
	}.has(c)
}

// isAtext is atext of RFC 5322 section 3.2.3.
func isAtext(c byte) bool {
	return charset{
		digitBits | 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'/' | 1<<'=' | 1<<'?',
		letterBits | 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('{'-64) | 1<<('|'-64) | 1<<('}'-64) | 1<<('~'-64),
	}.has(c)
}

// isURIChar is unreserved or sub-delims of RFC 3986 section 2.
func isURIChar(c byte) bool {
	return charset{
		digitBits | 1<<'-' | 1<<'.' | 1<<'!' | 1<<'$' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<';' | 1<<'=',
		letterBits | 1<<('_'-64) | 1<<('~'-64),
	}.has(c)
}
