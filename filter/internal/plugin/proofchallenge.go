package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// asksOf is what the tokens of an operation ask of proofs.
type asksOf struct {
	algorithms uint32 // that proofs may have; 0: none are accepted
	always     bool   // nothing else than a token with a proof is accepted
}

// proofs is what the operation of v.d asks of DPoP proofs.
func (v *VM) proofs(e Engine) (asks asksOf) {
	if e == nil || e.Table() == nil || v.d.Op >= e.Table().NumOps() {
		return asks
	}
	t := e.Table()
	asks.always = true
	reqs := t.Op(v.d.Op).Requirements()
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := t.Requirement(i)
		for j := uses.Start; j < uses.End(); j++ {
			index, _ := t.Use(j)
			s := t.Scheme(index)
			asks.always = asks.always && s.Kind() == table.SchemeBearer
			for k := range s.NumProviders() {
				b := t.Binding(s.ProviderAt(k))
				asks.algorithms |= b.Algorithms
				asks.always = asks.always && b.Bound == table.BoundProof
			}
		}
	}
	return asks
}

// addChallenge adds the WWW-Authenticate field of v.d, of which challenge is all but what
// DPoP adds (RFC 9449 section 7.1) and the scopes.
func (v *VM) addChallenge(w *abi.PairsWriter, challenge string, r *root, e Engine) {
	const name = "www-authenticate"
	asks := v.proofs(e)
	if asks.algorithms == 0 {
		w.Add(name, challenge, v.appendScope(v.reply.value[:0], r, e))
		return
	}
	problem := ""
	switch code := v.d.Code; {
	case code == verdict.ProofNonce:
		problem = "use_dpop_nonce"
	case code.OfProof():
		problem = "invalid_dpop_proof"
	case code == verdict.AuthorizeScope:
		problem = "insufficient_scope"
	case challenge == bearer+`, error="invalid_token"`:
		problem = "invalid_token"
	}
	// A challenge of another scheme stands beside this one, but for what is wrong with a
	// proof, or with a token that came with one.
	alone := asks.always || v.d.Code.OfProof() || problem != "" && v.cameWithProof()
	dst := text.Append(v.reply.value[:0], "DPoP ")
	if alone && problem != "" {
		dst = text.Append(text.Append(text.Append(dst, `error="`), problem), `", `)
	}
	dst = text.Append(dst, `algs="`)
	for a, first := token.RS256, true; a <= token.EdDSA; a++ {
		if asks.algorithms>>a&1 == 0 {
			continue
		}
		if !first {
			dst = text.Byte(dst, ' ')
		}
		dst, first = text.Append(dst, a.Name()), false
	}
	dst = text.Byte(dst, '"')
	if !alone {
		dst = text.Append(text.Append(dst, ", "), challenge)
	}
	w.Add(name, "", v.appendScope(dst, r, e))
}

// nonce is what the next proof has to hold, for a request that is refused because its own
// does not; nil for every other.
func (v *VM) nonce(e Engine) []byte {
	if v.d.Code != verdict.ProofNonce {
		return nil
	}
	if n, ok := e.(interface{ Nonce() []byte }); ok {
		return n.Nonce()
	}
	return nil
}

// cameWithProof reports a request whose token came as one with a proof.
func (v *VM) cameWithProof() bool {
	for i := range v.req.Headers {
		h := &v.req.Headers[i]
		if string(h.Name) == "authorization" {
			_, proof := token.DPoP(h.Value)
			return proof
		}
	}
	return false
}
