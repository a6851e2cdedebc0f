package pattern

// Fault says what is wrong with a blob. The zero value means nothing is.
type Fault uint8

const (
	// OK is the verdict on a well-formed blob.
	OK Fault = iota
	// FaultSize: the blob is shorter than its header, or its length is not
	// the one the header and the counts give.
	FaultSize
	// FaultStates: the number of states, the start state or the first
	// accepting state is out of range.
	FaultStates
	// FaultClasses: there is no class, or too many.
	FaultClasses
	// FaultWidth: cells are neither one nor two bytes, or too narrow for
	// the states.
	FaultWidth
	// FaultReserved: a padding byte is not zero, or a flag is unknown.
	FaultReserved
	// FaultASCII: an ASCII byte has a class that does not exist.
	FaultASCII
	// FaultRanges: the ranges do not begin at 0x80, are not sorted, or name
	// a class that does not exist.
	FaultRanges
	// FaultCell: a transition leads to a state that does not exist.
	FaultCell
	// FaultLength: the bounds of the length are out of order.
	FaultLength
)

// Verify reports whether blob is one well-formed automaton and nothing more.
// After OK, Match, Run and Accepts stay within blob for every text and every
// state that Start or Run returned.
func Verify(blob []byte) Fault {
	if len(blob) < HeaderSize || uint64(len(blob)) > 1<<30 {
		return FaultSize
	}
	size := uint32(len(blob))
	states, classes := u16(blob, offNumStates), u16(blob, offNumClasses)
	accept, start := u16(blob, offFirstAccept), u16(blob, offStart)
	width, ranges := uint32(blob[offWidth]), u16(blob, offNumRanges)
	if states < FirstRow || start >= states || accept < FirstRow || accept > states {
		return FaultStates
	}
	if classes == 0 || classes > MaxClasses {
		return FaultClasses
	}
	if width != 1 && width != 2 || width == 1 && states > 256 {
		return FaultWidth
	}
	flags := blob[offFlags]
	if flags > FlagLength|FlagBytes || flags == FlagBytes {
		return FaultReserved
	}
	// At most 2^16 states of 2^11 classes of 2 bytes: 64-bit sums can't wrap.
	cells := uint64(offRanges) + 4*uint64(ranges)
	end := cells + uint64(states-FirstRow)*uint64(classes)*uint64(width)
	padded := (end + 3) &^ 3
	whole := padded
	if flags&FlagLength != 0 {
		whole += 8
	}
	if whole != uint64(size) || u32(blob, offSize) != size {
		return FaultSize
	}
	if flags&FlagLength != 0 && u32(blob, size-8) > u32(blob, size-4) {
		return FaultLength
	}
	for _, pad := range blob[end:padded] {
		if pad != 0 {
			return FaultReserved
		}
	}
	for _, class := range blob[offASCII:offRanges] {
		if uint32(class) >= classes {
			return FaultASCII
		}
	}
	if !rangesOK(blob[offRanges:cells], classes) {
		return FaultRanges
	}
	return verifyCells(blob[cells:end], width, states)
}

func rangesOK(b []byte, classes uint32) bool {
	if len(b) == 0 {
		return false
	}
	prev := uint32(0)
	for off := uint32(0); off < uint32(len(b)); off += 4 {
		w := u32(b, off)
		first := w >> ClassBits
		if off == 0 && first != 0x80 || off > 0 && first <= prev || first > 0x10FFFF {
			return false
		}
		if w&(MaxClasses-1) >= classes {
			return false
		}
		prev = first
	}
	return true
}

func verifyCells(cells []byte, width, states uint32) Fault {
	if width == 1 {
		for _, next := range cells {
			if uint32(next) >= states {
				return FaultCell
			}
		}
		return OK
	}
	for off := uint32(0); off < uint32(len(cells)); off += 2 {
		if u16(cells, off) >= states {
			return FaultCell
		}
	}
	return OK
}
