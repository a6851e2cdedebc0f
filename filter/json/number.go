package json

// ScanNumber reports whether text is exactly one JSON number (RFC 8259 section
// 6), and returns its flags: FlagInteger, FlagNegative.
func ScanNumber(text []byte) (flags uint32, ok bool) {
	n := uint64(len(text))
	end, f := scanNumber(text, n, 0)
	if f == 0 || end != n {
		return 0, false
	}
	return uint32(f &^ numberOK), true
}
