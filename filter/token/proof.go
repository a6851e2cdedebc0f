package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/token/der"
	"portcullis/filter/verdict"
)

// Proof is a request with a DPoP proof (RFC 9449 section 4): what it has to agree with.
type Proof struct {
	Text      []byte // the DPoP field's value
	Token     []byte // the access token
	Method    []byte
	Authority []byte // of the request
	Path      []byte // of the request, as it came, with or without a query
	// Thumbprint is that of the key that the token is bound to.
	Thumbprint *[32]byte
	// Nonces is what the proof's nonce may be: that in force and the one before. Nothing
	// in the first asks for none.
	Nonces [2][]byte
}

// Proofs judges DPoP proofs, one at a time. It does not allocate after NewProofs.
//
// Nothing of a proof is remembered here: that it is not used twice is for its user to
// see to (JTI, IssuedNanos), after all the rest.
type Proofs struct {
	// JTI is the proof's jti, unescaped, and IssuedNanos its iat (Unix nanoseconds), of
	// the last Check that was Allow. JTI is valid until the next.
	JTI         []byte
	IssuedNanos int64

	verifier Verifier
	reader   SetReader
	claims   *json.Tape
	buf      [maxProof + 8]byte
	jti      [maxProof]byte
	text     [maxThumbprint]byte // that a key's thumbprint is of
	spki     [maxNumber + 64]byte
	sum      [32]byte
	ath      [32]byte

	alg Alg
	jwk uint32 // on the header's tape, reader.Tape
	key jwk
}

const (
	// maxProof bounds a proof: an RSA key of 8,192 bits and its signature fit.
	maxProof      = 5 << 10
	maxThumbprint = 2 << 10
	maxJTI        = 512
	proofNodes    = 64
	proofDepth    = 4
)

// NewProofs allocates a Proofs.
func NewProofs(v Verifier) *Proofs {
	return &Proofs{verifier: v, claims: json.NewTape(proofNodes),
		reader: SetReader{Parser: json.NewParser(proofNodes, proofDepth), Tape: json.NewTape(proofNodes)}}
}

// Check judges a proof by what its token's provider asks, at the time now (Unix
// nanoseconds). It answers Allow or the first thing wrong of RFC 9449 section 4.3, the
// signature last.
func (p *Proofs) Check(b *table.Binding, q *Proof, now int64) verdict.Code {
	p.JTI = nil
	if len(q.Text) > maxProof || p.verifier == nil {
		return verdict.ProofMalformed
	}
	parts, ok := split(q.Text)
	if !ok {
		return verdict.ProofMalformed
	}
	nh, ok1 := decodeURL(p.buf[:], parts.header)
	rest := p.buf[nh:]
	np, ok2 := decodeURL(rest, parts.payload)
	ns, ok3 := decodeURL(rest[np:], parts.signature)
	if !ok1 || !ok2 || !ok3 {
		return verdict.ProofMalformed
	}
	header, payload, sig := p.buf[:nh], rest[:np], rest[np:np+ns]
	o := json.Options{MaxDepth: proofDepth, MaxNodes: proofNodes}
	if p.reader.Parser.Parse(p.reader.Tape, header, o) != json.StatusOK {
		return verdict.ProofMalformed
	}
	if code := p.readHeader(b); code != 0 {
		return code
	}
	if p.reader.Parser.Parse(p.claims, payload, o) != json.StatusOK {
		return verdict.ProofMalformed
	}
	if code := p.judge(b, q, now); code != 0 {
		return code
	}
	return p.verify(q, parts.signed, sig)
}

// readHeader reads the header and its key. It declines what would change the meaning
// of the rest, and every key but a public one.
func (p *Proofs) readHeader(b *table.Binding) verdict.Code {
	t := p.reader.Tape
	if t.Nodes[0].Kind() != json.KindObject {
		return verdict.ProofMalformed
	}
	p.alg, p.jwk = 0, 0
	typed := false
	for i := uint32(1); i < t.Nodes[0].Ext; i = t.Next(i + 1) {
		value := i + 1
		isString := t.Nodes[value].Kind() == json.KindString
		switch {
		case t.EqualString(i, lit.alg):
			if isString {
				p.alg = AlgByName(t.Text(value))
			}
		case t.EqualString(i, lit.typ):
			typed = isString && t.EqualString(value, lit.proof)
		case t.EqualString(i, lit.jwk):
			p.jwk = value
		default:
			for _, name := range &lit.refused {
				if t.EqualString(i, name) {
					return verdict.ProofMalformed
				}
			}
		}
	}
	switch {
	case !typed:
		return verdict.ProofMalformed
	case p.alg < RS256 || b.Algorithms>>p.alg&1 == 0:
		return verdict.ProofAlgorithm
	case p.jwk == 0:
		return verdict.ProofKey
	}
	k, ok := p.reader.members(p.jwk)
	switch {
	case !ok, k.private, p.reader.is(k.kty, lit.oct), p.hasPrivate(),
		k.use != 0 && !p.reader.is(k.use, lit.sig), k.ops != 0 && !p.reader.holds(k.ops, lit.verify):
		return verdict.ProofKey
	case k.alg != 0 && !p.reader.is(k.alg, lit.algNames[p.alg]):
		return verdict.ProofAlgorithm
	}
	p.key = k
	return 0
}

