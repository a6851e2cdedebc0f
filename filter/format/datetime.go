package format

// isDateTime is date-time of RFC 3339 section 5.6; the T and Z may be small.
func isDateTime(s []byte) bool {
	return len(s) > 11 && (s[10] == 'T' || s[10] == 't') && isDate(s[:10]) && isTime(s[11:])
}
