package format

// isDateTimeLocal is date-time of RFC 3339 section 5.6 without time-offset.
func isDateTimeLocal(s []byte) bool {
	return len(s) > 11 && (s[10] == 'T' || s[10] == 't') && isDate(s[:10]) && isTimeLocal(s[11:])
}
