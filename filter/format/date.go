package format

// isDate is full-date of RFC 3339 section 5.6. Year 0000 is in its grammar.
func isDate(s []byte) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	hi, lo, month, day := digits2(s, 0), digits2(s, 2), digits2(s, 5), digits2(s, 8)
	if hi < 0 || lo < 0 {
		return false
	}
	return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(month, hi*100+lo)
}

// daysIn returns the number of days of a month, 1 to 12, of a year.
func daysIn(month, year int) int {
	if month == 2 {
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	if month == 4 || month == 6 || month == 9 || month == 11 {
		return 30
	}
	return 31
}
