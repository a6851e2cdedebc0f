package token

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestCacheOff(t *testing.T) {
	var c cache
	c.init(0, [16]byte{})
	c.add(entry{key: 1}, []byte("a"), nil, nil, nil)
	if c.find([]byte("a")) != nil {
		t.Error("a cache of no size remembers")
	}
}

// TestCacheAgainstMap wants nothing found that was not put in, with the record
// that was put in, and what is found to be the most recent tokens.
func TestCacheAgainstMap(t *testing.T) {
	var c cache
	c.init(minCache, [16]byte{1})
	rng := rand.New(rand.NewPCG(5, 6))
	put := map[string]uint32{}
	var order []string
	check := func(tok string) bool {
		e := c.find([]byte(tok))
		if e == nil {
			return false
		}
		key, known := put[tok]
		if !known || e.key != key {
			t.Fatalf("found %.20q with the key %d, put in with %d, %v", tok, e.key, key, known)
		}
		for i, want := range []string{"sub" + tok[:5], "sc", "payload" + tok[:5]} {
			off, n := e.token, e.subject
			if i > 0 {
				off, n = off+n, e.scopes
			}
			if i > 1 {
				off, n = off+n, e.payload
			}
			if got := string(c.part(e, off, n)); got != want {
				t.Fatalf("part %d of %.20q is %q, want %q", i, tok, got, want)
			}
		}
		return true
	}
	for i := range 20_000 {
		tok := fmt.Sprintf("%d.%s.%d", i, bytes.Repeat([]byte{'x'}, 5+rng.IntN(1500)), i)
		key := uint32(rng.IntN(3))
		put[tok] = key
		c.add(entry{key: key}, []byte(tok), []byte("sub"+tok[:5]), []byte("sc"), []byte("payload"+tok[:5]))
		order = append(order, tok)
		if !check(tok) {
			t.Fatalf("token %d is not found right after", i)
		}
		if check(tok+"y") || check(tok[:len(tok)-1]) || check("0"+tok[1:]) && tok[0] != '0' {
			t.Fatalf("token %d is found under another text", i)
		}
		check(order[rng.IntN(len(order))])
	}
	hits := 0
	for _, tok := range order {
		if check(tok) {
			hits++
		}
	}
	if hits == 0 || hits > minCache/100 {
		t.Errorf("%d of %d tokens remembered in %d bytes", hits, len(order), minCache)
	}
}

func TestEqualConstantTime(t *testing.T) {
	for n := range 40 {
		a := bytes.Repeat([]byte{7}, n)
		if !equalConstantTime(a, bytes.Clone(a)) || equalConstantTime(a, append(bytes.Clone(a), 7)) {
			t.Errorf("equalConstantTime is wrong about %d bytes", n)
		}
		for i := range n {
			b := bytes.Clone(a)
			b[i] ^= 0x80
			if equalConstantTime(a, b) {
				t.Errorf("%d bytes that differ at %d are equal", n, i)
			}
		}
	}
}

func TestCacheOversized(t *testing.T) {
	var c cache
	c.init(minCache, [16]byte{1})
	c.add(entry{}, make([]byte, minCache), nil, nil, nil)
	if c.find(make([]byte, minCache)) != nil || c.head != 0 {
		t.Error("a token larger than a quarter of the cache was kept")
	}
}

func TestCacheAllocates(t *testing.T) {
	var c cache
	c.init(1<<20, [16]byte{1})
	tok := bytes.Repeat([]byte("t"), 700)
	if n := testing.AllocsPerRun(100, func() { c.add(entry{}, tok, tok[:9], nil, tok); c.find(tok) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
