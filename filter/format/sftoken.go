package format

// isSFToken is sf-token of RFC 8941 section 3.3.4.
func isSFToken(s []byte) bool {
	if len(s) == 0 || !isAlpha(s[0]) && s[0] != '*' {
		return false
	}
	for _, c := range s[1:] {
		if !isTchar(c) && c != ':' && c != '/' {
			return false
		}
	}
	return true
}
