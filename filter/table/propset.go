package table

// Property sets, sets of values, tuples and branch tables are records of
// words, one after another. Every record begins with its size in words.
//
// Look-ups by string go through slots: slot (hash*mult)>>(32-log), where hash is
// json.HashName, holds the index plus one of the first entry to compare, 0 for
// none. The compiler picks mult so that the slots hold one entry each; names
// with equal hashes stand side by side, all but the last with EntryMore.

// Words of a property set.
//
//	size entries log mult bits patterns dependents names
//	slots[1<<log] required[(bits+31)/32] entries[4] patterns[3] dependents[1+masks]
//
// The first `bits` entries have a bit each in the mask of members seen, which
// required names and dependents are checked against.
const (
	SetSize       = 0
	SetEntries    = 1
	SetLog        = 2
	SetMult       = 3
	SetBits       = 4
	SetPatterns   = 5
	SetDependents = 6
	SetNames      = 7 // block for names, 0 = none
	SetSlots      = 8
)

// Words of an entry: hash, name's offset, name's length | flags<<16, block.
//
//	 31    26 25                16 15                 0
//	+--------+--------------------+--------------------+
//	| flags  |     block head     |   length of name   |   word 2
//	+--------+--------------------+--------------------+
const (
	EntryHash  = 0
	EntryName  = 1
	EntryInfo  = 2
	EntryBlock = 3 // 0: nothing to check
	wordsEntry = 4

	EntryHeadShift = 16
	EntryNamed     = 1 << 26 // named by `properties`: patterns aside, it is no other member
	EntryMore      = 1 << 27 // the next entry has the same slot
	entryFlagsAll  = EntryNamed | EntryMore | headAll<<EntryHeadShift | 0xffff
)

// Words of a pattern of a property set: automaton, block, head of the block.
const (
	PatternDFA   = 0
	PatternBlock = 1 // 0: nothing to check
	PatternHead  = 2
	wordsPattern = 3
)

// A dependent is the bit of a name, then the mask of the names it needs.

// Words of a set of values. Entries are as in property sets, without flags but
// EntryMore; a value is an index of the constants.
//
//	size strings log mult literals values slots[1<<log] strings[3] values[1]
const (
	EnumSize     = 0
	EnumStrings  = 1
	EnumLog      = 2
	EnumMult     = 3
	EnumLiterals = 4 // bits: 1<<kind of null, false and true
	EnumValues   = 5
	EnumSlots    = 6

	EnumEntryHash  = 0
	EnumEntryText  = 1 // offset, then length | EnumEntryMore
	EnumEntryMore  = 1 << 31
	wordsEnumEntry = 3
)

// Words of a tuple: a block (0: nothing to check) and its head for each place.
//
//	size count entries[2]
const (
	TupleSize    = 0
	TupleCount   = 1
	TupleEntries = 2
	wordsTuple   = 2
)

// NumSwitchKinds is the number of targets of OpCtlSwitchType, by kind minus 1.
const NumSwitchKinds = 7

// Words of a switch on a member's string value.
//
//	size name(2) hash entries log mult slots[1<<log] entries[4]
//
// An entry has the words of an enum's entry, and its target.
const (
	SwitchSize      = 0
	SwitchName      = 1
	SwitchHash      = 3
	SwitchEntries   = 4
	SwitchLog       = 5
	SwitchMult      = 6
	SwitchSlots     = 7
	SwitchTarget    = 3 // of an entry
	wordsSwitchItem = 4
)

// maxLog bounds the slots of a set: 2^20.
const maxLog = 20

// Slot returns the slot of hash in a set of 1<<log slots.
func Slot(hash, mult, log uint32) uint32 {
	return uint32(uint64(hash*mult) >> (32 - log))
}
