package plugin

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/token/der"
)

// verifier is token.Verifier: RSA PKCS#1 v1.5 and ECDSA go to the host's
// verify_signature where it has it, ten times faster than the VM; the rest, and
// every host without it, to the fallback.
type verifier struct {
	host     abi.Host
	fallback token.Verifier
	args     []byte // scratch: VerifySignatureArguments
	der      [der.MaxSignatureSize]byte
	budget   verifyBudget
	// missing is set when the host said that it has no such function.
	missing bool
}

var _ token.Verifier = (*verifier)(nil)

// maxVerifyArgs bounds what is handed to the host: a token (limited elsewhere to
// less), a key, a signature and the message's own bytes.
const maxVerifyArgs = 32 << 10

func newVerifier(h abi.Host, fallback token.Verifier) verifier {
	return verifier{host: h, fallback: fallback, args: make([]byte, 0, maxVerifyArgs)}
}

// Verify implements token.Verifier, as far as the budget goes.
func (v *verifier) Verify(alg token.Alg, spki, signed, sig []byte) token.Result {
	if !v.budget.bounded() {
		r, _ := v.check(alg, spki, signed, sig)
		return r
	}
	start := v.host.NowNanos()
	if !v.budget.left(start) {
		return token.Busy
	}
	r, byHost := v.check(alg, spki, signed, sig)
	v.budget.spend(v.host.NowNanos()-start, costOf(alg, byHost))
	return r
}

// check checks a signature, whatever it costs.
func (v *verifier) check(alg token.Alg, spki, signed, sig []byte) (r token.Result, byHost bool) {
	if r := v.byHost(alg, spki, signed, sig); r == token.Good || r == token.Bad {
		return r, true
	}
	if v.fallback == nil {
		return token.Unsupported, false
	}
	return v.fallback.Verify(alg, spki, signed, sig), false
}

// byHost asks the host's verify_signature. A host that can't say (no such function,
// a key it does not read) decides nothing.
func (v *verifier) byHost(alg token.Alg, spki, signed, sig []byte) token.Result {
	if v.missing {
		return token.Unsupported
	}
	hash := hostHash(alg)
	if hash == "" {
		return token.Unsupported
	}
	if alg.IsECDSA() {
		sig = der.AppendSignature(v.der[:0], sig)
	}
	if len(hash)+len(spki)+len(sig)+len(signed)+4*6 > cap(v.args) {
		return token.Unsupported
	}
	// VerifySignatureArguments of Envoy's common Wasm extension: fields 1 to 4.
	a := appendField(v.args[:0], 1, hash, nil)
	a = appendField(a, 2, "", spki)
	a = appendField(a, 3, "", sig)
	a = appendField(a, 4, "", signed)
	answer, st := v.host.CallForeign("verify_signature", a)
	switch st {
	case abi.StatusOK:
		return verifyResult(answer)
	case abi.StatusNotFound, abi.StatusUnimplemented:
		v.missing = true
	}
	return token.Unsupported
}

// hostHash is the host's name of alg's hash; "" for what it does not verify (PSS and
// Ed25519 among them).
func hostHash(alg token.Alg) string {
	switch alg {
	case token.RS256, token.ES256:
		return "sha256"
	case token.RS384, token.ES384:
		return "sha384"
	case token.RS512, token.ES512:
		return "sha512"
	}
	return ""
}

// appendField appends a length-delimited protobuf field, the value in one of two
// forms.
//
//go:noinline
func appendField(dst []byte, number byte, s string, b []byte) []byte {
	dst = text.Byte(dst, number<<3|2)
	n := uint32(len(s) + len(b))
	for ; n >= 0x80; n >>= 7 {
		dst = text.Byte(dst, byte(n)|0x80)
	}
	dst = text.Byte(dst, byte(n))
	return text.Bytes(text.Append(dst, s), b)
}

// badSignature begins the host's message for a signature that is wrong, as against
// one that it could not check.
const badSignature = "Failed to verify"

// verifyResult reads VerifySignatureResult {bool result = 1; string error = 2}. A
// false bool is left out of the message. Only an explicit true is good; an error
// that does not speak of the signature decides nothing.
func verifyResult(b []byte) token.Result {
	result := token.Bad
	for len(b) > 0 {
		switch {
		case len(b) >= 2 && b[0] == 1<<3 && b[1] == 1:
			result = token.Good
			b = b[2:]
		case len(b) >= 2 && b[0] == 2<<3|2 && b[1] < 0x80 && len(b) >= 2+int(b[1]):
			if says := b[2 : 2+b[1]]; len(says) > 0 && !hasPrefix(says, badSignature) {
				return token.Unsupported
			}
			b = b[2+int(b[1]):]
		default:
			return token.Unsupported
		}
	}
	return result
}

// HMAC implements token.Verifier.
func (v *verifier) HMAC(alg token.Alg, key, signed []byte, out *[64]byte) int {
	if v.fallback == nil {
		return 0
	}
	return v.fallback.HMAC(alg, key, signed, out)
}

// SHA256 implements token.Verifier.
func (v *verifier) SHA256(in []byte, out *[32]byte) {
	if v.fallback != nil {
		v.fallback.SHA256(in, out)
	}
}
