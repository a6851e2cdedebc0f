package token

import (
	"crypto/subtle"

	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Options is what a Checker needs. Zeros stand for the defaults.
type Options struct {
	Verifier Verifier // nil: every signature is CredentialUnsupported
	// Secrets is the values of the secrets that the table names, in its order,
	// and Previous those that are still good while they are being changed; nil
	// where there is none. They are kept, not copied.
	Secrets, Previous [][]byte
	// Sets is the keys of providers that fetch them, by provider; nil entries and those
	// that are missing have their keys in the table.
	Sets []*KeySet

	// Denies makes room for what a table with denied tokens needs; without it such a
	// table accepts none with a jti.
	Denies bool
	// Introspects makes room for what a table needs whose providers are asked about
	// tokens; without it none are.
	Introspects bool

	MaxTokenBytes uint32 // longest token; 8 KiB
	MaxNodes      uint32 // values and names in the claims; 1,024
	MaxDepth      uint32 // containers inside each other in the claims; 16
	// CacheBytes bounds the memory of accepted tokens; under 64 KiB keeps none.
	CacheBytes uint32
	// Seed is 16 random bytes for the cache's hash.
	Seed [16]byte
}

const (
	defaultTokenBytes = 8 << 10
	defaultNodes      = 1024
	defaultDepth      = 16
	headerNodes       = 64
	headerDepth       = 4
	// maxAttempts bounds the signatures checked for one token, where several
	// keys have the same kid and algorithm.
	maxAttempts = 4
)

// Checker judges one token at a time. What its methods tell, and the slices they
// return, is about the last Check and valid until the next.
//
// Invariants: buf has room for every part of a token of maxBytes decoded, one
// after the other.
type Checker struct {
	verifier Verifier
	secrets  [2][][]byte // in force, and previous
	sets     []*KeySet
	maxBytes uint32
	options  json.Options
	parser   *json.Parser
	header   *json.Tape
	claims   *json.Tape
	cache    cache
	asked    *asked // nil where nobody is asked

	buf      []byte // header, payload and signature decoded
	text     []byte // one unescaped string at a time
	scopeBuf []byte
	subBuf   []byte
	mac      [64]byte
	digest   [32]byte
	ids      []byte // what denied digests; nil where no table denies
	payload  []byte // decoded: in buf or in the cache
	parsed   bool   // claims is the payload's

	// Of the token being judged: indexes on the header tape, and what follows.
	alg      Alg
	typ, kid uint32
	found    claims

	subject  []byte // nil for none
	scopes   []byte // joined by scopeSep
	scopeSep byte
	provider uint32
	key      uint32
	wants    uint32      // provider, table.NoIndex for none
	list     table.Range // for the cache's entry
	cached   bool
	accepted bool

	// Stats counts since New.
	Stats Stats
}

// Stats counts what happened to tokens. They only grow.
type Stats struct {
	Signatures uint64 // signatures and HMACs checked
	CacheHits  uint64 // tokens known from before
}

// NewChecker allocates a Checker.
func NewChecker(o Options) *Checker {
	if o.MaxTokenBytes == 0 {
		o.MaxTokenBytes = defaultTokenBytes
	}
	if o.MaxNodes == 0 {
		o.MaxNodes = defaultNodes
	}
	if o.MaxDepth == 0 {
		o.MaxDepth = defaultDepth
	}
	nodes := max(o.MaxNodes, headerNodes)
	c := &Checker{
		verifier: o.Verifier, secrets: [2][][]byte{o.Secrets, o.Previous}, sets: o.Sets, maxBytes: o.MaxTokenBytes,
		options: json.Options{MaxDepth: o.MaxDepth, MaxNodes: o.MaxNodes},
		parser:  json.NewParser(int(nodes), int(max(o.MaxDepth, headerDepth))),
		header:  json.NewTape(headerNodes),
		claims:  json.NewTape(int(nodes)),
		buf:     make([]byte, o.MaxTokenBytes+8),
	}
	c.text = make([]byte, o.MaxTokenBytes)
	c.scopeBuf = make([]byte, o.MaxTokenBytes)
	c.subBuf = make([]byte, o.MaxTokenBytes)
	if o.Denies {
		c.ids = make([]byte, 0, o.MaxTokenBytes+maxIssuer)
	}
	c.cache.init(o.CacheBytes, o.Seed)
	if o.Introspects {
		c.asked = newAsked(o.Seed)
	}
	return c
}

// Check judges token for a security scheme of t at the time now (Unix
// nanoseconds). It answers Allow, or the first thing wrong in this order: size,
// form, header, algorithm, claims' types, issuer, typ, key, times, audience,
// required claims, signature. A token that its provider is asked about is judged by the
// answer; without one the answer is IntrospectionUnavailable, and Asks says who knows.
func (c *Checker) Check(t *table.Table, s table.Scheme, token []byte, now int64) verdict.Code {
	c.accepted, c.cached, c.parsed = false, false, false
	c.wants = table.NoIndex
	c.subject, c.scopes, c.payload = nil, nil, nil
	if c.asked != nil {
		c.asked.server, c.asked.token = table.NoIndex, nil
	}
	switch {
	case len(token) == 0:
		return verdict.TokenMissing
	case uint64(len(token)) > uint64(c.maxBytes):
		return verdict.TokenTooLarge
	}
	if c.recall(t, s, token, now) {
		return verdict.Allow
	}
	if c.asked != nil {
		if code := c.introspect(t, s, token, now); code != 0 {
			return code
		}
	}
	p, sig, code := c.read(token)
	if code != 0 {
		return code
	}
	code = c.judge(t, s, p.signed, sig, now)
	if code == verdict.Allow && c.denied(t, p.signed) {
		c.accepted = false
		return verdict.TokenDenied
	}
	if code == verdict.Allow {
		c.remember(token)
	}
	return code
}

// recall looks for a remembered token that the scheme still accepts. Where it
// does not, the token is judged like any other: the code has to be the same. So has
// the provider, by which other things are judged: where one that the scheme lists
// earlier has the same issuer, the entry counts only if that one refused the token in
// this list, and for good.
func (c *Checker) recall(t *table.Table, s table.Scheme, token []byte, now int64) bool {
	e := c.cache.find(token)
	if e == nil || e.provider >= t.NumProviders() {
		return false
	}
	if c.asked != nil && !stillAsked(t, s, e, now) {
		return false
	}
	p := t.Provider(e.provider)
	for i := range s.NumProviders() {
		if other := s.ProviderAt(i); other != e.provider {
			if e.until == 0 && e.list != s.Providers() && string(t.Provider(other).Issuer) == string(p.Issuer) {
				return false
			}
			continue
		}
		if e.found.judge(&p, now) != 0 {
			return false
		}
		if set := c.set(e.provider); e.until == 0 && set != nil && !(set.has(e.key) && set.Usable(now)) {
			return false // what it was verified with counts no more
		}
		c.found, c.provider, c.key, c.scopeSep = e.found, e.provider, e.key, e.scopeSep
		off := e.token
		if c.found.sub != 0 {
			c.subject = c.cache.part(e, off, e.subject)
		}
		off += e.subject
		c.scopes = c.cache.part(e, off, e.scopes)
		c.payload = c.cache.part(e, off+e.scopes, e.payload)
		c.accepted, c.cached = true, true
		c.Stats.CacheHits++
		return true
	}
	return false
}

// remember puts an accepted token into the cache.
func (c *Checker) remember(token []byte) {
	c.cache.add(entry{key: c.key, provider: c.provider, list: c.list, scopeSep: c.scopeSep, found: c.found},
		token, c.subject, c.scopes, c.payload)
}

// read decodes and parses the token onto the two tapes; sig is the decoded
// signature.
func (c *Checker) read(token []byte) (p parts, sig []byte, code verdict.Code) {
	p, ok := split(token)
	if !ok {
		return p, nil, verdict.TokenMalformed
	}
	nh, ok := decodeURL(c.buf, p.header)
	if !ok {
		return p, nil, verdict.TokenMalformed
	}
	header, rest := c.buf[:nh], c.buf[nh:]
	np, ok := decodeURL(rest, p.payload)
	if !ok {
		return p, nil, verdict.TokenMalformed
	}
	payload, rest := rest[:np], rest[np:]
	ns, ok := decodeURL(rest, p.signature)
	if !ok {
		return p, nil, verdict.TokenMalformed
	}
	if code := c.parse(c.header, header, json.Options{MaxDepth: headerDepth, MaxNodes: headerNodes}); code != 0 {
		return p, nil, code
	}
	if code := c.readHeader(); code != 0 {
		return p, nil, code
	}
	if code := c.parse(c.claims, payload, c.options); code != 0 {
		return p, nil, code
	}
	c.payload, c.parsed = payload, true
	return p, rest[:ns], c.readClaims()
}

// parse parses strict JSON; 0 is success.
func (c *Checker) parse(t *json.Tape, src []byte, o json.Options) verdict.Code {
	switch c.parser.Parse(t, src, o) {
	case json.StatusOK:
		return 0
	case json.ErrDepth, json.ErrNodes, json.ErrItems, json.ErrString, json.ErrName, json.ErrSize:
		return verdict.TokenTooLarge
	}
	return verdict.TokenMalformed
}

// judge looks for a provider of the scheme that accepts the token. When several
// have its issuer, the answer is the last one's.
func (c *Checker) judge(t *table.Table, s table.Scheme, signed, sig []byte, now int64) verdict.Code {
	code := verdict.Code(verdict.TokenIssuer)
	c.list = s.Providers()
	if c.found.iss == 0 {
		return code
	}
	for i := range s.NumProviders() {
		index := s.ProviderAt(i)
		p := t.Provider(index)
		if !c.claims.EqualString(c.found.iss, p.Issuer) {
			continue
		}
		code = c.judgeFor(t, &p, index, signed, sig, now)
		if code == verdict.Allow {
			c.provider, c.accepted = index, true
			if c.found.sub != 0 {
				c.subject = c.claims.String(c.found.sub, c.subBuf[:0])
			}
			return code
		}
		if !c.forGood(index, code) {
			c.list = table.Range{} // no scheme's
		}
	}
	return code
}

// forGood reports whether a provider that refused the token with code always will: not
// for the time or for keys that may change.
func (c *Checker) forGood(provider uint32, code verdict.Code) bool {
	switch code {
	case verdict.TokenType, verdict.TokenAudience, verdict.TokenClaimMissing:
		return true
	case verdict.TokenAlgorithm, verdict.TokenKeyUnknown, verdict.TokenSignature:
		return c.set(provider) == nil
	}
	return false
}

// judgeFor judges the token for one provider whose issuer it names.
func (c *Checker) judgeFor(t *table.Table, p *table.Provider, index uint32, signed, sig []byte, now int64) verdict.Code {
	if !c.typeAccepted(p) {
		return verdict.TokenType
	}
	// Keys first without looking at them, so that a token that no key could
	// have signed is refused for that and not for its dates.
	ring := c.ring(t, p, index)
	code := verdict.Code(verdict.TokenKeyUnknown)
	fits := false
	for i := range ring.len() {
		k := ring.at(i)
		if !c.kidIs(k.ID) {
			continue
		}
		if k.Alg == uint8(c.alg) {
			fits = true
			break
		}
		code = verdict.TokenAlgorithm
	}
	if !fits && (ring.set == nil || code != verdict.TokenKeyUnknown) {
		return code
	}
	if code := c.judgeClaims(p, now); code != 0 {
		return code
	}
	if !c.plausible(sig) {
		return verdict.TokenSignature
	}
	switch {
	case ring.set == nil:
	case !ring.set.Usable(now):
		c.want(index)
		return verdict.TokenKeysUnavailable
	case !fits:
		// All that can be said without the key is in its favour: it may be newer than
		// the keys that are known.
		c.want(index)
		return verdict.TokenKeyUnknown
	}
	return c.verify(&ring, signed, sig)
}

// Wants is the provider whose keys, fetched now, might change the answer of the last
// Check; table.NoIndex when there is none.
func (c *Checker) Wants() uint32 { return c.wants }

func (c *Checker) want(provider uint32) {
	if c.wants == table.NoIndex {
		c.wants = provider
	}
}

// set is the fetched keys of a provider, nil where they stand in the table.
func (c *Checker) set(provider uint32) *KeySet {
	if provider >= uint32(len(c.sets)) {
		return nil
	}
	return c.sets[provider]
}

// ring is the keys of a provider, wherever they come from.
type ring struct {
	t    *table.Table
	keys table.Range
	set  *KeySet
}

func (c *Checker) ring(t *table.Table, p *table.Provider, index uint32) ring {
	return ring{t, p.Keys, c.set(index)}
}

func (r *ring) len() uint32 {
	if r.set != nil {
		return uint32(r.set.n)
	}
	return r.keys.Count
}

// at is the i-th key.
func (r *ring) at(i uint32) table.Key {
	if r.set == nil {
		return r.t.Key(r.keys.Start + i)
	}
	kid, alg, spki, _ := r.set.at(int(i))
	return table.Key{ID: kid, Alg: uint8(alg), SPKI: spki, Secret: table.NoIndex}
}

// number is what the i-th key is remembered by.
func (r *ring) number(i uint32) uint32 {
	if r.set == nil {
		return r.keys.Start + i
	}
	return r.set.keys[i].number
}

// kidIs compares `kid` with a key's. A key without one serves tokens without.
func (c *Checker) kidIs(id []byte) bool {
	if c.kid == 0 {
		return len(id) == 0
	}
	return len(id) != 0 && c.header.EqualString(c.kid, id)
}

// plausible tells whether the signature has the form that its algorithm makes.
func (c *Checker) plausible(sig []byte) bool {
	if c.alg.IsHMAC() {
		return len(sig) == c.alg.HashSize()
	}
	return inForm(c.alg, sig)
}

// verify checks the signature with each key that has the token's kid and
// algorithm.
func (c *Checker) verify(ring *ring, signed, sig []byte) verdict.Code {
	attempts := 0
	code := verdict.Code(verdict.TokenSignature)
	for i := uint32(0); i < ring.len() && attempts < maxAttempts; i++ {
		k := ring.at(i)
		if k.Alg != uint8(c.alg) || !c.kidIs(k.ID) {
			continue
		}
		attempts++
		switch c.verifyWith(&k, signed, sig) {
		case Good:
			c.key = ring.number(i)
			return verdict.Allow
		case Bad:
		case Busy:
			return verdict.TokenVerifyBudget
		case Unsupported:
			code = verdict.CredentialUnsupported
		default:
			code = verdict.TokenKeysUnavailable
		}
	}
	return code
}

// verifyWith checks the signature with one key.
func (c *Checker) verifyWith(k *table.Key, signed, sig []byte) Result {
	if c.verifier == nil {
		return Unsupported
	}
	if !c.alg.IsHMAC() {
		c.Stats.Signatures++
		return c.verifier.Verify(c.alg, k.SPKI, signed, sig)
	}
	res := Error // no value at all
	for _, values := range &c.secrets {
		if uint64(k.Secret) >= uint64(len(values)) || len(values[k.Secret]) == 0 {
			continue // an empty key signs for everybody
		}
		c.Stats.Signatures++
		n := c.verifier.HMAC(c.alg, values[k.Secret], signed, &c.mac)
		if n == 0 {
			return Unsupported
		}
		if res = Bad; subtle.ConstantTimeCompare(c.mac[:n], sig) == 1 {
			return Good
		}
	}
	return res
}

// CheckSecret says why a value can't be a secret of alg, or nothing: an HMAC key
// must be as long as the hash (RFC 7518 section 3.2).
func CheckSecret(alg Alg, value []byte) string {
	switch {
	case !alg.IsHMAC():
		return "the algorithm takes no secret"
	case len(value) < alg.HashSize():
		return "the secret is shorter than the algorithm's hash (RFC 7518 section 3.2)"
	}
	return ""
}

// SecretProblem says why value can't be the i-th secret of t for one of the keys
// that name it, or nothing.
func SecretProblem(t *table.Table, i uint32, value []byte) string {
	for j := range t.NumProviders() {
		for k := t.Provider(j).Keys.Start; k < t.Provider(j).Keys.End(); k++ {
			key := t.Key(k)
			if key.Secret != i {
				continue
			}
			if problem := CheckSecret(Alg(key.Alg), value); problem != "" {
				return problem
			}
		}
	}
	return ""
}
