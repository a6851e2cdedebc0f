package abi

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

type pair struct{ name, value string }

type field struct{ Name, Value []byte }

// serialize is the encoder written a second time, after the ABI's text.
func serialize(pairs ...pair) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.name)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.value)))
	}
	for _, p := range pairs {
		b = append(append(b, p.name...), 0)
		b = append(append(b, p.value...), 0)
	}
	return b
}

// slowPairs is the reference reader: it copies, and checks with the reader of the
// standard library.
func slowPairs(b []byte, max uint32) ([]pair, bool) {
	if len(b) == 0 {
		return nil, true
	}
	r := bytes.NewReader(b)
	var count uint32
	if binary.Read(r, binary.LittleEndian, &count) != nil || count > max {
		return nil, false
	}
	sizes := make([][2]uint32, count)
	for i := range sizes {
		if binary.Read(r, binary.LittleEndian, &sizes[i]) != nil {
			return nil, false
		}
	}
	next := func(n uint32) (string, bool) {
		if int64(n) >= int64(r.Len()) {
			return "", false
		}
		s := make([]byte, n+1)
		if _, err := r.Read(s); err != nil || s[n] != 0 {
			return "", false
		}
		return string(s[:n]), true
	}
	var out []pair
	for _, s := range sizes {
		name, ok1 := next(s[0])
		value, ok2 := next(s[1])
		if !ok1 || !ok2 {
			return nil, false
		}
		out = append(out, pair{name, value})
	}
	if r.Len() != 0 {
		return nil, false
	}
	return out, true
}

func walk(p Pairs) []pair {
	var out []pair
	for {
		n, v, ok := p.Next()
		if !ok {
			return out
		}
		out = append(out, pair{string(n), string(v)})
	}
}

func TestOpenPairs(t *testing.T) {
	three := serialize(pair{":path", "/a"}, pair{"x", ""}, pair{"", "v"})
	huge := bytes.Clone(three)
	binary.LittleEndian.PutUint32(huge[4:], 0xFFFFFFFF)
	term := bytes.Clone(three)
	term[len(term)-1] = 'x'
	many := bytes.Clone(three)
	binary.LittleEndian.PutUint32(many, 0xFFFFFFFF)
	nul := serialize(pair{"a\x00b", "\x00"})
	tests := []struct {
		name string
		in   []byte
		max  uint32
		want PairsFault
		n    int
	}{
		{"empty", nil, 0, PairsGood, 0},
		{"no pairs", []byte{0, 0, 0, 0}, 0, PairsGood, 0},
		{"three", three, 3, PairsGood, 3},
		{"NUL inside", nul, 3, PairsGood, 1},
		{"one too many", three, 2, PairsTooMany, 0},
		{"four billion", many, 100, PairsTooMany, 0},
		{"four billion allowed", many, 0xFFFFFFFF, PairsTruncated, 0},
		{"length past the end", huge, 3, PairsTruncated, 0},
		{"no terminator", term, 3, PairsTerminator, 0},
		{"trailing byte", append(bytes.Clone(three), 0), 3, PairsTrailing, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, f := OpenPairs(tt.in, tt.max)
			if f != tt.want || int(p.Len()) != tt.n {
				t.Fatalf("OpenPairs(%q, %d) = %d pairs, fault %d, want %d, %d", tt.in, tt.max, p.Len(), f, tt.n, tt.want)
			}
			if got := len(walk(p)); got != tt.n {
				t.Errorf("Next gives %d pairs, want %d", got, tt.n)
			}
			var dst [3]field
			if n, f := FillPairs(dst[:], tt.in, tt.max); f != tt.want || n != tt.n {
				t.Errorf("FillPairs(%q, %d) = %d pairs, fault %d, want %d, %d", tt.in, tt.max, n, f, tt.n, tt.want)
			}
		})
	}
	for i := 1; i < len(three); i++ {
		if _, f := OpenPairs(three[:i], 3); f == PairsGood {
			t.Errorf("OpenPairs of the first %d bytes = good, want a fault", i)
		}
		if _, f := FillPairs(make([]field, 3), three[:i], 3); f == PairsGood {
			t.Errorf("FillPairs of the first %d bytes = good, want a fault", i)
		}
	}
	if _, f := FillPairs(make([]field, 2), three, 3); f != PairsTooMany {
		t.Errorf("FillPairs of three pairs where two have room = fault %d, want %d", f, PairsTooMany)
	}
}

