package format

// isSFBinary is sf-binary of RFC 8941 section 3.3.5: base64 between colons.
// Section 4.2.7 lets a parser go without padding, so it may be missing.
func isSFBinary(s []byte) bool {
	if len(s) < 2 || s[0] != ':' || s[len(s)-1] != ':' {
		return false
	}
	s = s[1 : len(s)-1]
	if isBase64(s) {
		return true
	}
	for _, c := range s {
		if !isAlnum(c) && c != '+' && c != '/' {
			return false
		}
	}
	return len(s)%4 != 1
}
