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
// on the same blob; one that blob does not have is taken for StateReject.
func Run(blob []byte, state uint32, chunk []byte) uint32 {
	if state >= u16(blob, offNumStates) {
		return StateReject
	}
	return run(blob, state, chunk)
}