// hasPrivate reports a member of the key that only a private one has (RFC 7518 sections
// 6.2.2, 6.3.2 and 6.4.1).
func (p *Proofs) hasPrivate() bool {
	for _, name := range &lit.private {
		if p.reader.Tape.Member(p.jwk, name) != 0 {
			return true
		}
	}
	return false
}

// judge checks the claims: what is said of the request, the time and the token, and
// that the key is the token's.
func (p *Proofs) judge(b *table.Binding, q *Proof, now int64) verdict.Code {
	t := p.claims
	if t.Nodes[0].Kind() != json.KindObject {
		return verdict.ProofMalformed
	}
	str := func(name []byte) (uint32, bool) {
		v := t.Member(0, name)
		return v, v != 0 && t.Nodes[v].Kind() == json.KindString
	}
	jti, ok1 := str(lit.jti)
	htm, ok2 := str(lit.htm)
	htu, ok3 := str(lit.htu)
	iat := t.Member(0, lit.iat)
	if !ok1 || !ok2 || !ok3 || iat == 0 || t.Nodes[iat].Kind() != json.KindNumber || t.Nodes[jti].Len == 0 || t.Nodes[jti].Len > maxJTI {
		return verdict.ProofMalformed
	}
	issued, ok := parseDate(t.Text(iat))
	switch {
	case !ok:
		return verdict.ProofMalformed
	case !t.EqualString(htm, q.Method), t.Nodes[htu].Meta&json.FlagEscaped != 0, !targets(t.Text(htu), b.Origins, q.Authority, q.Path):
		return verdict.ProofTarget
	case addSeconds(issued, int64(b.AgeSeconds)) < now, issued > addSeconds(now, int64(b.FutureSeconds)):
		return verdict.ProofTime
	}
	ath, ok := str(lit.ath)
	if !ok || !digest(t, ath, &p.ath) {
		return verdict.ProofToken
	}
	p.verifier.SHA256(q.Token, &p.sum)
	if p.sum != p.ath {
		return verdict.ProofToken
	}
	text := p.thumbprintText()
	if text == nil {
		return verdict.ProofKey
	}
	p.verifier.SHA256(text, &p.sum)
	if p.sum != *q.Thumbprint {
		return verdict.ProofKey
	}
	if len(q.Nonces[0]) != 0 {
		nonce, ok := str(lit.nonce)
		if !ok || !t.EqualString(nonce, q.Nonces[0]) && !t.EqualString(nonce, q.Nonces[1]) {
			return verdict.ProofNonce
		}
	}
	p.JTI, p.IssuedNanos = t.String(jti, p.jti[:0]), issued
	return 0
}

// verify checks the signature with the key in the header, which is the token's.
func (p *Proofs) verify(q *Proof, signed, sig []byte) verdict.Code {
	spki, kind, left := p.reader.public(p.spki[:0], &p.key)
	switch {
	case left != LeftNone:
		return verdict.ProofKey
	case KeyKind(p.alg) != kind:
		return verdict.ProofAlgorithm
	case !inForm(p.alg, sig):
		return verdict.ProofSignature
	}
	switch p.verifier.Verify(p.alg, spki, signed, sig) {
	case Good:
		return verdict.Allow
	case Bad:
		return verdict.ProofSignature
	case Busy:
		return verdict.TokenVerifyBudget
	case Unsupported:
		return verdict.ProofKey
	}
	return verdict.CredentialUnsupported
}

// inForm tells whether a signature has the form that alg makes.
func inForm(alg Alg, sig []byte) bool {
	switch {
	case alg.IsECDSA():
		return der.IsSignature(KeyKind(alg), sig)
	case alg == EdDSA:
		return len(sig) == 64
	}
	return len(sig) >= 256 // RSA: the modulus's length, at least 2,048 bits
}

// thumbprintText is what the thumbprint of the key is the hash of (RFC 7638 section 3):
// its required members in their order, with the values as they are written. Nil for a
// key whose values are written with escapes, or too long.
func (p *Proofs) thumbprintText() []byte {
	r, k := &p.reader, &p.key
	out := append(p.text[:0], '{')
	ok := true
	add := func(name []byte, node uint32) {
		if !ok || node == 0 || r.Tape.Nodes[node].Meta&json.FlagEscaped != 0 {
			ok = false
			return
		}
		value := r.Tape.Text(node)
		if len(out)+len(name)+len(value)+8 > len(p.text) {
			ok = false
			return
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), `":"`...)
		out = append(append(out, value...), '"')
	}
	switch {
	case r.is(k.kty, lit.rsa):
		add(lit.e, k.e)
		add(lit.kty, k.kty)
		add(lit.n, k.n)
	case r.is(k.kty, lit.ec):
		add(lit.crv, k.crv)
		add(lit.kty, k.kty)
		add(lit.x, k.x)
		add(lit.y, k.y)
	case r.is(k.kty, lit.okp):
		add(lit.crv, k.crv)
		add(lit.kty, k.kty)
		add(lit.x, k.x)
	default:
		ok = false
	}
	if !ok {
		return nil
	}
	return append(out, '}')
}
