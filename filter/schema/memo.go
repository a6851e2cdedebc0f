package schema

// memoEntry remembers the verdict of a procedure on a value. The table is
// direct-mapped: a newer verdict displaces an older one, so the memo saves work
// but promises nothing; the step budget does.
type memoEntry struct {
	proc, node uint32
	generation uint32
	verdict    uint32
}

// Verdicts in the memo.
const (
	memoNone = iota
	memoPass
	memoFail
)

func (m *Machine) memoSlot(proc, node uint32) *memoEntry {
	h := (uint64(proc)<<32 | uint64(node)) * 0x9e3779b97f4a7c15
	return &m.memo[h>>32&uint64(len(m.memo)-1)]
}

func (m *Machine) recall(proc, node uint32) uint32 {
	e := m.memoSlot(proc, node)
	if e.generation != m.generation || e.proc != proc || e.node != node {
		return memoNone
	}
	return e.verdict
}

func (m *Machine) remember(proc, node, verdict uint32) {
	*m.memoSlot(proc, node) = memoEntry{proc, node, m.generation, verdict}
}
