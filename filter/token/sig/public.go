//go:build !lean

package sig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"

	"portcullis/filter/token"
	"portcullis/filter/token/der"
)

// Public tells whether this build checks public-key signatures itself.
const Public = true

// maxParsed bounds the keys kept in parsed form. More keys than this work; they
// are parsed again when their turn comes.
const maxParsed = 64

// public is the keys parsed so far, replaced in turn.
type public struct {
	keys [maxParsed]parsed
	next uint32
	der  [der.MaxSignatureSize]byte
}

// parsed is one key in the form that Go wants. Exactly one pointer is set, none
// where the key can't be used.
type parsed struct {
	spki []byte // a copy: the key's identity
	kind der.Kind
	rsa  *rsa.PublicKey
	ec   *ecdsa.PublicKey
	ed   ed25519.PublicKey
}

// Verify checks sig over signed. A key that can't be used, or serves another
// algorithm, is Unsupported.
func (c *Crypto) Verify(alg token.Alg, spki, signed, sig []byte) token.Result {
	k := c.key(spki)
	if k.kind == 0 || k.kind != token.KeyKind(alg) {
		return token.Unsupported
	}
	if alg == token.EdDSA {
		return result(len(sig) == ed25519.SignatureSize && ed25519.Verify(k.ed, signed, sig))
	}
	h := c.hash(alg)
	h.Reset()
	h.Write(signed)
	digest := h.Sum(c.sum[:0])
	switch {
	case alg.IsECDSA():
		if !der.IsSignature(k.kind, sig) {
			return token.Bad
		}
		return result(ecdsa.VerifyASN1(k.ec, digest, der.AppendSignature(c.public.der[:0], sig)))
	case len(sig) != k.rsa.Size():
		return token.Bad
	case alg >= token.PS256:
		// RFC 7518 section 3.5: the salt is as long as the hash.
		o := rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
		return result(rsa.VerifyPSS(k.rsa, hashOf(alg), digest, sig, &o) == nil)
	default:
		return result(rsa.VerifyPKCS1v15(k.rsa, hashOf(alg), digest, sig) == nil)
	}
}

func result(ok bool) token.Result {
	if ok {
		return token.Good
	}
	return token.Bad
}

func hashOf(alg token.Alg) crypto.Hash {
	switch alg.HashSize() {
	case 32:
		return crypto.SHA256
	case 48:
		return crypto.SHA384
	default:
		return crypto.SHA512
	}
}

// key finds spki among the parsed keys or parses it.
func (c *Crypto) key(spki []byte) *parsed {
	p := &c.public
	for i := range p.keys {
		if k := &p.keys[i]; len(spki) != 0 && bytes.Equal(k.spki, spki) {
			return k
		}
	}
	k := &p.keys[p.next]
	p.next = (p.next + 1) % maxParsed
	*k, _ = parse(spki)
	k.spki = bytes.Clone(spki)
	return k
}

// parse reads a key and makes sure that it can be used; problem is "" then.
func parse(spki []byte) (k parsed, problem string) {
	d, p := der.Read(spki)
	if p != der.None {
		return k, p.String()
	}
	switch d.Kind {
	case der.RSA:
		k.rsa = &rsa.PublicKey{N: new(big.Int).SetBytes(d.Modulus), E: int(d.Exponent)}
	case der.Ed25519:
		k.ed = bytes.Clone(d.Point)
	default:
		ec, err := ecdsa.ParseUncompressedPublicKey(curve(d.Kind), d.Point)
		if err != nil {
			return k, "the point is not on the curve"
		}
		k.ec = ec
	}
	k.kind = d.Kind
	return k, ""
}

func curve(kind der.Kind) elliptic.Curve {
	switch kind {
	case der.P256:
		return elliptic.P256()
	case der.P384:
		return elliptic.P384()
	default:
		return elliptic.P521()
	}
}

// CheckKey says why spki can't serve alg, or nothing.
func CheckKey(alg token.Alg, spki []byte) string {
	k, problem := parse(spki)
	if problem != "" {
		return problem
	}
	return mismatch(alg, k.kind)
}
