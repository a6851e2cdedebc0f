package schema

import "portcullis/filter/table"

// explain looks for the failure that says most about why the alternatives of f
// all failed: the one whose value lies deepest, if it lies deeper than the value
// that the alternatives are for, and so on where that one is about
// alternatives too. It judges them once more, within a small budget; its result
// changes what a refusal says, never whether it is one.
func (m *Machine) explain(f Failure) Failure {
	m.allowed, m.steps = explainSteps, explainSteps
	for range explainLevels {
		best := m.deeper(f)
		if best == f {
			break
		}
		f = best
	}
	return f
}

// Bounds on the second look.
const (
	explainSteps  = 1 << 14
	explainLevels = 8
)

func (m *Machine) deeper(f Failure) Failure {
	op := m.s.Program[f.Inst].Op
	if op != table.OpLogicAnyOf && (op != table.OpLogicOneOf || f.Detail == DetailMax) || m.overflow {
		return f
	}
	failures, failed, most := m.failures, m.failed, m.maxFailures
	m.failures, m.maxFailures = m.explained[:0], 1
	m.words, m.trail, m.scope, m.failed = 0, 0, 0, 0
	m.forget()
	m.look, m.deepest, m.best = 1, 0, f
	m.frames[0] = frame{kind: frameRoot, node: f.Node}
	m.run(f.Inst, f.Node)
	rollback(&m.state, 0)
	m.look, m.overflow = 0, false
	m.failures, m.failed, m.maxFailures = failures, failed, most
	return m.best
}

// consider takes a failure within branches for the explanation if it lies
// deeper than the best one so far and is what made a branch of the outermost
// alternatives fail: further in, a failure may be one that does no harm.
func (m *Machine) consider(f Failure) {
	if m.frames[m.try].try != 0 {
		return
	}
	depth := uint32(0)
	for i := uint64(1); i <= m.sp; i++ {
		switch m.frames[i].kind {
		case frameProps, framePropsSlow, frameItems, frameItemsSlow, frameUneval:
			// A loop that fails as a whole is about its own value.
			if i < m.sp || m.frames[i].node != f.Node {
				depth++
			}
		}
	}
	m.steps -= min(m.steps, m.sp)
	if depth > m.deepest {
		m.deepest, m.best = depth, f
	}
}
