package subset

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestSubset(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	num := func() uint64 { // small, large, and near the borders
		switch rng.IntN(4) {
		case 0:
			return rng.Uint64N(16)
		case 1:
			return rng.Uint64N(200)
		case 2:
			return -rng.Uint64N(16)
		}
		return rng.Uint64()
	}
	for range 20_000 {
		x, y, z := num(), num(), int64(num())
		if a, b := arith(x, y, z); true {
			if c, d := arithAsm(x, y, z); a != c || b != d {
				t.Fatalf("arith(%d, %d, %d) = %d, %d, want %d, %d", x, y, z, c, d, a, b)
			}
		}
		if a, b := narrow(uint32(x), uint32(y), int8(z), uint16(x>>32)), narrowAsm(uint32(x), uint32(y), int8(z), uint16(x>>32)); a != b {
			t.Fatalf("narrow(%d, %d, %d, %d) = %d, want %d", uint32(x), uint32(y), int8(z), uint16(x>>32), b, a)
		}
		text := make([]byte, 20)
		for i := range text {
			text[i] = []byte{0, 1, 2, 3, 77, 102, 201, byte(rng.Uint64())}[rng.IntN(8)]
		}
		text = text[:rng.IntN(21)]
		if a, b := flow(text, x%40), flowAsm(text, x%40); a != b {
			t.Fatalf("flow(%v, %d) = %d, want %d", text, x%40, b, a)
		}
		op := []uint64{x % 12, 100, 1 << 40, x}[rng.IntN(4)]
		if a, b := choose(op, z%12), chooseAsm(op, z%12); a != b {
			t.Fatalf("choose(%d, %d) = %d, want %d", op, z%12, b, a)
		}
		text2 := bytes.Clone(text)
		n, ok := calls(text, x%5000)
		if m, ok2 := callsAsm(text2, x%5000); n != m || ok != ok2 || !bytes.Equal(text, text2) {
			t.Fatalf("calls(%v, %d) = %d, %v, want %d, %v", text, x%5000, m, ok2, n, ok)
		}
		if a, b := many(x), manyAsm(x); a != b {
			t.Fatalf("many(%d) = %d, want %d", x, b, a)
		}
	}
}

func TestSubsetMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	newState := func() *state {
		return &state{bytes: []byte("0123456789abcdefghij"), pairs: make([]pair, 5)}
	}
	s1, s2 := newState(), newState()
	for range 10_000 {
		i := rng.Uint64()
		a, b := memory(s1, i), memoryAsm(s2, i)
		if a != b || s1.sum != s2.sum || s1.small != s2.small || !bytes.Equal(s1.bytes, s2.bytes) || !slices.Equal(s1.pairs, s2.pairs) {
			t.Fatalf("memory(%d) = %d, %+v, want %d, %+v", i, b, s2, a, s1)
		}
	}
}
