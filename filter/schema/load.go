//go:build !wasm

package schema

// load64 returns the 8 bytes at b[i:] as a little-endian number. Translated
// code loads without a check: callers prove i+8 <= len(b), the check here
// makes every test run prove it again.
func load64(b []byte, i uint64) uint64 {
	w := b[i : i+8 : i+8]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

// load32 returns the 4 bytes at b[i:] as a little-endian number.
func load32(b []byte, i uint64) uint64 {
	w := b[i : i+4 : i+4]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24
}

func runKernel(s *state) { kernel(s) }
