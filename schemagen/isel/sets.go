package isel

import (
	"math/bits"
	"slices"

	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/schemagen/source"
)

// hashing is a way to spread hashes over slots, chosen so that few collide.
type hashing struct {
	hashes    []uint32
	log, mult uint32
}

// newHashing tries multipliers until no two different hashes share a slot, or
// keeps the one with the fewest that do.
func newHashing(hashes []uint32) hashing {
	h := hashing{hashes: hashes, mult: 1}
	n := len(hashes)
	if n > 1 {
		h.log = uint32(bits.Len(uint(n - 1)))
	}
	if n < 2 {
		return h
	}
	best := hashing{}
	least := n + 1
	// The more there are, the less a search helps, and the more a try costs.
	tries := max(8, min(400, 8000/n))
	seen := make([]uint32, 4<<h.log)
	stamps := make([]uint32, 4<<h.log)
	stamp := uint32(0)
	for extra := uint32(0); extra <= 2 && least > 0; extra++ {
		if extra == 2 && n > 16 {
			break // a few chains cost less than the room
		}
		x := uint32(0x9e3779b1)
		for try := 0; try < tries && least > 0; try++ {
			cand := hashing{hashes, h.log + extra, x | 1}
			stamp++
			if k := cand.collisions(seen, stamps, stamp, least); k < least {
				least, best = k, cand
			}
			x = x*1664525 + 1013904223
		}
	}
	return best
}

func (h hashing) slot(hash uint32) uint32 { return table.Slot(hash, h.mult, h.log) }

// collisions counts the hashes that meet another one in their slot, up to
// enough. Seen and stamps are scratch for it.
func (h hashing) collisions(seen, stamps []uint32, stamp uint32, enough int) int {
	n := 0
	for _, x := range h.hashes {
		s := h.slot(x)
		if stamps[s] == stamp && seen[s] != x {
			if n++; n >= enough {
				break
			}
		}
		stamps[s], seen[s] = stamp, x
	}
	return n
}

// order returns the indexes of all hashes, those that are first in front, and
// otherwise as they came, but for those that share a slot: they stand together.
func (h hashing) order(first func(i int) bool) []int {
	o := make([]int, len(h.hashes))
	leader := make([]int, 1<<h.log) // of each slot the first, plus one
	rank := make([]int, len(h.hashes))
	for i, x := range h.hashes {
		o[i] = i
		s := h.slot(x)
		if leader[s] == 0 {
			leader[s] = i + 1
		}
		if rank[i] = leader[s]; !first(i) {
			rank[i] += len(h.hashes)
		}
	}
	slices.SortStableFunc(o, func(x, y int) int { return rank[x] - rank[y] })
	return o
}

// slots returns the slot table for entries in that order.
func (h hashing) slots(order []int) []uint32 {
	w := make([]uint32, 1<<h.log)
	for i, x := range order {
		if s := h.slot(h.hashes[x]); w[s] == 0 {
			w[s] = uint32(i) + 1
		}
	}
	return w
}

// texts writes entries of strings: hash, offset, length and EnumEntryMore.
func (c *Compiler) texts(list []string) (h hashing, order []int, entry func(i int) []uint32) {
	hashes := make([]uint32, len(list))
	for i, s := range list {
		hashes[i] = json.HashName([]byte(s))
	}
	h = newHashing(hashes)
	order = h.order(func(int) bool { return false })
	return h, order, func(i int) []uint32 {
		x := order[i]
		off, n := c.strs.Add(list[x])
		if i+1 < len(order) && h.slot(hashes[order[i+1]]) == h.slot(hashes[x]) {
			n |= table.EnumEntryMore
		}
		return []uint32{hashes[x], off, n}
	}
}

// enumSet writes a set of values; equal sets are written once.
func (c *Compiler) enumSet(values []*source.Node) uint32 {
	var text []byte
	for _, v := range values {
		text = append(appendText(text, v), ',')
	}
	if at, ok := c.enumAt[string(text)]; ok {
		return at
	}
	var list []string
	var others []uint32
	literals := uint32(0)
	seen := map[string]bool{}
	for _, v := range values {
		switch {
		case v.Kind == source.Null:
			literals |= 1 << json.KindNull
		case v.Kind == source.Bool && v.Bool:
			literals |= 1 << json.KindTrue
		case v.Kind == source.Bool:
			literals |= 1 << json.KindFalse
		case v.Kind == source.String:
			if !seen[v.Text] {
				list = append(list, v.Text)
			}
			seen[v.Text] = true
		default:
			others = append(others, c.constant(v))
		}
	}
	h, order, entry := c.texts(list)
	w := []uint32{0, uint32(len(list)), h.log, h.mult, literals, uint32(len(others))}
	w = append(w, h.slots(order)...)
	for i := range order {
		w = append(w, entry(i)...)
	}
	w = append(w, others...)
	w[table.EnumSize] = uint32(len(w))
	at := uint32(len(c.enums))
	c.enums = append(c.enums, w...)
	c.enumAt[string(text)] = at
	return at
}
