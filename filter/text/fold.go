package text

// EqualFold compares a text in lower case with one in any, ASCII only.
func EqualFold[T ~string | ~[]byte](lower T, s []byte) bool {
	if len(lower) != len(s) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return false
		}
	}
	return true
}

// AfterScheme is what follows the authentication scheme in an Authorization field: the
// scheme is case-insensitive, and one space follows it (RFC 9110 section 11.4). scheme
// is in lower case. present is false for another scheme or none; rest is a part of value.
func AfterScheme(value []byte, scheme string) (rest []byte, present bool) {
	if len(value) < len(scheme) || !EqualFold(scheme, value[:len(scheme)]) {
		return nil, false
	}
	rest = value[len(scheme):]
	if len(rest) == 0 {
		return rest, true
	}
	if rest[0] != ' ' {
		return nil, false
	}
	return rest[1:], true
}
