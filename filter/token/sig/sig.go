// Package sig does the cryptography for tokens with Go's own: hashes, HMAC and
// signatures of RSA, ECDSA and Ed25519 keys. It is the only package of the filter
// that imports crypto/*, which cost 2.5 MB of module. The build tag `lean` leaves
// public keys to the host and hashes with package sha2, without crypto/*.
//
// Keys are read by package der, never by crypto/x509: that pulls in
// path_filestat_get, and hosts up to Envoy 1.37 refuse a module that imports it.
package sig

import "portcullis/filter/token"

// Crypto is a token.Verifier for one goroutine. Hashing and HMAC do not
// allocate; Go's public-key functions do, a little on every check.
type Crypto struct {
	h256, h384, h512 hasher
	block            [maxBlock]byte
	sum              [64]byte
	public           public
}

// New allocates everything that is kept.
func New() *Crypto {
	c := new(Crypto)
	c.h256, c.h384, c.h512 = newDigests()
	return c
}

// hasher is what this package needs of hash.Hash. Sum may end the hash: Reset comes
// before every use.
type hasher interface {
	Reset()
	BlockSize() int
	Write(b []byte) (int, error)
	Sum(dst []byte) []byte
}

// maxBlock is the block size of SHA-384 and SHA-512 (FIPS 180-4 section 1).
const maxBlock = 128

var _ token.Verifier = (*Crypto)(nil)

// SHA256 writes the SHA-256 of in to out.
func (c *Crypto) SHA256(in []byte, out *[32]byte) {
	c.h256.Reset()
	c.h256.Write(in)
	copy(out[:], c.h256.Sum(c.sum[:0]))
}

// HMAC writes the HMAC of signed under key to out and returns its size (RFC
// 2104). crypto/hmac is not used because it allocates for every key.
func (c *Crypto) HMAC(alg token.Alg, key, signed []byte, out *[64]byte) int {
	if !alg.IsHMAC() {
		return 0
	}
	h := c.hash(alg)
	block := c.block[:h.BlockSize()]
	clear(block)
	if len(key) > len(block) {
		h.Reset()
		h.Write(key)
		copy(block, h.Sum(c.sum[:0]))
	} else {
		copy(block, key)
	}
	for i := range block {
		block[i] ^= 0x36
	}
	h.Reset()
	h.Write(block)
	h.Write(signed)
	inner := h.Sum(c.sum[:0])
	for i := range block {
		block[i] ^= 0x36 ^ 0x5c
	}
	h.Reset()
	h.Write(block)
	h.Write(inner)
	clear(block) // what remains of the key
	return copy(out[:], h.Sum(c.sum[:0]))
}

// hash is the hash that alg works with, nil for EdDSA.
func (c *Crypto) hash(alg token.Alg) hasher {
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
