package der

// Orders of the curves' groups (FIPS 186-5, SP 800-186 section 3.2.1).
const (
	orderP256 = "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2\xfc\x63\x25\x51"
	orderP384 = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xc7\x63\x4d\x81\xf4\x37\x2d\xdf\x58\x1a\x0d\xb2\x48\xb0\xa7\x7a\xec\xec\x19\x6a\xcc\xc5\x29\x73"
	orderP521 = "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfa\x51\x86\x87\x83\xbf\x2f\x96\x6b\x7f\xcc\x01\x48\xf7\x09\xa5\xd0\x3b\xb5\xc9\xb8\x89\x9c\x47\xae\xbb\x6f\xb7\x1e\x91\x38\x64\x09"
)

// MaxSignatureSize is the longest that AppendSignature makes: P-521.
const MaxSignatureSize = 3 + 2*(2+66+1)

func order(kind Kind) string {
	switch kind {
	case P256:
		return orderP256
	case P384:
		return orderP384
	case P521:
		return orderP521
	}
	return ""
}

// IsSignature reports whether sig is r and s as JWS wants them (RFC 7518 section
// 3.4): of exactly the curve's length, each from 1 to the order less one. Some
// verifiers have let zeros through, which sign everything (CVE-2022-21449).
func IsSignature(kind Kind, sig []byte) bool {
	size := CoordinateSize(kind)
	if size == 0 || len(sig) != 2*size {
		return false
	}
	n := order(kind)
	return inOrder(sig[:size], n) && inOrder(sig[size:], n)
}

// inOrder reports 0 < v < n for numbers of equal length.
func inOrder(v []byte, n string) bool {
	any := byte(0)
	for _, c := range v {
		any |= c
	}
	return any != 0 && string(v) < n
}

// AppendSignature appends an IsSignature r and s as the DER that crypto
// libraries take (RFC 3279 section 2.2.3). It does not allocate if dst has room
// for MaxSignatureSize more bytes.
func AppendSignature(dst, sig []byte) []byte {
	half := len(sig) / 2
	r, s := trimZeros(sig[:half]), trimZeros(sig[half:])
	body := 4 + uintSize(r) + uintSize(s)
	dst = append(dst, tagSequence)
	if body >= 0x80 {
		dst = append(dst, 0x81)
	}
	dst = append(dst, byte(body))
	dst = appendUint(dst, r)
	return appendUint(dst, s)
}

func trimZeros(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

// uintSize is the content length of a positive INTEGER: one more when the top
// bit would read as a sign.
func uintSize(b []byte) int {
	if len(b) > 0 && b[0] >= 0x80 {
		return len(b) + 1
	}
	return len(b)
}

func appendUint(dst, b []byte) []byte {
	dst = append(dst, tagInteger, byte(uintSize(b)))
	if uintSize(b) != len(b) {
		dst = append(dst, 0)
	}
	return append(dst, b...)
}
