package limit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"portcullis/filter/verdict"
)

const (
	second = int64(1e9)
	start  = int64(1_700_000_000) * second
)

func mustNew(t testing.TB, specs []Spec, o Options) *Limiter {
	t.Helper()
	l, bad := New(specs, o)
	if l == nil {
		t.Fatalf("New: spec %d refused", bad)
	}
	return l
}

func one(l *Limiter, now int64, key string) (verdict.Code, Outcome) {
	var out Outcome
	code := l.Check(now, []Charge{{Key: []byte(key), Cost: 1}}, &out)
	return code, out
}

func TestNewRefuses(t *testing.T) {
	good := Spec{Requests: 1, WindowNanos: 1e9, Burst: 1, Fixed: 1}
	tests := []struct {
		name string
		spec Spec
	}{
		{"zero requests", Spec{WindowNanos: 1, Burst: 1}},
		{"zero window", Spec{Requests: 1, Burst: 1}},
		{"zero burst", Spec{Requests: 1, WindowNanos: 1}},
		{"local buckets over a gigabyte", Spec{Requests: 1, WindowNanos: 1, Burst: 1, Fixed: 1 << 31, Local: true}},
	}
	for _, tt := range tests {
		if l, bad := New([]Spec{good, tt.spec}, Options{Store: newMapStore()}); l != nil || bad != 1 {
			t.Errorf("New(%s) = %v, %d, want nil, 1", tt.name, l, bad)
		}
	}
}

// TestBurstThenRate is what the policy's author expects to see.
func TestBurstThenRate(t *testing.T) {
	for _, scope := range []string{"store", "local"} {
		t.Run(scope, func(t *testing.T) {
			store := newMapStore()
			l := mustNew(t, []Spec{{Requests: 10, WindowNanos: 1e9, Burst: 10, Local: scope == "local"}}, Options{Store: store})
			for i := range 10 {
				if code, _ := one(l, start, "a"); code != verdict.Allow {
					t.Fatalf("request %d = %s, want allow", i, code.Name())
				}
			}
			code, out := one(l, start, "a")
			if code != verdict.LimitExceeded || out.RetryAfterNanos != second/10 || out.Exceeded != 1 {
				t.Fatalf("11th = %s, %+v, want limit_exceeded, retry after 0.1 s", code.Name(), out)
			}
			if code, _ := one(l, start, "b"); code != verdict.Allow {
				t.Errorf("another caller = %s, want allow", code.Name())
			}
			if code, _ := one(l, start+second/10-1, "a"); code != verdict.LimitExceeded {
				t.Errorf("1 ns early = %s, want limit_exceeded", code.Name())
			}
			if code, _ := one(l, start+second/10, "a"); code != verdict.Allow {
				t.Errorf("after the wait = %s, want allow", code.Name())
			}
			if store.zeroCAS != 0 {
				t.Errorf("wrote %d times with cas 0, which overwrites", store.zeroCAS)
			}
			if scope == "local" && store.gets+store.sets != 0 {
				t.Errorf("a local limit used the store %d times", store.gets+store.sets)
			}
		})
	}
}

func TestRefusalWritesNothing(t *testing.T) {
	store := newMapStore()
	l := mustNew(t, []Spec{
		{Requests: 100, WindowNanos: 1e9, Burst: 100, Fixed: 1},
		{Requests: 1, WindowNanos: 1e9, Burst: 1, Fixed: 1},
		{Requests: 1, WindowNanos: 60e9, Burst: 1, Fixed: 1},
	}, Options{Store: store})
	charges := []Charge{{Limit: 0, Cost: 1}, {Limit: 1, Cost: 1}, {Limit: 2, Cost: 1}}
	var out Outcome
	if code := l.Check(start, charges, &out); code != verdict.Allow {
		t.Fatalf("first = %s", code.Name())
	}
	sets := store.sets
	if code := l.Check(start+1, charges, &out); code != verdict.LimitExceeded {
		t.Fatalf("second = %s", code.Name())
	}
	if store.sets != sets {
		t.Errorf("a refused request wrote %d times", store.sets-sets)
	}
	if out.Charge != 2 || out.Exceeded != 0b110 || out.RetryAfterNanos != 60*second-1 {
		t.Errorf("out = %+v, want the longest wait: charge 2, 60 s - 1 ns, exceeded 110", out)
	}
	if got := l.Remaining(0, start+1); got != 99 {
		t.Errorf("Remaining(0) = %d, want 99: it was charged by the refused request", got)
	}
}

