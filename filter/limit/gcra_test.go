package limit

import (
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestNewRate(t *testing.T) {
	const day = 86_400_000_000_000
	tests := []struct {
		name                    string
		requests, window, burst uint64
		want                    bool
	}{
		{"plain", 10, 1e9, 10, true},
		{"one a nanosecond", 1e9, 1e9, 1e9, true},
		{"one a month", 1, 31 * day, 1, true},
		{"indivisible", 7, 1e9, 3, true},
		{"quota", 100_000, day, 100_000, true},
		{"thirds of a nanosecond", 3e9, 1e9, 5, true},
		{"zero requests", 0, 1e9, 1, false},
		{"zero window", 1, 0, 1, false},
		{"zero burst", 1, 1e9, 0, false},
		{"burst of a thousand months", 1, 31 * day, 1000, false},
		{"everything at its most", 1<<64 - 1, 1<<64 - 1, 1<<64 - 1, false},
		{"reduces to one", 1<<64 - 1, 1<<64 - 1, 1000, true},
		{"fraction over 48 bits", 1<<48 + 1, day, 1, false},
		{"window over the arithmetic", 1, 1 << 62, 1, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := newRate(tt.requests, tt.window, tt.burst); ok != tt.want {
				t.Errorf("newRate(%d, %d, %d) = %v, want %v", tt.requests, tt.window, tt.burst, ok, tt.want)
			}
		})
	}
}

// ratBucket is the definition, in exact arithmetic of any size.
type ratBucket struct {
	t, tol, tat *big.Rat
}

func newRatBucket(requests, window, burst uint64) *ratBucket {
	t := new(big.Rat).SetFrac(new(big.Int).SetUint64(window), new(big.Int).SetUint64(requests))
	tol := new(big.Rat).Mul(t, new(big.Rat).SetInt(new(big.Int).SetUint64(burst)))
	return &ratBucket{t, tol, new(big.Rat)}
}

func (b *ratBucket) admit(now, cost uint64) bool {
	at := new(big.Rat).SetInt(new(big.Int).SetUint64(now))
	base := at
	if b.tat.Cmp(at) > 0 {
		base = b.tat
	}
	next := new(big.Rat).Mul(b.t, new(big.Rat).SetInt(new(big.Int).SetUint64(cost)))
	next.Add(next, base)
	if next.Cmp(new(big.Rat).Add(at, b.tol)) > 0 {
		return false
	}
	b.tat = next
	return true
}

// wait is how long until cost would be admitted, rounded up.
func (b *ratBucket) wait(now, cost uint64) uint64 {
	at := new(big.Rat).SetInt(new(big.Int).SetUint64(now))
	base := at
	if b.tat.Cmp(at) > 0 {
		base = b.tat
	}
	w := new(big.Rat).Mul(b.t, new(big.Rat).SetInt(new(big.Int).SetUint64(cost)))
	w.Add(w, base).Sub(w, at).Sub(w, b.tol)
	q, m := new(big.Int).DivMod(w.Num(), w.Denom(), new(big.Int))
	if m.Sign() != 0 {
		q.Add(q, big.NewInt(1))
	}
	return q.Uint64()
}

var exactSteps = flag.Int("steps", 1_000_000, "decisions that TestAdmitExact compares with the reference")

// TestAdmitExact walks random rates with random gaps and costs and wants every
// single decision equal to the reference's.
func TestAdmitExact(t *testing.T) {
	steps := *exactSteps
	if testing.Short() {
		steps = min(steps, 100_000)
	}
	rng := rand.New(rand.NewPCG(7, 11))
	const day = 86_400_000_000_000
	for steps > 0 {
		requests := uint64(1) + rng.Uint64N(1<<(1+rng.Uint64N(30)))
		window := uint64(1) + rng.Uint64N(1<<(1+rng.Uint64N(53)))
		burst := uint64(1) + rng.Uint64N(1<<(1+rng.Uint64N(10)))
		if rng.Uint64N(3) == 0 {
			window = []uint64{1e9, 60e9, 3600e9, day, 31 * day}[rng.Uint64N(5)]
		}
		r, ok := newRate(requests, window, burst)
		if !ok {
			continue
		}
		ref := newRatBucket(requests, window, burst)
		tat := stamp{}
		now := 1_700_000_000_000_000_000 + rng.Uint64N(1<<40)
		for range 2000 {
			steps--
			// Gaps around the emission interval, so that both outcomes are common.
			now += rng.Uint64N(2*r.interval.nanos + 3)
			if rng.Uint64N(50) == 0 {
				now += rng.Uint64N(2*r.tolerance.nanos + 3)
			}
			if now > math.MaxInt64 {
				break // past what a clock can say
			}
			cost := uint64(1)
			if rng.Uint64N(4) == 0 {
				cost = rng.Uint64N(burst + 1)
			}
			next, wait, ok := r.admit(tat, now, cost)
			wantWait := ref.wait(now, cost)
			if want := ref.admit(now, cost); ok != want {
				t.Fatalf("requests %d window %d burst %d: admit at %d cost %d = %v, want %v", requests, window, burst, now, cost, ok, want)
			}
			if !ok && wait != wantWait {
				t.Fatalf("requests %d window %d burst %d: wait %d, want %d", requests, window, burst, wait, wantWait)
			}
			if ok {
				tat = next
			}
		}
		want := new(big.Rat).SetInt(new(big.Int).SetUint64(tat.nanos))
		want.Add(want, new(big.Rat).SetFrac(new(big.Int).SetUint64(tat.frac), new(big.Int).SetUint64(r.requests)))
		if want.Cmp(ref.tat) != 0 {
			t.Fatalf("requests %d window %d: TAT %v, want %v", requests, window, want, ref.tat)
		}
	}
}

func TestAdmitOverBurst(t *testing.T) {
	r, _ := newRate(10, 1e9, 5)
	if _, wait, ok := r.admit(stamp{}, 1e18, 6); ok || wait != foreverNanos {
		t.Errorf("admit(cost 6 of burst 5) = %v, wait %d, want refusal for ever", ok, wait)
	}
}

func TestRemaining(t *testing.T) {
	r, _ := newRate(3, 1e9, 7)
	tat, now := stamp{}, uint64(1e18)
	for want := uint64(7); ; want-- {
		if got := r.remaining(tat, now); got != want {
			t.Fatalf("remaining = %d, want %d", got, want)
		}
		next, _, ok := r.admit(tat, now, 1)
		if ok != (want > 0) {
			t.Fatalf("admit with %d remaining = %v", want, ok)
		}
		if !ok {
			return
		}
		tat = next
	}
}

func TestSub(t *testing.T) {
	r, _ := newRate(3, 10, 5)
	tests := []struct{ a, b, want stamp }{
		{stamp{5, 1}, stamp{2, 2}, stamp{2, 2}},
		{stamp{5, 2}, stamp{2, 2}, stamp{3, 0}},
		{stamp{5, 1}, stamp{5, 2}, stamp{}},
		{stamp{1, 0}, stamp{2, 0}, stamp{}},
	}
	for _, tt := range tests {
		if got := r.sub(tt.a, tt.b); got != tt.want {
			t.Errorf("sub(%v, %v) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}
