package der

import "math/bits"

// Kind is the family of a key.
type Kind uint8

// Kinds of keys.
const (
	RSA Kind = iota + 1
	P256
	P384
	P521
	Ed25519
)

// Problem is why a key is refused.
type Problem uint8

// Problems. The zero value is none.
const (
	None        Problem = iota
	Malformed           // not the canonical DER of a SubjectPublicKeyInfo
	Algorithm           // a key that no JWS algorithm here can use
	RSASmall            // modulus under 2,048 bits
	RSALarge            // modulus over 8,192 bits, or with bits to spare
	RSAEven             // an even modulus is no product of two primes
	RSAExponent         // exponent even, under 65,537 or over 31 bits
	PointForm           // point compressed, at infinity or of the wrong length
	PointWeak           // an Ed25519 point of small order: it verifies forgeries
)

var problemTexts = [...]string{
	"no problem",
	"not a canonical DER SubjectPublicKeyInfo",
	"not an RSA, P-256, P-384, P-521 or Ed25519 key",
	"RSA modulus under 2048 bits",
	"RSA modulus over 8192 bits",
	"RSA modulus is even",
	"RSA exponent is even, under 65537 or over 31 bits",
	"curve point is not in uncompressed form",
	"Ed25519 point has small order",
}

// String says it for people.
func (p Problem) String() string {
	if int(p) >= len(problemTexts) {
		return "unknown problem"
	}
	return problemTexts[p]
}

// Key is what a SubjectPublicKeyInfo holds. Slices are views of the DER.
type Key struct {
	Kind     Kind
	Modulus  []byte // RSA: big-endian, no leading zeros
	Exponent uint32 // RSA
	Point    []byte // P-*: 04, x, y; Ed25519: the 32 bytes
}

// Object identifiers with their tag and length.
const (
	oidRSA     = "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01" // 1.2.840.113549.1.1.1
	oidEC      = "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"         // 1.2.840.10045.2.1
	oidP256    = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"     // 1.2.840.10045.3.1.7
	oidP384    = "\x06\x05\x2b\x81\x04\x00\x22"                 // 1.3.132.0.34
	oidP521    = "\x06\x05\x2b\x81\x04\x00\x23"                 // 1.3.132.0.35
	oidEd25519 = "\x06\x03\x2b\x65\x70"                         // 1.3.101.112
	derNull    = "\x05\x00"
)

// Limits of RSA keys. Larger moduli would let a key set buy CPU.
const (
	minModulusBits = 2048
	maxModulusBits = 8192
	minExponent    = 65537
)

// Read reads a SubjectPublicKeyInfo.
func Read(spki []byte) (Key, Problem) {
	body, rest, ok := consume(spki, tagSequence)
	if !ok || len(rest) != 0 {
		return Key{}, Malformed
	}
	alg, body, ok := consume(body, tagSequence)
	if !ok {
		return Key{}, Malformed
	}
	bits, rest, ok := consume(body, tagBitString)
	if !ok || len(rest) != 0 || len(bits) < 1 || bits[0] != 0 {
		return Key{}, Malformed
	}
	key := bits[1:]
	switch string(alg) {
	case oidRSA + derNull:
		return readRSA(key)
	case oidEC + oidP256:
		return readPoint(P256, key)
	case oidEC + oidP384:
		return readPoint(P384, key)
	case oidEC + oidP521:
		return readPoint(P521, key)
	case oidEd25519:
		if len(key) != 32 {
			return Key{}, PointForm
		}
		if isSmallOrder(key) {
			return Key{}, PointWeak
		}
		return Key{Kind: Ed25519, Point: key}, None
	}
	if _, _, ok := consume(alg, tagOID); !ok {
		return Key{}, Malformed
	}
	return Key{}, Algorithm
}

// readRSA reads an RSAPublicKey (RFC 8017 appendix A.1.1).
func readRSA(b []byte) (Key, Problem) {
	seq, rest, ok := consume(b, tagSequence)
	if !ok || len(rest) != 0 {
		return Key{}, Malformed
	}
	n, seq, ok := consumeUint(seq)
	if !ok {
		return Key{}, Malformed
	}
	e, rest, ok := consumeUint(seq)
	if !ok || len(rest) != 0 {
		return Key{}, Malformed
	}
	return checkRSA(n, e)
}

// checkRSA refuses weak moduli and exponents; both without leading zeros.
func checkRSA(n, e []byte) (Key, Problem) {
	size := len(n)*8 - bits.LeadingZeros8(n[0])
	switch {
	case size < minModulusBits:
		return Key{}, RSASmall
	case size > maxModulusBits:
		return Key{}, RSALarge
	case n[len(n)-1]&1 == 0:
		return Key{}, RSAEven
	case len(e) > 4:
		return Key{}, RSAExponent
	}
	exp := uint32(0)
	for _, c := range e {
		exp = exp<<8 | uint32(c)
	}
	if exp < minExponent || exp&1 == 0 || exp>>31 != 0 {
		return Key{}, RSAExponent
	}
	return Key{Kind: RSA, Modulus: n, Exponent: exp}, None
}

func readPoint(kind Kind, b []byte) (Key, Problem) {
	if len(b) != 1+2*CoordinateSize(kind) || b[0] != 4 {
		return Key{}, PointForm
	}
	return Key{Kind: kind, Point: b}, None
}

// CoordinateSize is the number of bytes of a coordinate, and of r and s of a
// signature; 0 for kinds that have none.
func CoordinateSize(kind Kind) int {
	switch kind {
	case P256:
		return 32
	case P384:
		return 48
	case P521:
		return 66
	}
	return 0
}

// smallOrderY is the encodings, without the sign bit, of the Ed25519 points
// whose order divides 8, canonical or not: y = 0, 1, -1 and the two of order 8,
// and p, p+1, which some decoders take for 0 and 1.
var smallOrderY = [...]string{
	"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"\xec\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	"\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	"\xee\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
	"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
	"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
}

func isSmallOrder(p []byte) bool {
	for _, y := range &smallOrderY {
		if string(p[:31]) == y[:31] && p[31]&0x7f == y[31] {
			return true
		}
	}
	return false
}
