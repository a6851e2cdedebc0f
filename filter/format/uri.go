package format

import "unicode/utf8"

// isURI is URI of RFC 3986 section 3, or URI-reference of section 4.1 when
// relative is allowed; with international, IRI and IRI-reference of RFC 3987
// section 2.2. The four formats share one grammar and this file.
func isURI(s []byte, relative, international bool) bool {
	g := uriGrammar{international}
	rest := s
	if n := schemeLength(s); n > 0 {
		rest = s[n+1:]
	} else if !relative {
		return false
	}
	hasScheme := len(rest) < len(s)
	part, rest, hasFragment := cutPart(rest, '#')
	if hasFragment && !g.all(rest, "/?:@", false) {
		return false
	}
	part, rest, hasQuery := cutPart(part, '?')
	if hasQuery && !g.all(rest, "/?:@", true) {
		return false
	}
	return g.hierarchy(part, hasScheme)
}

// schemeLength returns the length of the scheme that a colon ends, or 0.
func schemeLength(s []byte) int {
	if len(s) == 0 || !isAlpha(s[0]) {
		return 0
	}
	for i, c := range s {
		if c == ':' {
			return i
		}
		if !isAlnum(c) && c != '+' && c != '-' && c != '.' {
			return 0
		}
	}
	return 0
}

// cutPart splits s at the first byte c, which has gone from both parts.
func cutPart(s []byte, c byte) (before, after []byte, found bool) {
	for i := range s {
		if s[i] == c {
			return s[:i], s[i+1:], true
		}
	}
	return s, nil, false
}

type uriGrammar struct{ international bool }

// hierarchy is hier-part after a scheme, else relative-part.
func (g uriGrammar) hierarchy(s []byte, hasScheme bool) bool {
	if len(s) >= 2 && s[0] == '/' && s[1] == '/' {
		authority := s[2:]
		end := 0
		for end < len(authority) && authority[end] != '/' {
			end++
		}
		return g.authority(authority[:end]) && g.all(authority[end:], "/:@", false)
	}
	if !hasScheme {
		// path-noscheme: the first segment has no colon.
		segment, _, _ := cutPart(s, '/')
		if _, _, colon := cutPart(segment, ':'); colon {
			return false
		}
	}
	return g.all(s, "/:@", false)
}

// authority is [ userinfo "@" ] host [ ":" port ].
func (g uriGrammar) authority(s []byte) bool {
	if user, host, found := cutPart(s, '@'); found {
		if !g.all(user, ":", false) {
			return false
		}
		s = host
	}
	if len(s) > 0 && s[0] == '[' {
		end := 1
		for end < len(s) && s[end] != ']' {
			end++
		}
		if end == len(s) || !isIPv6(s[1:end]) && !isIPvFuture(s[1:end]) {
			return false
		}
		rest := s[end+1:]
		return len(rest) == 0 || rest[0] == ':' && skipDigits(rest, 1) == len(rest)
	}
	name, port, _ := cutPart(s, ':')
	return skipDigits(port, 0) == len(port) && g.all(name, "", false)
}

// isIPvFuture is IPvFuture of RFC 3986 section 3.2.2.
func isIPvFuture(s []byte) bool {
	if len(s) < 4 || lower(s[0]) != 'v' {
		return false
	}
	i := 1
	for i < len(s) && isHex(s[i]) {
		i++
	}
	if i == 1 || i+1 >= len(s) || s[i] != '.' {
		return false
	}
	for _, c := range s[i+1:] {
		if !isURIChar(c) && c != ':' {
			return false
		}
	}
	return true
}

// all reports whether s is made of unreserved, sub-delims, pct-encoded, the
// bytes of more, and what RFC 3987 adds.
func (g uriGrammar) all(s []byte, more string, query bool) bool {
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case isURIChar(c) || hasByte(more, c):
			i++
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 3
		case c >= 0x80 && g.international:
			r, n := utf8.DecodeRune(s[i:])
			if !isUCSChar(r) && !(query && isPrivate(r)) {
				return false
			}
			i += n
		default:
			return false
		}
	}
	return true
}

// isUCSChar is ucschar of RFC 3987 section 2.2.
func isUCSChar(r rune) bool {
	switch {
	case r < 0x10000:
		return r >= 0xA0 && r <= 0xD7FF || r >= 0xF900 && r <= 0xFDCF || r >= 0xFDF0 && r <= 0xFFEF
	case r < 0xE0000:
		return r&0xFFFF <= 0xFFFD
	}
	return r >= 0xE1000 && r <= 0xEFFFD
}

// isPrivate is iprivate of RFC 3987 section 2.2.
func isPrivate(r rune) bool {
	return r >= 0xE000 && r <= 0xF8FF || r >= 0xF0000 && r&0xFFFF <= 0xFFFD
}
