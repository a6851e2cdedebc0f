package schema

// memoEntry remembers the verdict of a procedure on a value. The table is
// direct-mapped: a newer verdict displaces an older one, so the memo saves work
// but promises nothing; the step budget does.
type memoEntry struct {
	proc, node uint32
	gen        uint32
	verdict    uint32
}

// Verdicts in the memo.
const (
	memoNone = iota
	memoPass
	memoFail
)

// memoAt returns the place in the memo of a procedure's verdict on a value.
func memoAt(s *state, proc, node uint64) uint64 {
	return (proc<<32 | node) * 0x9e3779b97f4a7c15 >> 32 & (uint64(len(s.memo)) - 1)
}

// recall returns what is remembered.
func recall(s *state, proc, node uint64) uint64 {
	e := &s.memo[memoAt(s, proc, node)]
	if uint64(e.gen) != s.gen || uint64(e.proc) != proc || uint64(e.node) != node {
		return memoNone
	}
	return uint64(e.verdict)
}

func remember(s *state, proc, node, verdict uint64) {
	e := &s.memo[memoAt(s, proc, node)]
	e.proc = uint32(proc)
	e.node = uint32(node)
	e.gen = uint32(s.gen)
	e.verdict = uint32(verdict)
}

// forget empties the memo.
func (m *Machine) forget() {
	m.gen++
	if m.gen == 1<<32 { // wrapped: old entries would look new
		clear(m.memo)
		m.gen = 1
	}
}
