package format

// isIPv4 is IPv4address of RFC 3986 section 3.2.2, the dotted-quad of RFC 2673
// section 3.2 without leading zeros.
func isIPv4(s []byte) bool {
	i := 0
	for part := 0; part < 4; part++ {
		if part > 0 {
			if i >= len(s) || s[i] != '.' {
				return false
			}
			i++
		}
		end, value := i, 0
		for end < len(s) && isDigit(s[end]) && end-i < 3 {
			value = value*10 + int(s[end]-'0')
			end++
		}
		if end == i || value > 255 || s[i] == '0' && end-i > 1 {
			return false
		}
		i = end
	}
	return i == len(s)
}
