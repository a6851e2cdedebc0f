package plugin

import "portcullis/filter/token"

// verifyBudget bounds the time that public-key checks take of a worker: what they took is
// paid from a balance that grows by a share of the time that passes. Forged tokens can
// then buy that share and no more; tokens that are known cost nothing here.
//
// Time is the host's clock. Where it does not move during a check, as the ABI permits,
// the check costs what it does on a slow machine; where it stands still for good, ticks
// let the balance grow.
//
// Invariants: balance <= most. The zero value has no bound.
type verifyBudget struct {
	percent uint32 // of a worker's time; 0 and 100 are no bound
	balance int64  // nanoseconds; below 0 after a check that took longer than was left
	last    int64  // Unix nanoseconds of the last look at the clock; 0 for none
	ticked  int64  // last, at the last tick
}

// Bounds of what is taken over from a clock. A check that took much longer than it can
// has waited for a processor, which is no work of the worker's; a step is no time that
// passed.
const (
	maxTimesCost = 4
	maxPassed    = 1e9
)

// Costs of a check where the clock does not tell, in nanoseconds.
const (
	costRSAByHost = 30e3
	costECByHost  = 100e3
	costRSAInVM   = 300e3
	costECInVM    = 1e6
)

// most is the largest balance: what a second gives.
func (b *verifyBudget) most() int64 { return maxPassed / 100 * int64(b.percent) }

func (b *verifyBudget) bounded() bool { return b.percent != 0 && b.percent < 100 }

// limit sets the share of time, and fills the balance when it is new.
func (b *verifyBudget) limit(percent uint32) {
	if b.percent != percent {
		b.percent = percent
		b.balance = b.most()
	}
}

// left reports at the time now whether a check may be made.
func (b *verifyBudget) left(now int64) bool {
	if passed := now - b.last; passed > 0 {
		if b.last != 0 {
			b.grow(min(passed, maxPassed))
		}
		b.last = now
	} else if passed < -maxPassed {
		b.last = now // a clock that was set back counts from there
	}
	return b.balance > 0
}

func (b *verifyBudget) grow(passed int64) {
	b.balance = min(b.balance+passed/100*int64(b.percent), b.most())
}

// spend pays for a check that took so long by the clock; cost is what it is taken to
// cost where the clock does not tell.
func (b *verifyBudget) spend(took, cost int64) {
	if took <= 0 {
		took = cost
	}
	b.balance = max(b.balance-min(took, maxTimesCost*cost), -b.most())
}

// tick lets the balance grow where the clock stands still.
func (b *verifyBudget) tick(now, periodNanos int64) {
	if now == b.ticked {
		b.grow(periodNanos)
	}
	b.ticked = now
}

// costOf is the cost of a check where the clock does not tell.
func costOf(alg token.Alg, byHost bool) int64 {
	switch {
	case alg.IsRSA() && byHost:
		return costRSAByHost
	case alg.IsRSA():
		return costRSAInVM
	case byHost:
		return costECByHost
	}
	return costECInVM
}

// unbudgeted is the verifier for checks that no caller can ask for: whether fetched keys
// can be used.
type unbudgeted struct{ *verifier }

var _ token.Verifier = unbudgeted{}

// Verify implements token.Verifier.
func (u unbudgeted) Verify(alg token.Alg, spki, signed, sig []byte) token.Result {
	r, _ := u.check(alg, spki, signed, sig)
	return r
}
