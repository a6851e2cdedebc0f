package plugin

import "portcullis/filter/table"

// trailerNames is the header fields that operations of a table declare as
// parameters: in a trailer one would come after it was judged, or in place of it.
// It holds hashes of names, sorted; a name that happens to have the hash of another
// is refused for it.
type trailerNames []uint32

// newTrailerNames collects the names; configuration only.
func newTrailerNames(t *table.Table) (out trailerNames) {
	if t == nil {
		return nil
	}
	for i := range t.NumOps() {
		params := t.Op(i).Params()
		for j := params.Start; j < params.End(); j++ {
			if p := t.Param(j); p.In() == table.InHeader {
				out = out.with(hashField(p.Name()))
			}
		}
	}
	return out
}

// hashField is the hash (FNV-1a, 32 bits) of a field name, the same for all that
// table.Alike takes for one.
func hashField(name []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range name {
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			c = '_'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

func (n trailerNames) with(hash uint32) trailerNames {
	at := n.at(hash)
	if at < len(n) && n[at] == hash {
		return n
	}
	n = append(n, 0)
	copy(n[at+1:], n[at:])
	n[at] = hash
	return n
}

// at is the place of the first hash that is not below hash.
func (n trailerNames) at(hash uint32) int {
	lo, hi := 0, len(n)
	for lo < hi {
		if mid := (lo + hi) / 2; n[mid] < hash {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (n trailerNames) has(name []byte) bool {
	if len(n) == 0 {
		return false
	}
	hash := hashField(name)
	at := n.at(hash)
	return at < len(n) && n[at] == hash
}
