package limit

import (
	"portcullis/filter/le"
	"portcullis/filter/siphash"
	"portcullis/filter/verdict"
)

// MaxCharges is how many limits can apply to one request.
const MaxCharges = 16

// Spec is one limit as configured.
type Spec struct {
	Requests    uint64 // per window, > 0
	WindowNanos uint64 // > 0
	Burst       uint64 // how many may come at once, > 0
	// Fixed is the number of buckets of a limit that counts by something with a
	// known set of values (1 for a group, the operations of the table for
	// operations): each has its own place and is never forgotten. 0 is a limit
	// by identity: one bucket per key, in hashed slots.
	Fixed   uint32
	Local   bool // buckets in this VM's memory
	Monitor bool // exceeding it is reported, and neither refuses nor charges
}

// Options is what a Limiter needs besides the limits.
type Options struct {
	Store Store // nil: every limit is local
	// Digest tells tables apart: buckets of different tables never mix, so a
	// reload with another table starts afresh and one with the same goes on.
	Digest uint64
	// Seed is 16 random bytes. The first VM's becomes the hash key of all.
	Seed [16]byte
	// StoreBytes and LocalBytes bound the state of limits by identity, in the
	// store and in this VM; 0 is 32 MiB and 256 KiB.
	StoreBytes, LocalBytes uint32
	// Tries bounds the attempts to write one bucket against other VMs; 0 is 32.
	Tries uint32
}

// Charge asks one limit to admit the request.
type Charge struct {
	Limit  uint32 // index into the specs
	Bucket uint32 // which of the Fixed buckets; unused for limits by identity
	Key    []byte // limits by identity: whom to count, any bytes
	Hash   uint64 // the same as Hash gave it, where Hashed is set
	Hashed bool
	Cost   uint64 // 1 for a plain request; 0 is free: never refused, never charged
}

// Outcome says how a Check ended.
type Outcome struct {
	// Charge is the index of the charge that refused, with the longest wait if
	// several did; of the one that failed when the limiter was unavailable.
	Charge uint32
	// RetryAfterNanos is how long until the request would be admitted if nobody
	// else asked; MaxInt64 when its cost is more than the burst.
	RetryAfterNanos int64
	// Exceeded has bit i set when charge i found its limit exceeded, under
	// Monitor too.
	Exceeded uint32
}

// Stats counts what happened since New. They only grow.
type Stats struct {
	Retries       uint64 // writes lost against another VM, tried again
	Evictions     uint64 // buckets forgotten that still counted
	Repairs       uint64 // slots corrected after the clock stepped back
	Healed        uint64 // unreadable values replaced
	Refunds       uint64 // charges given back after a later limit refused
	RefundsFailed uint64 // charges that could not be given back in full
	Unavailable   uint64 // requests that could not be decided
}

// Limiter decides. It is for one VM: no two Checks at a time.
//
// Invariants: len(limits) is the number of specs; slots of hashed limits are
// powers of two; pending[:n] belongs to the current Check.
type Limiter struct {
	store   Store
	limits  []prepared
	local   local
	own     hashKey // this VM's: local buckets, and the proposal for hash
	hash    hashKey // agreed with the other VMs
	agreed  bool
	tries   uint32
	pending [MaxCharges]pending
	key     [storeKeySize]byte
	buf     [maxSlotSize]byte
	// Stats may be read at any time between Checks.
	Stats Stats
}

// prepared is a Spec ready for use.
type prepared struct {
	rate    rate
	fixed   uint32 // number of fixed buckets, 0 for hashed
	slots   uint32 // number of slots
	cell    cell   // where they lie, for local ones
	local   bool
	monitor bool
}

// pending is one charge on its way: what was read, and what will be written.
type pending struct {
	limit uint32
	slot  uint32
	print uint64
	cost  uint64
	cas   uint32
	wait  uint64
	over  bool // the bucket refuses
	dirty bool // has to be written even if the request is refused
	next  stamp
	state slot
}

// storeSlotBytes is what a full slot costs a host: key, value, and a map entry
// with two strings.
const storeSlotBytes = maxSlotSize + 136

const (
	defaultStoreBytes = 32 << 20
	defaultLocalBytes = 256 << 10
	defaultTries      = 32
	maxSlots          = 1 << 20
)

