package engine

import (
	"math/bits"

	"portcullis/filter/limit"
	"portcullis/filter/rls"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// fleet is the engine's side of limits that all proxies share: a rate limit
// service counts them. Each has the same limit for this proxy alone in front, so
// that what floods one proxy does not reach the service.
//
// Invariants: away has an element for each service of the table.
type fleet struct {
	services []table.RateLimitService
	away     []bool // by service: nothing was heard of it when it was asked last
	request  rls.Request
	value    []byte // scratch: of an entry
	text     []byte // scratch: what an entry stands for
	mac      [64]byte
	sum      [32]byte
	stats    FleetStats
}

// FleetStats counts what requests met that a rate limit service did not decide: first
// why, then what became of them.
type FleetStats struct {
	Unanswered  uint64 // no answer in time, none at all, or nobody could be asked
	Unreadable  uint64 // an answer that is none
	NotLimited  uint64 // an answer that knows no such limit
	Refused     uint64
	DecidedHere uint64
	Passed      uint64
}

// initFleet prepares what the table's rate limit services need.
func (m *limiter) initFleet(t *table.Table) {
	n := t.NumServices()
	if n == 0 {
		return
	}
	f := &m.fleet
	f.services, f.away = make([]table.RateLimitService, n), make([]bool, n)
	domain, longest := 0, 0
	for i := range f.services {
		f.services[i] = t.Service(uint32(i))
		domain = max(domain, len(f.services[i].Domain))
	}
	f.request = rls.NewRequest(rls.Size(domain, rls.MaxDescriptors, maxEntries, maxEntryKey+maxEntryValue))
	f.value = make([]byte, 0, maxEntryValue)
	for i := range t.NumOps() {
		op := t.Op(i)
		longest = max(longest, len(t.API(op.API()).Name())+len(op.ID())+len(op.Method())+len(op.Path())+2)
	}
	f.text = make([]byte, 0, max(longest, maxCallerText+256))
}

// askFleet asks the rate limit service about the limits of the fleet that op has, or
// takes over what it has answered. code is what becomes of the request otherwise.
func (e *Engine) askFleet(r *Request, op table.Op, d *Decision, code verdict.Code) verdict.Code {
	if r.Answers.Limits.asked != 0 {
		return e.settleFleet(r, op, d, code)
	}
	f := &e.lim.fleet
	asked, service := uint8(0), uint32(0)
	for i := range min(op.NumLimits(), rls.MaxDescriptors) {
		rec := op.LimitAt(i)
		l := &e.lim.rules[rec]
		if l.Service == 0 || l.Mode == table.ModeOff {
			continue
		}
		var c limit.Charge
		if !e.charge(r, op, d, rec, &c) {
			d.Part, d.Limit = verdict.PartLimit, rec
			return verdict.LimitUnavailable
		}
		if e.lim.noted(c.Limit) {
			continue // it only monitors: what this proxy alone exceeds is not asked about
		}
		if asked == 0 {
			service = l.Service - 1
			f.request.Begin(f.services[service].Domain)
		}
		asked |= 1 << i
		if !e.describe(r, op, l, rec, &c) {
			return verdict.Internal // there is a secret and somebody to hash with, or no engine
		}
	}
	if asked == 0 {
		return code
	}
	if _, ok := f.request.Bytes(); !ok {
		return verdict.Internal // Size has room for all
	}
	d.Wait = Wait{For: WaitLimits, Index: service, Asked: asked}
	if r.Answers.Late { // it has waited long enough for something else
		r.Answers.Limits = d.LimitsAsked()
		return e.settleFleet(r, op, d, code)
	}
	return verdict.NeedAnswer
}

// LimitMessage is what to ask a rate limit service, after a check that ended with
// NeedAnswer and WaitLimits: its record and the message. Valid until the next check.
func (e *Engine) LimitMessage(d *Decision) (s table.RateLimitService, message []byte) {
	if d.Wait.Index >= uint32(len(e.lim.fleet.services)) {
		return s, nil
	}
	message, _ = e.lim.fleet.request.Bytes()
	return e.lim.fleet.services[d.Wait.Index], message
}

// FleetStats counts what the fleet's limits met since New.
func (e *Engine) FleetStats() *FleetStats { return &e.lim.fleet.stats }

// LimitAnswers is what a rate limit service said of the limits of a request, and
// what is known of the others since it was asked.
type LimitAnswers struct {
	// asked has a bit for each of the operation's limits that the service was asked
	// about. When it is not 0 the request's other limits have been charged.
	asked uint8

	heard     heard
	over      bool // the service's word on all of them together
	n         uint8
	standings Standings
	status    [rls.MaxDescriptors]limitStatus
}

type heard uint8

// What was heard. The zero value is nothing.
const (
	heardNothing heard = iota
	heardNonsense
	heardAnswer
)

type limitStatus struct {
	over, known bool
	remaining   uint32
	resetSecs   uint32 // rounded up
}

// LimitsAsked is what to keep of a request that a rate limit service is asked about.
// It holds that nothing was heard.
func (d *Decision) LimitsAsked() LimitAnswers {
	return LimitAnswers{asked: d.Wait.Asked, standings: d.Standings}
}

// Hear takes over a message of the service.
func (a *LimitAnswers) Hear(message []byte) {
	var m rls.Response
	a.heard = heardNonsense
	if !m.Read(message) || m.Overall == rls.CodeUnknown || m.N != 0 && m.N != bits.OnesCount8(a.asked) {
		return
	}
	a.over, a.n = m.Overall == rls.CodeOverLimit, uint8(m.N)
	named := m.N == 0 || !a.over
	for i := range m.N {
		s := &m.Statuses[i]
		// A service that has no such limit lets everything through, and says so by
		// naming none. One that is told not to limit says that all is left.
		known := s.Limited || s.Code == rls.CodeOverLimit || s.Remaining == 1<<32-1
		named = named || s.Code == rls.CodeOverLimit
		a.status[i] = limitStatus{s.Code == rls.CodeOverLimit, known, s.Remaining, seconds32(s.ResetNanos)}
	}
	if named { // a refusal by no limit is none
		a.heard = heardAnswer
	}
}

// settleFleet decides by what the service has said.
func (e *Engine) settleFleet(r *Request, op table.Op, d *Decision, code verdict.Code) verdict.Code {
	a := &r.Answers.Limits
	f := &e.lim.fleet
	at, refused := 0, false
	first, unknown, enforced := table.NoIndex, false, false
	var service uint32
	d.Standings = a.standings
	var stand Standings
	retry := uint32(0)
	for i := range min(op.NumLimits(), rls.MaxDescriptors) {
		if a.asked>>i&1 == 0 {
			continue
		}
		base := op.LimitAt(i)
		l := &e.lim.rules[base]
		if l.Service == 0 {
			return verdict.Internal // asked under another table
		}
		service = l.Service - 1
		s := limitStatus{over: a.over, known: true, resetSecs: seconds32(untilWindowEnds(r.NowNanos, l.WindowNanos))}
		if a.n != 0 {
			s = a.status[at]
			at++
		}
		rec := base
		var c limit.Charge
		if e.charge(r, op, d, base, &c) {
			rec = c.Limit
		}
		monitor := l.Mode == table.ModeMonitor || e.opt.Mode == table.ModeMonitor
		if !monitor {
			enforced = true
			if first == table.NoIndex {
				first = rec
			}
		}
		if a.heard != heardAnswer {
			continue
		}
		if !s.known {
			unknown = unknown || !monitor
			continue
		}
		over := a.over && s.over
		if over {
			e.lim.note(rec)
		}
		if monitor {
			continue
		}
		stand.put(standing{rec, s.remaining, s.resetSecs})
		if l.Flags&table.LimitFlagAnnounce != 0 {
			d.Standings.put(standing{rec, s.remaining, s.resetSecs})
		}
		if over {
			if !refused || s.resetSecs > retry {
				d.Limit, retry = rec, s.resetSecs
			}
			refused = true
		}
	}
	if service < uint32(len(f.away)) {
		f.away[service] = a.heard == heardNothing
	}
	if refused {
		d.Part, d.RetryAfterNanos, d.Standings = verdict.PartLimit, int64(retry)*1e9, stand
		return verdict.LimitExceeded
	}
	switch {
	case a.heard == heardNothing:
		f.stats.Unanswered++
	case a.heard == heardNonsense:
		f.stats.Unreadable++
	case unknown:
		f.stats.NotLimited++
	default:
		return code
	}
	return e.undecided(d, service, first, enforced, code)
}

// undecided is what becomes of a request that the service did not decide.
func (e *Engine) undecided(d *Decision, service, first uint32, enforced bool, code verdict.Code) verdict.Code {
	f := &e.lim.fleet
	if !enforced {
		f.stats.Passed++
		return code
	}
	switch f.services[service].OnError {
	case table.OnErrorLocal:
		f.stats.DecidedHere++
		return code
	case table.OnErrorPass:
		f.stats.Passed++
		return code
	}
	f.stats.Refused++
	d.Part, d.Limit = verdict.PartLimit, first
	return verdict.LimitUnavailable
}

// withoutAway checks the n charges once more without those that only the limits in
// front of a service refuse that is away, where the policy lets requests pass then.
// It is asked when they were exceeded.
func (e *Engine) withoutAway(r *Request, n int, d *Decision) (left int, code verdict.Code) {
	m := &e.lim
	for i := range n {
		c := &m.charges[i]
		service := m.rules[c.Limit].Service
		if m.outcome.Exceeded>>uint(i)&1 != 0 && service != 0 && m.fleet.away[service-1] && m.fleet.services[service-1].OnError == table.OnErrorPass {
			m.note(c.Limit)
			continue
		}
		m.charges[left] = *c
		left++
	}
	if left == n {
		return n, verdict.LimitExceeded
	}
	code = verdict.Allow
	m.outcome = limit.Outcome{}
	if left > 0 {
		code = m.limits.Check(r.NowNanos, m.charges[:left], &m.outcome)
	}
	if code == verdict.Allow {
		d.fleet = false // nobody to ask
		m.fleet.stats.Passed++
	}
	return left, code
}

// untilWindowEnds is how long the window lasts that a service counts in, which all
// begin at multiples of their length.
func untilWindowEnds(now int64, window uint64) int64 {
	w := int64(window)
	return w - max(now, 0)%w
}

func seconds32(nanos int64) uint32 { return uint32(min(secondsUp(max(nanos, 0)), 1<<32-1)) }

// put notes how the request stands with a limit, in place of what was known.
func (s *Standings) put(x standing) {
	for i := range s.n {
		if s.s[i].limit == x.limit {
			s.s[i] = x
			return
		}
	}
	if s.n < maxStandings {
		s.s[s.n] = x
		s.n++
	}
}
