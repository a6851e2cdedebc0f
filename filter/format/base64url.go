package format

// isBase64URL is base64url of RFC 4648 section 5, with or without padding
// (section 3.2 lets specifications leave it out, and most do).
func isBase64URL(s []byte) bool {
	n := len(s)
	if n%4 == 0 {
		for pad := 0; pad < 2 && n > 0 && s[n-1] == '='; pad++ {
			n--
		}
	}
	for _, c := range s[:n] {
		if !isAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return n%4 != 1
}
