package schema

// Which members and elements have been evaluated (JSON Schema 2020-12 section
// 11) is kept as marks per node with an undo log, the trail. An entry of the
// trail names a node and its mark before; the mark is one more than the
// entry's index. As entries only ever go at the end, a node has been evaluated
// since some moment if and only if its mark is greater than the trail's length
// at that moment. A schema with unevaluatedProperties or unevaluatedItems
// remembers that length when it begins: its scope. A branch that fails takes
// its marks back by cutting the trail.
type trailEntry struct{ node, before uint32 }

// mark makes node evaluated in the current scope. It returns 0 when the trail
// is full, else 1.
func mark(s *state, node uint64) uint64 {
	if uint64(s.marks[node]) > s.scope {
		return 1 // and an older mark is never taken back before a younger one
	}
	if s.trail >= uint64(len(s.undo)) {
		return 0
	}
	s.undo[s.trail].node = uint32(node)
	s.undo[s.trail].before = s.marks[node]
	s.trail++
	s.marks[node] = uint32(s.trail)
	return 1
}

// rollback takes back all marks but the first n.
func rollback(s *state, n uint64) {
	for s.trail > n {
		s.trail--
		s.marks[s.undo[s.trail].node] = s.undo[s.trail].before
	}
}
