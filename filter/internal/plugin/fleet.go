package plugin

import (
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/rls"
	"portcullis/filter/table"
	"portcullis/filter/text"
)

// counting is what the plugin asks of an engine whose limits a rate limit service
// counts; *engine.Engine is one.
type counting interface {
	// LimitMessage is what to ask which service, after NeedAnswer and WaitLimits.
	LimitMessage(d *engine.Decision) (table.RateLimitService, []byte)
	// FleetStats counts what services did not decide.
	FleetStats() *engine.FleetStats
}

// limitAsker asks rate limit services.
type limitAsker struct {
	v      *VM
	target [300]byte // scratch: the gRPC service as the host wants it
}

var _ asker = (*limitAsker)(nil)

// ask implements asker. The engine has just put the message together.
func (l *limitAsker) ask(w *waiting) bool {
	e, ok := w.engine.(counting)
	if !ok {
		return false
	}
	s, message := e.LimitMessage(&l.v.d)
	if len(message) == 0 {
		return false
	}
	token, st := l.v.host.GRPCCall(rls.AppendTarget(l.target[:0], s.Cluster), rls.Service, rls.Method, nil, message, s.DeadlineMillis)
	if st != abi.StatusOK {
		return false
	}
	w.call = call{callGRPC, token}
	return true
}

// hear implements asker.
func (l *limitAsker) hear(w *waiting, a answer) {
	if a.ok {
		w.answers.Limits.Hear(a.body)
	}
}

// fleetStats is the names of the counters of engine.FleetStats, in its order.
var fleetStats = [...]string{"unanswered", "unreadable", "not_limited", "refused", "decided_here", "passed"}

// fleetMeter counts what the rate limit services of one engine did not decide.
type fleetMeter struct {
	of    *engine.FleetStats // nil when the table has none
	stats [len(fleetStats)]metric
	told  [len(fleetStats)]uint64
}

// define defines the counters, where e's table has rate limit services.
func (m *fleetMeter) define(h abi.Host, e Engine) {
	c, ok := e.(counting)
	if !ok || e.Table().NumServices() == 0 {
		return
	}
	m.of = c.FleetStats()
	for i, name := range fleetStats {
		m.stats[i] = define(h, "portcullis.fleet."+name)
	}
}

// tell adds what there is since the last tick.
func (m *fleetMeter) tell(h abi.Host) {
	if m.of == nil {
		return
	}
	s := m.of
	for i, n := range [...]uint64{s.Unanswered, s.Unreadable, s.NotLimited, s.Refused, s.DecidedHere, s.Passed} {
		if n > m.told[i] {
			count(h, m.stats[i], int64(n-m.told[i]))
			m.told[i] = n
		}
	}
}

// minFleetSecret is the least bytes of a secret that callers are hashed with.
const minFleetSecret = 16

// fleetProblem says why a table's limits of the fleet can't be counted, or nothing.
func fleetProblem(t *table.Table, secrets [][]byte) string {
	for i := range t.NumServices() {
		s := t.Service(i)
		if !abi.HasGRPC {
			b := text.Quote(text.Append(nil, "table refused: the rate limit service "), string(s.Name))
			return string(text.Append(b, " can't be asked by this module, which is built without gRPC (lean): want filter.wasm, or limits of scope proxy"))
		}
		if s.Secret < uint32(len(secrets)) && len(secrets[s.Secret]) < minFleetSecret {
			b := text.Quote(text.Append(nil, "the secret "), string(t.Secret(s.Secret)))
			b = text.Uint(text.Append(b, " can't be used: it has "), uint64(len(secrets[s.Secret])))
			return string(text.Append(b, " bytes, want at least 16 to hash callers with"))
		}
	}
	return ""
}