func TestMonitorNeverRefuses(t *testing.T) {
	l := mustNew(t, []Spec{{Requests: 1, WindowNanos: 1e9, Burst: 1, Fixed: 1, Monitor: true}}, Options{Store: newMapStore()})
	var out Outcome
	for i := range 3 {
		code := l.Check(start, []Charge{{Cost: 1}}, &out)
		if want := uint32(min(i, 1)); code != verdict.Allow || out.Exceeded != want {
			t.Errorf("request %d = %s, exceeded %b, want allow, %b", i, code.Name(), out.Exceeded, want)
		}
	}
}

func TestHostile(t *testing.T) {
	spec := []Spec{{Requests: 1, WindowNanos: 1e9, Burst: 2}}
	tests := []struct {
		name string
		now  int64
		key  []byte
		cost uint64
		want verdict.Code
	}{
		{"cost over the burst", start, nil, 3, verdict.LimitExceeded},
		{"cost at its most", start, nil, math.MaxUint64, verdict.LimitExceeded},
		{"free", start, nil, 0, verdict.Allow},
		{"before 1970", math.MinInt64, nil, 1, verdict.Allow},
		{"year 2262", math.MaxInt64, nil, 1, verdict.Allow},
		{"empty key", start, []byte{}, 1, verdict.Allow},
		{"long key", start, make([]byte, 1<<16), 1, verdict.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := mustNew(t, spec, Options{Store: newMapStore()})
			var out Outcome
			got := l.Check(tt.now, []Charge{{Key: tt.key, Cost: tt.cost}}, &out)
			if got != tt.want || out.RetryAfterNanos < 0 {
				t.Errorf("Check = %s, retry after %d, want %s", got.Name(), out.RetryAfterNanos, tt.want.Name())
			}
		})
	}
	l := mustNew(t, spec, Options{})
	var out Outcome
	if got := l.Check(start, make([]Charge, MaxCharges+1), &out); got != verdict.Internal {
		t.Errorf("too many charges = %s, want internal_error", got.Name())
	}
	if got := l.Check(start, []Charge{{Limit: 1}}, &out); got != verdict.Internal {
		t.Errorf("unknown limit = %s, want internal_error", got.Name())
	}
}

func TestClock(t *testing.T) {
	l := mustNew(t, []Spec{{Requests: 10, WindowNanos: 1e9, Burst: 10}}, Options{Store: newMapStore()})
	drain := func(now int64) (n int) {
		for {
			if code, _ := one(l, now, "a"); code != verdict.Allow {
				return n
			}
			n++
		}
	}
	steps := []struct {
		name  string
		delta int64
		want  int // admitted until the first refusal
	}{
		{"full bucket", 0, 10},
		{"stands still", 0, 0},
		{"back by a little", -second / 2, 0},
		{"forward again", second / 2, 0},
		{"one interval", second / 10, 1},
		{"back by an hour", -3600 * second, 0},
		{"one interval after the step", second / 10, 1},
		{"half a second", second / 2, 5},
		{"back by ten years", -10 * 365 * 86400 * second, 0},
		{"one interval after that", second / 10, 1},
		{"forward by ten years fills it once", 10 * 365 * 86400 * second, 10},
		{"back by a day", -86400 * second, 0},
		{"a second", second, 10},
	}
	now := start
	for _, s := range steps {
		now += s.delta
		if got := drain(now); got != s.want {
			t.Errorf("%s: admitted %d, want %d", s.name, got, s.want)
		}
	}
	if l.Stats.Repairs == 0 {
		t.Error("no repair counted")
	}
}

// TestSkewedClocks has two VMs whose clocks differ by 40 ms take turns: the
// difference must not be handed out at every turn.
func TestSkewedClocks(t *testing.T) {
	store := newMapStore()
	spec := []Spec{{Requests: 10, WindowNanos: 1e9, Burst: 1}}
	a, b := mustNew(t, spec, Options{Store: store}), mustNew(t, spec, Options{Store: store})
	admitted := 0
	for i := range int64(10_000) { // 10 s
		now := start + i*second/1000
		for _, l := range []*Limiter{a, b} {
			skew := int64(0)
			if l == b {
				skew = -40_000_000
			}
			if code, _ := one(l, now+skew, "k"); code == verdict.Allow {
				admitted++
			}
		}
	}
	if admitted > 101 || admitted < 99 {
		t.Errorf("admitted %d in 10 s at 10/s, want 100 +- 1", admitted)
	}
}

