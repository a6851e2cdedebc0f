package lower

import "strings"

// uri is a URI reference in its five parts (RFC 3986 appendix B). The has
// fields tell an empty part from an absent one.
type uri struct {
	scheme, authority, path, query, fragment string
	hasAuthority, hasQuery, hasFragment      bool
}

func parseURI(s string) uri {
	var u uri
	s, u.fragment, u.hasFragment = strings.Cut(s, "#")
	s, u.query, u.hasQuery = strings.Cut(s, "?")
	if i := strings.IndexAny(s, ":/"); i > 0 && s[i] == ':' && isScheme(s[:i]) {
		u.scheme, s = s[:i], s[i+1:]
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		u.hasAuthority = true
		u.authority, s = rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			u.authority, s = rest[:i], rest[i:]
		}
	}
	u.path = s
	return u
}

func (u uri) String() string {
	var b strings.Builder
	if u.scheme != "" {
		b.WriteString(u.scheme + ":")
	}
	if u.hasAuthority {
		b.WriteString("//" + u.authority)
	}
	b.WriteString(u.path)
	if u.hasQuery {
		b.WriteString("?" + u.query)
	}
	if u.hasFragment {
		b.WriteString("#" + u.fragment)
	}
	return b.String()
}

// resolveURI resolves ref against base (RFC 3986 section 5.2.2). Nothing is
// normalised but dot segments: identifiers are compared as they are written.
func resolveURI(base, ref string) string {
	r, b := parseURI(ref), parseURI(base)
	switch {
	case r.scheme != "":
		r.path = removeDotSegments(r.path)
	case r.hasAuthority:
		r.scheme = b.scheme
		r.path = removeDotSegments(r.path)
	default:
		switch {
		case r.path == "":
			r.path = b.path
			if !r.hasQuery {
				r.query, r.hasQuery = b.query, b.hasQuery
			}
		case r.path[0] == '/':
			r.path = removeDotSegments(r.path)
		default:
			r.path = removeDotSegments(mergePaths(b, r.path))
		}
		r.scheme, r.authority, r.hasAuthority = b.scheme, b.authority, b.hasAuthority
	}
	return r.String()
}

// splitFragment cuts s at its fragment.
func splitFragment(s string) (base, fragment string) {
	base, fragment, _ = strings.Cut(s, "#")
	return base, fragment
}

// mergePaths is RFC 3986 section 5.2.3.
func mergePaths(base uri, ref string) string {
	if base.hasAuthority && base.path == "" {
		return "/" + ref
	}
	return base.path[:strings.LastIndexByte(base.path, '/')+1] + ref
}

// removeDotSegments is RFC 3986 section 5.2.4. A path without a slash, as in a
// URN, stays as it is.
func removeDotSegments(path string) string {
	if !strings.Contains(path, "/") || !strings.Contains(path, ".") {
		return path
	}
	var out []string
	segments := strings.Split(path, "/")
	for i, s := range segments {
		last := i == len(segments)-1
		switch {
		case s == ".":
			if last {
				out = append(out, "")
			}
		case s == "..":
			if n := len(out); n > 0 && (n > 1 || out[0] != "") {
				out = out[:n-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, s)
		}
	}
	return strings.Join(out, "/")
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if 'a' <= c && c <= 'z' {
			continue
		}
		if i == 0 || !('0' <= s[i] && s[i] <= '9' || s[i] == '+' || s[i] == '-' || s[i] == '.') {
			return false
		}
	}
	// One letter is a drive of a Windows path rather than a scheme.
	return len(s) > 1
}

// unescapePercent decodes percent-encoded bytes. Sequences that are not two hexadecimal
// digits stay as they are: descriptions have such references and mean them.
func unescapePercent(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := unhex(s[i+1]), unhex(s[i+2])
			if hi >= 0 && lo >= 0 {
				b = append(b, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
