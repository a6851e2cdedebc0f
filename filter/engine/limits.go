package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// limiter is the engine's side of limits: what the table says of them, and what a
// request is charged.
//
// Invariants: rules has the table's limits in their order; hit[:hits] is the
// limits that the request found exceeded.
type limiter struct {
	rules    []table.Limit
	fixed    []uint32 // buckets of the limit, 0 where there is one for each key
	limits   *limit.Limiter
	gates    *limit.Gates // nil when the table limits no requests in flight
	charges  [limit.MaxCharges]limit.Charge
	outcome  limit.Outcome
	hit      [maxHits]uint32
	hits     int
	key      []byte // scratch: whom a limit counts
	name     []byte // scratch: the plan that a claim names
	failures bool   // some limit counts failures
	fleet    fleet
}

// maxHits is how many limits one request can find exceeded: before its
// credentials, after them, in flight, and with the body.
const maxHits = 3*limit.MaxCharges + maxBodyCharges

// maxBodyCharges is how many limits of one request can wait for its body.
const maxBodyCharges = 2

// BodyCharges is what a request will be charged when its body is known: a value
// of fixed size that holds nothing of the request itself.
type BodyCharges struct {
	n uint32
	c [maxBodyCharges]bodyCharge
}

type bodyCharge struct {
	limit  uint32
	bucket uint32
	hash   uint64
}

// Any reports whether anything is to be charged.
func (b *BodyCharges) Any() bool { return b.n != 0 }

// init prepares the table's limits; false and the index of a limit that can't
// be decided exactly.
func (m *limiter) init(t *table.Table, o *Options) (ok bool, bad int) {
	n := t.NumLimits()
	m.rules, m.fixed = make([]table.Limit, n), make([]uint32, n)
	specs := make([]limit.Spec, n)
	for i := range specs {
		m.rules[i] = t.Limit(uint32(i))
		m.failures = m.failures || m.rules[i].Count == table.CountFailures
		switch m.rules[i].Key {
		case table.LimitByOperation:
			m.fixed[i] = t.NumOps()
		case table.LimitByGroup:
			m.fixed[i] = 1
		}
	}
	for i := range m.rules {
		r := m.rules[i].Overrides
		for j := r.Start; j < r.End(); j++ {
			// An override is for one key: of one caller, or of one with each issuer.
			m.fixed[j] = 1
			if byToken(m.rules[i].Key) {
				m.fixed[j] = max(1, t.NumProviders())
			}
		}
	}
	for i := range specs {
		l := &m.rules[i]
		specs[i] = limit.Spec{
			Requests: l.Requests, WindowNanos: l.WindowNanos, Burst: l.Burst, Fixed: m.fixed[i],
			Local:   l.Scope == table.ScopeWorker,
			Monitor: l.Mode == table.ModeMonitor || o.Mode == table.ModeMonitor,
		}
		if l.Concurrent != 0 { // never charged: a gate holds it
			specs[i] = limit.Spec{Requests: 1, WindowNanos: 1, Burst: 1, Fixed: 1, Local: true}
		}
	}
	m.limits, bad = limit.New(specs, limit.Options{Store: o.Store, Digest: le.U64(t.Digest(), 0), Seed: o.Seed})
	if m.limits == nil {
		return false, bad
	}
	m.key = make([]byte, 0, o.MaxTokenBytes+o.MaxPathBytes+16)
	m.name = make([]byte, 0, o.MaxTokenBytes)
	m.initGates(t, o)
	m.initFleet(t)
	return true, 0
}

// initGates makes the gates of limits of requests in flight, where there are any.
func (m *limiter) initGates(t *table.Table, o *Options) {
	any := false
	for i := range m.rules {
		any = any || m.rules[i].Concurrent != 0
	}
	if !any {
		return
	}
	m.gates = &limit.Gates{}
	groups := make([]uint32, len(m.rules)) // index and one of the gate of each group
	var list []uint32
	for op := range t.NumOps() {
		list = list[:0]
		for i := range t.Op(op).NumLimits() {
			rec := t.Op(op).LimitAt(i)
			l := &m.rules[rec]
			if l.Concurrent == 0 || l.Mode == table.ModeOff {
				continue
			}
			if l.Key == table.LimitByGroup && groups[rec] != 0 {
				list = append(list, groups[rec]-1)
				continue
			}
			g := m.gates.Add(rec, l.Concurrent, l.Mode == table.ModeMonitor || o.Mode == table.ModeMonitor)
			groups[rec] = g + 1
			list = append(list, g)
		}
		m.gates.Enclose(list)
	}
}

