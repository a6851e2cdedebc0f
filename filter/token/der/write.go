package der

// AppendRSA appends the SubjectPublicKeyInfo of an RSA key given by modulus and
// exponent as JWK carries them (RFC 7518 section 6.3.1): big-endian. Leading
// zeros, which RFC 7518 forbids and some issuers write, are dropped. Weak keys
// are refused as Read refuses them, and dst is returned as it was.
func AppendRSA(dst, modulus, exponent []byte) ([]byte, Problem) {
	n, e := trimZeros(modulus), trimZeros(exponent)
	if len(n) == 0 || len(e) == 0 || n[0] == 0 || e[0] == 0 {
		return dst, Malformed
	}
	if _, p := checkRSA(n, e); p != None {
		return dst, p
	}
	inner := element(tagSequence, append(element(tagInteger, signed(n)), element(tagInteger, signed(e))...))
	return appendSPKI(dst, oidRSA+derNull, inner), None
}

// AppendPoint appends the SubjectPublicKeyInfo of a curve point: 04, x, y for
// the NIST curves, 32 bytes for Ed25519.
func AppendPoint(dst []byte, kind Kind, point []byte) ([]byte, Problem) {
	alg := ""
	switch kind {
	case P256:
		alg = oidEC + oidP256
	case P384:
		alg = oidEC + oidP384
	case P521:
		alg = oidEC + oidP521
	case Ed25519:
		alg = oidEd25519
	default:
		return dst, Algorithm
	}
	out := appendSPKI(dst, alg, point)
	if _, p := Read(out[len(dst):]); p != None {
		return dst, p
	}
	return out, None
}

func appendSPKI(dst []byte, alg string, key []byte) []byte {
	body := element(tagSequence, []byte(alg))
	body = append(body, element(tagBitString, append([]byte{0}, key...))...)
	return append(dst, element(tagSequence, body)...)
}

func signed(v []byte) []byte {
	if v[0] >= 0x80 {
		return append([]byte{0}, v...)
	}
	return v
}

// element is one DER element; contents here are under 64 KiB.
func element(tag byte, content []byte) []byte {
	n := len(content)
	var out []byte
	switch {
	case n < 0x80:
		out = []byte{tag, byte(n)}
	case n < 0x100:
		out = []byte{tag, 0x81, byte(n)}
	default:
		out = []byte{tag, 0x82, byte(n >> 8), byte(n)}
	}
	return append(out, content...)
}
