package regex

import "slices"

// classes splits the code points of valid text into the fewest groups whose
// members no set of a program tells apart.
type classes struct {
	num    int
	first  []rune   // sorted; where an interval of one class begins
	class  []uint16 // the class of that interval
	member [][]bool // set number, class -> is it a member
}

const surrogateLo, surrogateHi = 0xD800, 0xDFFF

// newClasses sweeps over all borders of all sets. Surrogates take the class
// of what stands before them, since no text contains one.
func newClasses(sets []set) *classes {
	type border struct {
		at  rune
		set int
	}
	var borders []border
	for i, s := range sets {
		for _, sp := range s {
			borders = append(borders, border{sp.lo, i}, border{sp.hi + 1, i})
		}
	}
	slices.SortFunc(borders, func(a, b border) int { return int(a.at - b.at) })
	c := &classes{member: make([][]bool, len(sets))}
	in := make([]byte, len(sets)) // which sets the sweep is inside of
	seen := make(map[string]uint16)
	i := 0
	for at := rune(0); ; {
		for i < len(borders) && borders[i].at == at {
			in[borders[i].set] ^= 1
			i++
		}
		next := rune(maxRune + 1)
		if i < len(borders) {
			next = borders[i].at
		}
		if at > maxRune {
			break
		}
		if at < surrogateLo || next-1 > surrogateHi {
			class, ok := seen[string(in)]
			if !ok {
				class = uint16(c.num)
				seen[string(in)] = class
				c.num++
				for s := range sets {
					c.member[s] = append(c.member[s], in[s] == 1)
				}
			}
			if n := len(c.class); n == 0 || c.class[n-1] != class {
				c.first = append(c.first, at)
				c.class = append(c.class, class)
			}
		}
		at = next
	}
	return c
}
