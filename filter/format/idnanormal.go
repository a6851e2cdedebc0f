package format

// isNFC reports whether the label is in Unicode Normalization Form C (UAX 15).
// Only characters that may stand in labels come here: those are unchanged by
// compatibility folding, and none is a conjoining jamo, so that decomposing,
// ordering and composing with the canonical pairs is all there is to it.
func (l *label) isNFC() bool {
	plain := true
	for _, r := range l.runes[:l.n] {
		// No character below U+0300 is changed by what follows it unless
		// that is U+0300 or above.
		plain = plain && r < 0x300
	}
	if plain {
		return true
	}
	var d decomposed
	for _, r := range l.runes[:l.n] {
		d.add(r)
	}
	d.compose()
	if d.n != l.n {
		return false
	}
	for i, r := range l.runes[:l.n] {
		if d.runes[i] != r {
			return false
		}
	}
	return true
}

// decomposed is a label in Form D, then composed again in place. No canonical
// decomposition has more than four code points.
type decomposed struct {
	runes [4 * maxLabel]rune
	ccc   [4 * maxLabel]uint8
	n     int
}

// add appends the full decomposition of r in canonical order.
func (d *decomposed) add(r rune) {
	if i := findComposite(r); i >= 0 {
		d.add(composite(i, 1))
		d.add(composite(i, 2))
		return
	}
	if d.n == len(d.runes) {
		return
	}
	ccc := uint8(propertiesOf(r).ccc())
	at := d.n
	for ccc != 0 && at > 0 && d.ccc[at-1] > ccc {
		d.runes[at], d.ccc[at] = d.runes[at-1], d.ccc[at-1]
		at--
	}
	d.runes[at], d.ccc[at] = r, ccc
	d.n++
}

// compose is the Canonical Composition Algorithm (Unicode section 3.11, D117).
func (d *decomposed) compose() {
	starter, out := -1, 0
	for i := range d.n {
		r, ccc := d.runes[i], d.ccc[i]
		if starter >= 0 {
			// Blocked if something of the same or a higher class lies between.
			adjacent := out-1 == starter
			if adjacent || d.ccc[out-1] < ccc && d.ccc[out-1] != 0 {
				if c := compositeOf(d.runes[starter], r); c >= 0 {
					d.runes[starter] = composite(c, 0)
					continue
				}
			}
		}
		d.runes[out], d.ccc[out] = r, ccc
		if ccc == 0 {
			starter = out
		}
		out++
	}
	d.n = out
}

// composite returns the composite of entry i of the table (part 0), or one of
// the two code points it is made of.
func composite(i, part int) rune {
	at := 9*i + 3*part
	s := composites[at : at+3]
	return rune(s[0]) | rune(s[1])<<8 | rune(s[2])<<16
}

// findComposite returns the entry of the composite r, or -1. The table is
// sorted by composite.
func findComposite(r rune) int {
	lo, hi := 0, numComposites
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		switch c := composite(mid, 0); {
		case c == r:
			return mid
		case c < r:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return -1
}

// compositeOf returns the entry of what a and b compose to, or -1.
// compositeOrder lists the entries sorted by their parts.
func compositeOf(a, b rune) int {
	lo, hi := 0, numComposites
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		i := int(compositeOrder[2*mid]) | int(compositeOrder[2*mid+1])<<8
		x, y := composite(i, 1), composite(i, 2)
		switch {
		case x == a && y == b:
			return i
		case x < a || x == a && y < b:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return -1
}