// New prepares the limits and allocates everything. When a limit can't be
// decided exactly (a zero, or more than the arithmetic holds: burst times window
// over 2^61 ns times requests) it returns nil and the limit's index.
func New(specs []Spec, o Options) (l *Limiter, bad int) {
	l = &Limiter{store: o.Store, limits: make([]prepared, len(specs)), tries: o.Tries}
	if l.tries == 0 {
		l.tries = defaultTries
	}
	l.own = hashKey{le.U64(o.Seed[:], 0), le.U64(o.Seed[:], 8)}
	putKeyPrefix(&l.key, o.Digest)
	var hashedLocal, hashedStore uint32
	for i := range specs {
		s, p := &specs[i], &l.limits[i]
		var ok bool
		if p.rate, ok = newRate(s.Requests, s.WindowNanos, s.Burst); !ok {
			return nil, i
		}
		p.fixed, p.monitor, p.local = s.Fixed, s.Monitor, s.Local || o.Store == nil
		if p.fixed == 0 && p.local {
			hashedLocal++
		} else if p.fixed == 0 {
			hashedStore++
		}
	}
	storeSlots := slotsWithin(o.StoreBytes, defaultStoreBytes, hashedStore, storeSlotBytes)
	localSlots := slotsWithin(o.LocalBytes, defaultLocalBytes, hashedLocal, 1+maxSlotSize)
	off := uint32(0)
	for i := range l.limits {
		p := &l.limits[i]
		switch {
		case p.fixed != 0:
			p.slots = p.fixed
		case p.local:
			p.slots = localSlots
		default:
			p.slots = storeSlots
		}
		if !p.local {
			continue
		}
		p.cell = cell{off: off, size: 1 + maxSlotSize}
		if p.fixed != 0 {
			p.cell.size = 1 + slotHeaderSize + bucketSize
		}
		end := uint64(off) + uint64(p.slots)*uint64(p.cell.size)
		if end > maxLocalBytes {
			return nil, i
		}
		off = uint32(end)
	}
	l.local.cells = make([]byte, off)
	return l, 0
}

// maxLocalBytes bounds the VM's memory for fixed and hashed local buckets.
const maxLocalBytes = 1 << 30

// slotsWithin is how many slots each of n limits gets: a power of two, at
// least 1.
func slotsWithin(budget, standard, n, size uint32) uint32 {
	if budget == 0 {
		budget = standard
	}
	slots := uint32(1)
	for n != 0 && slots < maxSlots && uint64(slots)*2*uint64(n)*uint64(size) <= uint64(budget) {
		slots *= 2
	}
	return slots
}

// Check decides one request against all its limits at the time now (Unix
// nanoseconds): verdict.Allow, LimitExceeded or LimitUnavailable, with the
// details in out.
//
// All buckets are read first, and if one refuses nothing is charged. Then they
// are charged in the order given. A charge that loses a race and finds its
// bucket exceeded gives the earlier ones back.
func (l *Limiter) Check(now int64, charges []Charge, out *Outcome) verdict.Code {
	*out = Outcome{}
	if len(charges) > MaxCharges {
		return verdict.Internal
	}
	t := wallNanos(now)
	if code := l.look(t, charges, out); code != verdict.Allow {
		return code
	}
	for i := range charges {
		code := l.charge(i, t, out)
		if code == verdict.Allow {
			continue
		}
		for j := range i {
			l.refund(&l.pending[j], t)
		}
		out.Charge = uint32(i)
		return l.give(code)
	}
	out.Charge = 0
	return verdict.Allow
}

// Peek is Check without the charge: whether it would be admitted now.
func (l *Limiter) Peek(now int64, charges []Charge, out *Outcome) verdict.Code {
	*out = Outcome{}
	if len(charges) > MaxCharges {
		return verdict.Internal
	}
	return l.look(wallNanos(now), charges, out)
}

// look reads all buckets and decides; it writes nothing but repairs.
func (l *Limiter) look(t uint64, charges []Charge, out *Outcome) verdict.Code {
	refused := false
	for i := range charges {
		out.Charge = uint32(i)
		p, code := l.begin(i, &charges[i])
		if code == 0 {
			code = l.read(p, t)
		}
		if code != 0 {
			return l.give(code)
		}
		l.note(p, i, &refused, out)
	}
	if !refused {
		return verdict.Allow
	}
	for i := range charges {
		l.writeRepair(&l.pending[i])
	}
	out.settle(l.pending[:len(charges)], l.limits)
	return verdict.LimitExceeded
}

// give counts the undecided.
func (l *Limiter) give(code verdict.Code) verdict.Code {
	if code == verdict.LimitUnavailable {
		l.Stats.Unavailable++
	}
	return code
}

// begin fills pending i with where its bucket lies; 0 is success.
func (l *Limiter) begin(i int, c *Charge) (*pending, verdict.Code) {
	p := &l.pending[i]
	if c.Limit >= uint32(len(l.limits)) {
		return p, verdict.Internal
	}
	lim := &l.limits[c.Limit]
	p.limit, p.cost, p.dirty = c.Limit, c.Cost, false
	if lim.fixed != 0 {
		if c.Bucket >= lim.fixed {
			return p, verdict.Internal
		}
		p.slot, p.print = c.Bucket, 0
		return p, 0
	}
	h := c.Hash
	if !c.Hashed {
		var ok bool
		if h, ok = l.Hash(c.Limit, c.Key); !ok {
			return p, verdict.LimitUnavailable
		}
	}
	p.slot, p.print = uint32(h)&(lim.slots-1), h>>16
	return p, 0
}

