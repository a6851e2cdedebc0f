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

// isTchar is tchar of RFC 9110 section 5.6.2.
func isTchar(c byte) bool { return isAlnum(c) || hasByte("!#$%&'*+-.^_`|~", c) }
