// Package sha2 is SHA-256, SHA-384 and SHA-512 (FIPS 180-4) in plain Go, for the lean
// build: crypto/sha256 is good code, but it brings os, time and 560 KB with it, a
// fifth of that module.
//
// Hashing has no secret-dependent branch or index, so there is no timing to hide.
// The tests hold it against crypto/sha256 and crypto/sha512 on every length around
// the block borders.
package sha2

import "math/bits"

// Size256 and Block256 are SHA-256's sizes in bytes.
const (
	Size256  = 32
	Block256 = 64
)

// SHA256 is a SHA-256 in progress. Reset starts one; the zero value is not ready.
type SHA256 struct {
	h   [8]uint32
	x   [Block256]byte
	n   int    // bytes in x
	len uint64 // bytes in all
}

// k256 is the first 32 bits of the fractional parts of the cube roots of the first 64
// primes (section 4.2.2).
var k256 = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}

// Reset starts a new hash.
func (d *SHA256) Reset() {
	d.h = [8]uint32{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}
	d.n, d.len = 0, 0
}

// BlockSize is Block256.
func (d *SHA256) BlockSize() int { return Block256 }

// Write adds b. It never fails.
func (d *SHA256) Write(b []byte) (int, error) {
	size := len(b)
	d.len += uint64(size)
	for len(b) > 0 {
		n := copy(d.x[d.n:], b)
		d.n += n
		b = b[n:]
		if d.n == Block256 {
			d.block()
			d.n = 0
		}
	}
	return size, nil
}

// Sum appends the hash of what was written. The hash must be Reset before it is used
// again.
func (d *SHA256) Sum(dst []byte) []byte {
	length := d.len << 3
	d.Write(pad[:1])
	for d.n != Block256-8 {
		d.Write(pad[1 : 1+padding(d.n, Block256, 8)])
	}
	var end [8]byte
	putU64(end[:], length)
	d.Write(end[:])
	for _, w := range d.h {
		dst = append(dst, byte(w>>24), byte(w>>16), byte(w>>8), byte(w))
	}
	return dst
}

// pad is the padding of section 5.1: a one bit, then zeros.
var pad = [1 + Block512]byte{0x80}

// padding is how many zeros are missing before the length of size bytes, at most to the
// end of this block.
func padding(n, block, size int) int {
	if n > block-size {
		return block - n
	}
	return block - size - n
}

func putU64(b []byte, v uint64) {
	for i := range 8 {
		b[i] = byte(v >> (56 - 8*i))
	}
}

// block is the compression of section 6.2.2.
func (d *SHA256) block() {
	var w [64]uint32
	for i := range 16 {
		j := i * 4
		w[i] = uint32(d.x[j])<<24 | uint32(d.x[j+1])<<16 | uint32(d.x[j+2])<<8 | uint32(d.x[j+3])
	}
	for i := 16; i < 64; i++ {
		a, b := w[i-15], w[i-2]
		s0 := bits.RotateLeft32(a, -7) ^ bits.RotateLeft32(a, -18) ^ a>>3
		s1 := bits.RotateLeft32(b, -17) ^ bits.RotateLeft32(b, -19) ^ b>>10
		w[i] = w[i-16] + s0 + w[i-7] + s1
	}
	a, b, c, e4, e, f, g, h := d.h[0], d.h[1], d.h[2], d.h[3], d.h[4], d.h[5], d.h[6], d.h[7]
	for i := range 64 {
		s1 := bits.RotateLeft32(e, -6) ^ bits.RotateLeft32(e, -11) ^ bits.RotateLeft32(e, -25)
		t1 := h + s1 + (e&f ^ ^e&g) + k256[i] + w[i]
		s0 := bits.RotateLeft32(a, -2) ^ bits.RotateLeft32(a, -13) ^ bits.RotateLeft32(a, -22)
		t2 := s0 + (a&b ^ a&c ^ b&c)
		h, g, f, e, e4, c, b, a = g, f, e, e4+t1, c, b, a, t1+t2
	}
	for i, v := range [8]uint32{a, b, c, e4, e, f, g, h} {
		d.h[i] += v
	}
}
