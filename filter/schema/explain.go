package schema

import "portcullis/filter/table"

// explain looks for the failure that says most about why the alternatives of f
// all failed: the one whose value lies deepest, if it lies deeper than the value
// that the alternatives are for. It judges the alternatives once more, within a
// small budget; its result changes what a refusal says, never whether it is one.
func (m *Machine) explain(f Failure) Failure {
	op := m.s.Program[f.Inst].Op
	if op != table.OpLogicAnyOf && (op != table.OpLogicOneOf || f.Detail == DetailMax) || m.overflow {
		return f
	}
	failures, numFailed, most := m.failures, m.numFailed, m.maxFailures
	m.failures, m.maxFailures = m.explained[:0], 1
	m.numWords, m.numTrail, m.scope, m.numFailed = 0, 0, 0, 0
	m.allowed, m.steps = explainSteps, explainSteps
	m.forget()
	m.explaining, m.deepest, m.best = true, 0, f
	m.frames[0] = frame{kind: frameRoot, node: f.Node}
	m.run(f.Inst, f.Node)
	m.rollback(0)
	m.explaining, m.overflow = false, false
	m.failures, m.numFailed, m.maxFailures = failures, numFailed, most
	return m.best
}

// explainSteps bounds the second look.
const explainSteps = 1 << 14

// forget empties the memo.
func (m *Machine) forget() {
	m.generation++
	if m.generation == 0 { // wrapped: old entries would look new
		clear(m.memo)
		m.generation = 1
	}
}

// consider takes a failure within branches for the explanation if it lies
// deeper than the best one so far and no branch around it is a `not`, an `if`
// or the like, where failing is no fault.
func (m *Machine) consider(sp uint32, f Failure) {
	depth := uint32(0)
	for i := uint32(1); i <= sp; i++ {
		switch m.frames[i].kind {
		case frameNot, frameIf:
			return
		case frameProps, framePropsSlow, frameItems, frameContains, frameUnevalProps, frameUnevalItems:
			// A loop that fails as a whole is about its own value.
			if i < sp || m.frames[i].node != f.Node {
				depth++
			}
		}
	}
	m.steps -= min(m.steps, uint64(sp))
	if depth > m.deepest {
		m.deepest, m.best = depth, f
	}
}
