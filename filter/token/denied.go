package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// DeniedByID appends what a table denies a token by its jti by the digest of: ids are
// unique within an issuer only (RFC 7519 section 4.1.7).
func DeniedByID(dst, issuer, jti []byte) []byte {
	dst = append(append(dst, "jti\x00"...), issuer...)
	return append(append(dst, 0), jti...)
}

// maxIssuer is the room for an issuer beside a jti.
const maxIssuer = 4 << 10

// denied reports whether an accepted token is one that t denies, by its own digest or by
// its jti. It is asked once: tokens that are remembered were not denied by this table.
//
// A token's digest is that of what is signed, without the signature: of an ECDSA signature
// anybody can make another good one.
func (c *Checker) denied(t *table.Table, signed []byte) bool {
	if t.NumDenied() == 0 {
		return false
	}
	c.verifier.SHA256(signed, &c.digest)
	if t.Denied(&c.digest) {
		return true
	}
	jti := c.claims.Member(0, lit.jti)
	if jti == 0 || c.claims.Nodes[jti].Kind() != json.KindString {
		return false
	}
	p := t.Provider(c.provider)
	id := c.claims.String(jti, c.text[:0])
	if len(id)+len(p.Issuer)+8 > cap(c.ids) {
		return true // closed
	}
	c.verifier.SHA256(DeniedByID(c.ids[:0], p.Issuer, id), &c.digest)
	return t.Denied(&c.digest)
}
