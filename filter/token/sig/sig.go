// Package sig does the cryptography for tokens with Go's own: hashes, HMAC and
// signatures of RSA, ECDSA and Ed25519 keys. It is the only package of the filter
// that imports crypto/*, which cost 2.5 MB of module. The build tag `lean` leaves
// public keys to the host, and has the hashes and HMAC, which cost 0.6 MB.
//
// Keys are read by package der, never by crypto/x509: that pulls in
// path_filestat_get, and hosts up to Envoy 1.37 refuse a module that imports it.
package sig

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"portcullis/filter/token"
)

// Crypto is a token.Verifier for one goroutine. Hashing does not allocate; the
// first HMAC under a secret does, and Go's public-key functions do, a little on
// every check.
type Crypto struct {
	h256, h384, h512 hash.Hash
	sum              [64]byte
	macs             macs
	public           public
}

// New allocates what every configuration needs.
func New() *Crypto {
	return &Crypto{h256: sha256.New(), h384: sha512.New384(), h512: sha512.New()}
}

var _ token.Verifier = (*Crypto)(nil)

// SHA256 writes the SHA-256 of in to out.
func (c *Crypto) SHA256(in []byte, out *[32]byte) {
	c.h256.Reset()
	c.h256.Write(in)
	c.h256.Sum(out[:0])
}

// hash is the hash that alg works with, nil for EdDSA.
func (c *Crypto) hash(alg token.Alg) hash.Hash {
	switch alg.HashSize() {
	case 32:
		return c.h256
	case 48:
		return c.h384
	case 64:
		return c.h512
	}
	return nil
}
