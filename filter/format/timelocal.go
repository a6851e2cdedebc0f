package format

// isTimeLocal is partial-time of RFC 3339 section 5.6: a time without offset.
// A leap second may stand at any minute, since the offset is not known.
func isTimeLocal(s []byte) bool {
	_, _, n := clock(s)
	return n == len(s)
}
