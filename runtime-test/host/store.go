package host

import (
	"sort"
	"sync"
)

// SharedData is the key-value store that all VMs with one vm_id share.
//
// The rules are Envoy's, traps included: cas 0 always overwrites, the first write of a key ignores its cas, a version is never used twice
// and there is no deletion.
type SharedData struct {
	mu      sync.Mutex
	values  map[string]sharedValue
	nextCas uint32
}

type sharedValue struct {
	data []byte
	cas  uint32
}

// NewSharedData returns an empty store. Give it to two hosts to let them share it, as two plugins with one vm_id do.
func NewSharedData() *SharedData {
	return &SharedData{values: map[string]sharedValue{}}
}

// Get returns a copy of the value of key with its version.
func (d *SharedData) Get(key string) (value []byte, cas uint32, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.values[key]
	return append([]byte(nil), v.data...), v.cas, ok
}

// Set stores a copy of value.
func (d *SharedData) Set(key string, value []byte, cas uint32) Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	if old, ok := d.values[key]; ok && cas != 0 && cas != old.cas {
		return StatusCasMismatch
	}
	d.nextCas++
	if d.nextCas == 0 {
		d.nextCas = 1
	}
	d.values[key] = sharedValue{append([]byte(nil), value...), d.nextCas}
	return StatusOK
}

// Keys returns all keys in order. No module can ask for them; tests can, to see that the key space is bounded.
func (d *SharedData) Keys() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	keys := make([]string, 0, len(d.values))
	for k := range d.values {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Metrics is the metric store that all VMs of a host share. Each VM has its own ids for the same metric.
type Metrics struct {
	mu     sync.Mutex
	byName map[string]*metric
}

type metric struct {
	kind  MetricType
	value int64
	count int64 // histogram samples
}

// NewMetrics returns an empty store.
func NewMetrics() *Metrics {
	return &Metrics{byName: map[string]*metric{}}
}

// Values returns the value of every counter and gauge, and for a histogram the number of its samples.
func (m *Metrics) Values() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make(map[string]int64, len(m.byName))
	for name, e := range m.byName {
		if e.kind == MetricHistogram {
			out[name] = e.count
		} else {
			out[name] = e.value
		}
	}
	return out
}

func (m *Metrics) define(kind MetricType, name string) *metric {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.byName[name]
	if e == nil || e.kind != kind {
		e = &metric{kind: kind}
		m.byName[name] = e
	}
	return e
}

// increment follows Envoy: a counter takes only positive offsets, a gauge both, a histogram none.
func (m *Metrics) increment(e *metric, offset int64) Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.kind == MetricHistogram || (e.kind == MetricCounter && offset <= 0) {
		return StatusBadArgument
	}
	e.value += offset
	return StatusOK
}

// record follows Envoy: on a counter it adds.
func (m *Metrics) record(e *metric, value uint64) Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e.kind {
	case MetricCounter:
		e.value += int64(value)
	case MetricGauge:
		e.value = int64(value)
	default:
		e.count++
	}
	return StatusOK
}

func (m *Metrics) get(e *metric) (uint64, Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.kind == MetricHistogram {
		return 0, StatusBadArgument
	}
	return uint64(e.value), StatusOK
}

// queues is the shared queue store.
type queues struct {
	mu     sync.Mutex
	byName map[string]uint32
	byID   map[uint32]*queue
}

type queue struct {
	owner *VM
	root  uint32
	items [][]byte
}
