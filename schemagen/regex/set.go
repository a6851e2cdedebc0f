package regex

import "slices"

// span is the code points from lo to hi, both included.
type span struct{ lo, hi rune }

// set is a set of code points: sorted spans with gaps between them. Surrogates
// may be members, as patterns can name them; no text contains one.
type set []span

const maxRune = 0x10FFFF

var (
	digitSet = set{{'0', '9'}}
	wordSet  = set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	// spaceSet is WhiteSpace and LineTerminator (ECMA-262 sections 12.2, 12.3).
	spaceSet = set{{0x09, 0x0D}, {0x20, 0x20}, {0xA0, 0xA0}, {0x1680, 0x1680}, {0x2000, 0x200A},
		{0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}}
	// dotSet is all but LineTerminator.
	dotSet = set{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}.complement()
)

// normalise sorts the spans and joins those that touch.
func (s set) normalise() set {
	s = slices.Clone(s)
	slices.SortFunc(s, func(a, b span) int { return int(a.lo - b.lo) })
	out := s[:0]
	for _, sp := range s {
		if n := len(out); n > 0 && sp.lo <= out[n-1].hi+1 {
			out[n-1].hi = max(out[n-1].hi, sp.hi)
			continue
		}
		out = append(out, sp)
	}
	return out
}

func (s set) complement() set {
	var out set
	next := rune(0)
	for _, sp := range s {
		if sp.lo > next {
			out = append(out, span{next, sp.lo - 1})
		}
		next = sp.hi + 1
	}
	if next <= maxRune {
		out = append(out, span{next, maxRune})
	}
	return out
}

func (s set) contains(r rune) bool {
	_, ok := slices.BinarySearchFunc(s, r, func(sp span, r rune) int {
		switch {
		case sp.hi < r:
			return -1
		case sp.lo > r:
			return 1
		}
		return 0
	})
	return ok
}

// wideSet is what a text can have beyond ASCII.
var wideSet = set{{0x80, surrogateLo - 1}, {surrogateHi + 1, maxRune}}

func (s set) intersect(t set) set {
	var out set
	for i, j := 0, 0; i < len(s) && j < len(t); {
		lo, hi := max(s[i].lo, t[j].lo), min(s[i].hi, t[j].hi)
		if lo <= hi {
			out = append(out, span{lo, hi})
		}
		if s[i].hi < t[j].hi {
			i++
		} else {
			j++
		}
	}
	return out
}

func (s set) equal(t set) bool { return slices.Equal(s, t) }
