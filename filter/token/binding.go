package token

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// What a token may be bound to.
const (
	// ToCertificate is a client certificate (RFC 8705 section 3.1).
	ToCertificate = 1 << 0
	// ToKey is a key that DPoP proofs are made with (RFC 9449 section 6).
	ToKey = 1 << 1
)

// Binding is what a token is bound to by its cnf claim (RFC 7800). The zero value is a
// token that whoever has it may use.
type Binding struct {
	To          uint8
	Certificate [32]byte // SHA-256 of the certificate, with ToCertificate
	Thumbprint  [32]byte // of the key (RFC 7638), with ToKey
}

// Binding reads what the accepted token is bound to. It is false where the claim holds
// anything that is not known here: such a token is none that the bearer may use (RFC
// 7800 section 3.1 leaves it to the application, and guessing would be for the thief).
func (c *Checker) Binding(b *Binding) bool {
	*b = Binding{}
	if !c.accepted {
		return false
	}
	if c.found.cnf == 0 {
		return true
	}
	t := c.Claims()
	cnf := t.Member(0, lit.cnf)
	if cnf == 0 || t.Nodes[cnf].Kind() != json.KindObject {
		return false
	}
	for i := cnf + 1; i < t.Nodes[cnf].Ext; i = t.Next(i + 1) {
		switch {
		case t.EqualString(i, lit.x5t):
			b.To |= ToCertificate
			if !digest(t, i+1, &b.Certificate) {
				return false
			}
		case t.EqualString(i, lit.jkt):
			b.To |= ToKey
			if !digest(t, i+1, &b.Thumbprint) {
				return false
			}
		default:
			return false
		}
	}
	return b.To != 0
}

// Bound judges what a token of a provider is bound to against what the policy asks for;
// proof says whether the token came as one that goes with a proof.
func (b *Binding) Bound(p *table.Binding, proof bool) verdict.Code {
	switch {
	case p.Bound == table.BoundCertificate && b.To&ToCertificate == 0, p.Bound == table.BoundProof && b.To&ToKey == 0,
		p.Bound == table.BoundAny && b.To == 0, proof && b.To&ToKey == 0:
		return verdict.TokenUnbound
	case b.To&ToKey != 0 && !(proof && p.Proofs()):
		return verdict.TokenBinding
	}
	return verdict.Allow
}

// digest decodes a SHA-256 in base64url at node.
func digest(t *json.Tape, node uint32, out *[32]byte) bool {
	if t.Nodes[node].Kind() != json.KindString {
		return false
	}
	text := t.Text(node)
	if len(text) != 43 {
		return false
	}
	n, ok := decodeURL(out[:], text)
	return ok && n == len(out)
}
