package format

// isIPv6 is IPv6address of RFC 3986 section 3.2.2, that is RFC 4291 section
// 2.2 without zone and prefix length. As the grammar has it, :: may stand for
// a single group of zeros, for no fewer.
func isIPv6(s []byte) bool {
	groups, gap, i := 0, false, 0
	if len(s) >= 2 && s[0] == ':' && s[1] == ':' {
		gap, i = true, 2
	}
	for i < len(s) {
		start := i
		for i < len(s) && isHex(s[i]) {
			i++
		}
		if i < len(s) && s[i] == '.' {
			// The last two groups are dotted decimal.
			groups += 2
			if !isIPv4(s[start:]) {
				return false
			}
			break
		}
		if i == start || i-start > 4 {
			return false
		}
		groups++
		if i == len(s) {
			break
		}
		if s[i] != ':' || i+1 == len(s) {
			return false
		}
		i++
		if s[i] == ':' {
			if gap {
				return false
			}
			gap = true
			i++
		}
	}
	if gap {
		return groups < 8
	}
	return groups == 8
}
