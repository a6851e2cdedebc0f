package pattern

import (
	"math/rand/v2"
	"testing"
)

// randomAutomaton has cells of the width that numStates asks for.
func randomAutomaton(rng *rand.Rand, numStates int) *Automaton {
	a := &Automaton{NumStates: numStates, NumClasses: 1 + rng.IntN(9)}
	a.FirstAccept = 2 + rng.IntN(numStates-1)
	a.Start = rng.IntN(numStates)
	for i := range a.ASCII {
		a.ASCII[i] = uint8(rng.IntN(a.NumClasses))
	}
	first := rune(0x80)
	for range 1 + rng.IntN(12) {
		a.Ranges = append(a.Ranges, RangeClass{first, uint16(rng.IntN(a.NumClasses))})
		first += 1 + rune(rng.IntN(0x9000))
	}
	a.Next = make([]uint16, (numStates-2)*a.NumClasses)
	for i := range a.Next {
		// The states that end the run are rare, for runs to be long.
		a.Next[i] = uint16(rng.IntN(numStates))
		if a.Next[i] < 2 && rng.IntN(8) > 0 {
			a.Next[i] = 2
		}
	}
	return a
}

// walk is Run without a blob: the reference.
func walk(a *Automaton, state uint32, text []byte) uint32 {
	for _, r := range string(text) {
		if state < FirstRow {
			break
		}
		class := 0
		if r < 0x80 {
			class = int(a.ASCII[r])
		} else {
			for _, rc := range a.Ranges {
				if rc.First <= r {
					class = int(rc.Class)
				}
			}
		}
		state = uint32(a.Next[(int(state)-2)*a.NumClasses+class])
	}
	return state
}

// TestKernel holds Run, which is the translated kernel on wasm, against the
// kernel in Go and a reference, on valid text; the kernels on any text.
func TestKernel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	letters := []rune{'a', 'b', 'z', '0', 0, 0x7F, 0x80, 'é', 0x7FF, 0x800, '日', 0xFFFD, 0xFFFF, 0x10000, '😀', 0x10FFFF}
	for range 2000 {
		numStates := 2 + rng.IntN(30)
		if rng.IntN(4) == 0 {
			numStates = 257 + rng.IntN(200)
		}
		a := randomAutomaton(rng, numStates)
		blob := a.Append(nil)
		if f := Verify(blob); f != OK {
			t.Fatalf("Verify(random automaton) = %d, want OK", f)
		}
		var text []rune
		for range rng.IntN(20) {
			text = append(text, letters[rng.IntN(len(letters))])
		}
		b := []byte(string(text))
		want := walk(a, Start(blob), b)
		if got := Run(blob, Start(blob), b); got != want {
			t.Fatalf("Run(%q) = %d, want %d", b, got, want)
		}
		for i := range b {
			if rng.IntN(3) == 0 {
				b[i] = byte(rng.IntN(256))
			}
		}
		got := Run(blob, Start(blob), b)
		if want := uint32(kernel(blob, uint64(Start(blob)), b)); got != want {
			t.Fatalf("Run(%q) = %d, the kernel in Go says %d", b, got, want)
		}
	}
}
