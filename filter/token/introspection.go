package token

import (
	"crypto/subtle"

	"portcullis/filter/json"
	"portcullis/filter/le"
	"portcullis/filter/siphash"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// MaxAnswer bounds what an authorization server may say of a token, in bytes.
const MaxAnswer = 16 << 10

// asked is what authorization servers have said of tokens (RFC 7662): the answer that has
// just come, and the tokens that are not good. Those that are good lie in the cache with
// all others, so that made-up ones can't take their place.
//
// Invariants: refused has askedWays entries to a bucket, the number of buckets is a power
// of two.
type asked struct {
	k0, k1  uint64
	refused []refused

	// Of the token that is being judged.
	sum    [32]byte // its SHA-256
	token  []byte
	server uint32 // provider that is to be asked, table.NoIndex for none

	answer []byte // that has just come; nil: none
	of     [32]byte
	from   uint32
	since  int64 // when it was asked for
	buf    [MaxAnswer]byte
}

// refused is a token that is not good, and why. The zero value is free.
type refused struct {
	sum      [32]byte
	until    int64
	provider uint32
	code     verdict.Code
}

const (
	askedWays    = 4
	refusedSlots = 512
)

func newAsked(seed [16]byte) *asked {
	return &asked{k0: le.U64(seed[:], 8), k1: le.U64(seed[:], 0), refused: make([]refused, refusedSlots), server: table.NoIndex}
}

// bucket is where a refused token of this digest may be.
func (a *asked) bucket(sum *[32]byte) []refused {
	i := siphash.Sum64(a.k0, a.k1, sum[:]) & (refusedSlots/askedWays - 1) * askedWays
	return a.refused[i : i+askedWays]
}

// known is why the token of this digest was refused lately, 0 when it was not. longest is
// how long that may be known: what ends later was written under a clock that has stepped
// back since.
func (a *asked) known(sum *[32]byte, provider uint32, now, longest int64) verdict.Code {
	b := a.bucket(sum)
	for i := range b {
		if e := &b[i]; e.code != 0 && e.provider == provider && subtle.ConstantTimeCompare(e.sum[:], sum[:]) == 1 && now < e.until && e.until-now <= longest {
			return e.code
		}
	}
	return 0
}

// refuse remembers a token that is not good.
func (a *asked) refuse(e refused) {
	b := a.bucket(&e.sum)
	at := 0
	for i := range b {
		if b[i].code == 0 || b[i].sum == e.sum && b[i].provider == e.provider {
			at = i
			break
		}
		if b[i].until < b[at].until {
			at = i
		}
	}
	b[at] = e
}

// introspect judges a token that a provider of the scheme is asked about: 0 is that there
// is none. IntrospectionUnavailable is that it has to be asked (Asks), as long as nothing
// is known.
//
// Everything about a JWT that is wrong whatever the server says is refused without asking
// it, and what is not there for it to have issued is not shown to it.
func (c *Checker) introspect(t *table.Table, s table.Scheme, token []byte, now int64) verdict.Code {
	a := c.asked
	index, in, ok := introspecting(t, s)
	if !ok {
		return 0
	}
	p := t.Provider(index)
	signed, jwt := token, false
	if parts, form := split(token); form {
		signed, jwt = parts.signed, true
	}
	switch {
	case jwt && in.Tokens&table.TokensJWT == 0, !jwt && in.Tokens&table.TokensOpaque == 0:
		return 0
	case c.verifier == nil:
		return verdict.CredentialUnsupported
	case jwt:
		if code, ours := c.plausibleJWT(&p, token, now); !ours || code != 0 {
			return code
		}
	case !isToken68(token):
		return verdict.TokenMalformed
	}
	c.verifier.SHA256(token, &a.sum)
	if !jwt && t.NumDenied() != 0 && t.Denied(&a.sum) {
		return verdict.TokenDenied
	}
	if a.answer == nil || a.from != index || subtle.ConstantTimeCompare(a.of[:], a.sum[:]) != 1 {
		if code := a.known(&a.sum, index, now, int64(in.NegativeSeconds)*nanosPerSecond); code != 0 {
			return code
		}
		a.server, a.token = index, token
		return verdict.IntrospectionUnavailable
	}
	code := c.judgeAnswer(t, &p, &in, index, signed, now)
	switch {
	case code == verdict.Allow:
		if in.CacheSeconds != 0 {
			c.cache.add(entry{key: c.key, provider: c.provider, scopeSep: c.scopeSep, found: c.found, until: addSeconds(a.since, int64(in.CacheSeconds))},
				token, c.subject, c.scopes, c.payload)
		}
	case code.Status() == 401:
		if e := c.cache.find(token); e != nil {
			*e = entry{}
		}
		if in.NegativeSeconds != 0 {
			a.refuse(refused{a.sum, addSeconds(a.since, int64(in.NegativeSeconds)), index, code})
		}
	}
	return code
}

// introspecting is the first provider of a scheme that is asked about its tokens:
// schemagen lets a scheme have one.
func introspecting(t *table.Table, s table.Scheme) (index uint32, in table.Introspection, ok bool) {
	for i := range s.NumProviders() {
		index = s.ProviderAt(i)
		if in, ok = t.Introspection(index); ok {
			return index, in, true
		}
	}
	return 0, in, false
}

// stillAsked reports whether what is remembered of a token is what the scheme would find out
// at the time now: of the provider that it asks, and not for too long, or of none where it
// asks nobody about such tokens. What lasts longer than it may was written under a clock
// that has stepped back since.
func stillAsked(t *table.Table, s table.Scheme, e *entry, now int64) bool {
	index, in, ok := introspecting(t, s)
	if e.until != 0 {
		return ok && index == e.provider && now < e.until && e.until-now <= int64(in.CacheSeconds)*nanosPerSecond
	}
	return !ok || in.Tokens&table.TokensJWT == 0 || string(t.Provider(index).Issuer) != string(t.Provider(e.provider).Issuer)
}

// plausibleJWT judges what a JWT says of itself, which its issuer would not say: ours is
// false for one of another issuer.
func (c *Checker) plausibleJWT(p *table.Provider, token []byte, now int64) (code verdict.Code, ours bool) {
	if _, _, code := c.read(token); code != 0 {
		return code, true
	}
	switch {
	case c.found.iss == 0 || !c.claims.EqualString(c.found.iss, p.Issuer):
		return 0, false
	case !c.typeAccepted(p):
		return verdict.TokenType, true
	}
	return c.judgeClaims(p, now), true
}

// isToken68 reports a token as Authorization carries them (RFC 6750 section 2.1).
func isToken68(token []byte) bool {
	n := len(token)
	for n > 0 && token[n-1] == '=' {
		n--
	}
	for _, c := range token[:n] {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~', c == '+', c == '/':
		default:
			return false
		}
	}
	return n != 0
}

