package engine

import (
	"portcullis/filter/credential"
	"portcullis/filter/replay"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// prover is what DPoP proofs are judged with.
type prover struct {
	proofs *token.Proofs
	guard  *replay.Guard
	proof  token.Proof // scratch: of the last request
	nonces nonces
}

// newProver makes a prover where a provider of t accepts proofs, nil elsewhere.
func newProver(t *table.Table, o *Options) *prover {
	for i := range t.NumProviders() {
		if b := t.Binding(i); b.Proofs() && o.Sig != nil {
			return &prover{proofs: token.NewProofs(o.Sig), guard: replay.New(o.Store, o.Seed)}
		}
	}
	return nil
}

// proofField is the field that a DPoP proof stands in (RFC 9449 section 4.1).
const proofField = "dpop"

// holder judges whether who shows an accepted token is its holder: what the token is
// bound to must be there too. proof says that the token came as one with a DPoP proof.
func (e *Engine) holder(r *Request, shown []byte, proof bool) verdict.Code {
	b := &e.shown.binding
	if !e.tokens.Binding(b) {
		return verdict.TokenBinding
	}
	p := e.t.Binding(e.tokens.Provider())
	if b.To == 0 && p.Bound == table.BoundOptional && !proof {
		return verdict.Allow
	}
	if code := b.Bound(&p, proof); code != verdict.Allow {
		return code
	}
	if b.To&token.ToCertificate != 0 && !e.showsCertificate(r, &b.Certificate) {
		return verdict.TokenBinding
	}
	if b.To&token.ToKey != 0 {
		return e.proof(r, shown, &p, b)
	}
	return verdict.Allow
}

// proof judges the request's DPoP proof. That it was not used before is asked last: what
// is not good is not remembered.
func (e *Engine) proof(r *Request, shown []byte, p *table.Binding, b *token.Binding) verdict.Code {
	if e.proofs == nil {
		return verdict.TokenBinding
	}
	var text []byte
	for i := range r.Headers {
		h := &r.Headers[i]
		if string(h.Name) != proofField {
			continue
		}
		if text != nil {
			return verdict.ProofMalformed // RFC 9449 section 4.3: not more than one
		}
		if text = h.Value; text == nil {
			text = h.Name[:0]
		}
	}
	if text == nil {
		return verdict.ProofMissing
	}
	v := e.proofs
	q := &v.proof
	*q = token.Proof{Text: text, Token: shown, Method: r.fields.method, Authority: r.fields.authority, Path: r.fields.path, Thumbprint: &b.Thumbprint}
	if p.Nonce {
		if !v.nonces.make(v.guard, e.opt.Sig, p, r.NowNanos) {
			return verdict.ProofUnavailable
		}
		q.Nonces = [2][]byte{v.nonces.text[0][:], v.nonces.text[1][:]}
	}
	if code := v.proofs.Check(p, q, r.NowNanos); code != verdict.Allow {
		return code
	}
	if e.shown.proved {
		return verdict.Allow
	}
	until := v.proofs.IssuedNanos + int64(p.AgeSeconds)*1e9
	switch v.guard.Use(&b.Thumbprint, v.proofs.JTI, r.NowNanos, until, p.Replays) {
	case replay.First:
		e.shown.proved = true
		return verdict.Allow
	case replay.Again:
		return verdict.ProofReplayed
	case replay.Full:
		return verdict.ProofStoreFull
	}
	return verdict.ProofUnavailable
}

// showsCertificate reports whether the connection's client showed the certificate with
// this SHA-256, by the proxy's word or by that of a proxy in front that the policy lets
// forward certificates.
func (e *Engine) showsCertificate(r *Request, want *[32]byte) bool {
	if e.opt.Peer == nil {
		return false
	}
	print := e.opt.Peer.Certificate()
	if len(print) == 0 {
		return false
	}
	if !e.isHop(print) {
		return isHex(print, want)
	}
	var field []byte
	seen := false
	for i := range r.Headers {
		if string(r.Headers[i].Name) == xfcc {
			if seen {
				return false
			}
			seen, field = true, r.Headers[i].Value
		}
	}
	x := &e.shown.forwarded
	return seen && credential.ParseForwarded(field, x) && isHex(x.Hash, want)
}

// isHop reports that the connection is that of a proxy in front.
func (e *Engine) isHop(print []byte) bool {
	var hops table.Scheme
	at := e.named(hops, table.CredentialFingerprint, print)
	if at == table.NoIndex && (e.knows(table.CredentialURI) || e.knows(table.CredentialURIPrefix)) {
		at = e.byURI(hops, e.opt.Peer.CertificateURI())
	}
	if at == table.NoIndex && (e.knows(table.CredentialDNS) || e.knows(table.CredentialDNSSuffix)) {
		at = e.byDNS(hops, e.opt.Peer.CertificateDNS())
	}
	if at == table.NoIndex && e.knows(table.CredentialSubject) {
		at = e.named(hops, table.CredentialSubject, e.opt.Peer.CertificateSubject())
	}
	return at != table.NoIndex
}

// accepts reports whether a scheme accepts a consumer. The zero Scheme stands for what
// accepts proxies in front, of any scheme, and nobody else.
func (e *Engine) accepts(s table.Scheme, consumer uint32) bool {
	if s == (table.Scheme{}) {
		return e.t.Consumer(consumer).Flags()&table.ConsumerFlagHop != 0
	}
	return s.Accepts(consumer)
}

// isHex reports the hexadecimal digits of a hash.
func isHex(digits []byte, want *[32]byte) bool {
	if len(digits) != 2*len(want) {
		return false
	}
	bad := byte(0)
	for i, w := range want {
		hi, lo := text.HexDigit(digits[2*i]), text.HexDigit(digits[2*i+1])
		bad |= (hi|lo)&^15 | ((hi<<4 | lo) ^ w)
	}
	return bad == 0
}
