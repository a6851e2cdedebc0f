package engine

import (
	"portcullis/filter/le"
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// newLimiter prepares the table's limits; nil and the index of a limit that
// can't be decided exactly.
func newLimiter(t *table.Table, o *Options) (*limit.Limiter, int) {
	specs := make([]limit.Spec, t.NumLimits())
	for i := range specs {
		l := t.Limit(uint32(i))
		specs[i] = limit.Spec{
			Requests: l.Requests, WindowNanos: l.WindowNanos, Burst: l.Burst,
			Local:   l.Scope == table.ScopeWorker,
			Monitor: l.Mode == table.ModeMonitor || o.Mode == table.ModeMonitor,
		}
		switch l.Key {
		case table.LimitByOperation:
			specs[i].Fixed = t.NumOps()
		case table.LimitByGroup:
			specs[i].Fixed = 1
		}
	}
	return limit.New(specs, limit.Options{Store: o.Store, Digest: le.U64(t.Digest(), 0), Seed: o.Seed})
}

// limit charges the request to the operation's limits.
func (e *Engine) limit(r *Request, op table.Op, d *Decision) verdict.Code {
	n := 0
	for i := uint32(0); i < op.NumLimits(); i++ {
		rec := op.LimitAt(i)
		l := e.t.Limit(rec)
		if l.Mode == table.ModeOff {
			continue
		}
		if n == len(e.charges) {
			return verdict.Internal // schemagen refuses so many
		}
		c := &e.charges[n]
		*c = limit.Charge{Limit: rec, Cost: 1}
		if l.Key == table.LimitByOperation {
			c.Bucket = d.Op
		} else if l.Key != table.LimitByGroup {
			c.Key = e.limitKey(r, op, &l)
		}
		n++
	}
	if n == 0 {
		return verdict.Allow
	}
	code := e.limits.Check(r.NowNanos, e.charges[:n], &e.outcome)
	if code != verdict.Allow {
		d.Part = verdict.PartLimit
		d.Limit = e.charges[e.outcome.Charge].Limit
		d.RetryAfterNanos = e.outcome.RetryAfterNanos
	}
	return code
}

// limitKey is whom a limit counts: nothing, a bucket of its own, where the
// request does not say.
func (e *Engine) limitKey(r *Request, op table.Op, l *table.Limit) []byte {
	switch l.Key {
	case table.LimitBySubject:
		e.identityBuf = e.identity(e.identityBuf[:0])
		return e.identityBuf
	case table.LimitByHeader:
		for i := range r.Headers {
			if string(r.Headers[i].Name) == string(l.KeyName) {
				return r.Headers[i].Value
			}
		}
	case table.LimitByPathParam:
		if p := e.paramNamed(op, table.InPath, l.KeyName); p != table.NoIndex {
			if c := e.t.Param(p).Capture(); c < uint32(e.match.N) {
				return e.match.Captures[c]
			}
		}
	}
	return nil
}
