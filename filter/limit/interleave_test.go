package limit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"portcullis/filter/verdict"
)

// TestInterleavings runs several VMs, each stopped before every store call, in
// random orders with time passing in between. No limit may admit more than it
// says, whatever the order, and refunds must not add.
func TestInterleavings(t *testing.T) {
	rounds := 1500
	if testing.Short() {
		rounds = 200
	}
	specs := []Spec{
		{Requests: 3, WindowNanos: 1000, Burst: 2, Fixed: 1},
		{Requests: 7, WindowNanos: 5000, Burst: 3},
		{Requests: 2, WindowNanos: 900, Burst: 4, Fixed: 2},
	}
	var retries, refunds, lost uint64
	for round := range rounds {
		seed := uint64(round)
		rng := rand.New(rand.NewPCG(seed, 99))
		store := newMapStore()
		type event struct {
			charges []Charge
			at      uint64
		}
		type vm struct {
			turns  *turns
			l      *Limiter
			done   chan bool // a Check ended; true: admitted
			busy   bool
			ev     event
			result verdict.Code
		}
		vms := make([]*vm, 2+rng.IntN(3))
		for i := range vms {
			tn := &turns{shared: store, ask: make(chan struct{}), grant: make(chan struct{})}
			vms[i] = &vm{turns: tn, done: make(chan bool, 1)}
			vms[i].l = mustNew(t, specs, Options{Store: tn, StoreBytes: 1, Tries: 4 + uint32(rng.IntN(8))})
		}
		admitted := map[string][]admission{}
		now := uint64(1_000_000)
		for range 300 {
			now += uint64(rng.IntN(120))
			v := vms[rng.IntN(len(vms))]
			if !v.busy {
				v.busy = true
				v.ev = event{at: now}
				for j := range specs {
					if rng.IntN(3) > 0 {
						v.ev.charges = append(v.ev.charges, Charge{Limit: uint32(j), Bucket: uint32(rng.IntN(int(max(1, specs[j].Fixed)))),
							Key: fmt.Append(nil, rng.IntN(12)), Cost: 1 + uint64(rng.IntN(2))})
					}
				}
				go func() {
					var out Outcome
					v.result = v.l.Check(int64(v.ev.at), v.ev.charges, &out)
					v.done <- true
				}()
			} else {
				v.turns.grant <- struct{}{}
			}
			select { // let it run until it wants the store again, or ends
			case <-v.turns.ask:
			case <-v.done:
				v.busy = false
				if v.result == verdict.Allow {
					for _, c := range v.ev.charges {
						name := fmt.Sprint(c.Limit, "/", c.Bucket, "/", string(c.Key))
						if specs[c.Limit].Fixed != 0 {
							name = fmt.Sprint(c.Limit, "/", c.Bucket)
						}
						admitted[name] = append(admitted[name], admission{v.ev.at, c.Cost})
					}
				} else if v.result != verdict.LimitExceeded && v.result != verdict.LimitUnavailable {
					t.Fatalf("seed %d: %s", seed, v.result.Name())
				}
			}
		}
		for _, v := range vms {
			for v.busy {
				v.turns.grant <- struct{}{}
				select {
				case <-v.turns.ask:
				case <-v.done:
					v.busy = false
				}
			}
			retries += v.l.Stats.Retries
			refunds += v.l.Stats.Refunds
			lost += v.l.Stats.RefundsFailed
		}
		for name, a := range admitted {
			slices.SortStableFunc(a, func(x, y admission) int { return int(int64(x.at) - int64(y.at)) })
			s := specs[name[0]-'0']
			if msg := overAdmitted(s.Requests, s.WindowNanos, s.Burst, a); msg != "" {
				t.Fatalf("seed %d, limit %s: %s", seed, name, msg)
			}
		}
		if store.zeroCAS != 0 {
			t.Fatalf("seed %d: wrote with cas 0", seed)
		}
	}
	if retries == 0 || refunds == 0 || lost == 0 {
		t.Errorf("retries %d, refunds %d in full, %d not: the interleavings met no race", retries, refunds, lost)
	}
}

// TestAllOfTheBudget wants a lone VM to get everything that the limit allows.
func TestAllOfTheBudget(t *testing.T) {
	l := mustNew(t, []Spec{{Requests: 1000, WindowNanos: 1e9, Burst: 100, Fixed: 1}}, Options{Store: newMapStore()})
	admitted := 0
	for i := range int64(20_000 * 3) { // offered 20 times the limit for 3 s
		if code, _ := one(l, start+i*50_000, ""); code == verdict.Allow {
			admitted++
		}
	}
	if admitted < 3099 || admitted > 3100 {
		t.Errorf("admitted %d in 3 s, want 100 + 3000, one less at most", admitted)
	}
}
