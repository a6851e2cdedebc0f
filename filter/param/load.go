//go:build !wasm

package param

// load64 returns the 8 bytes at b[i:] as a little-endian number. Translated
// code loads without a check: the check here makes every test run prove that
// there are so many.
func load64(b []byte, i uint64) uint64 {
	w := b[i : i+8 : i+8]
	return uint64(w[0]) | uint64(w[1])<<8 | uint64(w[2])<<16 | uint64(w[3])<<24 |
		uint64(w[4])<<32 | uint64(w[5])<<40 | uint64(w[6])<<48 | uint64(w[7])<<56
}

// store64 writes v to b[i:], little-endian.
func store64(b []byte, i, v uint64) {
	w := b[i : i+8 : i+8]
	for k := range w {
		w[k] = byte(v >> (8 * k))
	}
}
