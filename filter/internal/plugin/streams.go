package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/limit"
)

// state is where a stream stands; see the picture in the package's comment.
type state uint8

// States. The zero value is no state: it marks an empty cell.
const (
	stateOpen state = iota + 1
	stateWaiting
	stateHeld
	statePassed
	stateDecided
)

// Flags of a stream, from its header fields.
const (
	flagHead    = 1 << iota // answers carry no body (RFC 9110 section 9.3.2)
	flagGRPC                // answers carry a gRPC status
	flagUpgrade             // the connection changes protocol: there is no body
	flagOff                 // nothing of the request is judged
	flagWatched             // its response is to be judged
)

// stream is one HTTP stream that the host has told about.
type stream struct {
	id    uint32
	root  uint32
	held  uint16 // in stateHeld and stateWaiting: index in its pool; with flagWatched: in that of watches
	state state
	flags uint8
	mode  uint8  // table.Mode* that holds for it, 0 before the headers
	tells uint16 // index and one of what its answer will say of limits; 0 for nothing
	op    uint32
	gates *limit.Gates // where it leaves, by op, when it ends; nil when not in flight
}

// streams finds streams by context id: open addressing with linear probing over
// cells that name slots, in memory of fixed size. It never holds a stream twice.
//
// Invariants: n <= max <= len(cells)/2, so that a probe ends; every stream's cell
// lies between its home cell and the next empty one; a cell holds the slot's index
// and one, 0 when it is empty. Pointers to streams are valid until they are removed.
type streams struct {
	cells []uint16
	pool  pool[stream]
	max   uint32
	n     uint32
}

// grow makes room for max streams; configuration only.
func (s *streams) grow(max uint32) {
	if max = min(max, poolEnd); max <= s.max {
		return
	}
	size := uint32(16)
	for size < 2*max {
		size *= 2
	}
	s.pool.grow(max)
	s.cells, s.max, s.n = make([]uint16, size), max, 0
	for i := range s.pool.slots {
		if s.pool.slots[i].state != 0 {
			s.enter(uint16(i))
		}
	}
}

// home is the first cell that id may lie in. Ids count up, and multiplying by an
// odd constant spreads them.
func (s *streams) home(id uint32) uint32 {
	return (id * 0x9E3779B1) >> 7 & (uint32(len(s.cells)) - 1)
}

func (s *streams) next(i uint32) uint32 { return (i + 1) & (uint32(len(s.cells)) - 1) }

// at is the stream of a cell that is not empty.
func (s *streams) at(cell uint32) *stream { return &s.pool.slots[s.cells[cell]-1] }

// find returns the stream id, nil when it is unknown.
func (s *streams) find(id uint32) *stream {
	if s.n == 0 {
		return nil
	}
	for i := s.home(id); s.cells[i] != 0; i = s.next(i) {
		if c := s.at(i); c.id == id {
			return c
		}
	}
	return nil
}

// add makes an open stream; it does nothing when it is known or there is no room.
func (s *streams) add(id, root uint32) {
	if s.n >= s.max || s.find(id) != nil {
		return
	}
	if i, ok := s.pool.take(s.max); ok {
		c := &s.pool.slots[i] // empty: free cleared it
		c.id, c.root, c.state = id, root, stateOpen
		s.enter(i)
	}
}

// enter makes a cell for the stream in a slot.
func (s *streams) enter(slot uint16) {
	i := s.home(s.pool.slots[slot].id)
	for s.cells[i] != 0 {
		i = s.next(i)
	}
	s.cells[i] = slot + 1
	s.n++
}

// remove forgets id, and moves back what had to probe past it.
func (s *streams) remove(id uint32) {
	if s.n == 0 {
		return
	}
	mask := uint32(len(s.cells)) - 1
	hole := s.home(id)
	for s.cells[hole] == 0 || s.at(hole).id != id {
		if s.cells[hole] == 0 {
			return
		}
		hole = s.next(hole)
	}
	s.pool.free(s.cells[hole] - 1)
	s.n--
	for i := s.next(hole); s.cells[i] != 0; i = s.next(i) {
		// The stream at i may move into the hole when its home does not lie
		// between them (cyclically).
		if (i-s.home(s.at(i).id))&mask >= (i-hole)&mask {
			s.cells[hole] = s.cells[i]
			hole = i
		}
	}
	s.cells[hole] = 0
}

// held is a request that waits for its body: what the engine's decision on its
// headers leaves for the body, and nothing that points to the request.
type held struct {
	id        uint32 // stream, 0 in a free slot
	op        uint32
	media     uint32
	preflight bool
	encoded   bool
	slot      uint16 // its own index
	maxBody   uint32
	deadline  uint64 // in ticks of the root
	length    int64  // Content-Length, -1 when not given
	engine    Engine // that judged the headers: a reload must not change it
	root      *root
}

// heldMore is what few tables need of a held request: those with limits or
// multipart bodies. It has the index of the request's slot.
type heldMore struct {
	boundary engine.Boundary
	charges  engine.BodyCharges
	stand    engine.Standings
	risk     engine.Risk
}

// pool is slots of fixed number, of requests that are held or watched.
//
// Invariants: free slots form a list from first through next, ended by poolEnd;
// used counts the others.
type pool[T any] struct {
	slots []T
	next  []uint16
	first uint16
	used  uint32
}

const poolEnd = 0xFFFF

// grow makes room for max requests; configuration only.
func (p *pool[T]) grow(max uint32) {
	max = min(max, poolEnd)
	if uint32(len(p.slots)) == 0 {
		p.first = poolEnd
	}
	if uint32(len(p.slots)) >= max {
		return
	}
	old := uint32(len(p.slots))
	slots, next := make([]T, max), make([]uint16, max)
	copy(slots, p.slots)
	copy(next, p.next)
	p.slots, p.next = slots, next
	for i := max; i > old; i-- {
		p.next[i-1] = p.first
		p.first = uint16(i - 1)
	}
}

// take returns a free slot; ok is false when limit slots are taken already.
func (p *pool[T]) take(limit uint32) (i uint16, ok bool) {
	if p.used >= limit || len(p.slots) == 0 || p.first == poolEnd {
		return 0, false
	}
	i = p.first
	p.first = p.next[i]
	p.used++
	return i, true
}

// free gives a slot back.
func (p *pool[T]) free(i uint16) {
	var empty T
	p.slots[i], p.next[i] = empty, p.first
	p.first = i
	p.used--
}
