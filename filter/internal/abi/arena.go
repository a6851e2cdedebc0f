package abi

// Arena is the memory that the host writes into: proxy_on_memory_allocate takes
// from it, every callback of the host starts with it empty.
//
// Invariants: used <= len(buf); memory handed out stays where it is until the next
// Reset or Grow. The zero Arena has no room: every allocation fails, none traps.
type Arena struct {
	buf  []byte
	used uint32
	// overflows counts allocations that did not fit since the VM's start; over is
	// set by the last one and cleared by Reset.
	overflows uint32
	over      bool
}

// arenaAlign keeps what the host writes on the borders that its words like.
const arenaAlign = 8

// Grow makes the arena at least size bytes large. It is called at configuration
// only: it takes memory from the Go heap and forgets everything handed out.
func (a *Arena) Grow(size uint32) {
	if uint32(len(a.buf)) < size {
		a.buf = make([]byte, size)
	}
	a.Reset()
}

// Reset makes the whole arena free again.
func (a *Arena) Reset() { a.used, a.over = 0, false }

// Allocate takes n bytes and returns their offset; ok is false, and the overflow
// is counted, when they do not fit. n may be 0: hosts allocate for empty results.
// What it returns is not cleared.
func (a *Arena) Allocate(n uint32) (off uint32, ok bool) {
	// 64 bits: n comes from the host and may be near 1<<32.
	end := uint64(a.used) + uint64(n)
	if end > uint64(len(a.buf)) || len(a.buf) == 0 {
		a.overflows++
		a.over = true
		return 0, false
	}
	off = a.used
	a.used = uint32(min((end+arenaAlign-1)&^(arenaAlign-1), uint64(len(a.buf))))
	return off, true
}

// Slice is the n bytes at off; ok is false when they do not lie in the arena.
func (a *Arena) Slice(off, n uint32) (b []byte, ok bool) {
	end := uint64(off) + uint64(n)
	if end > uint64(len(a.buf)) {
		return nil, false
	}
	return a.buf[off:end:end], true
}

// Size is the arena's size in bytes.
func (a *Arena) Size() uint32 { return uint32(len(a.buf)) }

// Overflowed says whether an allocation has failed since the last Reset: the host
// wanted to hand over more than fits.
func (a *Arena) Overflowed() bool { return a.over }

// TakeOverflows returns how many allocations failed since it was last called.
func (a *Arena) TakeOverflows() uint32 {
	n := a.overflows
	a.overflows = 0
	return n
}
