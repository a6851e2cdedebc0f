package limit

// Gates limits requests in flight: how many of an operation, or of a group of
// operations, are between Enter and Leave. It lives in one VM's memory, so each
// worker counts its own, and a VM that traps takes its counts with it: no request
// that has ended can be counted for ever, as it could in a shared store that
// nobody cleans up.
//
// Invariants: of[start[op]:start[op+1]] is the gates of op; now is the number of
// requests that entered and have not left.
type Gates struct {
	gates []gate
	of    []uint32
	start []uint32
}

type gate struct {
	limit   uint32 // the table's record
	max     uint32
	now     uint32
	monitor bool
}

// Enclose adds the next operation, behind the gates of the given indexes as Add
// returned them. Operations come in order, from 0. Configuration only.
func (g *Gates) Enclose(gates []uint32) {
	if len(g.start) == 0 {
		g.start = append(g.start, 0)
	}
	g.of = append(g.of, gates...)
	g.start = append(g.start, uint32(len(g.of)))
}

// Add makes a gate that lets max requests be in flight and returns its index.
// Configuration only.
func (g *Gates) Add(limit, max uint32, monitor bool) uint32 {
	g.gates = append(g.gates, gate{limit: limit, max: max, monitor: monitor})
	return uint32(len(g.gates) - 1)
}

// Enter counts a request of op in. It reports false, and counts nothing, when a
// gate that refuses is full, unless force is set. Bit i of full is set when the
// operation's gate i was full. What entered must Leave, once.
func (g *Gates) Enter(op uint32, force bool) (full uint32, entered bool) {
	list := g.list(op)
	refused := false
	for i, x := range list {
		if s := &g.gates[x]; s.now >= s.max {
			full |= 1 << (uint(i) & 31)
			refused = refused || !s.monitor
		}
	}
	if refused && !force {
		return full, false
	}
	for _, x := range list {
		g.gates[x].now++
	}
	return full, true
}

// Leave counts a request of op out.
func (g *Gates) Leave(op uint32) {
	for _, x := range g.list(op) {
		if s := &g.gates[x]; s.now > 0 {
			s.now--
		}
	}
}

// Limit is the limit's record of the operation's gate i.
func (g *Gates) Limit(op uint32, i int) uint32 { return g.gates[g.list(op)[i]].limit }

// InFlight is how many requests are in flight behind the operation's gate i.
func (g *Gates) InFlight(op uint32, i int) uint32 { return g.gates[g.list(op)[i]].now }

// Len is the number of the operation's gates.
func (g *Gates) Len(op uint32) int { return len(g.list(op)) }

// list is the gates of op; nil Gates have none.
func (g *Gates) list(op uint32) []uint32 {
	if g == nil || uint64(op)+1 >= uint64(len(g.start)) {
		return nil
	}
	return g.of[g.start[op]:g.start[op+1]]
}
