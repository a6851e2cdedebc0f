package ir

// LimitCount is what a limit counts.
type LimitCount uint8

// Counts. The zero value is invalid.
const (
	CountAll      LimitCount = iota + 1
	CountFailures            // credentials that are refused
)

// CostKind is where the cost of a request stands.
type CostKind uint8

// Kinds of cost. The zero value is invalid.
const (
	CostConstant CostKind = iota + 1
	CostByHeader          // a whole number in a header field
	CostByClaim           // a whole number in the token
	CostByItems           // items of an array in the body
)

// Limit is a rate (Requests per Window, GCRA with Burst), or a limit of requests
// in flight (Concurrent).
type Limit struct {
	Name        string
	Requests    uint64 // > 0 for a rate
	WindowNanos uint64 // > 0 for a rate
	Burst       uint64 // > 0 for a rate; how many may come at once
	Concurrent  uint32 // > 0 for a limit of requests in flight
	Key         LimitKey
	KeyName     string   // claim, header or parameter name
	KeyPath     []string // member names that lead to the claim
	Scope       Scope
	Mode        Mode
	Count       LimitCount
	Cost        CostKind
	CostValue   uint32   // the constant; what a request costs that does not say, > 0
	CostPath    []string // member names, the header's name
	Announce    bool     // RateLimit fields in every answer
	Legacy      bool     // X-RateLimit-* fields beside RateLimit
	PlanBy      LimitKey // 0, LimitByClaim, LimitByHeader or LimitByConsumer
	PlanPath    []string
	Plans       []*Limit          // by Match, in order of its bytes
	Overrides   []*Limit          // by Match, in order of its bytes
	Match       string            // of a plan or an override: whom it is for, as the filter compares
	Service     *RateLimitService // of a limit of the fleet, nil elsewhere
	Loc         Loc
}

// OnError is what happens to a request that a rate limit service did not decide.
type OnError uint8

// Outcomes. The zero value is invalid.
const (
	OnErrorRefuse OnError = iota + 1
	OnErrorLocal          // the proxy's own count of the limit decides alone
	OnErrorPass           // it passes, whatever that count says
)

// RateLimitService is a rate limit service that limits of the fleet ask.
type RateLimitService struct {
	Name           string
	Cluster        string // the proxy's name of where it answers
	Domain         string
	DeadlineMillis uint32 // > 0
	OnError        OnError
	Plain          bool   // callers are named as they are
	Secret         string // keys the hash that they are named by; "" for none
	Loc            Loc
}
