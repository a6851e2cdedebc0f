package engine

import "portcullis/filter/table"

// matchMedia finds the media type of op's body that value, a Content-Type
// field, names. An exact type goes before a structured suffix, that before a
// main type, that before any (RFC 9110 section 12.5.1 orders ranges so).
// ok is false when value is malformed, names a charset other than UTF-8 for
// text, or no boundary for a multipart body.
func matchMedia(t *table.Table, op table.Op, value []byte, b *Boundary) (media uint32, ok bool) {
	typ, params, ok := splitMedia(value)
	if !ok {
		return table.NoIndex, false
	}
	media = table.NoIndex
	best := uint8(255)
	r := op.Media()
	for i := r.Start; i < r.End(); i++ {
		m := t.Media(i)
		if m.Match() < best && mediaMatches(m, typ) {
			media, best = i, m.Match()
		}
	}
	if media == table.NoIndex {
		return media, false
	}
	switch t.Media(media).Kind() {
	case table.BodyMultipart:
		ok = b.read(params)
	case table.BodyBinary, table.BodyOpaque:
	default:
		ok = utf8Charset(params)
	}
	if !ok {
		return table.NoIndex, false
	}
	return media, true
}

// read takes the boundary from the parameters of a content type (RFC 2046
// section 5.1.1). Two of them are refused.
func (b *Boundary) read(params []byte) bool {
	b.n = 0
	for len(params) > 0 {
		var p []byte
		p, params = nextParam(params)
		if len(p) < 9 || !equalFold([]byte("boundary="), p[:9]) {
			continue
		}
		if b.n != 0 {
			return false
		}
		v := p[9:]
		quoted := len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"'
		if quoted {
			v = v[1 : len(v)-1]
		}
		if len(v) == 0 || len(v) > len(b.b) || v[len(v)-1] == ' ' {
			return false
		}
		for _, c := range v {
			if !boundaryByte(c) || !quoted && !tokenByte(c) {
				return false
			}
		}
		b.n = uint8(copy(b.b[:], v))
	}
	return b.n != 0
}

// boundaryByte reports a bchar.
func boundaryByte(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	switch c {
	case '\'', '(', ')', '+', '_', ',', '-', '.', '/', ':', '=', '?', ' ':
		return true
	}
	return false
}

// nextParam splits the first parameter off.
func nextParam(params []byte) (p, rest []byte) {
	i := 0
	quoted := false
	for i < len(params) && (quoted || params[i] != ';') {
		if params[i] == '"' {
			quoted = !quoted
		}
		i++
	}
	if i == len(params) {
		return trim(params), nil
	}
	return trim(params[:i]), params[i+1:]
}

func mediaMatches(m table.Media, typ []byte) bool {
	want := m.Type()
	switch m.Match() {
	case table.MatchExact:
		return equalFold(want, typ)
	case table.MatchMainType:
		return len(typ) > len(want) && equalFold(want, typ[:len(want)])
	case table.MatchSuffix:
		suffix := m.Suffix()
		return len(typ) > len(want)+len(suffix) && equalFold(want, typ[:len(want)]) && equalFold(suffix, typ[len(typ)-len(suffix):])
	}
	return m.Match() == table.MatchAny
}

// splitMedia parts type "/" subtype from its parameters (RFC 9110 section
// 8.3.1).
func splitMedia(v []byte) (typ, params []byte, ok bool) {
	i, slash := 0, 0
	for i < len(v) && (tokenByte(v[i]) || v[i] == '/') {
		if v[i] == '/' {
			if slash != 0 || i == 0 {
				return nil, nil, false
			}
			slash = i
		}
		i++
	}
	if slash == 0 || slash+1 == i {
		return nil, nil, false
	}
	typ = v[:i]
	rest := trim(v[i:])
	if len(rest) == 0 {
		return typ, nil, true
	}
	if rest[0] != ';' {
		return nil, nil, false
	}
	return typ, rest[1:], true
}

// utf8Charset reports that params name no charset, or UTF-8 (US-ASCII is a
// part of it).
func utf8Charset(params []byte) bool {
	for len(params) > 0 {
		var p []byte
		p, params = nextParam(params)
		if len(p) > 8 && equalFold([]byte("charset="), p[:8]) {
			v := p[8:]
			if len(v) > 1 && v[0] == '"' && v[len(v)-1] == '"' {
				v = v[1 : len(v)-1]
			}
			if !equalFold([]byte("utf-8"), v) && !equalFold([]byte("utf8"), v) && !equalFold([]byte("us-ascii"), v) {
				return false
			}
		}
	}
	return true
}

// equalFold compares a lower-case text with one of any case, ASCII only.
func equalFold(lower, s []byte) bool {
	if len(lower) != len(s) {
		return false
	}
	for i, c := range s {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if lower[i] != c {
			return false
		}
	}
	return true
}

// trim takes spaces and tabs off both ends.
func trim(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// tokenByte reports a tchar (RFC 9110 section 5.6.2).
func tokenByte(c byte) bool {
	switch {
	case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~':
		return true
	}
	return false
}
