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

// mark makes node evaluated in the current scope. It returns false when the
// trail is full.
func (m *Machine) mark(node uint32) bool {
	if m.evaluated(node) {
		return true // and an older mark is never taken back before a younger one
	}
	if m.trail >= uint64(len(m.undo)) {
		return false
	}
	m.undo[m.trail] = trailEntry{node, m.marks[node]}
	m.trail++
	m.marks[node] = uint32(m.trail)
	return true
}

// evaluated reports whether node has been evaluated in the current scope.
func (m *Machine) evaluated(node uint32) bool { return uint64(m.marks[node]) > m.scope }

// rollback takes back all marks but the first n.
func (m *Machine) rollback(n uint32) {
	for m.trail > uint64(n) {
		m.trail--
		e := m.undo[m.trail]
		m.marks[e.node] = e.before
	}
}
