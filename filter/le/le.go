// Package le reads and writes little-endian integers in byte slices. It exists
// because encoding/binary pulls reflect into the module.
//
// Callers check bounds: an offset past the end panics as any index does.
package le

// U16 reads the two bytes at off.
func U16(b []byte, off uint32) uint16 {
	_ = b[off+1]
	return uint16(b[off]) | uint16(b[off+1])<<8
}

// U32 reads the four bytes at off.
func U32(b []byte, off uint32) uint32 {
	_ = b[off+3]
	return uint32(b[off]) | uint32(b[off+1])<<8 | uint32(b[off+2])<<16 | uint32(b[off+3])<<24
}

// U64 reads the eight bytes at off.
func U64(b []byte, off uint32) uint64 {
	return uint64(U32(b, off)) | uint64(U32(b, off+4))<<32
}

// PutU32 writes v at off.
func PutU32(b []byte, off, v uint32) {
	_ = b[off+3]
	b[off], b[off+1], b[off+2], b[off+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// PutU64 writes v at off.
func PutU64(b []byte, off uint32, v uint64) {
	PutU32(b, off, uint32(v))
	PutU32(b, off+4, uint32(v>>32))
}

// AppendU32 appends v.
func AppendU32(b []byte, v uint32) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
}