func TestStoreFailures(t *testing.T) {
	limits := []Spec{{Requests: 10, WindowNanos: 1e9, Burst: 2}, {Requests: 10, WindowNanos: 1e9, Burst: 2, Fixed: 1}}
	both := []Charge{{Limit: 0, Key: []byte("k"), Cost: 1}, {Limit: 1, Cost: 1}}
	always := func(op string, st Status) func(string, []byte) Status {
		return func(o string, key []byte) Status {
			if o == op {
				return st
			}
			return 0
		}
	}
	for _, tt := range []struct {
		name string
		fail func(string, []byte) Status
	}{
		{"get fails", always("get", Error)},
		{"get answers an unknown status", always("get", 77)},
		{"get says found and gives version 0", always("get", OK)},
		{"set fails", always("set", Error)},
		{"set always loses", always("set", Mismatch)},
		{"set says not found", always("set", NotFound)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := newMapStore()
			store.fail = tt.fail
			l := mustNew(t, limits, Options{Store: store})
			var out Outcome
			if code := l.Check(start, both, &out); code != verdict.LimitUnavailable {
				t.Errorf("Check = %s, want limit_unavailable", code.Name())
			}
			if store.gets+store.sets > 200 {
				t.Errorf("%d store calls, want a bounded number", store.gets+store.sets)
			}
			if l.Stats.Unavailable != 1 {
				t.Errorf("Unavailable = %d, want 1", l.Stats.Unavailable)
			}
			store.fail = nil
			if code := l.Check(start, both, &out); code != verdict.Allow {
				t.Errorf("after recovery = %s, want allow", code.Name())
			}
		})
	}
}

// TestUnreadableValue wants a foreign or broken value to admit nothing at once
// and to be usable again after one interval.
func TestUnreadableValue(t *testing.T) {
	for _, junk := range [][]byte{{}, {1}, make([]byte, slotHeaderSize), make([]byte, 4096)} {
		store := newMapStore()
		l := mustNew(t, []Spec{{Requests: 10, WindowNanos: 1e9, Burst: 5, Fixed: 1}}, Options{Store: store})
		one(l, start, "")
		for k := range store.values {
			store.values[k] = append([]byte(nil), junk...)
		}
		if code, _ := one(l, start, ""); code != verdict.LimitExceeded {
			t.Errorf("%d bytes of junk: %s, want limit_exceeded", len(junk), code.Name())
		}
		if code, _ := one(l, start+second/10, ""); code != verdict.Allow {
			t.Errorf("%d bytes of junk, after T: %s, want allow", len(junk), code.Name())
		}
		if l.Stats.Healed != 1 {
			t.Errorf("Healed = %d, want 1", l.Stats.Healed)
		}
	}
}

func TestTablesDoNotMix(t *testing.T) {
	store := newMapStore()
	spec := []Spec{{Requests: 1, WindowNanos: 1e9, Burst: 1}}
	for _, digest := range []uint64{1, 2} {
		l := mustNew(t, spec, Options{Store: store, Digest: digest})
		if code, _ := one(l, start, "a"); code != verdict.Allow {
			t.Errorf("digest %d: %s, want allow", digest, code.Name())
		}
	}
	again := mustNew(t, spec, Options{Store: store, Digest: 1, Seed: [16]byte{9}})
	if code, _ := one(again, start, "a"); code != verdict.LimitExceeded {
		t.Errorf("the same table reloaded: %s, want limit_exceeded", code.Name())
	}
}

// TestEvictionNeverOverAdmits has more callers than buckets: every caller stays
// within the limit, and the store does not grow.
func TestEvictionNeverOverAdmits(t *testing.T) {
	for _, isLocal := range []bool{false, true} {
		rng := rand.New(rand.NewPCG(1, 2))
		store := newMapStore()
		o := Options{Store: store, StoreBytes: 4 * storeSlotBytes, LocalBytes: 4 * (1 + maxSlotSize), Seed: [16]byte{3}}
		l := mustNew(t, []Spec{{Requests: 5, WindowNanos: 1e9, Burst: 4, Local: isLocal}}, o)
		admitted := map[string][]admission{}
		now := start
		steps := 200_000
		if testing.Short() {
			steps = 20_000
		}
		for range steps {
			now += rng.Int64N(20_000_000)
			if rng.IntN(5000) == 0 {
				now += 10 * second
			}
			who := fmt.Sprint(rng.IntN(60))
			if code, _ := one(l, now, who); code == verdict.Allow {
				admitted[who] = append(admitted[who], admission{uint64(now), 1})
			}
		}
		for who, a := range admitted {
			if msg := overAdmitted(5, 1e9, 4, a); msg != "" {
				t.Errorf("local %v, caller %s: %s", isLocal, who, msg)
			}
		}
		if len(admitted) != 60 {
			t.Errorf("only %d of 60 callers were ever admitted", len(admitted))
		}
		if l.Stats.Evictions == 0 {
			t.Error("no eviction counted")
		}
		if len(store.values) > 5 {
			t.Errorf("%d store keys, want at most 4 slots and the hash key", len(store.values))
		}
	}
}

