package limit

import "math/bits"

// maxSpanNanos bounds burst*T. A TAT is at most now + burst*T and now is below
// 2^63, so sums of them stay inside uint64.
const maxSpanNanos = 1 << 61

// maxFracBits bounds the reduced number of requests: fractions are stored in
// six bytes.
const maxFracBits = 48

// stamp is a point in time or a duration: whole nanoseconds plus frac/requests
// of one, where requests is that of the rate it belongs to.
//
// Invariants: frac < rate.requests.
type stamp struct {
	nanos uint64
	frac  uint64
}

// rate is a limit prepared for deciding.
//
// Invariants: window and requests have no common divisor; requests < 2^48;
// tolerance is burst*window/requests exactly.
type rate struct {
	window    uint64 // nanoseconds per requests
	requests  uint64
	burst     uint64
	interval  stamp // T: what one request costs
	tolerance stamp // burst*T
}

// newRate prepares requests per window. It declines zeros and whatever the
// arithmetic can't hold exactly.
func newRate(requests, windowNanos, burst uint64) (rate, bool) {
	if requests == 0 || windowNanos == 0 || burst == 0 {
		return rate{}, false
	}
	g := gcd(requests, windowNanos)
	r := rate{window: windowNanos / g, requests: requests / g, burst: burst}
	if r.requests>>maxFracBits != 0 {
		return rate{}, false
	}
	var ok bool
	if r.tolerance, ok = r.span(burst); !ok || r.tolerance.nanos >= maxSpanNanos {
		return rate{}, false
	}
	r.interval, ok = r.span(1)
	return r, ok
}

// span is cost*T. It declines what does not fit.
func (r *rate) span(cost uint64) (stamp, bool) {
	hi, lo := bits.Mul64(cost, r.window)
	if hi >= r.requests {
		return stamp{}, false
	}
	q, rem := bits.Div64(hi, lo, r.requests)
	return stamp{q, rem}, true
}

// costSpan is span for a cost that is at most the burst, which newRate has
// shown to fit.
func (r *rate) costSpan(cost uint64) stamp {
	if cost == 1 {
		return r.interval
	}
	s, _ := r.span(cost)
	return s
}

// add is a+b.
func (r *rate) add(a, b stamp) stamp {
	s := stamp{a.nanos + b.nanos, a.frac + b.frac}
	if s.frac >= r.requests {
		s.frac -= r.requests
		s.nanos++
	}
	return s
}

// sub is a-b, 0 when b is more.
func (r *rate) sub(a, b stamp) stamp {
	if a.less(b) {
		return stamp{}
	}
	if a.frac < b.frac {
		return stamp{a.nanos - b.nanos - 1, a.frac + r.requests - b.frac}
	}
	return stamp{a.nanos - b.nanos, a.frac - b.frac}
}

// less reports a < b.
func (a stamp) less(b stamp) bool {
	return a.nanos < b.nanos || a.nanos == b.nanos && a.frac < b.frac
}

// ceil is the stamp in nanoseconds, rounded up.
func (a stamp) ceil() uint64 {
	if a.frac != 0 {
		return a.nanos + 1
	}
	return a.nanos
}

// admit decides a request of the given cost against a bucket. next is the TAT
// after it when ok; otherwise wait is how long until it would be admitted,
// rounded up, or foreverNanos when it never can be.
func (r *rate) admit(tat stamp, now, cost uint64) (next stamp, wait uint64, ok bool) {
	if cost > r.burst {
		return stamp{}, foreverNanos, false
	}
	base := stamp{nanos: now}
	if base.less(tat) {
		base = tat
	}
	next = r.add(base, r.costSpan(cost))
	limit := r.add(stamp{nanos: now}, r.tolerance)
	if limit.less(next) {
		return stamp{}, r.sub(next, limit).ceil(), false
	}
	return next, 0, true
}

// remaining is how many requests of cost 1 the bucket would still admit at now.
func (r *rate) remaining(tat stamp, now uint64) uint64 {
	base := stamp{nanos: now}
	if base.less(tat) {
		base = tat
	}
	room := r.sub(r.add(stamp{nanos: now}, r.tolerance), base)
	// room/T = (nanos*requests + frac) / window, at most burst, so it fits.
	hi, lo := bits.Mul64(room.nanos, r.requests)
	lo, carry := bits.Add64(lo, room.frac, 0)
	hi += carry
	if hi >= r.window {
		return r.burst
	}
	q, _ := bits.Div64(hi, lo, r.window)
	return q
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
