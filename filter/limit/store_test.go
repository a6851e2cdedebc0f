package limit

import "fmt"

// mapStore is shared data with Envoy's rules. Errors can be injected.
type mapStore struct {
	values  map[string][]byte
	cas     map[string]uint32
	next    uint32
	fail    func(op string, key []byte) Status // 0 lets the call through
	gets    int
	sets    int
	zeroCAS int
}

func newMapStore() *mapStore {
	return &mapStore{values: map[string][]byte{}, cas: map[string]uint32{}}
}

func (m *mapStore) Get(key []byte) ([]byte, uint32, Status) {
	m.gets++
	if m.fail != nil {
		if s := m.fail("get", key); s != 0 {
			return nil, 0, s
		}
	}
	v, ok := m.values[string(key)]
	if !ok {
		return nil, 0, NotFound
	}
	return v, m.cas[string(key)], OK
}

func (m *mapStore) Set(key, value []byte, cas uint32) Status {
	m.sets++
	if m.fail != nil {
		if s := m.fail("set", key); s != 0 {
			return s
		}
	}
	if cas == 0 {
		m.zeroCAS++
	}
	if old, ok := m.cas[string(key)]; ok && cas != 0 && old != cas {
		return Mismatch
	}
	m.next++
	// Reuse the value's memory, so that a view kept too long shows.
	m.values[string(key)] = append(m.values[string(key)][:0], value...)
	m.cas[string(key)] = m.next
	return OK
}

// turns is a store whose every call waits until the scheduler lets that VM go
// on, so that any interleaving of several VMs can be made on purpose.
type turns struct {
	shared *mapStore
	ask    chan struct{} // the VM is about to call the store
	grant  chan struct{} // the scheduler lets it
}

func (s *turns) Get(key []byte) ([]byte, uint32, Status) {
	s.ask <- struct{}{}
	<-s.grant
	v, cas, st := s.shared.Get(key)
	return append([]byte(nil), v...), cas, st
}

func (s *turns) Set(key, value []byte, cas uint32) Status {
	s.ask <- struct{}{}
	<-s.grant
	return s.shared.Set(key, value, cas)
}

// admission is one admitted request.
type admission struct{ at, cost uint64 }

// overAdmitted reports the first window in which the admissions (in the order of
// their times) are more than burst + rate x length, or "".
func overAdmitted(requests, window, burst uint64, a []admission) string {
	// In units of 1/requests nanoseconds: sum(i..j)*window <= burst*window +
	// (t_j - t_i)*requests for all i <= j.
	if len(a) == 0 {
		return ""
	}
	origin := a[0].at
	sum, worst := int64(0), int64(-1<<62)
	for j := range a {
		tj := int64((a[j].at - origin) * requests)
		worst = max(worst, tj-sum*int64(window))
		sum += int64(a[j].cost)
		if over := sum*int64(window) - tj + worst - int64(burst*window); over > 0 {
			return fmt.Sprintf("admission %d of %d at +%d ns is %d/%d too many", j, len(a), a[j].at-origin, over, window)
		}
	}
	return ""
}
