package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// Bounds of the readings of one value.
const (
	maxUnsure = 32 // texts that may be a string or something else; later ones stay what they are
	maxTried  = 4  // unsure texts of which every combination is tried
)

// unsureText is a text that was read as no string, and may be one.
type unsureText struct {
	at   uint32 // node
	node json.Node
	str  bool // it is a string now
}

// readings is what has been tried of a value.
type readings struct {
	inBody    bool
	root      uint32 // field
	mark      uint32 // length of the buffer before the first reading
	given     uint32 // fields before the first reading
	reading   uint8  // which kind a text of several kinds is: the reading-th it can be
	more      bool   // some text can be more kinds than that
	list      [maxUnsure]unsureText
	numUnsure uint32
	phase     uint8
	mask      uint32
}

// Phases of Retry, for one reading of the kinds.
const (
	phaseBlamed = iota // the text that was blamed becomes a string
	phaseAll           // every combination, or all strings
	phaseDone
)

func (r *readings) begin() {
	r.reading, r.more, r.numUnsure, r.phase, r.mask, r.given = 0, false, 0, phaseBlamed, 0, 0
}

func (r *readings) unsure(at uint32) {
	if r.numUnsure < maxUnsure {
		r.list[r.numUnsure].at = at
		r.list[r.numUnsure].str = false
		r.numUnsure++
	}
}

// pick is the kind that the current reading gives a text: a scalar (0) before
// an array before an object, as far as types has them.
func (r *readings) pick(types uint16) uint16 {
	if types&(table.TypeArray|table.TypeObject) == 0 {
		return 0
	}
	var kinds [3]uint16
	n := 0
	if types == 0 || types&scalars != 0 {
		n++
	}
	for _, k := range [...]uint16{table.TypeArray, table.TypeObject} {
		if types&k != 0 {
			kinds[n] = k
			n++
		}
	}
	at := int(r.reading)
	if at+1 < n {
		r.more = true
	}
	return kinds[min(at, n-1)]
}

// Retry makes another reading of the last value, after the schema refused one
// and blamed the node failed. It reports false when all were tried. Readings
// of a text that could be a string or something else are tried in this order:
// something else; a string where a text was blamed, one after the other; every
// combination of up to 4 such texts, or strings for all of more. Then all of
// this again for texts that could be an array or object in place of a scalar.
// At most 2*32+3*17 readings are made.
func (d *Decoder) Retry(failed uint32) (verdict.Code, bool) {
	if d.numUnsure > 0 {
		switch d.phase {
		case phaseBlamed:
			for i := uint32(0); i < d.numUnsure; i++ {
				if u := &d.list[i]; u.at == failed && !u.str {
					d.flip(u, true)
					return verdict.Allow, true
				}
			}
			d.phase = phaseAll
			fallthrough
		case phaseAll:
			if d.numUnsure > maxTried {
				d.phase = phaseDone
				for i := uint32(0); i < d.numUnsure; i++ {
					d.flip(&d.list[i], true)
				}
				return verdict.Allow, true
			}
			if d.mask++; d.mask < 1<<d.numUnsure {
				for i := uint32(0); i < d.numUnsure; i++ {
					d.flip(&d.list[i], d.mask>>i&1 != 0)
				}
				return verdict.Allow, true
			}
			d.phase = phaseDone
		}
	}
	if !d.more {
		return verdict.Allow, false
	}
	d.reading++
	d.phase, d.mask = phaseBlamed, 0
	return d.write(), true
}

// First makes the first reading of the last value again.
func (d *Decoder) First() verdict.Code {
	d.phase = phaseDone
	if d.reading == 0 {
		for i := uint32(0); i < d.numUnsure; i++ {
			d.flip(&d.list[i], false)
		}
		return verdict.Allow
	}
	d.reading = 0
	return d.write()
}

// flip makes the text a string, or what it was.
func (d *Decoder) flip(u *unsureText, str bool) {
	if u.str == str {
		return
	}
	n := &d.out.Nodes[u.at]
	if str {
		u.node = *n
		// What reads as a number, boolean or null is ASCII.
		n.Meta, n.Ext = json.KindString, 0
	} else {
		*n = u.node
	}
	u.str = str
}
