package format

// isETag is entity-tag of RFC 9110 section 8.8.3.
func isETag(s []byte) bool {
	if hasPrefix(s, "W/") {
		s = s[2:]
	}
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	for _, c := range s[1 : len(s)-1] {
		// etagc is any visible byte but the quote, and obs-text.
		if c <= ' ' || c == '"' || c == 0x7F {
			return false
		}
	}
	return true
}
