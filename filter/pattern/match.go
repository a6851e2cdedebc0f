package pattern

// Match reports whether the automaton in blob accepts text. Blob has passed
// Verify; text is UTF-8. Text that is not UTF-8 gets some answer, safely.
func Match(blob, text []byte) bool {
	return Accepts(blob, Run(blob, Start(blob), text))
}

// Start returns the state before any text.
func Start(blob []byte) uint32 { return u16(blob, offStart) }

// Accepts reports whether the text matches if it ends in state.
func Accepts(blob []byte, state uint32) bool {
	return state == StateMatch || state >= u16(blob, offFirstAccept)
}

// Done reports whether no further text can change the verdict of state.
func Done(state uint32) bool { return state < FirstRow }

// Run feeds chunk to the automaton in state and returns the state after it.
// It stops early when the verdict is settled. A text may come in any number
// of chunks, each of whole characters: JSON strings are fed as the runs
// between escapes and the decoded escapes. A state comes from Start or Run
// on the same blob; any other is taken for StateReject.
func Run(blob []byte, state uint32, chunk []byte) uint32 {
	if state >= u16(blob, offNumStates) {
		return StateReject
	}
	classes := u16(blob, offNumClasses)
	ranges := blob[offRanges : offRanges+4*u16(blob, offNumRanges)]
	cells := blob[offRanges+uint32(len(ranges)):]
	ascii := (*[128]byte)(blob[offASCII:offRanges])
	if blob[offWidth] == 1 {
		return run8(cells, ranges, ascii, classes, state, chunk)
	}
	return run16(cells, ranges, ascii, classes, state, chunk)
}

func run8(cells, ranges []byte, ascii *[128]byte, classes, state uint32, chunk []byte) uint32 {
	for i := 0; i < len(chunk) && state >= FirstRow; {
		class, c := uint32(0), chunk[i]
		if c < 0x80 {
			class = uint32(ascii[c])
			i++
		} else {
			var n int
			class, n = wideClass(ranges, chunk[i:])
			i += n
		}
		state = uint32(cells[(state-FirstRow)*classes+class])
	}
	return state
}

func run16(cells, ranges []byte, ascii *[128]byte, classes, state uint32, chunk []byte) uint32 {
	for i := 0; i < len(chunk) && state >= FirstRow; {
		class, c := uint32(0), chunk[i]
		if c < 0x80 {
			class = uint32(ascii[c])
			i++
		} else {
			var n int
			class, n = wideClass(ranges, chunk[i:])
			i += n
		}
		state = u16(cells, 2*((state-FirstRow)*classes+class))
	}
	return state
}

// wideClass returns the class of the character that b, which begins with a
// byte of 0x80 or more, begins with, and the character's size in bytes. With
// one range there is nothing to decode.
func wideClass(ranges, b []byte) (class uint32, n int) {
	r, n := decodeWide(b)
	lo, hi := uint32(0), uint32(len(ranges))/4
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if u32(ranges, 4*mid)>>ClassBits <= r {
			lo = mid
		} else {
			hi = mid
		}
	}
	return u32(ranges, 4*lo) & (MaxClasses - 1), n
}

// decodeWide decodes one character of two to four bytes. It trusts the lead
// byte, as the JSON parser checked the text, and is merely safe otherwise: a
// stray continuation byte or a cut character is one byte of U+FFFD.
func decodeWide(b []byte) (r uint32, n int) {
	c := uint32(b[0])
	switch {
	case c >= 0xF0 && len(b) >= 4:
		r = c&0x07<<18 | uint32(b[1])&0x3F<<12 | uint32(b[2])&0x3F<<6 | uint32(b[3])&0x3F
		return r, 4
	case c >= 0xE0 && c < 0xF0 && len(b) >= 3:
		return c&0x0F<<12 | uint32(b[1])&0x3F<<6 | uint32(b[2])&0x3F, 3
	case c >= 0xC0 && c < 0xE0 && len(b) >= 2:
		return c&0x1F<<6 | uint32(b[1])&0x3F, 2
	}
	return 0xFFFD, 1
}
