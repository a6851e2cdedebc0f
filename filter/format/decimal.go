package format

// isNumberText is `decimal` as a string: what RFC 8259 section 6 calls a
// number, a plus sign before it if need be. An exponent is allowed, since the
// registry's first text spoke of floating point too.
func isNumberText(s []byte) bool {
	if len(s) > 0 && s[0] == '+' {
		s = s[1:]
		if len(s) > 0 && s[0] == '-' {
			return false
		}
	}
	n := parseNumber(s)
	return n.ok
}

// isDecimal128 is a value that IEEE 754-2019's decimal128 holds exactly: 34
// significant digits, the last one weighing at least 10^-6176, the first at
// most 10^6144.
func isDecimal128(text []byte) bool {
	n := parseNumber(text)
	return n.ok && (n.zero || n.lead-n.trail < 34 && n.lead <= 6144 && n.trail >= -6176)
}

// isDecimal128Text adds the values that only a string can spell.
func isDecimal128Text(s []byte) bool {
	switch string(s) {
	case "NaN", "INF", "-INF":
		return true
	}
	return isDecimal128(s)
}
