package config

// base64 of a string that is read piece by piece (RFC 4648 section 4): padding is
// required and left-over bits are zero, so that a table has one spelling. Line
// breaks are skipped: the base64 command writes them.

// decoder gathers characters and writes bytes.
//
// Invariants: bits holds the last n characters, six bits each; pad counts "=".
type decoder struct {
	dst  []byte
	bits uint32
	n    uint8
	pad  uint8
	bad  bool
}

// add takes one character.
func (d *decoder) add(c rune) {
	if c == '\n' || c == '\r' {
		return
	}
	v := digit64(c)
	switch {
	case c == '=':
		d.pad++
	case v < 0 || d.pad > 0:
		d.bad = true
		return
	default:
		d.bits = d.bits<<6 | uint32(v)
		d.n++
	}
	if d.n == 4 {
		d.dst = append(d.dst, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
		d.bits, d.n = 0, 0
	}
}

// run takes what it can of b in whole groups of four plain characters and returns
// how many bytes that were. It is the fast way through a table: add, one character
// at a time, takes the rest.
func (d *decoder) run(b []byte) (n int) {
	if d.n != 0 || d.pad != 0 {
		return 0
	}
	for n+4 <= len(b) {
		q := b[n : n+4 : n+4]
		v := digit64(rune(q[0]))<<18 | digit64(rune(q[1]))<<12 | digit64(rune(q[2]))<<6 | digit64(rune(q[3]))
		if v < 0 {
			break
		}
		d.dst = append(d.dst, byte(v>>16), byte(v>>8), byte(v))
		n += 4
	}
	return n
}

// end writes what is left and says whether all was well.
func (d *decoder) end() bool {
	switch {
	case d.bad:
		return false
	case d.n == 0 && d.pad == 0:
		return true
	case d.n == 2 && d.pad == 2 && d.bits&0xF == 0:
		d.dst = append(d.dst, byte(d.bits>>4))
		return true
	case d.n == 3 && d.pad == 1 && d.bits&0x3 == 0:
		d.dst = append(d.dst, byte(d.bits>>10), byte(d.bits>>2))
		return true
	}
	return false
}

func digit64(c rune) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// table reads the value of "table": nil for "linked", which is no base64 of
// anything, having six characters.
func (r *reader) table() []byte {
	const linked = "linked"
	if !r.isString("table", `base64 or "linked"`) {
		return nil
	}
	r.expect('"')
	at := r.offset()
	// The text that follows holds the table and little else.
	d := decoder{dst: make([]byte, 0, (uint64(r.size-at)/4+1)*3)}
	match, n := true, 0
	for {
		// The first characters may spell "linked"; after them the way is free.
		if n > len(linked) {
			r.pos += d.run(r.win[r.pos:])
		}
		where := r.offset()
		c, escaped := r.char()
		if r.err != nil {
			return nil
		}
		if c == '"' && !escaped {
			break
		}
		match = match && n < len(linked) && c == rune(linked[n])
		n++
		if d.add(c); d.bad {
			r.fail(where, `table: found a character that is not base64, want base64 or "linked"`)
			return nil
		}
	}
	if match && n == len(linked) {
		return nil
	}
	if !d.end() || len(d.dst) == 0 {
		r.fail(at, `table: incomplete base64, want padded base64 or "linked"`)
		return nil
	}
	return d.dst[:len(d.dst):len(d.dst)]
}
