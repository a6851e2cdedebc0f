package der

// Tags of the types that occur (X.690 section 8).
const (
	tagInteger   = 0x02
	tagBitString = 0x03
	tagNull      = 0x05
	tagOID       = 0x06
	tagSequence  = 0x30
)

// consume splits b after its first element: the content of an element with this
// tag, and what follows. It declines another tag, the indefinite form, lengths
// that are not minimal and elements that b does not hold whole (X.690 section
// 10.1).
func consume(b []byte, tag byte) (content, rest []byte, ok bool) {
	if len(b) < 2 || b[0] != tag {
		return nil, nil, false
	}
	n, head := int(b[1]), 2
	switch {
	case n < 0x80:
	case n == 0x81 && len(b) >= 3 && b[2] >= 0x80:
		n, head = int(b[2]), 3
	case n == 0x82 && len(b) >= 4 && b[2] != 0:
		n, head = int(b[2])<<8|int(b[3]), 4
	default:
		return nil, nil, false
	}
	if n > len(b)-head {
		return nil, nil, false
	}
	return b[head : head+n], b[head+n:], true
}

// consumeUint is consume for a positive INTEGER: its big-endian bytes without
// leading zero. It declines negative ones, zero and longer encodings than needed
// (X.690 section 8.3.2).
func consumeUint(b []byte) (value, rest []byte, ok bool) {
	v, rest, ok := consume(b, tagInteger)
	if !ok || len(v) == 0 || v[0] >= 0x80 {
		return nil, nil, false
	}
	if v[0] == 0 {
		if len(v) == 1 || v[1] < 0x80 {
			return nil, nil, false
		}
		v = v[1:]
	}
	return v, rest, true
}
