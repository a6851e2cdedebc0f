package der

// AppendRSA appends the SubjectPublicKeyInfo of an RSA key given by modulus and
// exponent as JWK carries them (RFC 7518 section 6.3.1): big-endian. Leading
// zeros, which RFC 7518 forbids and some issuers write, are dropped. Weak keys
// are refused as Read refuses them, and dst is returned as it was. It does not
// allocate if dst has room.
func AppendRSA(dst, modulus, exponent []byte) ([]byte, Problem) {
	n, e := trimZeros(modulus), trimZeros(exponent)
	if len(n) == 0 || len(e) == 0 || n[0] == 0 || e[0] == 0 {
		return dst, Malformed
	}
	if _, p := checkRSA(n, e); p != None {
		return dst, p
	}
	inner := elementSize(uintSize(n)) + elementSize(uintSize(e))
	dst = appendSPKI(dst, oidRSA+derNull, elementSize(inner))
	dst = appendHead(dst, tagSequence, inner)
	for _, v := range [...][]byte{n, e} {
		dst = appendHead(dst, tagInteger, uintSize(v))
		if uintSize(v) != len(v) {
			dst = append(dst, 0)
		}
		dst = append(dst, v...)
	}
	return dst, None
}

// AppendPoint appends the SubjectPublicKeyInfo of a curve point: 04, x, y for
// the NIST curves, 32 bytes for Ed25519. It does not allocate if dst has room.
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
	out := append(appendSPKI(dst, alg, len(point)), point...)
	if _, p := Read(out[len(dst):]); p != None {
		return dst, p
	}
	return out, None
}

// appendSPKI appends what comes before a key of size bytes.
func appendSPKI(dst []byte, alg string, size int) []byte {
	dst = appendHead(dst, tagSequence, elementSize(len(alg))+elementSize(1+size))
	dst = appendHead(dst, tagSequence, len(alg))
	dst = append(dst, alg...)
	dst = appendHead(dst, tagBitString, 1+size)
	return append(dst, 0) // no unused bits
}

// elementSize is the size of an element with n bytes of content, under 64 KiB.
func elementSize(n int) int {
	switch {
	case n < 0x80:
		return 2 + n
	case n < 0x100:
		return 3 + n
	}
	return 4 + n
}

// appendHead appends the tag and length of an element with n bytes of content.
func appendHead(dst []byte, tag byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(dst, tag, byte(n))
	case n < 0x100:
		return append(dst, tag, 0x81, byte(n))
	}
	return append(dst, tag, 0x82, byte(n>>8), byte(n))
}
