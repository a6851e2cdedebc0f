package table

import "portcullis/filter/le"

// A record of section Denied is a SHA-256 digest, as eight words of four bytes each: of
// a token, or of what names one by its jti (token.Denied). Records are sorted as lists of
// words, and none stands twice.

// NumDenied is the number of digests.
func (t *Table) NumDenied() uint32 { return uint32(len(t.denied)) / wordsDenied }

// Denied reports whether the digest is among them.
func (t *Table) Denied(digest *[32]byte) bool {
	lo, hi := uint32(0), t.NumDenied()
	for lo < hi {
		mid := (lo + hi) / 2
		switch t.compareDenied(mid, digest) {
		case 0:
			return true
		case -1:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return false
}

// compareDenied compares the i-th digest with another one.
func (t *Table) compareDenied(i uint32, digest *[32]byte) int {
	w := t.denied[i*wordsDenied : (i+1)*wordsDenied]
	for j := range w {
		switch v := le.U32(digest[:], uint32(4*j)); {
		case w[j] < v:
			return -1
		case w[j] > v:
			return 1
		}
	}
	return 0
}

// DeniedAt is the i-th digest.
func (t *Table) DeniedAt(i uint32) (digest [32]byte) {
	for j := range uint32(wordsDenied) {
		le.PutU32(digest[:], 4*j, t.denied[i*wordsDenied+j])
	}
	return digest
}

// deniedSorted checks the order of the digests.
func (t *Table) deniedSorted() bool {
	var b [32]byte
	for i := uint32(1); i < t.NumDenied(); i++ {
		for j := range uint32(wordsDenied) {
			le.PutU32(b[:], 4*j, t.denied[i*wordsDenied+j])
		}
		if t.compareDenied(i-1, &b) != -1 {
			return false
		}
	}
	return true
}
