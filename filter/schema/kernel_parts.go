package schema

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
)

// What the kernel consists of, besides its loop. It is translated with it, so
// the subset's rules hold here too.

// Numbers that the kernel compares itself: of at most shortNumber bytes, with at
// most maxPlaces decimal places if the bound is within maxBound, so that both
// times a power of ten fit an int64.
const (
	shortNumber = 18
	maxPlaces   = 9
	maxBound    = 1 << 31
)

var powers = [maxPlaces + 1]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// shortDecimal reads a number of at most shortNumber bytes as v divided by ten
// to the power of places. For a number with an exponent places is beyond
// maxPlaces.
func shortDecimal(src []byte, off, n uint64) (v int64, places uint64) {
	end := off + n
	sign := uint64(0)
	if src[off] == '-' {
		sign = 1
		off++
	}
	u := uint64(0)
	point := end
	for off < end {
		c := uint64(src[off])
		if c == '.' {
			point = off + 1
		} else if c > '9' {
			return 0, maxPlaces + 1
		} else {
			u = u*10 + c - '0'
		}
		off++
	}
	return int64((u ^ (0 - sign)) + sign), end - point
}

// equalBytes returns 1 if the n bytes at i of a are those at j of b, else 0. It
// reads whole words where there are enough bytes, the last one overlapping.
func equalBytes(a []byte, i uint64, b []byte, j, n uint64) uint64 {
	if n >= 8 {
		k := uint64(0)
		for k+8 < n {
			if load64(a, i+k) != load64(b, j+k) {
				return 0
			}
			k += 8
		}
		if load64(a, i+n-8) != load64(b, j+n-8) {
			return 0
		}
		return 1
	}
	if n >= 4 {
		if load32(a, i) != load32(b, j) || load32(a, i+n-4) != load32(b, j+n-4) {
			return 0
		}
		return 1
	}
	for k := uint64(0); k < n; k++ {
		if a[i+k] != b[j+k] {
			return 0
		}
	}
	return 1
}

// The parts of an automaton's layout (filter/pattern) that matchASCII reads.
const (
	dfaClasses = 2
	dfaAccept  = 4
	dfaStart   = 6
	dfaWidth   = 8
	dfaFlags   = 9
	dfaRanges  = 10
	dfaSize    = 12
	dfaASCII   = 16
	dfaCells   = 144
	dfaRow     = 2 // first state that has a row
)

// matchASCII returns what pattern.Match says of the n bytes at off, all below
// 0x80: 1 for a match, else 0.
func matchASCII(dfa, src []byte, off, n uint64) uint64 {
	if dfa[dfaFlags] != 0 { // bounds of the length, which is n in ASCII
		end := load32(dfa, dfaSize)
		if n < load32(dfa, end-8) || n > load32(dfa, end-4) {
			return 0
		}
	}
	classes := uint64(dfa[dfaClasses]) | uint64(dfa[dfaClasses+1])<<8
	state := uint64(dfa[dfaStart]) | uint64(dfa[dfaStart+1])<<8
	cells := dfa[dfaCells+4*(uint64(dfa[dfaRanges])|uint64(dfa[dfaRanges+1])<<8):]
	end := off + n
	if dfa[dfaWidth] == 1 {
		for off < end && state >= dfaRow {
			state = uint64(cells[(state-dfaRow)*classes+uint64(dfa[dfaASCII+uint64(src[off])])])
			off++
		}
	} else {
		for off < end && state >= dfaRow {
			at := ((state-dfaRow)*classes + uint64(dfa[dfaASCII+uint64(src[off])])) * 2
			state = uint64(cells[at]) | uint64(cells[at+1])<<8
			off++
		}
	}
	if state == 1 || state >= uint64(dfa[dfaAccept])|uint64(dfa[dfaAccept+1])<<8 {
		return 1
	}
	return 0
}

// findText looks for the unescaped string of n bytes at off in a set of entries
// of the given number of words, whose slots stand at first. It returns one more
// than the place of its entry in r, or 0.
func findText(s *state, r []uint32, first, log, mult, words, off, n uint64) uint64 {
	hash := hashText(s.src, off, n)
	e := uint64(r[first+(hash*mult&0xffffffff)>>((32-log)&63)])
	if e == 0 {
		return 0
	}
	at := first + 1<<(log&31) + (e-1)*words
	for {
		size := uint64(r[at+table.EnumEntryText+1])
		if uint64(r[at+table.EnumEntryHash]) == hash && size&^table.EnumEntryMore == n &&
			equalBytes(s.src, off, s.strs, uint64(r[at+table.EnumEntryText]), n) != 0 {
			return at + 1
		}
		if size&table.EnumEntryMore == 0 {
			return 0
		}
		at += words
	}
}

// Constants of json.HashName.
const (
	hashSeed = 0x27d4eb2f165667c5
	hashMulA = 0x9e3779b97f4a7c15
	hashMulB = 0xc2b2ae3d27d4eb4f
)

// hashText is json.HashName of the n bytes at off.
func hashText(src []byte, off, n uint64) uint64 {
	h := uint64(hashSeed)
	end := off + n
	for off+8 <= end {
		h = (h ^ load64(src, off)) * hashMulA
		off += 8
	}
	w := uint64(0)
	shift := uint64(0)
	for off < end {
		w |= uint64(src[off]) << (shift & 63)
		shift += 8
		off++
	}
	h = (h ^ w) * hashMulA
	return ((h ^ h>>32 ^ n) * hashMulB) >> 32
}

// stepOfFrame is the step that a loop goes on with, by the kind of its frame.
var stepOfFrame = [...]uint64{
	frameRoot:      stepDone,
	frameProps:     stepProps,
	framePropsSlow: stepPropsSlow,
	frameItems:     stepItems,
	frameItemsSlow: stepItemsSlow,
	frameUneval:    stepUnevaluated,
}

// mayBeInteger reports whether a number that does not look like an integer is
// asked to be one: its value decides, not its spelling (JSON Schema validation
// section 6.1.1; not in draft 4).
func mayBeInteger(types, meta uint64) bool {
	return types&(table.TypeInteger|table.TypeStrict) == table.TypeInteger && meta&0xff == json.KindNumber
}

// findEntry returns one more than the entry of a property set for the name of n
// bytes at off, which has that hash and no escapes; 0 if there is none.
func findEntry(s *state, set, entries []uint32, hash, off, n uint64) uint64 {
	e := uint64(set[(hash*uint64(set[table.SetMult])&0xffffffff)>>((32-uint64(set[table.SetLog]))&63)+table.SetSlots])
	if e == 0 {
		return 0
	}
	at := (e - 1) * entryWords
	for {
		info := uint64(entries[at+table.EntryInfo])
		if uint64(entries[at+table.EntryHash]) == hash && info&0xffff == n &&
			equalBytes(s.src, off, s.strs, uint64(entries[at+table.EntryName]), n) != 0 {
			return e
		}
		if info&table.EntryMore == 0 {
			return 0
		}
		at += entryWords
		e++
	}
}
