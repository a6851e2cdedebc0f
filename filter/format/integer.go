package format

// isIntegerText is an integer as a string: the registry's int64 and uint64 may
// come as one, to survive readers that make every number a binary64.
func isIntegerText(s []byte) bool {
	i := 0
	if len(s) > 0 && s[0] == '-' {
		i++
	}
	n := skipDigits(s, i)
	return n == len(s) && n > i && (s[i] != '0' || n == i+1)
}
