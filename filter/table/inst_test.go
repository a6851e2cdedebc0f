package table

import (
	"testing"

	"portcullis/filter/json"
	"portcullis/filter/le"
)

// schemaFixture is a small set of valid sections, by hand: one object with a
// property set, an enum, a constant, a tuple, a switch and a location.
type schemaFixture struct {
	strs    string
	program []Inst
	consts  []json.Node
	words   map[Section][]uint32
}

func newFixture() *schemaFixture {
	hash := json.HashName([]byte("ab"))
	f := &schemaFixture{strs: "ab1file:", words: map[Section][]uint32{}}
	f.program = []Inst{
		{Op: OpCtlEnd},
		{Op: OpAssertType, A: TypeObject},
		{Op: OpLoopProperties, C: 0, E: 6},
		{Op: OpAssertType, A: TypeString}, // 3: block of "ab"
		{Op: OpAssertEnum, C: 0},
		{Op: OpCtlEnd},
		{Op: OpAssertMinimum, A: NumberInt, C: 0, D: 1}, // 6
		{Op: OpLoopItems, C: 0, D: 3, B: HeadTypes | TypeString, E: 8},
		{Op: OpCtlSwitchValue, C: 0, D: 9}, // 8
		{Op: OpLogicAnyOf, C: 14},          // 9
		{Op: OpLogicBranch, C: 12},
		{Op: OpCtlEnd},
		{Op: OpLogicBranch, A: 1, C: 14}, // 12
		{Op: OpCtlEnd},
		{Op: OpCtlCall, C: 1, D: 0}, // 14
		{Op: OpCtlEnd},
	}
	number := json.Node{Meta: json.KindNumber | json.FlagInteger, Off: 2, Len: 1}
	f.consts = []json.Node{number,
		{Meta: json.KindObject, Len: 1, Ext: 4}, {Meta: json.KindName, Off: 0, Len: 2, Ext: hash}, number}
	f.words[SecPropSets] = []uint32{SetSlots + 1 + 1 + 4, 1, 0, 1, 1, 0, 0, 0, 1, 1,
		hash, 0, 2 | (HeadTypes|TypeString)<<EntryHeadShift | EntryNamed, 3}
	f.words[SecEnums] = []uint32{EnumSlots + 1 + 3 + 1, 1, 0, 1, 1 << json.KindNull, 1, 1, hash, 0, 2, 1}
	f.words[SecLists] = []uint32{4, 1, 3, HeadTypes | TypeString}
	f.words[SecSwitches] = []uint32{SwitchSlots + 1 + 4, 0, 2, hash, 1, 0, 1, 1, hash, 0, 2, 9}
	f.words[SecProcs] = []uint32{1, 3, 16, 0}
	f.words[SecLocations] = []uint32{0, 3, 5, 1, 0, 2}
	f.words[SecCold] = make([]uint32, len(f.program))
	f.words[SecCold][1] = 2
	return f
}

func (f *schemaFixture) open() (*Table, bool) {
	m := map[uint32][]byte{}
	for id, w := range f.words {
		var b []byte
		for _, x := range w {
			b = le.AppendU32(b, x)
		}
		m[uint32(id)] = b
	}
	var b []byte
	for _, in := range f.program {
		b = append(b, byte(in.Op), in.A, byte(in.B), byte(in.B>>8))
		b = le.AppendU32(le.AppendU32(le.AppendU32(b, in.C), in.D), in.E)
	}
	m[uint32(SecProgram)] = b
	b = nil
	for _, n := range f.consts {
		b = le.AppendU32(le.AppendU32(le.AppendU32(le.AppendU32(b, n.Meta), n.Off), n.Len), n.Ext)
	}
	m[uint32(SecConsts)] = b
	return OpenSchema([]byte(f.strs), m)
}

