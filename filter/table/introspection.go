package table

// Words of how a provider's tokens are asked about (RFC 7662); providers name their
// record.
//
//	uri(2) cluster(2) client(2) secret tokens|mayLack<<8 timeout cache negative calls|rate<<16
const (
	IntrospectionURI      = 0 // http or https, without user, query allowed
	IntrospectionCluster  = 2 // of the proxy
	IntrospectionClient   = 4 // who asks, by HTTP Basic
	IntrospectionSecret   = 6
	IntrospectionHow      = 7
	IntrospectionTimeout  = 8  // milliseconds of a call
	IntrospectionCache    = 9  // seconds that a good token is remembered at most
	IntrospectionNegative = 10 // seconds that one that is not good is
	IntrospectionCalls    = 11 // at a time | in a second<<16, in each worker
)

// ProviderIntrospection is the index of a provider's introspection and one, 0 for a
// provider whose tokens are never asked about.
const ProviderIntrospection = 31

// Tokens that are asked about.
const (
	TokensOpaque = 1 << 0 // what has not the form of a JWT
	TokensJWT    = 1 << 1
	tokensAll    = 1<<2 - 1
)

// Claims that an answer may lack although the policy names them.
const (
	MayLackIssuer   = 1 << 0
	MayLackAudience = 1 << 1
	MayLackExpiry   = 1 << 2
	mayLackAll      = 1<<3 - 1
)

// Bounds of introspection.
const (
	MaxIntrospectionCache    = 86400 // seconds
	MaxIntrospectionNegative = 300   // seconds
	MaxIntrospectionCalls    = 256   // at a time
	MaxIntrospectionRate     = 10_000
	MaxIntrospectionTimeout  = 30_000 // milliseconds
)

// Introspection is how a provider's tokens are asked about.
type Introspection struct {
	URI, Cluster []byte
	Client       []byte
	Secret       uint32 // index of the secret
	Tokens       uint8  // TokensOpaque and TokensJWT
	MayLack      uint8  // MayLackIssuer and on
	TimeoutMs    uint32 // of a call
	// CacheSeconds and NegativeSeconds are how long a token that is good, or is not, is
	// remembered at most; 0: not at all.
	CacheSeconds, NegativeSeconds uint32
	MaxCalls                      uint32 // at a time, in each worker
	Rate                          uint32 // calls in a second, in each worker
}

// NumIntrospections is the number of providers whose tokens are asked about, or more.
func (t *Table) NumIntrospections() uint32 {
	return uint32(len(t.introspections)) / wordsIntrospection
}

// Introspection is how tokens of the i-th provider are asked about; ok is false when
// they are not.
func (t *Table) Introspection(i uint32) (in Introspection, ok bool) {
	at := t.providers[i*wordsProvider+ProviderIntrospection]
	if at == 0 {
		return in, false
	}
	w := t.introspections[(at-1)*wordsIntrospection : at*wordsIntrospection]
	return Introspection{
		URI: t.str(w, IntrospectionURI), Cluster: t.str(w, IntrospectionCluster), Client: t.str(w, IntrospectionClient), Secret: w[IntrospectionSecret],
		Tokens: uint8(w[IntrospectionHow]), MayLack: uint8(w[IntrospectionHow] >> 8), TimeoutMs: w[IntrospectionTimeout],
		CacheSeconds: w[IntrospectionCache], NegativeSeconds: w[IntrospectionNegative],
		MaxCalls: w[IntrospectionCalls] & 0xffff, Rate: w[IntrospectionCalls] >> 16,
	}, true
}

// checkIntrospection checks what the layout can't say of the i-th record; at is the word.
func (t *Table) checkIntrospection(i uint32) (bad Err, at uint32) {
	w := t.introspections[i*wordsIntrospection : (i+1)*wordsIntrospection]
	uri := t.str(w, IntrospectionURI)
	calls, rate := w[IntrospectionCalls]&0xffff, w[IntrospectionCalls]>>16
	switch {
	case !Visible(t.str(w, IntrospectionCluster)):
		return ErrString, IntrospectionCluster
	case len(t.str(w, IntrospectionClient)) == 0:
		return ErrString, IntrospectionClient
	case w[IntrospectionTimeout] == 0 || w[IntrospectionTimeout] > MaxIntrospectionTimeout:
		return ErrEnum, IntrospectionTimeout
	case w[IntrospectionCache] > MaxIntrospectionCache:
		return ErrEnum, IntrospectionCache
	case w[IntrospectionNegative] > MaxIntrospectionNegative:
		return ErrEnum, IntrospectionNegative
	case calls == 0 || calls > MaxIntrospectionCalls || rate == 0 || rate > MaxIntrospectionRate:
		return ErrEnum, IntrospectionCalls
	}
	if _, authority, path := SplitURI(uri); len(authority) == 0 || len(path) == 0 || !Visible(uri) {
		return ErrString, IntrospectionURI
	}
	return ErrNone, 0
}

// checkAsked checks that the i-th provider's introspection is there, and that it has no
// keys that nothing is verified with.
func (t *Table) checkAsked(i uint32) (bad Err, at uint32) {
	if t.providers[i*wordsProvider+ProviderIntrospection] > t.NumIntrospections() {
		return ErrRange, ProviderIntrospection
	}
	in, ok := t.Introspection(i)
	if _, remote := t.Remote(i); ok && in.Tokens&TokensJWT != 0 && (remote || t.Provider(i).Keys.Count != 0) {
		return ErrRange, ProviderKeys
	}
	return ErrNone, 0
}
