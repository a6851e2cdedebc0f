package engine

import (
	"portcullis/filter/media"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// matchMedia finds the media type among r that value, a Content-Type
// field, names. An exact type goes before a structured suffix, that before a
// main type, that before any (RFC 9110 section 12.5.1 orders ranges so).
// ok is false when value is malformed, names a charset other than UTF-8 for
// text, or no boundary for a multipart body.
func matchMedia(t *table.Table, r table.Range, value []byte, b *Boundary) (found uint32, ok bool) {
	typ, params, ok := media.Split(value)
	if !ok {
		return table.NoIndex, false
	}
	found = table.NoIndex
	best := uint8(255)
	for i := r.Start; i < r.End(); i++ {
		m := t.Media(i)
		if m.Match() < best && mediaMatches(m, typ) {
			found, best = i, m.Match()
		}
	}
	if found == table.NoIndex {
		return found, false
	}
	switch t.Media(found).Kind() {
	case table.BodyMultipart:
		ok = b != nil && b.read(params)
	case table.BodyBinary, table.BodyOpaque:
	default:
		ok = media.UTF8(params)
	}
	if !ok {
		return table.NoIndex, false
	}
	return found, true
}

// read takes the boundary from the parameters of a content type (RFC 2046
// section 5.1.1). Two of them are refused.
func (b *Boundary) read(params []byte) bool {
	b.n = 0
	for len(params) > 0 {
		var name, v []byte
		var quoted bool
		name, v, quoted, params = media.Next(params)
		if !text.EqualFold("boundary", name) {
			continue
		}
		if b.n != 0 {
			return false
		}
		if len(v) == 0 || len(v) > len(b.b) || v[len(v)-1] == ' ' {
			return false
		}
		for _, c := range v {
			if !boundaryByte(c) || !quoted && !media.Token(c) {
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

func mediaMatches(m table.Media, typ []byte) bool {
	want := m.Type()
	switch m.Match() {
	case table.MatchExact:
		return text.EqualFold(want, typ)
	case table.MatchMainType:
		return len(typ) > len(want) && text.EqualFold(want, typ[:len(want)])
	case table.MatchSuffix:
		suffix := m.Suffix()
		return len(typ) > len(want)+len(suffix) && text.EqualFold(want, typ[:len(want)]) && text.EqualFold(suffix, typ[len(typ)-len(suffix):])
	}
	return m.Match() == table.MatchAny
}
