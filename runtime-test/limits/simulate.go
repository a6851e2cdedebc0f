package limits

import (
	"fmt"
	"io"
	"time"

	"portcullis/filter/limit"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

// origin is when simulations start; any time will do.
const origin = int64(1_700_000_000) * 1e9

// numBins is the columns of a plot.
const numBins = 120

// Result is what became of arrivals.
type Result struct {
	Limit    *ir.Limit
	Length   time.Duration
	Offered  int
	Admitted int
	Callers  map[string]*Caller
	Bins     []Bin
	First    time.Duration // of the first refusal
	Longest  time.Duration // the longest Retry-After
}

// Caller is what became of one caller's requests.
type Caller struct{ Admitted, Refused int }

// Bin is a column of the plot.
type Bin struct {
	Admitted, Refused int
	// Left is the fewest requests that anybody who asked had left, -1 when nobody
	// asked.
	Left int
}

// Simulate decides arrivals, in order, by l. A limit by operation or group has one
// bucket, others one for each caller.
func Simulate(l *ir.Limit, arrivals []Arrival, length time.Duration) (*Result, error) {
	if l.Concurrent != 0 {
		return nil, fmt.Errorf("the limit %q is of requests in flight, want a rate", l.Name)
	}
	spec := limit.Spec{Requests: l.Requests, WindowNanos: l.WindowNanos, Burst: l.Burst, Local: true}
	if l.Key == ir.LimitByOperation || l.Key == ir.LimitByGroup {
		spec.Fixed = 1
	}
	// Memory for all: what evictions do depends on all limits of the proxy, and is seen in its counters.
	names := map[string]bool{}
	for i := range arrivals {
		names[arrivals[i].Caller] = true
	}
	lim, bad := limit.New([]limit.Spec{spec}, limit.Options{LocalBytes: uint32(min(len(names)+1024, 1<<20)) << 9})
	if lim == nil {
		return nil, fmt.Errorf("limit %d can't be counted exactly", bad)
	}
	r := &Result{Limit: l, Length: length, Callers: map[string]*Caller{}, Bins: make([]Bin, numBins), First: -1}
	for i := range r.Bins {
		r.Bins[i].Left = -1
	}
	var out limit.Outcome
	charge := make([]limit.Charge, 1)
	for i := range arrivals {
		a := &arrivals[i]
		if a.At >= length {
			break
		}
		cost := a.Cost
		if cost == 0 {
			cost = uint64(l.CostValue)
		}
		charge[0] = limit.Charge{Key: []byte(a.Caller), Cost: cost}
		now := origin + int64(a.At)
		code := lim.Check(now, charge, &out)
		c := r.Callers[a.Caller]
		if c == nil {
			c = &Caller{}
			r.Callers[a.Caller] = c
		}
		b := &r.Bins[int(float64(a.At)/float64(length)*numBins)]
		r.Offered++
		switch code {
		case verdict.Allow:
			r.Admitted++
			c.Admitted++
			b.Admitted++
		case verdict.LimitExceeded:
			c.Refused++
			b.Refused++
			if r.First < 0 {
				r.First = a.At
			}
			r.Longest = max(r.Longest, time.Duration(out.RetryAfterNanos))
		default:
			return nil, fmt.Errorf("the limiter answered %s", code.Name())
		}
		if left := int(lim.Remaining(0, now)); b.Left < 0 || left < b.Left {
			b.Left = left
		}
	}
	return r, nil
}

// Print writes what people want to know.
func (r *Result) Print(w io.Writer) {
	l := r.Limit
	fmt.Fprintf(w, "limit %s: %d in %s, burst %d\n", l.Name, l.Requests, short(time.Duration(l.WindowNanos)), l.Burst)
	if l.Scope == ir.ScopeFleet {
		fmt.Fprintln(w, "this is the limit as each proxy holds it; the rate limit service counts all of them in whole windows and is not simulated")
	}
	fmt.Fprintf(w, "offered %d in %s, admitted %d (%s), refused %d\n", r.Offered, short(r.Length), r.Admitted, percent(r.Admitted, r.Offered), r.Offered-r.Admitted)
	if r.First >= 0 {
		fmt.Fprintf(w, "first refusal at %v, longest wait %v\n", r.First.Round(time.Millisecond), r.Longest.Round(time.Millisecond))
	}
	if len(r.Callers) > 1 {
		hit, worst, name := 0, -1, ""
		for k, c := range r.Callers {
			if c.Refused > 0 {
				hit++
			}
			if c.Refused > worst || c.Refused == worst && k < name {
				worst, name = c.Refused, k
			}
		}
		fmt.Fprintf(w, "%d callers, %d of them refused at least once, most often %q: %d of %d\n", len(r.Callers), hit, name, worst, worst+r.Callers[name].Admitted)
	}
}

func percent(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
}