// judgeAnswer judges the token by the answer that has just come, as a JWT by its claims.
func (c *Checker) judgeAnswer(t *table.Table, p *table.Provider, in *table.Introspection, index uint32, signed []byte, now int64) verdict.Code {
	active, ok := c.readAnswer(c.asked.answer)
	switch {
	case !ok:
		return verdict.IntrospectionAnswer
	case !active:
		return verdict.TokenInactive
	}
	c.found.mayLack = in.MayLack
	f := &c.found
	switch {
	case f.iss == 0 && in.MayLack&table.MayLackIssuer == 0, f.iss != 0 && !c.claims.EqualString(f.iss, p.Issuer):
		return verdict.TokenIssuer
	case !c.bearerType():
		return verdict.TokenType
	}
	switch code := c.judgeClaims(p, now); code {
	case 0:
	case verdict.TokenClaimType:
		return verdict.IntrospectionAnswer // the server's mistake, not the caller's
	default:
		return code
	}
	c.provider, c.key = index, table.NoIndex
	if c.denied(t, signed) {
		return verdict.TokenDenied
	}
	if f.sub != 0 {
		c.subject = c.claims.String(f.sub, c.subBuf[:0])
	}
	c.accepted = true
	return verdict.Allow
}

// readAnswer reads an answer (RFC 7662 section 2.2) onto the claims' tape; false is that
// it is none. Of a token that does not count, nothing else is read.
func (c *Checker) readAnswer(body []byte) (active, ok bool) {
	if c.parse(c.claims, body, c.options) != 0 || c.claims.Nodes[0].Kind() != json.KindObject {
		return false, false
	}
	c.payload, c.parsed = body, true
	value := c.claims.Member(0, lit.active)
	if value == 0 {
		return false, false
	}
	switch c.claims.Nodes[value].Kind() {
	case json.KindFalse:
		return false, true
	case json.KindTrue:
		return true, c.readClaims() == 0
	}
	return false, false
}

// bearerType reports an answer about a token that is shown as one (RFC 6749 section 7.1):
// no refresh token, and none that is bound to a key and does not say to which.
func (c *Checker) bearerType() bool {
	value := c.claims.Member(0, lit.tokenType)
	if value == 0 || c.claims.Nodes[value].Kind() == json.KindNull {
		return true
	}
	if !c.isString(value) {
		return false
	}
	name := c.claims.String(value, c.text[:0])
	return text.EqualFold(lit.bearer, name) || text.EqualFold(lit.dpop, name) && c.found.cnf != 0
}

// Asks is the provider that has to be asked about the token of the last Check, and the
// token with its SHA-256; table.NoIndex when there is nothing to ask. Valid until the next
// Check.
func (c *Checker) Asks() (provider uint32, token []byte, sum *[32]byte) {
	if c.asked == nil {
		return table.NoIndex, nil, nil
	}
	return c.asked.server, c.asked.token, &c.asked.sum
}

// Answer takes over what a provider has said of the token with this SHA-256, when it was
// asked at since (Unix nanoseconds). It counts for the following Checks until Forget. What
// is no answer changes nothing and is false. It may be called between Checks only.
func (c *Checker) Answer(provider uint32, sum *[32]byte, body []byte, since int64) bool {
	a := c.asked
	if a == nil || len(body) > len(a.buf) {
		return false
	}
	a.answer, c.accepted = nil, false
	n := copy(a.buf[:], body)
	if _, ok := c.readAnswer(a.buf[:n]); !ok {
		return false
	}
	a.answer, a.of, a.from, a.since = a.buf[:n], *sum, provider, since
	return true
}

// Forget ends the time of the last Answer. What it has said is remembered as long as the
// provider's policy lets it.
func (c *Checker) Forget() {
	if c.asked != nil {
		c.asked.answer = nil
	}
}
