package pattern

//go:generate go run portcullis/filter/internal/wasmgen/cmd -func kernel -out kernel_wasm.s

// This file is the source of kernel_wasm.s: it keeps to the subset of Go that
// internal/wasmgen translates, and `go generate` must follow every change.

// kernel is Run for a verified blob and one of its states. The translation
// checks no bounds: what Verify established is what keeps it inside.
func kernel(blob []byte, state uint64, chunk []byte) uint64 {
	n := uint64(len(chunk))
	classes := load16(blob, offNumClasses)
	numRanges := load16(blob, offNumRanges)
	narrow := blob[offWidth] == 1
	// The first row is of state 2; base is where one of state 0 would be,
	// below zero perhaps: sums wrap.
	base := offRanges + 4*numRanges
	if narrow {
		base -= uint64(FirstRow) * classes
	} else {
		base -= uint64(FirstRow) * classes * 2
	}
	s := state
	i := uint64(0)
	for i < n && s >= uint64(FirstRow) {
		if chunk[i] >= 0x80 {
			r, size := decodeWide(chunk, n, i)
			class := wideClass(blob, numRanges, r)
			i += size
			if narrow {
				s = uint64(blob[base+s*classes+class])
			} else {
				s = load16(blob, base+2*(s*classes+class))
			}
			continue
		}
		if narrow {
			for {
				s = uint64(blob[base+s*classes+uint64(blob[offASCII+uint64(chunk[i])])])
				i++
				if i >= n || s < uint64(FirstRow) || chunk[i] >= 0x80 {
					break
				}
			}
		} else {
			for {
				s = load16(blob, base+2*(s*classes+uint64(blob[offASCII+uint64(chunk[i])])))
				i++
				if i >= n || s < uint64(FirstRow) || chunk[i] >= 0x80 {
					break
				}
			}
		}
	}
	return s
}

// wideClass returns the class of r, 0x80 or more: that of the last range that
// does not begin after it.
func wideClass(blob []byte, numRanges, r uint64) uint64 {
	lo := uint64(0)
	hi := numRanges
	for hi-lo > 1 {
		mid := (lo + hi) >> 1
		if load32(blob, offRanges+4*mid)>>ClassBits <= r {
			lo = mid
		} else {
			hi = mid
		}
	}
	return load32(blob, offRanges+4*lo) & (MaxClasses - 1)
}

// decodeWide decodes the character of two to four bytes at b[i:n] and returns
// its size. It trusts the lead byte, as the JSON parser checked the text, and
// is merely safe otherwise: a stray continuation byte or a cut character is
// one byte of U+FFFD.
func decodeWide(b []byte, n, i uint64) (r, size uint64) {
	c := uint64(b[i])
	r = 0xFFFD
	size = 1
	if c >= 0xF0 {
		if i+3 < n {
			r = (c&0x07)<<18 | (uint64(b[i+1])&0x3F)<<12 | (uint64(b[i+2])&0x3F)<<6 | uint64(b[i+3])&0x3F
			size = 4
		}
	} else if c >= 0xE0 {
		if i+2 < n {
			r = (c&0x0F)<<12 | (uint64(b[i+1])&0x3F)<<6 | uint64(b[i+2])&0x3F
			size = 3
		}
	} else if c >= 0xC0 {
		if i+1 < n {
			r = (c&0x1F)<<6 | uint64(b[i+1])&0x3F
			size = 2
		}
	}
	return r, size
}

//wasmgen:load 2
func load16(b []byte, i uint64) uint64 { return uint64(b[i]) | uint64(b[i+1])<<8 }

//wasmgen:load 4
func load32(b []byte, i uint64) uint64 {
	return uint64(b[i]) | uint64(b[i+1])<<8 | uint64(b[i+2])<<16 | uint64(b[i+3])<<24
}
