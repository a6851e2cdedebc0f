package table

// Words of a provider about tokens that are bound to a key of their holder.
//
//	bound proofAge|proofFuture<<16 origins(2: names) proofAlgorithms replays
const (
	ProviderBound       = 24 // what tokens must be bound to
	ProviderProofWindow = 25 // seconds: how old a proof may be | how far ahead<<16 | ProofNonce
	ProviderOrigins     = 26 // that proofs are made for; none: no proof is accepted
	ProviderProofAlgs   = 28 // bit AlgRS256.. for each that proofs may have
	ProviderReplays     = 29 // proofs remembered in one slot of the replay store
)

// What tokens of a provider must be bound to.
const (
	BoundOptional    = 0 // what they are bound to, if anything
	BoundCertificate = 1 // a client certificate (RFC 8705 section 3)
	BoundProof       = 2 // a key that DPoP proofs are made with (RFC 9449)
	BoundAny         = 3 // one of both
	boundEnd         = 4
)

// ProofNonce in ProviderProofWindow asks for nonces in proofs.
const ProofNonce = 1 << 31

// Bounds of proofs.
const (
	MaxProofAge    = 600 // seconds
	MaxProofFuture = 60  // seconds
	ReplaySlots    = 512 // of the replay store
	MaxReplays     = 512 // proofs in one slot
)

// Binding is what a provider asks of bound tokens.
type Binding struct {
	Bound uint8
	// AgeSeconds and FutureSeconds are how far a proof's iat may lie back and ahead.
	AgeSeconds, FutureSeconds uint32
	// Origins is the scheme, host and port that callers know this proxy by, as
	// "https://api.example.com": lower case, without a default port. None: proofs are
	// not accepted.
	Origins    Names
	Algorithms uint32 // a bit for each algorithm that proofs may have
	Replays    uint32 // proofs remembered in one of the ReplaySlots
	// Nonce asks that proofs have a nonce of this proxy (RFC 9449 section 8).
	Nonce bool
}

// Proofs reports whether proofs are accepted.
func (b *Binding) Proofs() bool { return b.Origins.Len() != 0 }

// Binding is what the i-th provider asks of bound tokens.
func (t *Table) Binding(i uint32) Binding {
	w := t.providers[i*wordsProvider : (i+1)*wordsProvider]
	return Binding{
		Bound: uint8(w[ProviderBound]), AgeSeconds: w[ProviderProofWindow] & 0xffff, FutureSeconds: w[ProviderProofWindow] &^ ProofNonce >> 16,
		Nonce:   w[ProviderProofWindow]&ProofNonce != 0,
		Origins: Names{t, rangeAt(w, ProviderOrigins)}, Algorithms: w[ProviderProofAlgs], Replays: w[ProviderReplays],
	}
}

// checkBinding checks the words of the i-th provider's binding that have to do with each
// other.
func (t *Table) checkBinding(i uint32) (bad Err, at uint32) {
	w := t.providers[i*wordsProvider : (i+1)*wordsProvider]
	b := t.Binding(i)
	if !b.Proofs() {
		switch {
		case b.Bound == BoundProof:
			return ErrRange, ProviderBound
		case w[ProviderProofWindow]|w[ProviderProofAlgs]|w[ProviderReplays] != 0:
			return ErrRange, ProviderProofWindow
		}
	} else {
		switch {
		case b.AgeSeconds == 0 || b.AgeSeconds > MaxProofAge || b.FutureSeconds > MaxProofFuture:
			return ErrRange, ProviderProofWindow
		case b.Algorithms == 0 || b.Algorithms&^uint32(remoteAlgs) != 0:
			return ErrRange, ProviderProofAlgs
		case b.Replays == 0 || b.Replays > MaxReplays:
			return ErrRange, ProviderReplays
		}
		for j := range b.Origins.Len() {
			if !isOrigin(b.Origins.At(j)) {
				return ErrString, ProviderOrigins
			}
		}
	}
	return ErrNone, 0
}

// isOrigin reports what [SplitOrigin] cuts, in lower case and plain.
func isOrigin(b []byte) bool {
	scheme, host, _ := SplitOrigin(b)
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return len(scheme) != 0 && len(host) != 0 && Visible(b)
}

// SplitOrigin cuts an origin at its marks: views of it, port without a colon. All are
// empty for what has a path, a user or another scheme than http and https.
func SplitOrigin(b []byte) (scheme, host, port []byte) {
	for i := 0; i+3 <= len(b); i++ {
		if b[i] != ':' {
			continue
		}
		if s := string(b[:i]); s != "http" && s != "https" || string(b[i:i+3]) != "://" {
			return nil, nil, nil
		}
		host, port, ok := SplitAuthority(b[i+3:])
		if !ok {
			return nil, nil, nil
		}
		return b[:i], host, port
	}
	return nil, nil, nil
}

// SplitAuthority cuts an authority (RFC 3986 section 3.2) into host and port, which may
// be empty. It declines one with a user, without a host, or with a port that is no
// number.
func SplitAuthority(b []byte) (host, port []byte, ok bool) {
	host = b
	for i := len(b) - 1; i >= 0 && b[i] != ']'; i-- {
		if b[i] == ':' {
			host, port = b[:i], b[i+1:]
			break
		}
	}
	for _, c := range port {
		if c < '0' || c > '9' {
			return nil, nil, false
		}
	}
	bracket := len(host) > 0 && host[0] == '['
	for i, c := range host {
		switch {
		case c == '/' || c == '?' || c == '#' || c == '@' || c == '\\' || c <= ' ' || c >= 0x7f:
			return nil, nil, false
		case c == ':' && !bracket, c == ']' && i != len(host)-1:
			return nil, nil, false
		}
	}
	return host, port, len(host) != 0
}
