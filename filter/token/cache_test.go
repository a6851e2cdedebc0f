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
	c.add([]byte("a"), 1)
	if c.has([]byte("a"), 1) {
		t.Error("a cache of no size remembers")
	}
}

// TestCacheAgainstMap wants nothing found that was not put in, and what is found
// to be the most recent tokens.
func TestCacheAgainstMap(t *testing.T) {
	var c cache
	c.init(minCache, [16]byte{1})
	rng := rand.New(rand.NewPCG(5, 6))
	put := map[string]uint32{}
	var order []string
	for i := range 20_000 {
		tok := fmt.Sprintf("%d.%s", i, bytes.Repeat([]byte{'x'}, rng.IntN(1500)))
		key := uint32(rng.IntN(3))
		c.add([]byte(tok), key)
		put[tok] = key
		order = append(order, tok)
		if !c.has([]byte(tok), key) {
			t.Fatalf("token %d is not found right after", i)
		}
		if c.has([]byte(tok), key+1) || c.has([]byte(tok+"y"), key) || c.has([]byte(tok[:len(tok)-1]), key) {
			t.Fatalf("token %d is found under another key or text", i)
		}
		old := order[rng.IntN(len(order))]
		if c.has([]byte(old), put[old]^1) {
			t.Fatalf("found under a key that did not verify it")
		}
	}
	hits := 0
	for _, tok := range order {
		if c.has([]byte(tok), put[tok]) {
			hits++
		}
	}
	if hits == 0 || hits > minCache/100 {
		t.Errorf("%d of %d tokens remembered in %d bytes", hits, len(order), minCache)
	}
}

func TestCacheOversized(t *testing.T) {
	var c cache
	c.init(minCache, [16]byte{1})
	c.add(make([]byte, minCache), 1)
	if c.has(make([]byte, minCache), 1) || c.head != 0 {
		t.Error("a token larger than a quarter of the cache was kept")
	}
}

func TestCacheAllocates(t *testing.T) {
	var c cache
	c.init(1<<20, [16]byte{1})
	tok := bytes.Repeat([]byte("t"), 700)
	if n := testing.AllocsPerRun(100, func() { c.add(tok, 1); c.has(tok, 1) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
