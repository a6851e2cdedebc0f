package text

// Trim takes spaces and tabs off both ends: the optional white space of HTTP fields
// (RFC 9110 section 5.6.3). The result is a part of s.
func Trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// Cut splits s at the first sep, which neither part holds; without one, all of s
// comes before it, and nothing after. The results are parts of s.
func Cut(s []byte, sep byte) (before, after []byte) {
	for i, c := range s {
		if c == sep {
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}
