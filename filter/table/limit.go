package table

// Words of a limit.
//
//	name(2) requests(2: u64) window(2: u64 ns) burst(2: u64)
//	key|scope<<8|mode<<16|count<<24 keyName(2) keyPath(2: names)
//	cost|flags<<8|planBy<<16 costValue costPath(2: names) planPath(2: names)
//	plans(2: limits) overrides(2: limits) match(2) concurrent service zero(3)
//
// Plans and overrides are limits that stand in place of this one for the callers
// that match names: a plan's name, or a key. They are sorted by match, and their own
// plans and overrides are never read. Key, scope, mode, count, cost and service are
// repeated in them. service is one more than the index of the rate limit service of a
// limit of the fleet, 0 elsewhere.
const (
	LimitName       = 0
	LimitRequests   = 2
	LimitWindow     = 4
	LimitBurst      = 6
	LimitHow        = 8
	LimitKeyName    = 9
	LimitKeyPath    = 11
	LimitMore       = 13
	LimitCostValue  = 14
	LimitCostPath   = 15
	LimitPlanPath   = 17
	LimitPlans      = 19
	LimitOverrides  = 21
	LimitMatch      = 23
	LimitConcurrent = 25
	LimitService    = 26
)

// What a limit counts.
const (
	CountAll      = 1
	CountFailures = 2 // credentials that are refused
)

// What a request costs.
const (
	CostConstant = 1
	CostByHeader = 2 // a whole number in a header field
	CostByClaim  = 3 // a whole number in the token
	CostByItems  = 4 // items of an array in the body
)

// Flags of a limit.
const (
	LimitFlagAnnounce = 1 << 0 // RateLimit fields in answers to requests that passed, too
	LimitFlagLegacy   = 1 << 1 // X-RateLimit-* fields beside RateLimit
	limitFlagsAll     = 1<<2 - 1
)

// Limit is a rate limit (Requests per WindowNanos, at most Burst at once), or a
// limit of requests in flight (Concurrent of them).
type Limit struct {
	Name        []byte
	Requests    uint64
	WindowNanos uint64
	Burst       uint64
	Concurrent  uint32 // requests in flight; 0 for a rate limit
	Key         uint8  // LimitByOperation..
	Scope       uint8  // ScopeProxy..
	Mode        uint8
	Count       uint8  // CountAll..
	KeyName     []byte // of the header or parameter; for messages with claims
	KeyPath     Names  // member names that lead to a claim
	Cost        uint8  // CostConstant..
	Flags       uint8  // LimitFlag bits
	PlanBy      uint8  // 0, LimitByClaim, LimitByHeader or LimitByConsumer
	CostValue   uint32 // the constant; what a request costs that does not say
	CostPath    Names  // member names; the header's name
	PlanPath    Names
	Plans       Range // limits
	Overrides   Range // limits
	Match       []byte
	Service     uint32 // one more than the index of the rate limit service, 0 for none
}

// NumLimits is the number of limits, plans and overrides included.
func (t *Table) NumLimits() uint32 { return uint32(len(t.limits)) / wordsLimit }

// Limit is the i-th limit.
func (t *Table) Limit(i uint32) Limit {
	w := (*[wordsLimit]uint32)(t.limits[i*wordsLimit:])
	u64 := func(at uint32) uint64 { return uint64(w[at]) | uint64(w[at+1])<<32 }
	return Limit{
		Name: t.str(w[:], LimitName), KeyName: t.str(w[:], LimitKeyName), Match: t.str(w[:], LimitMatch),
		Requests: u64(LimitRequests), WindowNanos: u64(LimitWindow), Burst: u64(LimitBurst), Concurrent: w[LimitConcurrent],
		Key: uint8(w[LimitHow]), Scope: uint8(w[LimitHow] >> 8), Mode: uint8(w[LimitHow] >> 16), Count: uint8(w[LimitHow] >> 24),
		Cost: uint8(w[LimitMore]), Flags: uint8(w[LimitMore] >> 8), PlanBy: uint8(w[LimitMore] >> 16), CostValue: w[LimitCostValue],
		KeyPath: Names{t, rangeAt(w[:], LimitKeyPath)}, CostPath: Names{t, rangeAt(w[:], LimitCostPath)}, PlanPath: Names{t, rangeAt(w[:], LimitPlanPath)},
		Plans: rangeAt(w[:], LimitPlans), Overrides: rangeAt(w[:], LimitOverrides),
		Service: w[LimitService],
	}
}

// LimitLabel is the name and the flags of the i-th limit, without the rest.
func (t *Table) LimitLabel(i uint32) (name []byte, flags uint8) {
	w := (*[wordsLimit]uint32)(t.limits[i*wordsLimit:])
	return t.str(w[:], LimitName), uint8(w[LimitMore] >> 8)
}

// LimitMatching is the limit of r whose Match is text, NoIndex when there is none.
func (t *Table) LimitMatching(r Range, text []byte) uint32 {
	lo, hi := r.Start, r.End()
	for lo < hi {
		mid := lo + (hi-lo)/2
		c := compare(t.str(t.limits[mid*wordsLimit:], LimitMatch), text)
		if c == 0 {
			return mid
		}
		if c < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return NoIndex
}

// limitsSorted reports that the plans and overrides of limits are sorted. Together
// they are no more than there are limits: to look at them takes no longer.
func (t *Table) limitsSorted() bool {
	n := t.NumLimits()
	left := n
	for i := range n {
		l := t.Limit(i)
		for _, r := range [...]Range{l.Plans, l.Overrides} {
			if r.Count > left {
				return false
			}
			left -= r.Count
			for j := r.Start + 1; j < r.End(); j++ {
				if compare(t.Limit(j-1).Match, t.Limit(j).Match) >= 0 {
					return false
				}
			}
		}
	}
	return true
}

// checkLimit finds what the layout can't say; word is where.
func (t *Table) checkLimit(i uint32) (e Err, word uint32) {
	l := t.Limit(i)
	switch {
	case l.Concurrent == 0 && (l.Requests == 0 || l.WindowNanos == 0 || l.Burst == 0):
		return ErrEnum, LimitRequests
	case l.Concurrent != 0 && l.Key > LimitByGroup:
		return ErrEnum, LimitHow
	case l.CostValue == 0:
		return ErrEnum, LimitCostValue
	case l.PlanBy != 0 && l.PlanBy != LimitByClaim && l.PlanBy != LimitByHeader && l.PlanBy != LimitByConsumer:
		return ErrEnum, LimitMore
	case l.PlanBy == LimitByHeader && l.PlanPath.Len() != 1:
		return ErrRange, LimitPlanPath
	case l.Cost == CostByHeader && l.CostPath.Len() != 1:
		return ErrRange, LimitCostPath
	}
	return t.checkFleet(&l)
}
