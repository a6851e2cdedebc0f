package format

// isTime is full-time of RFC 3339 section 5.6. Second 60 is a leap second and
// stands only at 23:59:60 UTC; which days have one is not asked, as the future
// ones are not known.
func isTime(s []byte) bool {
	minutes, leap, n := clock(s)
	if n < 0 || n >= len(s) {
		return false
	}
	offset, ok := zone(s[n:])
	if !ok {
		return false
	}
	const day = 24 * 60
	return !leap || (minutes-offset+day)%day == 23*60+59
}

// clock reads partial-time: the minutes since midnight, whether the second is
// 60, and the length of what it read, -1 if it is malformed.
func clock(s []byte) (minutes int, leap bool, n int) {
	if len(s) < 8 || s[2] != ':' || s[5] != ':' {
		return 0, false, -1
	}
	hour, minute, second := digits2(s, 0), digits2(s, 3), digits2(s, 6)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return 0, false, -1
	}
	n = 8
	if n < len(s) && s[n] == '.' {
		n = skipDigits(s, 9)
		if n == 9 {
			return 0, false, -1
		}
	}
	return hour*60 + minute, second == 60, n
}

// zone reads all of s as time-offset, in minutes east.
func zone(s []byte) (minutes int, ok bool) {
	if len(s) == 1 {
		return 0, s[0] == 'Z' || s[0] == 'z'
	}
	if len(s) != 6 || s[3] != ':' {
		return 0, false
	}
	hour, minute := digits2(s, 1), digits2(s, 4)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	minutes = hour*60 + minute
	switch s[0] {
	case '+':
		return minutes, true
	case '-':
		return -minutes, true
	}
	return 0, false
}
