package format

// isUnixTime is whole seconds since the Epoch (POSIX.1-2024 section 4.19),
// before it when negative, of any size.
func isUnixTime(text []byte) bool {
	n := parseNumber(text)
	return n.ok && (n.zero || n.trail >= 0)
}