func byToken(key uint8) bool { return key == table.LimitBySubject || key == table.LimitByClaim }

// guard asks the limits of failures whether a credential may be tried at all.
func (e *Engine) guard(r *Request, op table.Op, d *Decision) verdict.Code {
	if !e.lim.failures {
		return verdict.Allow
	}
	n, code := e.bill(r, op, d, table.CountFailures)
	if n == 0 || code != verdict.Allow {
		return code
	}
	code = e.lim.limits.Peek(r.NowNanos, e.lim.charges[:n], &e.lim.outcome)
	return e.settle(r, n, code, d)
}

// blame counts a credential that was refused with code, and leaves the answer to
// what is wrong with it.
func (e *Engine) blame(r *Request, op table.Op, d *Decision, code verdict.Code) {
	if !e.lim.failures || code.Status() != 401 || missing(code) || code == verdict.ProofNonce {
		return
	}
	if n, ok := e.bill(r, op, d, table.CountFailures); n != 0 && ok == verdict.Allow {
		e.lim.limits.Check(r.NowNanos, e.lim.charges[:n], &e.lim.outcome)
	}
}

// limit counts the request in, and charges it to the operation's limits but for
// those that wait for the body.
func (e *Engine) limit(r *Request, op table.Op, d *Decision) verdict.Code {
	if op.NumLimits() == 0 {
		return verdict.Allow
	}
	if r.Answers.Limits.asked != 0 { // entered and charged when a service was asked
		_, code := e.bill(r, op, d, table.CountAll)
		return code
	}
	if code := e.enter(d); code != verdict.Allow {
		return code
	}
	n, code := e.bill(r, op, d, table.CountAll)
	if n == 0 || code != verdict.Allow {
		return code
	}
	code = e.lim.limits.Check(r.NowNanos, e.lim.charges[:n], &e.lim.outcome)
	if code == verdict.LimitExceeded && d.fleet {
		if n, code = e.withoutAway(r, n, d); n == 0 {
			return code
		}
	}
	return e.settle(r, n, code, d)
}

// enter passes the gates of requests in flight. In monitor mode the request will
// be in flight although a gate is full, and is counted.
func (e *Engine) enter(d *Decision) verdict.Code {
	g := e.lim.gates
	if g.Len(d.Op) == 0 {
		return verdict.Allow
	}
	full, entered := g.Enter(d.Op, d.Mode == table.ModeMonitor)
	code := verdict.Allow
	for i := range g.Len(d.Op) {
		if full>>uint(i)&1 == 0 {
			continue
		}
		rec := g.Limit(d.Op, i)
		e.lim.note(rec)
		if e.lim.rules[rec].Mode != table.ModeMonitor && e.opt.Mode != table.ModeMonitor {
			code, d.Part, d.Limit = verdict.LimitConcurrency, verdict.PartLimit, rec
		}
	}
	d.Entered = entered
	return code
}

// Gates is where a request with Decision.Entered leaves, by its Op, when its
// stream ends. It stays good when the engine is replaced.
func (e *Engine) Gates() *limit.Gates { return e.lim.gates }

// LimitStats counts what the limiter did since New.
func (e *Engine) LimitStats() *limit.Stats { return &e.lim.limits.Stats }

// LimitsExceeded is the records of the limits that the last check found
// exceeded, those that only monitor too. Valid until the next check.
func (e *Engine) LimitsExceeded() []uint32 { return e.lim.hit[:e.lim.hits] }

// noted reports that a limit was exceeded.
func (m *limiter) noted(rec uint32) bool {
	for _, h := range m.hit[:m.hits] {
		if h == rec {
			return true
		}
	}
	return false
}

// note remembers a limit that was exceeded.
func (m *limiter) note(rec uint32) {
	if m.hits < len(m.hit) {
		m.hit[m.hits] = rec
		m.hits++
	}
}

// bill makes the charges of the operation's limits that count what; those by
// the body go to d.Later when there will be one.
func (e *Engine) bill(r *Request, op table.Op, d *Decision, what uint8) (n int, code verdict.Code) {
	m := &e.lim
	later := !r.EndStream && d.Risk.Level >= table.InspectBody && len(r.fields.upgrade) == 0
	for i := uint32(0); i < op.NumLimits(); i++ {
		rec := op.LimitAt(i)
		l := &m.rules[rec]
		if l.Mode == table.ModeOff || l.Count != what || l.Concurrent != 0 {
			continue
		}
		if n == len(m.charges) {
			return 0, verdict.Internal // schemagen refuses so many
		}
		d.fleet = d.fleet || l.Service != 0
		c := &m.charges[n]
		if !e.charge(r, op, d, rec, c) {
			d.Part, d.Limit = verdict.PartLimit, rec
			return 0, verdict.LimitUnavailable
		}
		if l.Cost == table.CostByItems && later {
			if d.Later.n == maxBodyCharges {
				return 0, verdict.Internal // the same
			}
			d.Later.c[d.Later.n] = bodyCharge{c.Limit, c.Bucket, c.Hash}
			d.Later.n++
			continue
		}
		n++
	}
	return n, verdict.Allow
}