// TestEvictionOrder wants an expired bucket to go first, then the fullest.
func TestEvictionOrder(t *testing.T) {
	const now = 1000
	var s slot
	for i := range uint64(slotBuckets) {
		s.put(i, stamp{nanos: now + 100*i - 50}, now) // bucket 0 has expired, 1 is the fullest of the rest
	}
	if s.put(100, stamp{nanos: now + 2000}, now) {
		t.Error("forgetting an expired bucket was reported")
	}
	if s.find(0) != s.num || s.floor != now-50 {
		t.Errorf("floor %d, want bucket 0 gone and its TAT %d", s.floor, now-50)
	}
	if !s.put(101, stamp{nanos: now + 2000}, now) {
		t.Error("forgetting a bucket that counts was not reported")
	}
	if s.find(1) != s.num || s.floor != now+50 {
		t.Errorf("floor %d, want bucket 1 gone and its TAT %d", s.floor, now+50)
	}
}

func TestCheckAllocates(t *testing.T) {
	store := newMapStore()
	l := mustNew(t, []Spec{
		{Requests: 1e9, WindowNanos: 1e9, Burst: 1e6, Fixed: 1},
		{Requests: 1, WindowNanos: 1e9, Burst: 1},
		{Requests: 1e9, WindowNanos: 1e9, Burst: 1e6, Local: true},
	}, Options{Store: store})
	var out Outcome
	key := []byte("somebody")
	charges := []Charge{{Limit: 0, Cost: 1}, {Limit: 2, Key: key, Cost: 1}}
	refuse := []Charge{{Limit: 0, Cost: 1}, {Limit: 1, Key: key, Cost: 1}}
	l.Check(start, charges, &out)
	l.Check(start, refuse, &out)
	l.Check(start, refuse, &out)
	// The store's own string conversions of keys for map writes are the test's.
	base := testing.AllocsPerRun(100, func() { store.Set(l.key[:], l.buf[:100], store.next); store.Get(l.key[:]) })
	if n := testing.AllocsPerRun(100, func() { l.Check(start, charges, &out) }); n > 2*base {
		t.Errorf("accepting allocates %v times (the test's store %v)", n, base)
	}
	if n := testing.AllocsPerRun(100, func() { l.Check(start, refuse, &out) }); n != 0 {
		t.Errorf("refusing allocates %v times, want 0", n)
	}
}

func FuzzSlot(f *testing.F) {
	r, _ := newRate(7, 1e9, 9)
	var s slot
	var buf [maxSlotSize]byte
	f.Add([]byte{})
	f.Add(append([]byte(nil), s.encode(&buf)...))
	for i := range uint64(slotBuckets + 3) {
		s.put(i*77, stamp{1e18 + i, i % 7}, 1e18)
		f.Add(append([]byte(nil), s.encode(&buf)...))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		var s slot
		if !s.decode(value, &r) {
			return
		}
		var buf [maxSlotSize]byte
		if got := s.encode(&buf); string(got) != string(value) {
			t.Fatalf("encode(decode(%x)) = %x", value, got)
		}
		s.repair(&r, 1e18)
		for i := range uint64(20) {
			before := s
			next, _, ok := r.admit(s.tat(i), 1e18, 1)
			if !ok {
				continue
			}
			s.put(i, next, 1e18)
			for j := range before.num { // nobody's TAT ever goes down
				b := before.buckets[j]
				if s.tat(b.print).less(b.tat) {
					t.Fatalf("put lowered a TAT: %v to %v", b.tat, s.tat(b.print))
				}
			}
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, bb := range []struct {
		name string
		spec Spec
	}{
		{"fixed/store", Spec{Requests: 1e9, WindowNanos: 1e9, Burst: 1e6, Fixed: 1}},
		{"identity/store", Spec{Requests: 1e9, WindowNanos: 1e9, Burst: 1e6}},
		{"identity/local", Spec{Requests: 1e9, WindowNanos: 1e9, Burst: 1e6, Local: true}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			l := mustNew(b, []Spec{bb.spec}, Options{Store: newMapStore()})
			var out Outcome
			charges := []Charge{{Key: []byte("https://issuer.example/|subject-12345"), Cost: 1}}
			now := start
			b.ReportAllocs()
			for b.Loop() {
				now += 1000
				if l.Check(now, charges, &out) != verdict.Allow {
					b.Fatal("refused")
				}
			}
		})
	}
}
