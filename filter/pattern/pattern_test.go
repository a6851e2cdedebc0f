package pattern

import (
	"strings"
	"testing"
)

// vowels accepts texts of one or more characters, all of them vowels or é:
// ^[aeioué]+$, with cells of the width that numStates asks for.
func vowels(numStates int) []byte {
	a := &Automaton{NumStates: numStates, NumClasses: 2, FirstAccept: 3, Start: 2}
	for _, c := range "aeiou" {
		a.ASCII[c] = 1
	}
	a.Ranges = []RangeClass{{0x80, 0}, {'é', 1}, {'é' + 1, 0}}
	a.Next = make([]uint16, (numStates-2)*2)
	copy(a.Next, []uint16{0, 3, 0, 3})
	return a.Append(nil)
}

func TestMatch(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"", false},
		{"a", true},
		{"aeiouaeiou", true},
		{"ab", false},
		{"é", true},
		{"aéa", true},
		{"è", false},
		{"aê", false},
		{"a\u3042", false},
		{"a\U0001F600", false},
		{"a\x00", false},
		// Not UTF-8: any answer, but no panic.
		{"a\xc3", false},
		{"a\x80", false},
		{"a\xf0\x9f", false},
		{"a\xff\xff\xff\xff", false},
	}
	for _, numStates := range []int{4, 300} {
		blob := vowels(numStates)
		if f := Verify(blob); f != OK {
			t.Fatalf("Verify(%d states) = %d, want OK", numStates, f)
		}
		for _, tt := range tests {
			if got := Match(blob, []byte(tt.text)); got != tt.want {
				t.Errorf("Match(%d states, %q) = %v, want %v", numStates, tt.text, got, tt.want)
			}
			state, length := Start(blob), uint32(0)
			for _, r := range tt.text {
				length++
				state = Run(blob, state, []byte(string(r)))
			}
			if got := Accepts(blob, state, length); got != tt.want && !strings.ContainsRune(tt.text, '\uFFFD') {
				t.Errorf("Run(%d states, %q by characters) = %v, want %v", numStates, tt.text, got, tt.want)
			}
		}
	}
}

func TestRunForeignState(t *testing.T) {
	blob := vowels(4)
	for _, state := range []uint32{4, 1 << 16, 1<<32 - 1} {
		if got := Run(blob, state, []byte("a")); got != StateReject {
			t.Errorf("Run(state %d) = %d, want %d", state, got, StateReject)
		}
	}
}

func TestVerify(t *testing.T) {
	tests := []struct {
		name string
		edit func(b []byte) []byte
		want Fault
	}{
		{"whole", func(b []byte) []byte { return b }, OK},
		{"empty", func(b []byte) []byte { return nil }, FaultSize},
		{"cut header", func(b []byte) []byte { return b[:HeaderSize-1] }, FaultSize},
		{"cut cells", func(b []byte) []byte { return b[:len(b)-4] }, FaultSize},
		{"longer", func(b []byte) []byte { return append(b, 0, 0, 0, 0) }, FaultSize},
		{"size", func(b []byte) []byte { b[offSize]++; return b }, FaultSize},
		{"one state", func(b []byte) []byte { b[offNumStates] = 1; return b }, FaultStates},
		{"no states", func(b []byte) []byte { b[offNumStates] = 0; return b }, FaultStates},
		{"start", func(b []byte) []byte { b[offStart] = 4; return b }, FaultStates},
		{"accept low", func(b []byte) []byte { b[offFirstAccept] = 1; return b }, FaultStates},
		{"accept high", func(b []byte) []byte { b[offFirstAccept] = 5; return b }, FaultStates},
		{"no class", func(b []byte) []byte { b[offNumClasses] = 0; return b }, FaultClasses},
		{"many classes", func(b []byte) []byte { b[offNumClasses+1] = 9; return b }, FaultClasses},
		{"width 0", func(b []byte) []byte { b[offWidth] = 0; return b }, FaultWidth},
		{"width 3", func(b []byte) []byte { b[offWidth] = 3; return b }, FaultWidth},
		{"unknown flag", func(b []byte) []byte { b[offFlags] = 4; return b }, FaultReserved},
		{"bytes without length", func(b []byte) []byte { b[offFlags] = FlagBytes; return b }, FaultReserved},
		{"no room for length", func(b []byte) []byte { b[offFlags] = FlagLength; return b }, FaultSize},
		{"ascii", func(b []byte) []byte { b[offASCII+'x'] = 2; return b }, FaultASCII},
		{"no ranges", func(b []byte) []byte { b[offNumRanges] = 0; return b }, FaultSize},
		{"range class", func(b []byte) []byte { b[offRanges] = 2; return b }, FaultRanges},
		{"first range", func(b []byte) []byte { b[offRanges+1] ^= 8; return b }, FaultRanges},
		{"range order", func(b []byte) []byte { copy(b[offRanges+8:], b[offRanges+4:offRanges+8]); return b }, FaultRanges},
		{"range too high", func(b []byte) []byte { b[offRanges+11] = 0xFF; return b }, FaultRanges},
		{"cell", func(b []byte) []byte { b[len(b)-1] = 4; return b }, FaultCell},
	}
	for _, tt := range tests {
		if got := Verify(tt.edit(vowels(4))); got != tt.want {
			t.Errorf("Verify(%s) = %d, want %d", tt.name, got, tt.want)
		}
	}
	wide := vowels(300)
	wide[len(wide)-1] = 0xFF
	if got := Verify(wide); got != FaultCell {
		t.Errorf("Verify(wide cell) = %d, want %d", got, FaultCell)
	}
	odd := vowels(303)
	if got := Verify(odd); got != OK {
		t.Errorf("Verify(303 states) = %d, want OK", got)
	}
}

