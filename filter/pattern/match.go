package pattern

// Match reports whether the automaton in blob accepts text. Blob has passed
// Verify; text is UTF-8. Text that is not UTF-8 gets some answer, safely.
func Match(blob, text []byte) bool {
	if blob[offFlags] != 0 && !lengthOK(blob, text) {
		return false
	}
	state := run(blob, Start(blob), text)
	return state == StateMatch || state >= u16(blob, offFirstAccept)
}

// lengthOK judges the length of text, with FlagLength. It counts code points
// only if the number of bytes leaves the answer open.
func lengthOK(blob, text []byte) bool {
	end := u32(blob, offSize)
	// NoMaximum needs no care: no text in 32-bit memory is as long.
	low, high := uint64(u32(blob, end-8)), uint64(u32(blob, end-4))
	n := uint64(len(text))
	switch {
	case n < low || n > 4*high:
		return false
	case blob[offFlags]&FlagBytes != 0:
		return n <= high
	case n <= high && (n+3)/4 >= low:
		return true
	}
	n = countRunes(text)
	return n >= low && n <= high
}

// countRunes counts the bytes that begin a character.
func countRunes(text []byte) uint64 {
	n := uint64(0)
	for _, c := range text {
		if c&0xC0 != 0x80 {
			n++
		}
	}
	return n
}

// Start returns the state before any text.
func Start(blob []byte) uint32 { return u16(blob, offStart) }

// Accepts reports whether a text of length code points matches if it ends in
// state.
func Accepts(blob []byte, state, length uint32) bool {
	if blob[offFlags] != 0 {
		end := u32(blob, offSize)
		if length < u32(blob, end-8) || length > u32(blob, end-4) {
			return false
		}
	}
	return state == StateMatch || state >= u16(blob, offFirstAccept)
}

// Run feeds chunk to the automaton in state and returns the state after it.
// It stops early in a state that is never left. A text may come in any number
// of chunks, each of whole characters: JSON strings are fed as the runs
// between escapes and the decoded escapes. A state comes from Start or Run
// on the same blob; one that blob does not have is taken for StateReject.
func Run(blob []byte, state uint32, chunk []byte) uint32 {
	if state >= u16(blob, offNumStates) {
		return StateReject
	}
	return run(blob, state, chunk)
}
