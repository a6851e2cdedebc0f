package format

import "unicode/utf8"

// isRegex is Pattern[+UnicodeMode, +NamedCaptureGroups] of ECMA-262 (2024)
// section 22.2.1 with its early errors: what `new RegExp(s, "u")` takes. Two
// bounds keep the work linear and the memory fixed: groups nest 256 deep at
// most, and there are at most 32 different group names. More is refused.
func isRegex(s []byte) bool {
	r := regexChecker{s: s}
	return r.pattern()
}

const (
	regexMaxDepth = 256
	regexMaxNames = 32
)

// regexChecker reads a pattern from left to right once. What could only be
// judged with the whole pattern known is judged at the end.
type regexChecker struct {
	s      []byte
	i      int
	depth  int
	ahead  [regexMaxDepth / 64]uint64 // which open groups are look-arounds
	groups int
	maxRef int // largest number in a backreference
	names  [regexMaxNames]regexName
	num    int
}

// regexName is a group name at s[start:end], defined, referred to, or both.
type regexName struct {
	start, end int
	defined    bool
}

func (r *regexChecker) pattern() bool {
	quantifiable := false // may a quantifier follow?
	for r.i < len(r.s) {
		switch c := r.s[r.i]; c {
		case '(':
			if !r.open() {
				return false
			}
			quantifiable = false
		case ')':
			if r.depth == 0 {
				return false
			}
			r.i++
			r.depth--
			quantifiable = r.ahead[r.depth/64]>>(r.depth%64)&1 == 0
		case '|', '^', '$':
			r.i++
			quantifiable = false
		case '*', '+', '?', '{':
			if !quantifiable || !r.quantifier() {
				return false
			}
			quantifiable = false
		case '[':
			if !r.class() {
				return false
			}
			quantifiable = true
		case '\\':
			ok := false
			if ok, quantifiable = r.atomEscape(); !ok {
				return false
			}
		case ']', '}':
			return false
		default:
			_, n := utf8.DecodeRune(r.s[r.i:])
			r.i += n
			quantifiable = true
		}
	}
	return r.depth == 0 && r.refsOK()
}

func (r *regexChecker) refsOK() bool {
	if r.maxRef > r.groups {
		return false
	}
	for _, n := range r.names[:r.num] {
		if !n.defined {
			return false
		}
	}
	return true
}

func (r *regexChecker) has(prefix string) bool { return hasPrefix(r.s[r.i:], prefix) }

func (r *regexChecker) open() bool {
	if r.depth == regexMaxDepth {
		return false
	}
	look := uint64(0)
	switch {
	case r.has("(?:"):
		r.i += 3
	case r.has("(?=") || r.has("(?!"):
		r.i += 3
		look = 1
	case r.has("(?<=") || r.has("(?<!"):
		r.i += 4
		look = 1
	case r.has("(?<"):
		r.i += 3
		r.groups++
		if !r.name(true) {
			return false
		}
	case r.has("(?"):
		return false
	default:
		r.i++
		r.groups++
	}
	word, bit := r.depth/64, r.depth%64
	r.ahead[word] = r.ahead[word]&^(1<<bit) | look<<bit
	r.depth++
	return true
}

// name reads GroupName after its opening bracket. A name can be defined once.
func (r *regexChecker) name(define bool) bool {
	start := r.i
	for {
		if r.i >= len(r.s) {
			return false
		}
		if r.s[r.i] == '>' {
			break
		}
		first := r.i == start
		c, n := utf8.DecodeRune(r.s[r.i:])
		r.i += n
		if c == '\\' {
			if !r.has("u") {
				return false
			}
			r.i++
			var ok bool
			if c, ok = r.unicodeEscape(); !ok {
				return false
			}
		}
		p := propertiesOf(c)
		ok := c == '$' || c == '_' || p.isIDStart() ||
			!first && (p.isIDContinue() || c == 0x200C || c == 0x200D)
		if !ok {
			return false
		}
	}
	name := regexName{start, r.i, define}
	r.i++
	return name.end > start && r.addName(name)
}

func (r *regexChecker) addName(name regexName) bool {
	for i := range r.names[:r.num] {
		have := &r.names[i]
		if !r.sameName(*have, name) {
			continue
		}
		if have.defined && name.defined {
			return false
		}
		have.defined = have.defined || name.defined
		return true
	}
	if r.num == regexMaxNames {
		return false
	}
	r.names[r.num] = name
	r.num++
	return true
}

// sameName compares names after decoding the escapes in them.
func (r *regexChecker) sameName(a, b regexName) bool {
	i, j := a.start, b.start
	for i < a.end && j < b.end {
		var x, y rune
		x, i = r.nameRune(i)
		y, j = r.nameRune(j)
		if x != y {
			return false
		}
	}
	return i == a.end && j == b.end
}

func (r *regexChecker) nameRune(at int) (rune, int) {
	c, n := utf8.DecodeRune(r.s[at:])
	if c != '\\' {
		return c, at + n
	}
	sub := regexChecker{s: r.s, i: at + 2}
	c, _ = sub.unicodeEscape()
	return c, sub.i
}

// quantifier reads one of * + ? {n} {n,} {n,m} and a question mark.
func (r *regexChecker) quantifier() bool {
	if r.s[r.i] == '{' {
		lo := r.i + 1
		end := skipDigits(r.s, lo)
		if end == lo || end == len(r.s) {
			return false
		}
		if r.s[end] == ',' {
			hi := end + 1
			next := skipDigits(r.s, hi)
			if next > hi && lessDigits(r.s[hi:next], r.s[lo:end]) {
				return false
			}
			end = next
		}
		if end == len(r.s) || r.s[end] != '}' {
			return false
		}
		r.i = end
	}
	r.i++
	if r.has("?") {
		r.i++
	}
	return true
}

// lessDigits compares two numbers of any length.
func lessDigits(a, b []byte) bool {
	for len(a) > 0 && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > 0 && b[0] == '0' {
		b = b[1:]
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return string(a) < string(b)
}