func TestLength(t *testing.T) {
	tests := []struct {
		flags    uint8
		min, max uint32
		text     string
		want     bool
	}{
		{FlagLength, 2, 3, "a", false},
		{FlagLength, 2, 3, "aé", true},
		{FlagLength, 2, 3, "ééé", true},
		{FlagLength, 2, 3, "éééé", false},
		{FlagLength, 2, 3, "é", false},
		{FlagLength, 2, NoMaximum, "aaaaaaaaaa", true},
		{FlagLength, 2, 3, "ab", false},
		{FlagLength | FlagBytes, 2, 3, "aaa", true},
		{FlagLength | FlagBytes, 2, 3, "aaaa", false},
	}
	for _, tt := range tests {
		a := &Automaton{NumStates: 4, NumClasses: 2, FirstAccept: 3, Start: 2}
		a.ASCII['a'] = 1
		a.Ranges = []RangeClass{{0x80, 0}, {'é', 1}, {'é' + 1, 0}}
		a.Next = []uint16{0, 3, 0, 3}
		a.Flags, a.Min, a.Max = tt.flags, tt.min, tt.max
		blob := a.Append(nil)
		if f := Verify(blob); f != OK {
			t.Fatalf("Verify(flags %d) = %d, want OK", tt.flags, f)
		}
		if got := Match(blob, []byte(tt.text)); got != tt.want {
			t.Errorf("Match(%d..%d, %q) = %v, want %v", tt.min, tt.max, tt.text, got, tt.want)
		}
		if got := Accepts(blob, Run(blob, Start(blob), []byte(tt.text)), uint32(len([]rune(tt.text)))); got != tt.want {
			t.Errorf("Accepts(%d..%d, %q) = %v, want %v", tt.min, tt.max, tt.text, got, tt.want)
		}
		a.Min, a.Max = tt.max, tt.min
		if f := Verify(a.Append(nil)); f != FaultLength {
			t.Errorf("Verify(%d..%d) = %d, want %d", tt.max, tt.min, f, FaultLength)
		}
	}
}

func TestAllocations(t *testing.T) {
	blob, text := vowels(4), []byte(strings.Repeat("aeioué", 100))
	if n := testing.AllocsPerRun(100, func() {
		if Verify(blob) != OK || !Match(blob, text) {
			t.Fatal("Match = false, want true")
		}
	}); n != 0 {
		t.Errorf("Verify and Match allocate %v times, want 0", n)
	}
}

// FuzzVerify: whatever Verify takes can be run on any text, and in pieces with
// the same result.
func FuzzVerify(f *testing.F) {
	f.Add(vowels(4), []byte("aé\U0001F600"), 1)
	f.Add(vowels(300), []byte("ab\x80\xff"), 2)
	f.Fuzz(func(t *testing.T, blob, text []byte, cut int) {
		if Verify(blob) != OK {
			return
		}
		Match(blob, text)
		whole := Run(blob, Start(blob), text)
		if whole >= u16(blob, offNumStates) {
			t.Fatalf("Run(%q) = %d, want a state", text, whole)
		}
		if inGo := uint32(kernel(blob, uint64(Start(blob)), text)); inGo != whole {
			t.Fatalf("Run(%q) = %d, the kernel in Go says %d", text, whole, inGo)
		}
		if cut < 0 || cut > len(text) || cut < len(text) && text[cut] >= 0x80 {
			return
		}
		// Before an ASCII byte no character is cut, whatever comes before.
		for i := max(0, cut-3); i < cut; i++ {
			if text[i] >= 0x80 {
				return
			}
		}
		if parts := Run(blob, Run(blob, Start(blob), text[:cut]), text[cut:]); parts != whole {
			t.Fatalf("Run(%q cut at %d) = %d, want %d", text, cut, parts, whole)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	blob, text := vowels(4), []byte(strings.Repeat("aeiou", 13))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if !Match(blob, text) {
			b.Fatal("Match = false, want true")
		}
	}
}

// BenchmarkKernel is the kernel in Go, which Run is too except on wasm.
func BenchmarkKernel(b *testing.B) {
	blob, text := vowels(4), []byte(strings.Repeat("aeiou", 13))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if !Accepts(blob, uint32(kernel(blob, uint64(Start(blob)), text)), 65) {
			b.Fatal("kernel refuses, want it to accept")
		}
	}
}
