package token

import (
	"portcullis/filter/table"
	"portcullis/filter/token/der"
)

// Alg is a JWS algorithm, numbered as in tables (table.AlgHS256 and on).
type Alg uint8

// Algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1). The zero value is
// none and never accepted.
const (
	HS256 Alg = table.AlgHS256
	HS384 Alg = table.AlgHS384
	HS512 Alg = table.AlgHS512
	RS256 Alg = table.AlgRS256
	RS384 Alg = table.AlgRS384
	RS512 Alg = table.AlgRS512
	PS256 Alg = table.AlgPS256
	PS384 Alg = table.AlgPS384
	PS512 Alg = table.AlgPS512
	ES256 Alg = table.AlgES256
	ES384 Alg = table.AlgES384
	ES512 Alg = table.AlgES512
	EdDSA Alg = table.AlgEdDSA
)

var algNames = [...]string{
	HS256: "HS256", HS384: "HS384", HS512: "HS512",
	RS256: "RS256", RS384: "RS384", RS512: "RS512",
	PS256: "PS256", PS384: "PS384", PS512: "PS512",
	ES256: "ES256", ES384: "ES384", ES512: "ES512",
	EdDSA: "EdDSA",
}

// Name is the `alg` of a header (case-sensitive), "" for no algorithm.
func (a Alg) Name() string {
	if int(a) >= len(algNames) {
		return ""
	}
	return algNames[a]
}

// IsHMAC reports HS256, HS384 or HS512: keys are secrets.
func (a Alg) IsHMAC() bool { return a >= HS256 && a <= HS512 }

// IsRSA reports RS* and PS*.
func (a Alg) IsRSA() bool { return a >= RS256 && a <= PS512 }

// IsECDSA reports ES*.
func (a Alg) IsECDSA() bool { return a >= ES256 && a <= ES512 }

// HashSize is the bytes of the hash (and HMAC) that a works with: 32, 48 or 64;
// 0 for EdDSA, which hashes by itself.
func (a Alg) HashSize() int {
	switch a {
	case HS256, RS256, PS256, ES256:
		return 32
	case HS384, RS384, PS384, ES384:
		return 48
	case HS512, RS512, PS512, ES512:
		return 64
	}
	return 0
}

// AlgByName is the algorithm with exactly this name, 0 for none. `none` in any
// case, and every name with another case, are no algorithm.
func AlgByName(name []byte) Alg {
	for a := HS256; a <= EdDSA; a++ {
		if string(name) == algNames[a] {
			return a
		}
	}
	return 0
}

// Result is what a Verifier found.
type Result uint8

// Results. The zero value is treated as Error.
const (
	Good        Result = iota + 1 // the signature is right
	Bad                           // it is not
	Unsupported                   // this verifier can't check this algorithm or key
	Error                         // it could not find out
	Busy                          // the budget for checking signatures is used up
)

// Verifier does the cryptography. Everything in this package that can be refused
// without it is.
type Verifier interface {
	// Verify checks sig over signed with the key spki (DER
	// SubjectPublicKeyInfo), for every algorithm that is not HMAC. The caller
	// has made sure that an ES signature is r and s in range (der.IsSignature).
	Verify(alg Alg, spki, signed, sig []byte) Result
	// HMAC writes the HMAC of signed under key to out and returns its size, or
	// 0 when alg is no HMAC (RFC 2104).
	HMAC(alg Alg, key, signed []byte, out *[64]byte) int
	// SHA256 writes the SHA-256 of in to out.
	SHA256(in []byte, out *[32]byte)
}

// KeyKind is the kind of public key that serves a, 0 for HMAC and no algorithm.
func KeyKind(a Alg) der.Kind {
	switch {
	case a.IsRSA():
		return der.RSA
	case a == ES256:
		return der.P256
	case a == ES384:
		return der.P384
	case a == ES512:
		return der.P521
	case a == EdDSA:
		return der.Ed25519
	}
	return 0
}
