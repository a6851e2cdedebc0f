// Package le reads and writes little-endian integers in byte slices. It exists
// because encoding/binary pulls reflect into the module.
//
// Callers check bounds: an offset past the end panics as any index does.
package le

// Each function cuts its input once, so that the compiler makes one check and one load or store of
// it; offsets added up in 32 bits could wrap, which makes a check for each byte.

// U16 reads the two bytes at off.
func U16(b []byte, off uint32) uint16 {
	b = b[off:]
	_ = b[1]
	return uint16(b[0]) | uint16(b[1])<<8
}

// U32 reads the four bytes at off.
func U32(b []byte, off uint32) uint32 {
	b = b[off:]
	_ = b[3]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// U64 reads the eight bytes at off.
func U64(b []byte, off uint32) uint64 {
	b = b[off:]
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// PutU32 writes v at off.
func PutU32(b []byte, off, v uint32) {
	b = b[off:]
	_ = b[3]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// PutU64 writes v at off.
func PutU64(b []byte, off uint32, v uint64) {
	b = b[off:]
	_ = b[7]
	b[0], b[1], b[2], b[3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	b[4], b[5], b[6], b[7] = byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56)
}

// AppendU32 appends v.
func AppendU32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}