// Hash is what a limit by identity knows key by: a Charge may carry it in place of
// the key, also much later. It is not ok while the VMs have not agreed on a hash
// key.
func (l *Limiter) Hash(limit uint32, key []byte) (h uint64, ok bool) {
	k := l.own
	if limit < uint32(len(l.limits)) && !l.limits[limit].local {
		if !l.agreed && !l.agreeHashKey() {
			return 0, false
		}
		k = l.hash
	}
	return siphash.Sum64(k.k0, k.k1, key), true
}

// read loads the slot of p and decides; 0 is success.
func (l *Limiter) read(p *pending, now uint64) verdict.Code {
	lim := &l.limits[p.limit]
	value, status := l.load(p, lim)
	switch {
	case status == NotFound || status == OK && lim.local && len(value) == 0:
		p.state = slot{}
		p.cas = createCAS
	case status != OK || p.cas == 0:
		return verdict.LimitUnavailable
	case !p.state.decode(value, &lim.rate):
		p.state.heal(&lim.rate, now)
		p.dirty = true
		l.Stats.Healed++
	}
	if p.state.repair(&lim.rate, now) {
		p.dirty = true
		l.Stats.Repairs++
	}
	var ok bool
	p.next, p.wait, ok = lim.rate.admit(p.state.tat(p.print), now, p.cost)
	p.over = !ok
	return 0
}

// note records what read found in out.
func (l *Limiter) note(p *pending, i int, refused *bool, out *Outcome) {
	if !p.over {
		out.Exceeded &^= 1 << uint(i)
		return
	}
	out.Exceeded |= 1 << uint(i)
	if !l.limits[p.limit].monitor {
		*refused = true
	}
}

// settle names the charge with the longest wait.
func (out *Outcome) settle(ps []pending, limits []prepared) {
	longest := uint64(0)
	for i := range ps {
		p := &ps[i]
		if p.over && !limits[p.limit].monitor && p.wait >= longest {
			longest = p.wait
			out.Charge = uint32(i)
		}
	}
	out.RetryAfterNanos = int64(min(longest, foreverNanos))
}

// charge writes pending i. It ends with Allow (also for a monitored limit that
// is exceeded, which is not charged), LimitExceeded or LimitUnavailable.
func (l *Limiter) charge(i int, now uint64, out *Outcome) verdict.Code {
	p := &l.pending[i]
	lim := &l.limits[p.limit]
	for range l.tries {
		if p.over {
			l.writeRepair(p)
			if lim.monitor {
				return verdict.Allow
			}
			out.RetryAfterNanos = int64(min(p.wait, foreverNanos))
			return verdict.LimitExceeded
		}
		if p.cost == 0 {
			l.writeRepair(p)
			return verdict.Allow
		}
		evicted := p.state.put(p.print, p.next, now)
		p.state.last = max(p.state.last, now)
		switch l.save(p, lim) {
		case OK:
			if evicted {
				l.Stats.Evictions++
			}
			return verdict.Allow
		case Mismatch:
			l.Stats.Retries++
		default:
			return verdict.LimitUnavailable
		}
		p.dirty = false
		if code := l.read(p, now); code != 0 {
			return code
		}
		var refused bool
		l.note(p, i, &refused, out)
	}
	return verdict.LimitUnavailable
}

// writeRepair stores a corrected slot. If somebody else wrote meanwhile they
// have corrected it themselves, and if not the next request tries again.
func (l *Limiter) writeRepair(p *pending) {
	if p.dirty {
		p.dirty = false
		l.save(p, &l.limits[p.limit])
	}
}

// Remaining is how many further requests of cost 1 charge i of the last Check
// would find admitted at its time.
func (l *Limiter) Remaining(i int, now int64) uint64 {
	if i < 0 || i >= MaxCharges || l.pending[i].limit >= uint32(len(l.limits)) {
		return 0
	}
	p := &l.pending[i]
	r := &l.limits[p.limit].rate
	return r.remaining(p.state.tat(p.print), wallNanos(now))
}

// ResetNanos is how long until the bucket of charge i of the last Check would
// be full again, from now, rounded up.
func (l *Limiter) ResetNanos(i int, now int64) int64 {
	if i < 0 || i >= MaxCharges || l.pending[i].limit >= uint32(len(l.limits)) {
		return 0
	}
	p := &l.pending[i]
	full, t := p.state.tat(p.print).ceil(), wallNanos(now)
	if full <= t {
		return 0
	}
	return int64(min(full-t, foreverNanos))
}
