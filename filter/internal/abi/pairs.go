package abi

import "portcullis/filter/le"

// PairsFault says why a serialized map was refused.
type PairsFault uint8

// Faults. The zero value is a good map.
const (
	PairsGood PairsFault = iota
	PairsTruncated
	PairsTooMany
	PairsTerminator
	PairsTrailing
)

// Pairs walks a serialized header map (ABI v0.2.1, "Serialization"):
//
//	+-------+----------+------------+-----+---------+---+-----------+---+-----
//	| count | name len | value len  | ... | name 1  | 0 | value 1   | 0 | ...
//	|  u32  |   u32    |    u32     |     | bytes   |   | bytes     |   |
//	+-------+----------+------------+-----+---------+---+-----------+---+-----
//
// All numbers are little-endian. Nothing is copied: names and values are slices of
// the input. A map is taken whole or not at all: OpenPairs checks every length and
// terminator, after which Next cannot fail.
//
// Invariants: sizes and data lie within b; left pairs are still to come.
type Pairs struct {
	b     []byte
	left  uint32
	sizes uint32 // offset of the next pair of lengths
	data  uint32 // offset of the next name
}

// OpenPairs checks the serialized map b, which may hold at most max pairs.
// An empty b is an empty map: some hosts write it so.
func OpenPairs(b []byte, max uint32) (Pairs, PairsFault) {
	if len(b) == 0 {
		return Pairs{}, PairsGood
	}
	if len(b) < 4 || uint64(len(b)) > 1<<31 {
		return Pairs{}, PairsTruncated
	}
	count := le.U32(b, 0)
	if count > max {
		return Pairs{}, PairsTooMany
	}
	pos := 4 + uint64(count)*8
	size := uint64(len(b))
	if pos > size {
		return Pairs{}, PairsTruncated
	}
	p := Pairs{b: b, left: count, sizes: 4, data: uint32(pos)}
	for off := uint32(4); off < p.data; off += 4 {
		pos += uint64(le.U32(b, off))
		if pos >= size {
			return Pairs{}, PairsTruncated
		}
		// The terminator is checked, not assumed: it is what a length that runs
		// into the neighbour's bytes fails on.
		if b[pos] != 0 {
			return Pairs{}, PairsTerminator
		}
		pos++
	}
	if pos != size {
		return Pairs{}, PairsTrailing
	}
	return p, PairsGood
}

// Len is how many pairs are still to come.
func (p *Pairs) Len() uint32 { return p.left }

// Next returns the next pair; ok is false after the last.
func (p *Pairs) Next() (name, value []byte, ok bool) {
	if p.left == 0 {
		return nil, nil, false
	}
	p.left--
	n, v := le.U32(p.b, p.sizes), le.U32(p.b, p.sizes+4)
	p.sizes += 8
	end := p.data + n
	name = p.b[p.data:end:end]
	start := end + 1
	end = start + v
	value = p.b[start:end:end]
	p.data = end + 1
	return name, value, true
}

// FillPairs reads the serialized map b, which may hold at most max pairs, into dst and
// returns how many there are. It takes what OpenPairs takes, in one pass over it: every
// request's header fields come by here. More pairs than dst has room for are too many;
// what dst holds after a fault means nothing.
func FillPairs[P ~struct{ Name, Value []byte }](dst []P, b []byte, max uint32) (int, PairsFault) {
	if len(b) == 0 {
		return 0, PairsGood
	}
	if len(b) < 4 || uint64(len(b)) > 1<<31 {
		return 0, PairsTruncated
	}
	count := le.U32(b, 0)
	if count > max {
		return 0, PairsTooMany
	}
	size, pos := uint64(len(b)), 4+uint64(count)*8
	if pos > size {
		return 0, PairsTruncated
	}
	if uint64(count) > uint64(len(dst)) {
		return 0, PairsTooMany
	}
	dst = dst[:count]
	for i := range dst {
		lengths := le.U64(b, 4+8*uint32(i))
		end := pos + lengths&0xFFFFFFFF
		if end >= size {
			return 0, PairsTruncated
		}
		start := end + 1
		last := start + lengths>>32
		if b[end] != 0 {
			return 0, PairsTerminator
		}
		if last >= size {
			return 0, PairsTruncated
		}
		if b[last] != 0 {
			return 0, PairsTerminator
		}
		dst[i] = P(struct{ Name, Value []byte }{b[pos:end:end], b[start:last:last]})
		pos = last + 1
	}
	if pos != size {
		return 0, PairsTrailing
	}
	return int(count), PairsGood
}

// PairsWriter builds a serialized map in a buffer of fixed size. Set Buf and
// call Begin with the number of pairs, then Add exactly as often.
//
// Invariants: as for [Pairs]; bad is set once something did not fit and never
// cleared, so that only End has to be checked.
type PairsWriter struct {
	Buf   []byte
	size  uint32
	sizes uint32
	bad   bool
}

// Begin starts a map of count pairs.
func (w *PairsWriter) Begin(count uint32) {
	w.size, w.sizes = 4+count*8, 4
	if w.bad = uint64(w.size) > uint64(len(w.Buf)); !w.bad {
		le.PutU32(w.Buf, 0, count)
	}
}

// Add writes the next pair. The value is given in two parts, either may be empty:
// a fixed text and bytes put together by the caller.
func (w *PairsWriter) Add(name, text string, value []byte) {
	room := uint64(len(name)) + uint64(len(text)) + uint64(len(value)) + 2
	first := le4(w.Buf) // where the lengths end
	if w.bad || w.sizes+8 > first || uint64(w.size)+room > uint64(len(w.Buf)) {
		w.bad = true
		return
	}
	le.PutU32(w.Buf, w.sizes, uint32(len(name)))
	le.PutU32(w.Buf, w.sizes+4, uint32(len(text)+len(value)))
	w.sizes += 8
	b := w.Buf[w.size:]
	n := copy(b, name)
	b[n] = 0
	n++
	if len(text) > 0 {
		n += copy(b[n:], text)
	}
	if len(value) > 0 {
		n += copy(b[n:], value)
	}
	b[n] = 0
	w.size += uint32(n) + 1
}

// End returns the map, or nil when it did not fit or pairs are missing.
func (w *PairsWriter) End() []byte {
	if w.bad || w.sizes != le4(w.Buf) {
		return nil
	}
	return w.Buf[:w.size]
}

// le4 is where the lengths of the map in b end and its names start.
func le4(b []byte) uint32 {
	if len(b) < 4 {
		return 0
	}
	return 4 + le.U32(b, 0)*8
}
