//go:build lean

package sig

import (
	"portcullis/filter/token"
	"portcullis/filter/token/der"
)

// Public tells whether this build checks public-key signatures itself.
const Public = false

type public struct{}

// Verify leaves public keys to the host.
func (c *Crypto) Verify(alg token.Alg, spki, signed, sig []byte) token.Result {
	return token.Unsupported
}

// CheckKey says why spki can't serve alg, or nothing. This build can't tell a
// point that is not on its curve.
func CheckKey(alg token.Alg, spki []byte) string {
	k, p := der.Read(spki)
	if p != der.None {
		return p.String()
	}
	return mismatch(alg, k.Kind)
}
