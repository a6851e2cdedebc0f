package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// limiting is what the plugin asks of an engine with limits; *engine.Engine is
// one.
type limiting interface {
	// LimitsExceeded is the records of the limits that the last check found
	// exceeded.
	LimitsExceeded() []uint32
	// LimitStats counts what the limiter did since it was made.
	LimitStats() *limit.Stats
	// Gates is where requests in flight leave.
	Gates() *limit.Gates
}

// limitStats is the names of the counters of limit.Stats, in its order; see
// values.
var limitStats = [...]string{"retries", "evictions", "repairs", "healed", "refunds", "refunds_failed", "unavailable"}

// meter counts what the limits of one engine do: by limit and plan, never by
// whom they count.
//
// Invariants: exceeded has a metric for each limit of engine's table.
type meter struct {
	engine   Engine
	limiting limiting
	exceeded []metric
	stats    [len(limitStats)]metric
	told     [len(limitStats)]uint64 // what stats were told already
	fleet    fleetMeter
}

// newMeter defines the counters of e's limits; configuration only. Overrides
// have the name of their limit and share its counter.
func newMeter(h abi.Host, e Engine) *meter {
	l, ok := e.(limiting)
	if !ok || e.Table() == nil || e.Table().NumLimits() == 0 {
		return nil
	}
	m := &meter{engine: e, limiting: l, exceeded: make([]metric, e.Table().NumLimits())}
	for i := range m.exceeded {
		m.exceeded[i] = define(h, "portcullis.limit."+string(e.Table().Limit(uint32(i)).Name)+".exceeded")
	}
	for i, name := range limitStats {
		m.stats[i] = define(h, "portcullis.limits."+name)
	}
	m.fleet.define(h, e)
	return m
}

// noteLimits counts the limits that the check that has just ended found exceeded,
// and remembers that c is in flight.
func (v *VM) noteLimits(c *stream, r *root, e Engine) {
	if r == nil || r.meter == nil || r.meter.engine != e {
		return // a request that a reload found on its way is not counted
	}
	for _, rec := range r.meter.limiting.LimitsExceeded() {
		v.metrics.count(v.host, &r.meter.exceeded[rec], 1)
	}
	if v.d.Entered {
		c.gates, c.op = r.meter.limiting.Gates(), v.d.Op
	}
}

// leave ends c's time in flight. It may be called any number of times.
func (c *stream) leave() {
	if c.gates != nil {
		c.gates.Leave(c.op)
		c.gates = nil
	}
}

// tell adds what the limiter did since the last tick.
func (m *meter) tell(h abi.Host) {
	if m == nil {
		return
	}
	m.fleet.tell(h)
	s := m.limiting.LimitStats()
	now := [...]uint64{s.Retries, s.Evictions, s.Repairs, s.Healed, s.Refunds, s.RefundsFailed, s.Unavailable}
	for i, n := range now {
		if n > m.told[i] {
			count(h, m.stats[i], int64(n-m.told[i]))
			m.told[i] = n
		}
	}
}

// maxLimitFields is how many fields addLimitFields can add.
const maxLimitFields = 5

// limitFields is how many fields addLimitFields will add.
func limitFields(s *engine.Standings, t *table.Table) uint32 {
	if !s.Any() || t == nil {
		return 0
	}
	if _, _, _, ok := s.Legacy(t); ok {
		return maxLimitFields
	}
	return 2
}

// addLimitFields tells of the limits that a request met in n fields, as limitFields
// counts them.
func (v *VM) addLimitFields(w *abi.PairsWriter, s *engine.Standings, t *table.Table, n uint32) {
	if n == 0 {
		return
	}
	p := &v.reply
	w.Add("ratelimit-policy", "", s.AppendRateLimitPolicy(p.limits[:0], t))
	w.Add("ratelimit", "", s.AppendRateLimit(p.limits[:0], t))
	if n < maxLimitFields {
		return
	}
	if most, remaining, reset, ok := s.Legacy(t); ok {
		w.Add("x-ratelimit-limit", "", text.Uint(p.value[:0], most))
		w.Add("x-ratelimit-remaining", "", text.Uint(p.value[:0], remaining))
		w.Add("x-ratelimit-reset", "", text.Uint(p.value[:0], reset))
	}
}

// note is what the answer to a request that passed will say of its limits.
type note struct {
	standings engine.Standings
	table     *table.Table
}

// announces reports whether any limit wants to be told of in answers to requests
// that passed.
func announces(e Engine) bool {
	t := e.Table()
	if t == nil {
		return false
	}
	for i := range t.NumLimits() {
		if t.Limit(i).Flags&table.LimitFlagAnnounce != 0 {
			return true
		}
	}
	return false
}

// keepNote keeps what v.d, which lets c pass, says of its limits. An answer for which
// there is no room says nothing.
func (v *VM) keepNote(c *stream, e Engine) {
	if e == nil || c.tells != 0 || !v.d.Standings.Any() {
		return
	}
	if i, ok := v.notes.take(poolEnd); ok {
		v.notes.slots[i] = note{v.d.Standings, e.Table()}
		c.tells = i + 1
	}
}

// dropNote gives the note of c back.
func (v *VM) dropNote(c *stream) {
	if c.tells != 0 {
		v.notes.free(c.tells - 1)
		c.tells = 0
	}
}

// announce adds to the answer to a request that passed what was noted for it, once.
// Fields of the same names that the upstream has set are of another layer and give
// way: two of one kind would be read as one list.
func (v *VM) announce(id uint32) {
	if v.notes.used == 0 {
		return
	}
	c := v.streams.find(id)
	if c == nil || c.tells == 0 {
		return
	}
	n := v.notes.slots[c.tells-1]
	v.dropNote(c)
	if c.state != statePassed {
		return
	}
	p, set := &v.reply, abi.MapResponseHeaders
	v.host.Set(set, "ratelimit-policy", n.standings.AppendRateLimitPolicy(p.limits[:0], n.table))
	v.host.Set(set, "ratelimit", n.standings.AppendRateLimit(p.limits[:0], n.table))
	if most, remaining, reset, ok := n.standings.Legacy(n.table); ok {
		v.host.Set(set, "x-ratelimit-limit", text.Uint(p.value[:0], most))
		v.host.Set(set, "x-ratelimit-remaining", text.Uint(p.value[:0], remaining))
		v.host.Set(set, "x-ratelimit-reset", text.Uint(p.value[:0], reset))
	}
}

// peer is engine.Peer over the host's properties.
type peer struct{ host abi.Host }

var _ engine.Peer = (*peer)(nil)

// Address implements engine.Peer: the address that the proxy takes for the
// client's, which is that of X-Forwarded-For where the proxy trusts it.
func (p *peer) Address() []byte { return p.property("source\x00address") }

// Certificate implements engine.Peer: the SHA-256 digest of the client's
// certificate.
func (p *peer) Certificate() []byte {
	return p.property("connection\x00sha256_peer_certificate_digest")
}

// CertificateURI implements engine.Peer.
func (p *peer) CertificateURI() []byte { return p.property("connection\x00uri_san_peer_certificate") }

// CertificateDNS implements engine.Peer.
func (p *peer) CertificateDNS() []byte { return p.property("connection\x00dns_san_peer_certificate") }

// CertificateSubject implements engine.Peer.
func (p *peer) CertificateSubject() []byte {
	return p.property("connection\x00subject_peer_certificate")
}

func (p *peer) property(path string) []byte {
	v, st := p.host.Property(path)
	if st != abi.StatusOK {
		return nil
	}
	return v
}
