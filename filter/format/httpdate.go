package format

const (
	weekdays = "SunMonTueWedThuFriSat"
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// longDays are the ends of the day names of rfc850-date, by day.
var longDays = [7]string{"day", "day", "sday", "nesday", "rsday", "day", "urday"}

// isHTTPDate is HTTP-date of RFC 9110 section 5.6.7: IMF-fixdate and the two
// obsolete forms. In IMF-fixdate the day of the week must be the date's; the
// obsolete years are ambiguous.
func isHTTPDate(s []byte) bool {
	day := shortName(s, 0, weekdays)
	if day < 0 {
		return false
	}
	rest := s[3:]
	switch {
	case hasPrefix(rest, ", "):
		return isIMFFixdate(rest[2:], day)
	case hasPrefix(rest, " "):
		return isAsctime(rest[1:])
	case hasPrefix(rest, longDays[day]):
		rest = rest[len(longDays[day]):]
		return hasPrefix(rest, ", ") && isRFC850(rest[2:])
	}
	return false
}

// isIMFFixdate reads `06 Nov 1994 08:49:37 GMT`.
func isIMFFixdate(s []byte, weekday int) bool {
	if len(s) != 24 || s[2] != ' ' || s[6] != ' ' || s[11] != ' ' || string(s[20:]) != " GMT" {
		return false
	}
	day, month := digits2(s, 0), shortName(s, 3, months)
	century, year := digits2(s, 7), digits2(s, 9)
	if month < 0 || century < 0 || year < 0 || !isClock(s[12:20]) {
		return false
	}
	year += century * 100
	return day >= 1 && day <= daysIn(month+1, year) && weekdayOf(year, month+1, day) == weekday
}

// isRFC850 reads `06-Nov-94 08:49:37 GMT`.
func isRFC850(s []byte) bool {
	if len(s) != 22 || s[2] != '-' || s[6] != '-' || s[9] != ' ' || string(s[18:]) != " GMT" {
		return false
	}
	day, month, year := digits2(s, 0), shortName(s, 3, months), digits2(s, 7)
	return month >= 0 && year >= 0 && day >= 1 && day <= daysIn(month+1, 2000+year) && isClock(s[10:18])
}

// isAsctime reads `Nov  6 08:49:37 1994`.
func isAsctime(s []byte) bool {
	if len(s) != 20 || s[3] != ' ' || s[6] != ' ' || s[15] != ' ' {
		return false
	}
	month, century, year := shortName(s, 0, months), digits2(s, 16), digits2(s, 18)
	day := digits2(s, 4)
	if s[4] == ' ' && isDigit(s[5]) {
		day = int(s[5] - '0')
	}
	return month >= 0 && century >= 0 && year >= 0 && day >= 1 &&
		day <= daysIn(month+1, century*100+year) && isClock(s[7:15])
}

// isClock is time-of-day: 60 seconds are in its grammar, for leap seconds.
func isClock(s []byte) bool {
	_, _, n := clock(s)
	return n == 8 && len(s) == 8
}

// shortName returns which of the names of three letters stands at s[i:].
func shortName(s []byte, i int, list string) int {
	if i+3 > len(s) {
		return -1
	}
	for n := 0; n < len(list); n += 3 {
		if list[n:n+3] == string(s[i:i+3]) {
			return n / 3
		}
	}
	return -1
}

// weekdayOf returns the day of the week of a Gregorian date, 0 for Sunday
// (Zeller's congruence).
func weekdayOf(year, month, day int) int {
	if month < 3 {
		month += 12
		year--
	}
	year += 400 // keeps the terms positive
	return (day + 13*(month+1)/5 + year + year/4 - year/100 + year/400 + 6) % 7
}
