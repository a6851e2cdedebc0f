package format

// isSFDecimal is sf-decimal of RFC 8941 section 3.3.2, as a value: at most
// twelve digits before the point and three after it.
func isSFDecimal(text []byte) bool {
	n := parseNumber(text)
	return n.ok && (n.zero || n.lead < 12 && n.trail >= -3)
}
