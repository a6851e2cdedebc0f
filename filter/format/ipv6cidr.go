package format

// isIPv6CIDR is an ipv6 and a prefix length from 0 to 128 (RFC 4291 section
// 2.3).
func isIPv6CIDR(s []byte) bool {
	addr, ok := cutPrefixLength(s, 128)
	return ok && isIPv6(addr)
}
