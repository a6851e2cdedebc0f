package token

import "portcullis/filter/le"

// KeySet is the keys of a provider that fetches them, as they are in force. It is
// installed from the compiled form that [SetReader] makes of a JSON Web Key Set and that
// workers share:
//
//	 0 magic u32        4 generation u32   counts the sets of a provider
//	 8 fetched u64                         Unix nanoseconds at which the fetch began
//	16 count u32       20 zero u32
//	24 alg u8, zero u8, kid length u16, key length u16, kid, SubjectPublicKeyInfo; count times
//
// Each key has a number, which it keeps from set to set as long as it does not change:
// a token that was verified with a key that is gone, or is another one under the same
// kid, finds no key of that number and is judged again.
//
// Invariants: keys[:n] lie within raw; numbers are never given out twice.
type KeySet struct {
	raw, spare []byte
	keys       [MaxSetKeys]setKey
	n          int
	last       uint32 // number given out last
	generation uint32
	fetched    int64
	staleAt    int64
	maxStale   int64
}

// setKey is where a key lies in raw.
type setKey struct {
	alg       Alg
	kid, spki uint16 // lengths; spki follows kid
	off       uint32 // of kid
	number    uint32
}

// Bounds of a set in compiled form.
const (
	MaxSetKeys  = 64
	MaxSetBytes = 32 << 10
	setMagic    = 0x31534b50 // "PKS1"
	setHeader   = 24
	keyHeader   = 6
	maxKid      = 256
)

// NewKeySet makes an empty set whose keys count for maxStaleSeconds after they were
// fetched.
func NewKeySet(maxStaleSeconds uint32) *KeySet {
	return &KeySet{maxStale: int64(maxStaleSeconds) * nanosPerSecond}
}

// Generation is that of the set in force; 0 for none.
func (s *KeySet) Generation() uint32 { return s.generation }

// FetchedNanos is when the fetch of the set in force began (Unix nanoseconds).
func (s *KeySet) FetchedNanos() int64 { return s.fetched }

// Len is the number of keys.
func (s *KeySet) Len() int { return s.n }

// Usable reports keys that still count at the time now.
func (s *KeySet) Usable(now int64) bool { return s.n != 0 && now < s.staleAt }

// has reports whether the key with this number is in force.
func (s *KeySet) has(number uint32) bool {
	for i := range s.keys[:s.n] {
		if s.keys[i].number == number {
			return true
		}
	}
	return false
}

// at is the i-th key: views, valid until the next Install.
func (s *KeySet) at(i int) (kid []byte, alg Alg, spki []byte, number uint32) {
	k := &s.keys[i]
	end := k.off + uint32(k.kid)
	return s.raw[k.off:end:end], k.alg, s.raw[end : end+uint32(k.spki)], k.number
}

// Install puts a set in compiled form in force. What is no such set changes nothing and
// is false: it comes from memory that other modules of the proxy may write. It copies;
// memory of earlier sets is used again.
func (s *KeySet) Install(compiled []byte) bool {
	size := uint32(len(compiled))
	if size < setHeader || size > MaxSetBytes || le.U32(compiled, 0) != setMagic || le.U32(compiled, 16) > MaxSetKeys ||
		le.U32(compiled, 16) == 0 || le.U32(compiled, 4) == 0 || le.U32(compiled, 20) != 0 {
		return false
	}
	var keys [MaxSetKeys]setKey
	n := int(le.U32(compiled, 16))
	off := uint32(setHeader)
	for i := range keys[:n] {
		if size-off < keyHeader {
			return false
		}
		k := setKey{alg: Alg(compiled[off]), kid: le.U16(compiled, off+2), spki: le.U16(compiled, off+4), off: off + keyHeader}
		off = k.off + uint32(k.kid) + uint32(k.spki)
		if off > size || k.alg < RS256 || k.alg > EdDSA || compiled[k.off-5] != 0 {
			return false
		}
		keys[i] = k
	}
	if off != size {
		return false
	}
	s.spare = append(s.spare[:0], compiled...)
	for i := range keys[:n] {
		k := &keys[i]
		if k.number = s.number(s.spare, k); k.number == 0 {
			s.last++
			k.number = s.last
		}
	}
	s.raw, s.spare = s.spare, s.raw
	s.keys, s.n = keys, n
	s.generation, s.fetched = le.U32(compiled, 4), int64(le.U64(compiled, 8))
	s.staleAt = addSeconds(s.fetched, s.maxStale/nanosPerSecond)
	return true
}

// number is that of the key in force that equals k of raw, 0 for none.
func (s *KeySet) number(raw []byte, k *setKey) uint32 {
	for i := range s.keys[:s.n] {
		old := &s.keys[i]
		if old.alg == k.alg && old.kid == k.kid && old.spki == k.spki &&
			string(s.raw[old.off:old.off+uint32(old.kid)+uint32(old.spki)]) == string(raw[k.off:k.off+uint32(k.kid)+uint32(k.spki)]) {
			return old.number
		}
	}
	return 0
}