// TestSchemaVerify breaks one thing at a time.
func TestSchemaVerify(t *testing.T) {
	if _, ok := newFixture().open(); !ok {
		t.Fatal("the fixture itself does not verify")
	}
	tests := []struct {
		name string
		bend func(f *schemaFixture)
	}{
		{"unknown opcode", func(f *schemaFixture) { f.program[5].Op = numOpcodes }},
		{"opcode 0", func(f *schemaFixture) { f.program[5].Op = 0 }},
		{"operand where there is none", func(f *schemaFixture) { f.program[5].E = 1 }},
		{"no types", func(f *schemaFixture) { f.program[1].A = 0 }},
		{"runs past the end", func(f *schemaFixture) { f.program[15].Op = OpAssertFail }},
		{"loop ends before it begins", func(f *schemaFixture) { f.program[2].E = 1 }},
		{"loop ends at itself", func(f *schemaFixture) { f.program[2].E = 2 }},
		{"loop ends outside", func(f *schemaFixture) { f.program[2].E = 16 }},
		{"property set within another", func(f *schemaFixture) { f.program[2].C = 1 }},
		{"enum outside", func(f *schemaFixture) { f.program[4].C = 11 }},
		{"tuple outside", func(f *schemaFixture) { f.program[7].C = 4 }},
		{"block outside", func(f *schemaFixture) { f.program[7].D = 99 }},
		{"head without its type", func(f *schemaFixture) { f.program[7].D = 4 }},
		{"head of another type", func(f *schemaFixture) { f.program[7].B = HeadTypes | TypeNumber }},
		{"head without a block", func(f *schemaFixture) { f.program[7].D = 0 }},
		{"constant outside", func(f *schemaFixture) { f.program[6].C = 4 }},
		{"constant that is a name", func(f *schemaFixture) { f.program[6].C = 2 }},
		{"constant that is no number", func(f *schemaFixture) { f.program[6].C = 1 }},
		{"value that is not the constant's", func(f *schemaFixture) { f.program[6].D = 2 }},
		{"places of a minimum", func(f *schemaFixture) { f.program[6].A, f.program[6].D = NumberPlaces, 0 }},
		{"switch default backward", func(f *schemaFixture) { f.program[8].D = 8 }},
		{"switch target backward", func(f *schemaFixture) { f.words[SecSwitches][11] = 8 }},
		{"branch target outside", func(f *schemaFixture) { f.program[10].C = 16 }},
		{"next branch is none", func(f *schemaFixture) { f.program[10].C = 11 }},
		{"alternatives without a branch", func(f *schemaFixture) { f.program[10].Op = OpCtlEnd; f.program[10].C = 0 }},
		{"call of another place", func(f *schemaFixture) { f.program[14].C = 2 }},
		{"call of no procedure", func(f *schemaFixture) { f.program[14].D = 1 }},
		{"procedure outside", func(f *schemaFixture) { f.words[SecProcs][0] = 16 }},
		{"partial procedure", func(f *schemaFixture) { f.words[SecProcs] = f.words[SecProcs][:3] }},
		{"set larger than its section", func(f *schemaFixture) { f.words[SecPropSets][0]++ }},
		{"set smaller than its content", func(f *schemaFixture) { f.words[SecPropSets][0]-- }},
		{"set of size 0", func(f *schemaFixture) { f.words[SecPropSets][0] = 0 }},
		{"more entries than there are", func(f *schemaFixture) { f.words[SecPropSets][SetEntries] = 2 }},
		{"huge number of entries", func(f *schemaFixture) { f.words[SecPropSets][SetEntries] = 1 << 30 }},
		{"huge number of slots", func(f *schemaFixture) { f.words[SecPropSets][SetLog] = 31 }},
		{"more bits than entries", func(f *schemaFixture) { f.words[SecPropSets][SetBits] = 2 }},
		{"required bit that no entry has", func(f *schemaFixture) { f.words[SecPropSets][9] = 2 }},
		{"slot of no entry", func(f *schemaFixture) { f.words[SecPropSets][SetSlots] = 2 }},
		{"chain past the entries", func(f *schemaFixture) { f.words[SecPropSets][12] |= EntryMore }},
		{"name outside the pool", func(f *schemaFixture) { f.words[SecPropSets][11] = 7 }},
		{"hash of another name", func(f *schemaFixture) { f.words[SecPropSets][10]++ }},
		{"patterns in a fast loop", func(f *schemaFixture) { f.words[SecPropSets][SetNames] = 3 }},
		{"enum literal that is none", func(f *schemaFixture) { f.words[SecEnums][EnumLiterals] = 1 << json.KindNumber }},
		{"enum chain past the entries", func(f *schemaFixture) { f.words[SecEnums][9] |= EnumEntryMore }},
		{"enum value that is a name", func(f *schemaFixture) { f.words[SecEnums][10] = 2 }},
		{"tuple longer than its section", func(f *schemaFixture) { f.words[SecLists][1] = 2 }},
		{"escaped constant", func(f *schemaFixture) { f.consts[2].Meta |= json.FlagEscaped }},
		{"constant without kind", func(f *schemaFixture) { f.consts[0].Meta = 0 }},
		{"number with wrong flags", func(f *schemaFixture) { f.consts[0].Meta = json.KindNumber }},
		{"text that is no number", func(f *schemaFixture) { f.consts[0].Off = 0 }},
		{"object with too many members", func(f *schemaFixture) { f.consts[1].Len = 2 }},
		{"object with too few members", func(f *schemaFixture) { f.consts[1].Len = 0 }},
		{"object past the end", func(f *schemaFixture) { f.consts[1].Ext = 5 }},
		{"object that ends before it begins", func(f *schemaFixture) { f.consts[1].Ext = 1 }},
		{"value where a name stands", func(f *schemaFixture) { f.consts[2] = f.consts[0] }},
		{"name outside an object", func(f *schemaFixture) { f.consts[1].Meta = json.KindArray; f.consts[1].Len = 2 }},
		{"location that is its own parent", func(f *schemaFixture) { f.words[SecLocations][3] = 2 }},
		{"location outside the pool", func(f *schemaFixture) { f.words[SecLocations][2] = 6 }},
		{"location of no entry", func(f *schemaFixture) { f.words[SecCold][1] = 3 }},
		{"fewer locations than instructions", func(f *schemaFixture) { f.words[SecCold] = f.words[SecCold][:15] }},
		{"pattern that is none", func(f *schemaFixture) { f.words[SecPatterns] = make([]uint32, 40) }},
	}
	for _, tt := range tests {
		f := newFixture()
		tt.bend(f)
		if _, ok := f.open(); ok {
			t.Errorf("%s: the sections verify, want a refusal", tt.name)
		}
	}
}
