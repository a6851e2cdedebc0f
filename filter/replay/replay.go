// Package replay remembers what must not be used twice, for all VMs of a proxy: DPoP
// proofs (RFC 9449 section 11.1).
//
// What was used is kept in the proxy's shared data as a keyed hash until its time is
// over, in a fixed number of slots of bounded size, so that memory does not depend on
// callers. A slot without room refuses: it forgets nothing that still counts, and
// nothing passes unremembered. Each write is a compare-and-swap, so that of two VMs that
// see the same thing at the same time one has it first.
//
// The package knows no clock and no host, and does not allocate after New.
package replay

import (
	"portcullis/filter/le"
	"portcullis/filter/limit"
	"portcullis/filter/siphash"
	"portcullis/filter/table"
)

// A slot is one value of the store, little-endian:
//
//	 0          4          8          12       16
//	+----------+----------+----------+--------+------------------------------+
//	| version  | num      | floor    | zero   | num entries of 12 bytes      |
//	+----------+----------+----------+--------+------------------------------+
//
// and an entry a hash (8 bytes) and the second at which it is over (4 bytes). floor is
// the latest such second that was ever forgotten: what is over by then may have been used
// before, whatever the clock says now.
const (
	version    = 0x31524350 // "PCR1"
	headerSize = 16
	entrySize  = 12
	maxValue   = headerSize + table.MaxReplays*entrySize
	// createCAS creates a key, as limit does.
	createCAS = 0xFFFFFFFE
	tries     = 32
	nanos     = 1_000_000_000
)

// Store keys are 8 bytes, the prefix and the slot; the hash key has a longer name.
const (
	keyPrefix = "pcr1"
	hashName  = "pcr1 hash key"
)

// Outcome is what is known of a use.
type Outcome uint8

// Outcomes. The zero value is treated as Unavailable.
const (
	First       Outcome = iota + 1 // and remembered
	Again                          // it was used, or may have been
	Full                           // no room to remember it
	Unavailable                    // the store can't be asked
)

// Guard is for one VM.
type Guard struct {
	store  limit.Store
	k0, k1 uint64
	agreed bool // k0 and k1 are all VMs'
	local  [][]byte
	key    [len(hashName)]byte
	value  [maxValue]byte
	text   [32 + maxID]byte
}

// maxID bounds what is remembered by its own bytes.
const maxID = 512

// New makes a guard. seed is 16 random bytes; the first VM's become the hash key of all.
// Without a store what is remembered is this guard's alone.
func New(store limit.Store, seed [16]byte) *Guard {
	g := &Guard{store: store, k0: le.U64(seed[:], 0), k1: le.U64(seed[:], 8)}
	if store == nil {
		g.local, g.agreed = make([][]byte, table.ReplaySlots), true
		cells := make([]byte, table.ReplaySlots*maxValue)
		for i := range g.local {
			g.local[i] = cells[i*maxValue : i*maxValue : (i+1)*maxValue]
		}
	}
	return g
}

// Key is the 128 random bits that all VMs of the proxy hash with; false where they could
// not be agreed on.
func (g *Guard) Key() (key [16]byte, ok bool) {
	if !g.agree() {
		return key, false
	}
	le.PutU64(key[:], 0, g.k0)
	le.PutU64(key[:], 8, g.k1)
	return key, true
}

// Use reports whether id of owner is used for the first time at the time now, and
// remembers it until expires (Unix nanoseconds). At most room uses are kept in a slot.
func (g *Guard) Use(owner *[32]byte, id []byte, now, expires int64, room uint32) Outcome {
	if len(id) > maxID || now < 0 || expires < now || expires/nanos >= 1<<32-1 || !g.agree() {
		return Unavailable
	}
	text := append(append(g.text[:0], owner[:]...), id...)
	hash := siphash.Sum64(g.k0, g.k1, text)
	until := uint32((expires + nanos - 1) / nanos)
	slot := uint32(hash % table.ReplaySlots)
	for range tries {
		value, cas, status := g.load(slot)
		switch {
		case status == limit.NotFound:
			value, cas = nil, createCAS
		case status != limit.OK || cas == 0:
			return Unavailable
		}
		next, outcome := g.add(value, hash, until, uint32(now/nanos), min(room, table.MaxReplays))
		if next == nil {
			return outcome
		}
		switch g.save(slot, next, cas) {
		case limit.OK:
			return outcome
		case limit.Mismatch:
		default:
			return Unavailable
		}
	}
	return Unavailable
}

