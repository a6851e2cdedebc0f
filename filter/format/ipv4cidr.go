package format

// isIPv4CIDR is an ipv4 and a prefix length from 0 to 32 (RFC 4632 section
// 3.1). The address may have bits beyond its prefix.
func isIPv4CIDR(s []byte) bool {
	addr, ok := cutPrefixLength(s, 32)
	return ok && isIPv4(addr)
}

// cutPrefixLength splits address/length; the length is at most max and has no
// leading zero.
func cutPrefixLength(s []byte, max int) (addr []byte, ok bool) {
	i := len(s)
	for i > 0 && len(s)-i <= 3 && s[i-1] != '/' {
		i--
	}
	if i == 0 || s[i-1] != '/' || i == len(s) || s[i] == '0' && len(s)-i > 1 {
		return nil, false
	}
	value := 0
	for _, c := range s[i:] {
		if !isDigit(c) {
			return nil, false
		}
		value = value*10 + int(c-'0')
	}
	return s[:i-1], value <= max
}
