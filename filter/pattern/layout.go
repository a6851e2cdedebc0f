// Package pattern runs the deterministic automata that schemagen makes from
// `pattern` and `patternProperties` (ECMA-262 syntax, `u` flag): one table
// look-up per byte of ASCII text, no backtracking, no allocation.
//
// An automaton is a self-contained blob. It answers the question that JSON
// Schema asks: does the expression match anywhere in the text? It cannot tell
// where. The package refuses nothing but a malformed blob, in Verify; after
// Verify returned OK no text whatever can make Run leave the blob.
//
// The automaton steps over code points, not bytes: ASCII goes through a direct
// map, anything else through a short sorted list of ranges. That keeps
// `^.{1,500}$` or `\p{L}+` at a few columns per state, where an automaton over
// UTF-8 bytes needs hundreds of intermediate states.
//
// The loop, kernel in kernel.go, is translated to structured WebAssembly by
// internal/wasmgen; elsewhere it runs as Go.
package pattern

// The blob, little-endian, begins at an address that is a multiple of four:
//
//	      0               1               2               3
//	+---------------+---------------+---------------+---------------+
//	|          num states           |          num classes          |   0
//	+---------------+---------------+---------------+---------------+
//	|         first accept          |             start             |   4
//	+---------------+---------------+---------------+---------------+
//	|     width     |     flags     |           num ranges          |   8
//	+---------------+---------------+---------------+---------------+
//	|                           size of blob                        |  12
//	+---------------+---------------+---------------+---------------+
//	|          class of each ASCII byte, 128 times one byte         |  16
//	+---------------+---------------+---------------+---------------+
//	|  31                        11 10                          0   | 144
//	|  +---------------------------+----------------------------+   |
//	|  | first code point of range |       class of range       |   |
//	|  +---------------------------+----------------------------+   |
//	|  num ranges times; a range ends where the next one begins;    |
//	|  the first begins at 0x80, the last ends at 0x10FFFF          |
//	+---------------+---------------+---------------+---------------+
//	|  next state: (num states - 2) rows of num classes cells,      |
//	|  width (1 or 2) bytes each; then zero bytes to a multiple of 4|
//	+---------------------------------------------------------------+
//	|  with FlagLength: fewest code points; most, or 0xFFFFFFFF     |
//	+---------------------------------------------------------------+
//
// Lengths are there for ^[a-z]{1,500}$ and its like, whose counts would take
// a state each: the automaton is that of ^[a-z]*$ and the text's length is
// judged apart.
//
// States are numbered by what they mean, so that the loop needs one compare:
//
//	0            the text is refused whatever follows; has no row
//	1            the text matched, whatever follows; has no row
//	2 ..         no match if the text ends here; rows start with state 2
//	first accept and above: match if the text ends here
const (
	offNumStates   = 0
	offNumClasses  = 2
	offFirstAccept = 4
	offStart       = 6
	offWidth       = 8
	offFlags       = 9
	offNumRanges   = 10
	offSize        = 12
	offASCII       = 16
	offRanges      = offASCII + 128

	// HeaderSize is the number of bytes before the ranges.
	HeaderSize = offRanges
	// ClassBits is the width of the class in a range word; the code point
	// has the 21 bits above it.
	ClassBits = 11
	// MaxClasses is the largest number of classes a blob can have.
	MaxClasses = 1 << ClassBits
	// MaxStates is the largest number of states a blob can have.
	MaxStates = 1<<16 - 1
)

const (
	// FlagLength says that bounds of the text's length are at the end.
	FlagLength = 1 << iota
	// FlagBytes says that they may be compared with its bytes, because the
	// automaton accepts nothing but ASCII.
	FlagBytes

	// NoMaximum is the upper bound of what has none.
	NoMaximum = 1<<32 - 1
)

const (
	// StateReject refuses the text whatever follows.
	StateReject uint32 = 0
	// StateMatch accepts the text whatever follows.
	StateMatch uint32 = 1
	// FirstRow is the state whose transitions are the first row.
	FirstRow uint32 = 2
)

func u16(b []byte, off uint32) uint32 {
	return uint32(b[off]) | uint32(b[off+1])<<8
}

func u32(b []byte, off uint32) uint32 {
	return uint32(b[off]) | uint32(b[off+1])<<8 | uint32(b[off+2])<<16 | uint32(b[off+3])<<24
}
