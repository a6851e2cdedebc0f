package config

// number reads a whole number from min to max. It may be written in any way that
// JSON allows: a google.protobuf.Struct holds doubles, and 15000 may come out of it
// as 1.5e4 or 15000.0.
func (r *reader) number(key string, min, max uint32) uint32 {
	c, ok := r.space()
	at := r.offset()
	if !ok || c != '-' && (c < '0' || c > '9') {
		r.fail(at, key+": found "+found(c, ok)+", want a number")
		return 0
	}
	var raw [maxWord]byte
	n := 0
	for {
		c, ok = r.peek()
		if !ok || !isNumberByte(c) {
			break
		}
		if n == len(raw) {
			r.fail(at, key+": number of more than "+decimal(maxWord)+" characters")
			return 0
		}
		raw[n] = c
		n++
		r.pos++
	}
	v, good := whole(raw[:n])
	if !good || v < uint64(min) || v > uint64(max) {
		r.fail(at, key+": found "+string(raw[:n])+", want a whole number from "+decimal(uint64(min))+" to "+decimal(uint64(max)))
		return 0
	}
	return uint32(v)
}

func isNumberByte(c byte) bool {
	return '0' <= c && c <= '9' || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-'
}

// whole is the value of a JSON number (RFC 8259 section 6) that is whole, not
// negative and below 1e16; ok is false for every other text.
func whole(b []byte) (v uint64, ok bool) {
	i := 0
	neg := len(b) > 0 && b[0] == '-'
	if neg {
		i++
	}
	start := i
	var scale int64 // the value is v * 10^scale
	digits := func() (n int) {
		for ; i < len(b) && '0' <= b[i] && b[i] <= '9'; i++ {
			n++
		}
		return n
	}
	n := digits()
	if n == 0 || n > 1 && b[start] == '0' {
		return 0, false
	}
	mant := b[start:i]
	var frac []byte
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		if digits() == 0 {
			return 0, false
		}
		frac = b[start:i]
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		minus := i < len(b) && b[i] == '-'
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		start = i
		if digits() == 0 {
			return 0, false
		}
		for _, c := range b[start:i] {
			scale = min(scale*10+int64(c-'0'), 1000)
		}
		if minus {
			scale = -scale
		}
	}
	if i != len(b) {
		return 0, false
	}
	// Trailing zeros move into the scale first, so that 15000.000 stays small.
	scale -= int64(len(frac))
	all := append(append(make([]byte, 0, len(b)), mant...), frac...)
	for len(all) > 0 && all[len(all)-1] == '0' {
		all = all[:len(all)-1]
		scale++
	}
	if len(all) == 0 {
		return 0, true
	}
	if neg || scale < 0 || scale > 16 {
		return 0, false
	}
	for _, c := range all {
		if v = v*10 + uint64(c-'0'); v >= 1e16 {
			return 0, false
		}
	}
	for range scale {
		if v *= 10; v >= 1e16 {
			return 0, false
		}
	}
	return v, true
}
