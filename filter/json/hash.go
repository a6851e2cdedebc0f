package json

// Odd multipliers with evenly spread bits (from the golden ratio and from
// xxHash64), so that a step is a bijection of 64 bits.
const (
	hashSeed  = 0x27d4eb2f165667c5
	hashMulA  = 0x9e3779b97f4a7c15
	hashMulB  = 0xc2b2ae3d27d4eb4f
	hashMulC  = 0x9e3779b1
	wordBytes = 8
)

// HashName returns the 32-bit hash that a name node carries in Ext and that
// compiled property sets are keyed by. It is a function of the unescaped bytes
// alone and the same on every machine. It is not keyed: callers of the filter
// can make names collide, so nothing may rest on it but speed.
func HashName(name []byte) uint32 {
	h := uint64(hashSeed)
	n := uint64(len(name))
	i := uint64(0)
	for ; i+wordBytes <= n; i += wordBytes {
		h = hashWord(h, load64(name, i))
	}
	// The last word is padded with zeros, and always taken, even when empty.
	w := uint64(0)
	for shift := uint64(0); i < n; i++ {
		w |= uint64(name[i]) << shift
		shift += 8
	}
	return uint32(hashEnd(hashWord(h, w), n))
}

func hashWord(h, w uint64) uint64 { return (h ^ w) * hashMulA }

func hashEnd(h, n uint64) uint64 { return ((h ^ h>>32 ^ n) * hashMulB) >> 32 }

// hashRaw is HashName of a name as written in JSON text, escapes undone.
func hashRaw(raw []byte) uint32 {
	h := uint64(hashSeed)
	w, shift, n := uint64(0), uint64(0), uint64(0)
	it := unescaper{raw: raw}
	for {
		c, ok := it.next()
		if !ok {
			return uint32(hashEnd(hashWord(h, w), n))
		}
		w |= uint64(c) << shift
		shift += 8
		n++
		if shift == 64 {
			h, w, shift = hashWord(h, w), 0, 0
		}
	}
}
