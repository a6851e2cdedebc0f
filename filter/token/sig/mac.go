package sig

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"hash"

	"portcullis/filter/token"
)

// maxMACs bounds the secrets that are kept ready. More secrets than this work; they
// are made ready again when their turn comes.
const maxMACs = 64

// macs are the HMACs made so far, replaced in turn: crypto/hmac allocates for a
// secret once, and keeps the two blocks that every MAC under it begins with.
type macs struct {
	list []mac // at most maxMACs
	next uint32
}

// mac is HMAC with one algorithm under one secret.
type mac struct {
	alg    token.Alg
	secret []byte // a copy: with alg, what it is found by
	hash   hash.Hash
}

// HMAC writes the HMAC of signed under key to out and returns its size, 0 where alg
// is no HMAC (RFC 2104).
func (c *Crypto) HMAC(alg token.Alg, key, signed []byte, out *[64]byte) int {
	if !alg.IsHMAC() {
		return 0
	}
	h := c.macs.of(alg, key)
	h.Reset()
	h.Write(signed)
	return len(h.Sum(out[:0]))
}

// of finds the HMAC of alg under secret, or makes it.
func (m *macs) of(alg token.Alg, secret []byte) hash.Hash {
	for i := range m.list {
		if k := &m.list[i]; k.alg == alg && subtle.ConstantTimeCompare(k.secret, secret) == 1 {
			return k.hash
		}
	}
	made := mac{alg: alg, secret: bytes.Clone(secret)}
	switch alg {
	case token.HS256:
		made.hash = hmac.New(sha256.New, secret)
	case token.HS384:
		made.hash = hmac.New(sha512.New384, secret)
	default:
		made.hash = hmac.New(sha512.New, secret)
	}
	if len(m.list) < maxMACs {
		m.list = append(m.list, made)
		return made.hash
	}
	m.list[m.next%maxMACs] = made
	m.next++
	return made.hash
}
