package ir

// Introspection is how a provider's tokens are asked about (RFC 7662).
type Introspection struct {
	URI, Cluster    string
	Client, Secret  string // id, and the secret's name
	Opaque, JWT     bool   // what is asked about: tokens without the form of a JWT, those with it
	TimeoutMs       uint32
	CacheSeconds    uint32
	NegativeSeconds uint32
	MaxCalls        uint32 // at a time, in each worker
	Rate            uint32 // calls in a second, in each worker
	// What answers may lack although the policy names it.
	MayLackIssuer, MayLackAudience, MayLackExpiry bool
	Loc                                           Loc
}
