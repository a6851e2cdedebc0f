package limit

// Status is what a Store answers.
type Status uint8

// Statuses. The zero value is treated as Error.
const (
	OK       Status = iota + 1
	NotFound        // Get: no such key
	Mismatch        // Set: somebody else has written since
	Error           // anything else
)

// Store is a map shared by VMs, with compare-and-swap: Proxy-Wasm's shared
// data (ABI v0.2.1 proxy_get_shared_data, proxy_set_shared_data).
//
// Set with a cas that is not the value's answers Mismatch and writes nothing;
// for a key that is not there any cas but 0 creates it. The limiter never
// passes 0, which would overwrite.
type Store interface {
	// Get returns the value of key and its version. The value is valid until
	// the next call.
	Get(key []byte) (value []byte, cas uint32, status Status)
	// Set writes value if the version of key is still cas.
	Set(key, value []byte, cas uint32) Status
}

// createCAS is the version passed to create a key: on hosts with Envoy's
// semantics a key that somebody created meanwhile answers Mismatch, as long as
// its real version is another. It is not 0xFFFFFFFF because the Go SDK's test
// host stores the cas plus one, and the version 0 is unusable.
const createCAS = 0xFFFFFFFE

// local is the buckets of worker-scope limits in the VM's own memory: one
// region of fixed-size cells, no versions, no races.
type local struct {
	cells []byte
}

// cell is a region of local: where a limit's slots lie.
type cell struct {
	off  uint32 // of the limit's first cell
	size uint32 // of one cell: a length word and the value
}

// get returns the value in a cell, empty when never written. A view.
func (l *local) get(c cell, slot uint32) []byte {
	b := l.at(c, slot)
	return b[1 : 1+int(b[0])]
}

// set writes value to a cell.
func (l *local) set(c cell, slot uint32, value []byte) {
	b := l.at(c, slot)
	b[0] = byte(len(value))
	copy(b[1:], value)
}

func (l *local) at(c cell, slot uint32) []byte {
	off := c.off + slot*c.size
	return l.cells[off : off+c.size]
}
