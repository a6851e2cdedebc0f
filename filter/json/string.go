package json

import "unicode/utf8"

// unescaper yields the bytes of a string as written in JSON text with its
// escapes undone. It never holds more than one code point. The text has been
// parsed: escapes are complete and surrogates come in pairs. On other input it
// yields some bytes, never more than len(raw), and ends.
type unescaper struct {
	raw        []byte
	plain      bool // raw has no escapes: a backslash is a backslash
	pos        int
	buf        [4]byte // bytes of a decoded \u escape
	buf0, bufN int
}

// next returns the next byte, and false at the end.
func (u *unescaper) next() (byte, bool) {
	if u.buf0 < u.bufN {
		c := u.buf[u.buf0]
		u.buf0++
		return c, true
	}
	if u.pos >= len(u.raw) {
		return 0, false
	}
	c := u.raw[u.pos]
	if c != '\\' || u.plain || u.pos+1 >= len(u.raw) {
		u.pos++
		return c, true
	}
	r, n := unescape(u.raw[u.pos:])
	u.pos += n
	if r < utf8.RuneSelf {
		return byte(r), true
	}
	u.bufN = utf8.EncodeRune(u.buf[:], r)
	u.buf0 = 1
	return u.buf[0], true
}

// unescape decodes the escape that b starts with, and returns how many bytes
// it takes. A surrogate pair is one escape of 12 bytes.
func unescape(b []byte) (rune, int) {
	if len(b) < 2 {
		return utf8.RuneError, len(b)
	}
	switch b[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(b[1]), 2 // quote, backslash, slash
	}
	if len(b) < 6 {
		return utf8.RuneError, len(b)
	}
	r := hex4(b[2:])
	if r&^0x3ff == 0xd800 && len(b) >= 12 {
		return (r-0xd800)<<10 + (hex4(b[8:]) - 0xdc00) + 0x10000, 12
	}
	return r, 6
}

func hex4(b []byte) rune {
	r := rune(0)
	for _, c := range b[:4] {
		d := rune(c & 0xf)
		if c > '9' {
			d += 9 // the letters are 0x41 and 0x61 onwards
		}
		r = r<<4 | d
	}
	return r
}

// AppendUnescaped appends the string whose raw JSON text (without quotes) is
// raw, escapes undone, and returns the extended slice. It does not allocate if
// dst has room for len(raw) more bytes.
func AppendUnescaped(dst, raw []byte) []byte {
	start := 0
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			i++
			continue
		}
		dst = append(dst, raw[start:i]...)
		r, n := unescape(raw[i:])
		dst = utf8.AppendRune(dst, r)
		i += n
		start = i
	}
	return append(dst, raw[start:]...)
}

// String returns the unescaped bytes of a string or name: a view of Src where
// the text has no escapes, otherwise scratch with the bytes appended, which
// allocates only if scratch lacks room.
func (t *Tape) String(node uint32, scratch []byte) []byte {
	raw := t.Text(node)
	if t.Nodes[node].Meta&FlagEscaped == 0 {
		return raw
	}
	n := len(scratch)
	return AppendUnescaped(scratch, raw)[n:]
}

// EqualString reports whether the string or name at node, unescaped, is lit.
func (t *Tape) EqualString(node uint32, lit []byte) bool {
	raw := t.Text(node)
	if t.Nodes[node].Meta&FlagEscaped == 0 {
		return string(raw) == string(lit)
	}
	// No escape is shorter than what it stands for.
	if len(lit) > len(raw) {
		return false
	}
	u := unescaper{raw: raw}
	for _, want := range lit {
		if c, ok := u.next(); !ok || c != want {
			return false
		}
	}
	_, more := u.next()
	return !more
}

// CodePoints returns the length of a string or name in Unicode code points,
// which is what JSON Schema counts.
func (t *Tape) CodePoints(node uint32) uint32 {
	n := &t.Nodes[node]
	if n.Meta&FlagNonASCII == 0 {
		return n.Len
	}
	raw := t.Src[n.Off : n.Off+n.Len]
	if n.Meta&FlagEscaped == 0 {
		return uint32(utf8.RuneCount(raw))
	}
	count := uint32(0)
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '\\':
			_, size := unescape(raw[i:])
			i += size
			count++
		default:
			if c&0xc0 != 0x80 { // not a continuation byte
				count++
			}
			i++
		}
	}
	return count
}

// ValidUTF8 reports whether b is valid UTF-8 (RFC 3629), for bytes that go to
// AppendString without having passed the parser.
func ValidUTF8(b []byte) bool { return utf8.Valid(b) }

// compareStrings orders two strings or names by their unescaped bytes.
func compareStrings(t1 *Tape, n1 uint32, t2 *Tape, n2 uint32) int {
	a, b := t1.Text(n1), t2.Text(n2)
	if (t1.Nodes[n1].Meta|t2.Nodes[n2].Meta)&FlagEscaped == 0 {
		return compareBytes(a, b)
	}
	// Bytes from a builder stand for themselves even where they hold backslashes.
	ua := unescaper{raw: a, plain: t1.Nodes[n1].Meta&FlagEscaped == 0}
	ub := unescaper{raw: b, plain: t2.Nodes[n2].Meta&FlagEscaped == 0}
	for {
		ca, oka := ua.next()
		cb, okb := ub.next()
		switch {
		case !oka && !okb:
			return 0
		case !oka:
			return -1
		case !okb:
			return 1
		case ca != cb:
			if ca < cb {
				return -1
			}
			return 1
		}
	}
}

func compareBytes(a, b []byte) int {
	switch {
	case string(a) == string(b):
		return 0
	case string(a) < string(b):
		return -1
	}
	return 1
}
