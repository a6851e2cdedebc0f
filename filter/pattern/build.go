package pattern

// Automaton is the plain form of a blob, for the compiler and for tests.
type Automaton struct {
	NumStates   int          // including the two states without rows
	NumClasses  int          // 1 .. MaxClasses
	FirstAccept int          // 2 .. NumStates
	Start       int          // any state
	ASCII       [128]uint8   // class of each ASCII byte
	Ranges      []RangeClass // sorted; the first begins at 0x80
	Next        []uint16     // (NumStates-2)*NumClasses cells
	Flags       uint8        // FlagLength, FlagBytes
	Min, Max    uint32       // bounds of the length, with FlagLength
}

// RangeClass gives the class of all code points from First up to the next
// range's First.
type RangeClass struct {
	First rune
	Class uint16
}

// Append appends a's blob to dst and returns the extended slice. The blob is
// a multiple of four bytes; dst's length should be one too. Cells take one
// byte when there are at most 256 states. It does not check a: Verify does.
func (a *Automaton) Append(dst []byte) []byte {
	width := 1
	if a.NumStates > 256 {
		width = 2
	}
	size := HeaderSize + 4*len(a.Ranges) + width*len(a.Next)
	pad := -size & 3
	size += pad
	if a.Flags&FlagLength != 0 {
		size += 8
	}
	put16 := func(v int) { dst = append(dst, byte(v), byte(v>>8)) }
	put32 := func(v uint32) { dst = append(dst, byte(v), byte(v>>8), byte(v>>16), byte(v>>24)) }
	put16(a.NumStates)
	put16(a.NumClasses)
	put16(a.FirstAccept)
	put16(a.Start)
	dst = append(dst, byte(width), a.Flags)
	put16(len(a.Ranges))
	put32(uint32(size))
	dst = append(dst, a.ASCII[:]...)
	for _, r := range a.Ranges {
		put32(uint32(r.First)<<ClassBits | uint32(r.Class))
	}
	for _, s := range a.Next {
		if width == 1 {
			dst = append(dst, byte(s))
		} else {
			put16(int(s))
		}
	}
	for range pad {
		dst = append(dst, 0)
	}
	if a.Flags&FlagLength != 0 {
		put32(a.Min)
		put32(a.Max)
	}
	return dst
}
