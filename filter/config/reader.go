package config

import "unicode/utf8"

const (
	// window is how much is read from the host at a time.
	window = 16 << 10
	// maxKey and maxWord bound what is kept of a name or a word for a message.
	maxKey  = 64
	maxWord = 64
)

// reader pulls JSON from a Source. The first fault is kept in err; after it every
// method returns at once with a zero value, so that callers need not check.
//
// Invariants: base + len(win) <= size; 0 <= pos <= len(win).
type reader struct {
	src  Source
	size uint32
	win  []byte
	base uint32 // offset of win[0] in the text
	pos  int
	err  *Error
}

// offset is the byte that is read next.
func (r *reader) offset() uint32 { return r.base + uint32(r.pos) }

func (r *reader) fail(at uint32, text string) {
	if r.err == nil {
		r.err = &Error{Offset: at, text: text}
	}
}

// peek is the next byte; ok is false at the end of the text and after a fault.
func (r *reader) peek() (c byte, ok bool) {
	if r.err != nil {
		return 0, false
	}
	if r.pos == len(r.win) && !r.fill() {
		return 0, false
	}
	return r.win[r.pos], true
}

// take is peek and goes on; it gives 0 at the end.
func (r *reader) take() byte {
	c, ok := r.peek()
	if ok {
		r.pos++
	}
	return c
}

// fill gets the next window.
func (r *reader) fill() bool {
	at := r.offset()
	if at >= r.size {
		return false
	}
	want := min(r.size-at, window)
	b, ok := r.src.Range(at, want)
	if !ok || len(b) == 0 || uint32(len(b)) > want {
		r.fail(at, "the host gives no more, want "+decimal(uint64(r.size))+" bytes")
		return false
	}
	r.win, r.base, r.pos = b, at, 0
	return true
}

// space skips white space and returns the byte after it.
func (r *reader) space() (c byte, ok bool) {
	for {
		c, ok = r.peek()
		if !ok || c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, ok
		}
		r.pos++
	}
}

// expect takes the byte c after white space.
func (r *reader) expect(c byte) {
	got, ok := r.space()
	if r.err != nil {
		return
	}
	if !ok || got != c {
		r.fail(r.offset(), "found "+found(got, ok)+", want "+quote(string(rune(c))))
		return
	}
	r.pos++
}

// end checks that nothing but white space follows.
func (r *reader) end() {
	if c, ok := r.space(); ok {
		r.fail(r.offset(), "found "+found(c, true)+" after the object, want the end")
	}
}

// members reads an object and calls do with each name, the value being next.
func (r *reader) members(do func(key string, at uint32)) {
	r.expect('{')
	if c, ok := r.space(); ok && c == '}' {
		r.pos++
		return
	}
	for r.err == nil {
		r.space()
		at := r.offset()
		key, _ := r.text(maxKey)
		r.expect(':')
		if r.err == nil {
			do(string(key), at)
		}
		c, ok := r.space()
		switch {
		case r.err != nil:
		case ok && c == ',':
			r.pos++
		case ok && c == '}':
			r.pos++
			return
		default:
			r.fail(r.offset(), `found `+found(c, ok)+`, want "," or "}"`)
		}
	}
}

// text reads a string of at most max bytes.
func (r *reader) text(max int) (b []byte, ok bool) {
	r.expect('"')
	at := r.offset()
	for {
		before := r.offset()
		c, escaped := r.char()
		if r.err != nil {
			return nil, false
		}
		if c == '"' && !escaped {
			break
		}
		if !escaped {
			// The bytes of a longer sequence come one at a time; the string is
			// checked as a whole below.
			b = append(b, byte(c))
		} else {
			b = utf8.AppendRune(b, c)
		}
		if len(b) > max {
			r.fail(before, "string of more than "+decimal(uint64(max))+" bytes")
			return nil, false
		}
	}
	if !utf8.Valid(b) {
		r.fail(at, "string is not valid UTF-8")
		return nil, false
	}
	return b, true
}

// char reads one byte of a string, or one escaped code point.
func (r *reader) char() (c rune, escaped bool) {
	b, ok := r.peek()
	switch {
	case r.err != nil:
		return 0, false
	case !ok:
		r.fail(r.offset(), "found the end inside a string")
		return 0, false
	case b < ' ':
		r.fail(r.offset(), "control character inside a string")
		return 0, false
	}
	r.pos++
	if b != '\\' {
		return rune(b), false
	}
	return r.escape(), true
}

// escape reads what follows a backslash.
func (r *reader) escape() rune {
	at := r.offset()
	b := r.take()
	switch b {
	case '"', '\\', '/':
		return rune(b)
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		return r.unicode(at)
	}
	r.fail(at, "unknown escape")
	return 0
}

// unicode reads the digits of \u, and of the low half when they are a high one.
func (r *reader) unicode(at uint32) rune {
	c := r.hex4(at)
	if c < 0xD800 || c > 0xDFFF {
		return c
	}
	if c < 0xDC00 {
		if r.take() == '\\' && r.take() == 'u' {
			if low := r.hex4(at); low >= 0xDC00 && low <= 0xDFFF {
				return 0x10000 + (c-0xD800)<<10 + (low - 0xDC00)
			}
		}
	}
	r.fail(at, "lone surrogate in a string")
	return 0
}

func (r *reader) hex4(at uint32) (c rune) {
	for range 4 {
		b, ok := r.peek()
		d := hexDigit(b)
		if !ok || d < 0 {
			r.fail(at, "escape needs four hexadecimal digits")
			return 0
		}
		r.pos++
		c = c<<4 | d
	}
	return c
}

func hexDigit(b byte) rune {
	switch {
	case '0' <= b && b <= '9':
		return rune(b - '0')
	case 'a' <= b && b <= 'f':
		return rune(b-'a') + 10
	case 'A' <= b && b <= 'F':
		return rune(b-'A') + 10
	}
	return -1
}

// word reads a string that is one of words and returns its place.
func (r *reader) word(key string, words []string) int {
	if !r.isString(key, list(words)) {
		return 0
	}
	at := r.offset()
	b, ok := r.text(maxWord)
	if !ok {
		return 0
	}
	for i, w := range words {
		if w == string(b) {
			return i
		}
	}
	r.fail(at, key+": found "+quote(string(b))+", want "+list(words))
	return 0
}

// isString checks that a string is next.
func (r *reader) isString(key, want string) bool {
	c, ok := r.space()
	if r.err != nil {
		return false
	}
	if !ok || c != '"' {
		r.fail(r.offset(), key+": found "+found(c, ok)+", want "+want)
		return false
	}
	return true
}
