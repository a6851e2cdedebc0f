package format

// runeProps is what the tables know of one code point:
//
//	20  19 18     11 10  9 8  7   5 4    2 1    0
//	+-----+---------+---+----+-----+------+------+
//	| ID  |   ccc   | M | sc | jt  |  bc  | idna |
//	+-----+---------+---+----+-----+------+------+
//
// ID: ID_Start, ID_Continue; ccc: Canonical_Combining_Class; M: a mark;
// sc: script; jt: Joining_Type; bc: Bidi_Class; idna: derived property. All
// but ID are zero for code points that are disallowed in labels.
type runeProps uint32

// The derived property of RFC 5892 section 3; unassigned is disallowed.
const (
	idnaDisallowed uint32 = iota
	idnaValid
	idnaContextJ
	idnaContextO
)

// The Bidi classes that RFC 5893 tells apart; neutral is ES, CS, ET, ON or BN.
const (
	bidiOther uint32 = iota
	bidiL
	bidiR
	bidiAL
	bidiEN
	bidiAN
	bidiNeutral
	bidiNSM
)

// The joining types that RFC 5892 appendix A.1 asks for.
const (
	joinNone uint32 = iota
	joinDual
	joinLeft
	joinRight
	joinTransparent
)

// The scripts that RFC 5892 appendices A.4 to A.7 ask for; Han stands for
// Hiragana and Katakana too.
const (
	scriptOther uint32 = iota
	scriptGreek
	scriptHebrew
	scriptHan
)

func (p runeProps) idna() uint32       { return uint32(p) & 3 }
func (p runeProps) bidi() uint32       { return uint32(p) >> 2 & 7 }
func (p runeProps) joining() uint32    { return uint32(p) >> 5 & 7 }
func (p runeProps) script() uint32     { return uint32(p) >> 8 & 3 }
func (p runeProps) isMark() bool       { return p>>10&1 == 1 }
func (p runeProps) ccc() uint32        { return uint32(p) >> 11 & 0xFF }
func (p runeProps) isIDStart() bool    { return p>>19&1 == 1 }
func (p runeProps) isIDContinue() bool { return p>>20&1 == 1 }

// isVirama is Canonical_Combining_Class = Virama.
func (p runeProps) isVirama() bool { return p.ccc() == 9 }

// propertiesOf looks r up: runeRanges is sorted words of the first code point
// of a range (21 bits) and the number of its record (11 bits).
func propertiesOf(r rune) runeProps {
	lo, hi := 0, numRuneRanges
	for hi-lo > 1 {
		mid := int(uint(lo+hi) / 2)
		if rune(tableU32(runeRanges, mid)>>11) <= r {
			lo = mid
		} else {
			hi = mid
		}
	}
	return runeProps(tableU32(runeRecords, int(tableU32(runeRanges, lo)&0x7FF)))
}

func tableU32(table string, i int) uint32 {
	s := table[4*i : 4*i+4]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
