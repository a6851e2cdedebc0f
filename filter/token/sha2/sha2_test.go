package sha2

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"testing"
)

type digest interface {
	Reset()
	Write([]byte) (int, error)
	Sum([]byte) []byte
}

var tests = []struct {
	name string
	make func() digest
	want func([]byte) []byte
}{
	{"SHA-256", func() digest { return new(SHA256) }, func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
	{"SHA-384", func() digest { return &SHA512{Short: true} }, func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }},
	{"SHA-512", func() digest { return new(SHA512) }, func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }},
}

// TestLengths compares with the standard library on every length around three blocks, written
// at once and in pieces.
func TestLengths(t *testing.T) {
	b := make([]byte, 3*Block512+9)
	for i := range b {
		b[i] = byte(i*7 + i>>5)
	}
	for _, tt := range tests {
		d := tt.make()
		for n := range b {
			for _, step := range []int{len(b), 1, 63, 64, 65, 127} {
				d.Reset()
				for p := b[:n]; len(p) > 0; {
					w, _ := d.Write(p[:min(step, len(p))])
					p = p[w:]
				}
				if got := d.Sum(nil); !bytes.Equal(got, tt.want(b[:n])) {
					t.Fatalf("%s of %d bytes in steps of %d = %x, want %x", tt.name, n, step, got, tt.want(b[:n]))
				}
			}
		}
		buf := make([]byte, 0, 64)
		if n := testing.AllocsPerRun(10, func() { d.Reset(); d.Write(b); d.Sum(buf) }); n != 0 {
			t.Errorf("%s: allocations = %v, want 0", tt.name, n)
		}
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("abc"), 1)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = min(max(cut, 0), len(b))
		for _, tt := range tests {
			d := tt.make()
			d.Reset()
			d.Write(b[:cut])
			d.Write(b[cut:])
			if got := d.Sum(nil); !bytes.Equal(got, tt.want(b)) {
				t.Errorf("%s(%x) = %x, want %x", tt.name, b, got, tt.want(b))
			}
		}
	})
}
