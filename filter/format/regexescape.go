package format

import "unicode/utf8"

// atomEscape reads an escape outside a class, and tells whether a quantifier
// may follow it.
func (r *regexChecker) atomEscape() (ok, quantifiable bool) {
	if r.i+1 == len(r.s) {
		return false, false
	}
	switch c := r.s[r.i+1]; {
	case c == 'b' || c == 'B':
		r.i += 2
		return true, false
	case c == 'k':
		if !r.has(`\k<`) {
			return false, false
		}
		r.i += 3
		return r.name(false), true
	case c >= '1' && c <= '9':
		end := skipDigits(r.s, r.i+1)
		ref := 0
		for _, c := range r.s[r.i+1 : end] {
			// More groups than bytes there can't be.
			if ref = ref*10 + int(c-'0'); ref > len(r.s) {
				return false, false
			}
		}
		r.maxRef = max(r.maxRef, ref)
		r.i = end
		return true, true
	}
	_, _, ok = r.escape(false)
	return ok, true
}

// class reads a CharacterClass.
func (r *regexChecker) class() bool {
	r.i++
	if r.has("^") {
		r.i++
	}
	for r.i < len(r.s) {
		if r.s[r.i] == ']' {
			r.i++
			return true
		}
		lo, single, ok := r.classAtom()
		if !ok {
			return false
		}
		if r.i+1 >= len(r.s) || r.s[r.i] != '-' || r.s[r.i+1] == ']' {
			continue
		}
		r.i++
		hi, hiSingle, ok := r.classAtom()
		if !ok || !single || !hiSingle || lo > hi {
			return false
		}
	}
	return false
}

// classAtom reads one member of a class; single tells characters from sets.
func (r *regexChecker) classAtom() (c rune, single, ok bool) {
	if r.s[r.i] != '\\' {
		c, n := utf8.DecodeRune(r.s[r.i:])
		r.i += n
		return c, true, true
	}
	return r.escape(true)
}

// escape reads CharacterClassEscape or CharacterEscape.
func (r *regexChecker) escape(inClass bool) (c rune, single, ok bool) {
	if r.i+1 == len(r.s) {
		return 0, false, false
	}
	e := r.s[r.i+1]
	r.i += 2
	switch e {
	case 'd', 'D', 'w', 'W', 's', 'S':
		return 0, false, true
	case 'p', 'P':
		return 0, false, r.property()
	case 't':
		return '\t', true, true
	case 'n':
		return '\n', true, true
	case 'v':
		return '\v', true, true
	case 'f':
		return '\f', true, true
	case 'r':
		return '\r', true, true
	case 'c':
		if r.i == len(r.s) || !isAlpha(r.s[r.i]) {
			return 0, true, false
		}
		r.i++
		return rune(r.s[r.i-1] & 31), true, true
	case '0':
		return 0, true, r.i == len(r.s) || !isDigit(r.s[r.i])
	case 'x':
		c, ok = r.hex(2)
		return c, true, ok
	case 'u':
		c, ok = r.unicodeEscape()
		return c, true, ok
	case 'b':
		return '\b', true, inClass
	case '-':
		return '-', true, inClass
	}
	return rune(e), true, hasByte(`^$\.*+?()[]{}|/`, e)
}

// unicodeEscape reads what follows \u.
func (r *regexChecker) unicodeEscape() (c rune, ok bool) {
	if !r.has("{") {
		hi, ok := r.hex(4)
		if !ok || hi < 0xD800 || hi > 0xDBFF || !r.has(`\u`) {
			return hi, ok
		}
		at := r.i
		r.i += 2
		if lo, ok := r.hex(4); ok && lo >= 0xDC00 && lo <= 0xDFFF {
			return (hi-0xD800)<<10 + (lo - 0xDC00) + 0x10000, true
		}
		r.i = at
		return hi, true
	}
	r.i++
	start := r.i
	for r.i < len(r.s) && isHex(r.s[r.i]) {
		if c = c<<4 | hexValue(r.s[r.i]); c > 0x10FFFF {
			return 0, false
		}
		r.i++
	}
	if r.i == start || !r.has("}") {
		return 0, false
	}
	r.i++
	return c, true
}

func (r *regexChecker) hex(n int) (c rune, ok bool) {
	if len(r.s)-r.i < n {
		return 0, false
	}
	for _, b := range r.s[r.i : r.i+n] {
		if !isHex(b) {
			return 0, false
		}
		c = c<<4 | hexValue(b)
	}
	r.i += n
	return c, true
}

// hexValue returns the value of a hexadecimal digit.
func hexValue(c byte) rune {
	if isDigit(c) {
		return rune(c - '0')
	}
	return rune(c|0x20-'a') + 10
}

// property reads {Name} or {Name=Value} after \p.
func (r *regexChecker) property() bool {
	if !r.has("{") {
		return false
	}
	start := r.i + 1
	end := start
	for end < len(r.s) && (isAlnum(r.s[end]) || r.s[end] == '_' || r.s[end] == '=') {
		end++
	}
	if end == len(r.s) || r.s[end] != '}' {
		return false
	}
	r.i = end + 1
	name, value, hasValue := cutPart(r.s[start:end], '=')
	if !hasValue {
		return inNames(generalCategories, name) || inNames(binaryProperties, name)
	}
	switch string(name) {
	case "General_Category", "gc":
		return inNames(generalCategories, value)
	case "Script", "sc", "Script_Extensions", "scx":
		return inNames(scripts, value)
	}
	return false
}

// inNames reports whether list, sorted names each with a bar on both sides,
// has name.
func inNames(list string, name []byte) bool {
	lo, hi := 0, len(list)-1 // bars, with the candidates between them
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		for list[mid] != '|' {
			mid--
		}
		end := mid + 1
		for list[end] != '|' {
			end++
		}
		switch have := list[mid+1 : end]; {
		case have == string(name):
			return true
		case have < string(name):
			lo = end
		default:
			hi = mid
		}
	}
	return false
}
