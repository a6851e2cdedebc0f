package format

// isBase64 is `byte`: base64 of RFC 4648 section 4 with its padding. Bits that
// the padding leaves over may be set (section 3.5 lets decoders choose).
func isBase64(s []byte) bool {
	if len(s)%4 != 0 {
		return false
	}
	n := len(s)
	for pad := 0; pad < 2 && n > 0 && s[n-1] == '='; pad++ {
		n--
	}
	for _, c := range s[:n] {
		if !isAlnum(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}