// add makes the value of a slot with one entry more; nil where nothing is to be
// written. What is over is left out.
func (g *Guard) add(value []byte, hash uint64, until, now, room uint32) (next []byte, outcome Outcome) {
	num, floor := uint32(0), uint32(0)
	if len(value) != 0 {
		var ok bool
		if num, floor, ok = readHeader(value); !ok {
			// What it knew is lost. Until all of that must be over, nobody passes.
			num, floor, outcome = 0, until+table.MaxProofAge+table.MaxProofFuture, Unavailable
			return g.finish(num, floor), outcome
		}
	}
	n := uint32(0)
	for i := range num {
		off := headerSize + i*entrySize
		h, t := le.U64(value, off), le.U32(value, off+8)
		if t < now {
			floor = max(floor, t)
			continue
		}
		if h == hash {
			return nil, Again
		}
		g.put(n, h, t)
		n++
	}
	switch {
	case until <= floor:
		return nil, Again
	case n >= room:
		return nil, Full
	}
	g.put(n, hash, until)
	return g.finish(n+1, floor), First
}

// readHeader reads a slot's header; false for what finish has not made.
func readHeader(value []byte) (num, floor uint32, ok bool) {
	if len(value) < headerSize || le.U32(value, 0) != version || le.U32(value, 12) != 0 {
		return 0, 0, false
	}
	num = le.U32(value, 4)
	if num > table.MaxReplays || len(value) != int(headerSize+num*entrySize) {
		return 0, 0, false
	}
	return num, le.U32(value, 8), true
}

func (g *Guard) put(i uint32, hash uint64, until uint32) {
	off := headerSize + i*entrySize
	le.PutU64(g.value[:], off, hash)
	le.PutU32(g.value[:], off+8, until)
}

func (g *Guard) finish(num, floor uint32) []byte {
	le.PutU32(g.value[:], 0, version)
	le.PutU32(g.value[:], 4, num)
	le.PutU32(g.value[:], 8, floor)
	le.PutU32(g.value[:], 12, 0)
	return g.value[:headerSize+num*entrySize]
}

func (g *Guard) load(slot uint32) ([]byte, uint32, limit.Status) {
	if g.local != nil {
		return g.local[slot], createCAS, limit.OK
	}
	return g.store.Get(g.slotKey(slot))
}

func (g *Guard) save(slot uint32, value []byte, cas uint32) limit.Status {
	if g.local != nil {
		g.local[slot] = append(g.local[slot][:0], value...)
		return limit.OK
	}
	return g.store.Set(g.slotKey(slot), value, cas)
}

func (g *Guard) slotKey(slot uint32) []byte {
	n := uint32(copy(g.key[:], keyPrefix))
	le.PutU32(g.key[:], n, slot)
	return g.key[:n+4]
}

// agree agrees with the other VMs on the hash key: the first to write decides.
func (g *Guard) agree() bool {
	for i := 0; !g.agreed && i < tries; i++ {
		name := g.key[:copy(g.key[:], hashName)]
		value, cas, status := g.store.Get(name)
		switch {
		case status == limit.OK:
			if len(value) != 16 || cas == 0 {
				return false
			}
			g.k0, g.k1, g.agreed = le.U64(value, 0), le.U64(value, 8), true
		case status == limit.NotFound:
			mine := g.value[:16]
			le.PutU64(mine, 0, g.k0)
			le.PutU64(mine, 8, g.k1)
			// Read back in every case: what is stored is what counts.
			if s := g.store.Set(name, mine, createCAS); s != limit.OK && s != limit.Mismatch {
				return false
			}
		default:
			return false
		}
	}
	return g.agreed
}
