package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/le"
)

// keyState is what the workers of a proxy agree on about the keys of one provider: who
// fetches, when the last fetch began and how it ended, and how many sets there were. It
// lies in the shared data, is changed with compare-and-swap only, and whoever changes it
// has the lease or takes it:
//
//	 0 lease u64        Unix nanoseconds at which it ends, 0 when nobody fetches
//	 8 owner u64        random, of the worker that fetches or fetched last
//	16 started u64      Unix nanoseconds at which the last fetch began, 0 for never
//	24 generation u32   of the newest set; 0 for none
//	28 failures u32     fetches that failed since one succeeded
type keyState struct {
	lease, started       int64
	owner                uint64
	generation, failures uint32
}

const keyStateSize = 32

// createCAS creates a key of the shared data: hosts ignore the version of a key that is
// absent, and no version of a key that somebody made meanwhile equals this one (see
// limit.Store).
const createCAS = 0xFFFFFFFE

func (s *keyState) read(b []byte) bool {
	if len(b) != keyStateSize {
		return false
	}
	*s = keyState{lease: int64(le.U64(b, 0)), owner: le.U64(b, 8), started: int64(le.U64(b, 16)), generation: le.U32(b, 24), failures: le.U32(b, 28)}
	return true
}

func (s *keyState) append(dst []byte) []byte {
	for _, v := range [...]uint64{uint64(s.lease), s.owner, uint64(s.started)} {
		dst = le.AppendU32(le.AppendU32(dst, uint32(v)), uint32(v>>32))
	}
	return le.AppendU32(le.AppendU32(dst, s.generation), s.failures)
}

// sync reads the state that the others see. Where the host has none, or somebody wrote
// rubbish, it is as if nothing had happened yet; where the store fails this worker goes on
// with what it knows itself.
func (m *remote) sync() {
	raw, cas, st := m.host.SharedGet(m.stateKey)
	switch st {
	case abi.StatusOK:
		if m.cas = cas; !m.state.read(raw) {
			m.state = keyState{}
		}
	case abi.StatusNotFound, abi.StatusEmpty:
		m.cas = createCAS
		m.state = keyState{generation: m.set.Generation(), failures: m.state.failures, started: m.state.started}
	}
	if m.cas == 0 {
		m.cas = createCAS // 0 would write over whatever is there
	}
}

// write changes the state from what sync read; false when somebody else has meanwhile.
func (m *remote) write(s keyState) bool {
	switch m.host.SharedSet(m.stateKey, s.append(m.buf[:0]), m.cas) {
	case abi.StatusCasMismatch:
		return false
	}
	m.state = s // also where the store fails: then every worker fetches for itself
	return true
}

// leased reports whether somebody fetches. A lease ends by the clock; one that stays as
// it is for more ticks than any fetch takes has lost its worker, whatever the clock says.
func (m *remote) leased(now int64) bool {
	s := &m.state
	if s.lease == 0 {
		return false
	}
	if m.leaseSeen != s.lease {
		m.leaseSeen, m.leaseTicks = s.lease, 0
	}
	return now < s.lease && s.lease-now <= 2*m.leaseNanos() && m.leaseTicks <= m.maxLeaseTicks
}

// leaseNanos is how long a lease lasts: twice a fetch, for one that fails at once is tried
// again, and a little. Where a provider tells the place of its keys there are two to make.
func (m *remote) leaseNanos() int64 {
	calls := int64(2)
	if m.place != nil {
		calls = 4
	}
	return calls*int64(m.conf.TimeoutMs)*1e6 + 1e9
}
