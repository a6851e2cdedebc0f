package format

// isDuration is duration of RFC 3339 appendix A: units go down without a gap
// (years, months, days; hours, minutes, seconds), weeks stand alone, and there
// are no fractions.
func isDuration(s []byte) bool {
	if len(s) < 3 || s[0] != 'P' {
		return false
	}
	i := 1
	if n := skipDigits(s, i); n > i && n == len(s)-1 && s[n] == 'W' {
		return true
	}
	if s[i] != 'T' {
		if i = units(s, i, "YMD"); i < 0 {
			return false
		}
	}
	if i == len(s) {
		return true
	}
	return s[i] == 'T' && units(s, i+1, "HMS") == len(s)
}

// units reads numbers, each with the unit that follows the one before it in
// list, from s[i:] on. It returns the index after them, or -1 if there are
// none or a number has another unit.
func units(s []byte, i int, list string) int {
	next := -1
	for {
		n := skipDigits(s, i)
		if n == i {
			break
		}
		if n == len(s) {
			return -1
		}
		at := 0
		for at < len(list) && list[at] != s[n] {
			at++
		}
		if at == len(list) || next >= 0 && at != next {
			return -1
		}
		next = at + 1
		i = n + 1
	}
	if next < 0 {
		return -1
	}
	return i
}
