package schema

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"

	"portcullis/filter/json"
	"portcullis/filter/pattern"
)

// The kernel repeats a few small things of other packages, since it is
// translated as a whole. Here they are held against the originals.

func TestHashText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		b := make([]byte, n+3)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		if got, want := hashText(b, 2, uint64(n)), uint64(json.HashName(b[2:2+n])); got != want {
			t.Errorf("hashText of %d bytes = %#x, want %#x", n, got, want)
		}
	}
}

func TestEqualBytes(t *testing.T) {
	for n := range 40 {
		a := bytes.Repeat([]byte("x"), n+5)
		b := bytes.Repeat([]byte("x"), n+9)
		if equalBytes(a, 3, b, 5, uint64(n)) != 1 {
			t.Errorf("equalBytes of %d equal bytes = 0, want 1", n)
		}
		for i := range n {
			a[3+i] = 'y'
			if equalBytes(a, 3, b, 5, uint64(n)) != 0 {
				t.Errorf("equalBytes of %d bytes that differ at %d = 1, want 0", n, i)
			}
			a[3+i] = 'x'
		}
	}
}

func TestShortDecimal(t *testing.T) {
	for _, tt := range []struct {
		text   string
		v      int64
		places uint64
	}{
		{"0", 0, 0}, {"-0", 0, 0}, {"1", 1, 0}, {"-1", -1, 0}, {"123456789012345678", 123456789012345678, 0},
		{"-12345678901234567", -12345678901234567, 0}, {"1.5", 15, 1}, {"-0.25", -25, 2}, {"0.00000000000000001", 1, 17}, {"12.340", 12340, 3},
	} {
		v, places := shortDecimal([]byte("x"+tt.text+"9"), 1, uint64(len(tt.text)))
		if v != tt.v || places != tt.places {
			t.Errorf("shortDecimal(%s) = %d, %d, want %d, %d", tt.text, v, places, tt.v, tt.places)
		}
	}
	for _, text := range []string{"1e5", "1E5", "1.5e-3", "-0e0"} {
		if _, places := shortDecimal([]byte(text), 0, uint64(len(text))); places <= maxPlaces {
			t.Errorf("shortDecimal(%s) has %d places, want more than %d", text, places, maxPlaces)
		}
	}
}

// TestMatchASCII runs random automata of both widths, with and without bounds of
// the length.
func TestMatchASCII(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 400 {
		states, classes := 3+r.IntN(6), 1+r.IntN(5)
		if round%2 == 1 {
			states = 300 // two bytes a cell
		}
		a := pattern.Automaton{NumStates: states, NumClasses: classes, FirstAccept: 2 + r.IntN(states-1), Start: r.IntN(states),
			Ranges: []pattern.RangeClass{{First: 0x80}}, Next: make([]uint16, (states-2)*classes)}
		for i := range a.ASCII {
			a.ASCII[i] = uint8(r.IntN(classes))
		}
		for i := range a.Next {
			a.Next[i] = uint16(r.IntN(states))
		}
		if round%3 == 1 { // bounds of the length, and of the bytes
			a.Flags, a.Min, a.Max = pattern.FlagLength, uint32(r.IntN(6)), pattern.NoMaximum
			if round%2 == 0 {
				a.Flags, a.Max = pattern.FlagLength|pattern.FlagBytes, a.Min+uint32(r.IntN(4))
			}
		}
		blob := a.Append(nil)
		if f := pattern.Verify(blob); f != pattern.OK {
			t.Fatalf("automaton does not verify: %d", f)
		}
		for n := range 12 {
			text := make([]byte, n)
			for i := range text {
				text[i] = byte(r.IntN(128))
			}
			src := append([]byte("ab"), text...)
			if got, want := matchASCII(blob, src, 2, uint64(n)) == 1, pattern.Match(blob, text); got != want {
				t.Fatalf("matchASCII(%q) = %v, want %v", text, got, want)
			}
		}
	}
}

// TestFields trips when a field is added to what a run works on: Validate sets
// each of them, or the field keeps its value from run to run on purpose.
func TestFields(t *testing.T) {
	const want = 31 + 19
	got := reflect.TypeFor[state]().NumField() + reflect.TypeFor[Machine]().NumField()
	if got != want {
		t.Errorf("state and Machine have %d fields, want %d: does Validate set the new ones?", got, want)
	}
}