// charge makes c the charge of the request to the limit rec, or to the plan or
// override that stands in its place. It fails when the limiter can't tell keys.
func (e *Engine) charge(r *Request, op table.Op, d *Decision, rec uint32, c *limit.Charge) bool {
	m := &e.lim
	l := &m.rules[rec]
	*c = limit.Charge{Limit: rec, Cost: e.cost(r, l)}
	var key []byte
	switch l.Key {
	case table.LimitByOperation:
		c.Bucket = d.Op
	case table.LimitByGroup:
	default:
		key = e.limitKey(r, op, l)
	}
	if l.Overrides.Count != 0 && len(key) != 0 {
		text := key
		if byToken(l.Key) {
			text = key[providerBytes:]
		}
		if o := e.t.LimitMatching(l.Overrides, text); o != table.NoIndex {
			c.Limit = o
			if byToken(l.Key) {
				c.Bucket = min(d.Provider, m.fixed[o]-1)
			}
			return true
		}
	}
	if l.PlanBy != 0 {
		if plan := e.t.LimitMatching(l.Plans, e.plan(r, l)); plan != table.NoIndex {
			c.Limit = plan
		}
	}
	if m.fixed[c.Limit] != 0 {
		return true
	}
	var ok bool
	c.Hash, ok = m.limits.Hash(c.Limit, key)
	c.Hashed = true
	return ok
}

// settle takes over how a Check or Peek of n charges ended.
func (e *Engine) settle(r *Request, n int, code verdict.Code, d *Decision) verdict.Code {
	m := &e.lim
	for i := range n {
		if m.outcome.Exceeded>>uint(i)&1 != 0 {
			m.note(m.charges[i].Limit)
		}
	}
	if code != verdict.Allow {
		d.Part = verdict.PartLimit
		d.Limit = m.charges[m.outcome.Charge].Limit
		d.RetryAfterNanos = m.outcome.RetryAfterNanos
	}
	if code != verdict.LimitUnavailable {
		e.stand(r.NowNanos, n, code != verdict.Allow, d)
	}
	return code
}

// chargeBody charges what waited for the body: by the length of arrays in it when
// it was read, else what a request costs that does not say. A body that was
// refused is charged too, and keeps its own answer.
func (e *Engine) chargeBody(r *Request, d *Decision) {
	if d.Later.n == 0 {
		return
	}
	m := &e.lim
	n := int(min(d.Later.n, maxBodyCharges))
	read := d.Media != table.NoIndex && !d.Encoded && onTape(e.t.Media(d.Media)) && len(r.Body) != 0 &&
		(d.Code == verdict.Allow || d.Code == verdict.BodyInvalid || d.Code == verdict.BodyBudget)
	for i := range n {
		b := &d.Later.c[i]
		if b.limit >= uint32(len(m.rules)) {
			d.Code = verdict.Internal
			return
		}
		l := &m.rules[b.limit]
		cost := uint64(l.CostValue)
		if read {
			if at, ok := find(&e.tape, l.CostPath); ok && e.tape.Nodes[at].Kind() == json.KindArray {
				cost = uint64(max(e.tape.Nodes[at].Len, 1))
			}
		}
		m.charges[i] = limit.Charge{Limit: b.limit, Bucket: b.bucket, Hash: b.hash, Hashed: true, Cost: cost}
	}
	d.Later.n = 0
	code := m.limits.Check(r.NowNanos, m.charges[:n], &m.outcome)
	if d.Code != verdict.Allow {
		return
	}
	d.Code = e.settle(r, n, code, d)
}

// onTape reports a media type whose bodies are on the tape as one value once they have
// been read.
func onTape(m table.Media) bool {
	switch m.Kind() {
	case table.BodyJSON, table.BodyForm, table.BodyMultipart:
		return true
	}
	return m.Kind() == table.BodyNDJSON && m.Flags()&table.MediaFlagSequence != 0
}
