package ir

// Bound is what tokens of a provider must be bound to.
type Bound uint8

// Numbers are part of the table format: append only.
const (
	BoundOptional    Bound = iota // what they are bound to, if anything
	BoundCertificate              // a client certificate (RFC 8705 section 3)
	BoundProof                    // a key that DPoP proofs are made with (RFC 9449)
	BoundAny                      // one of both
)

// Proofs is what a provider's tokens ask of DPoP proofs.
type Proofs struct {
	Origins       []string // scheme, host and port that callers know the proxy by
	AgeSeconds    uint16
	FutureSeconds uint16
	Algorithms    []Alg
	Nonce         bool   // proofs need a nonce of the proxy
	Remembered    uint32 // proofs that are remembered at a time
}
