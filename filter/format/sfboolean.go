package format

// isSFBoolean is sf-boolean of RFC 8941 section 3.3.6.
func isSFBoolean(s []byte) bool {
	return len(s) == 2 && s[0] == '?' && (s[1] == '0' || s[1] == '1')
}
