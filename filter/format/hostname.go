package format

// isHostname is <domain> of RFC 1123 section 2.1: labels of letters, digits
// and inner hyphens, 63 bytes each and 253 in all, no final dot. A label that
// begins with xn-- has to be an A-label of IDNA (RFC 5890 section 2.3.2.1).
func isHostname(s []byte) bool {
	if len(s) > maxName {
		return false
	}
	for {
		label, rest, more := cutPart(s, '.')
		if !isLDH(label) || isFakeALabel(label) && !isALabel(label) {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

const (
	maxName  = 253 // bytes of a name (RFC 1035 section 3.1, without the root)
	maxLabel = 63  // bytes of a label (RFC 1035 section 2.3.4)
)

// isLDH is LDH-label of RFC 5890 section 2.3.1.
func isLDH(s []byte) bool {
	if len(s) == 0 || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if !isAlnum(c) && c != '-' {
			return false
		}
	}
	return true
}

// isFakeALabel reports whether s has the prefix of A-labels, rightly or not.
func isFakeALabel(s []byte) bool {
	return len(s) >= 4 && lower(s[0]) == 'x' && lower(s[1]) == 'n' && s[2] == '-' && s[3] == '-'
}