func TestPairsWriter(t *testing.T) {
	w := PairsWriter{Buf: make([]byte, 256)}
	for range 2 { // a writer is used again and again
		w.Begin(2)
		w.Add("content-type", "text/plain", nil)
		w.Add("retry-after", "", []byte("12"))
		want := serialize(pair{"content-type", "text/plain"}, pair{"retry-after", "12"})
		if got := w.End(); !bytes.Equal(got, want) {
			t.Fatalf("End() = %q, want %q", got, want)
		}
	}
	bad := []struct {
		name string
		size int
		do   func(w *PairsWriter)
	}{
		{"no room for lengths", 11, func(w *PairsWriter) { w.Begin(1); w.Add("", "", nil) }},
		{"no room at all", 3, func(w *PairsWriter) { w.Begin(0) }},
		{"no room for bytes", 15, func(w *PairsWriter) { w.Begin(1); w.Add("a", "b", nil) }},
		{"too few", 64, func(w *PairsWriter) { w.Begin(2); w.Add("a", "b", nil) }},
		{"too many", 64, func(w *PairsWriter) { w.Begin(1); w.Add("a", "b", nil); w.Add("a", "b", nil) }},
	}
	for _, tt := range bad {
		w := PairsWriter{Buf: make([]byte, tt.size)}
		tt.do(&w)
		if got := w.End(); got != nil {
			t.Errorf("%s: End() = %q, want nil", tt.name, got)
		}
	}
}

func TestPairsAllocs(t *testing.T) {
	in := serialize(pair{":path", "/a"}, pair{"x", "y"})
	w := PairsWriter{Buf: make([]byte, 256)}
	if n := testing.AllocsPerRun(100, func() {
		p, _ := OpenPairs(in, 8)
		for {
			if _, _, ok := p.Next(); !ok {
				break
			}
		}
		w.Begin(1)
		w.Add("a", "b", in)
		w.End()
	}); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}

func FuzzOpenPairs(f *testing.F) {
	f.Add([]byte{}, uint32(0))
	f.Add(serialize(pair{":path", "/a"}, pair{"x", ""}), uint32(2))
	f.Add(serialize(pair{strings.Repeat("a", 300), "\x00"}), uint32(9))
	f.Add([]byte{1, 0, 0, 0, 255, 255, 255, 255, 1, 0, 0, 0, 0}, uint32(1))
	f.Fuzz(func(t *testing.T, b []byte, max uint32) {
		max %= 1 << 16
		want, ok := slowPairs(b, max)
		p, fault := OpenPairs(b, max)
		if ok != (fault == PairsGood) {
			t.Fatalf("OpenPairs(%q, %d) = fault %d, want good %v", b, max, fault, ok)
		}
		got := walk(p)
		if len(got) != len(want) {
			t.Fatalf("OpenPairs(%q): %d pairs, want %d", b, len(got), len(want))
		}
		dst := make([]field, len(want))
		n, filled := FillPairs(dst, b, max)
		if ok != (filled == PairsGood) || n != len(want) {
			t.Fatalf("FillPairs(%q, %d) = %d pairs, fault %d, want %d, good %v", b, max, n, filled, len(want), ok)
		}
		for i, p := range want {
			if string(dst[i].Name) != p.name || string(dst[i].Value) != p.value {
				t.Errorf("FillPairs: pair %d = %q, want %q", i, dst[i], p)
			}
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("pair %d = %q, want %q", i, got[i], want[i])
			}
		}
		if ok && len(b) > 0 {
			w := PairsWriter{Buf: make([]byte, len(b))}
			w.Begin(uint32(len(want)))
			for _, p := range want {
				w.Add(p.name, p.value, nil)
			}
			if !bytes.Equal(w.End(), b) {
				t.Errorf("written again = %q, want %q", w.End(), b)
			}
		}
	})
}
