package token

import (
	"portcullis/filter/le"
	"portcullis/filter/siphash"
)

// cache remembers tokens whose signature was right, with the key that said so.
//
// The tokens themselves lie in a ring, one after the other; the oldest are
// overwritten. A set of buckets, indexed by a keyed hash, tells where: the hash
// finds, and only the comparison of all bytes trusts. Only verified tokens get
// in, so callers can't flush it with rubbish. It remembers the signature and
// nothing else: dates, audience and the rest are judged every time. The keys
// belong to the table, so the cache ends with it.
//
// Positions count all bytes ever written; one is still there when it is at most
// len(ring) behind head.
type cache struct {
	k0, k1 uint64
	ring   []byte
	head   uint64
	index  []entry // cacheWays to a bucket; number of buckets a power of two
}

// entry is where a token lies. The zero value is free.
type entry struct {
	hash uint64
	pos  uint64
	size uint32
	key  uint32
}

const (
	cacheWays = 4
	entrySize = 24
	// typicalToken is what the index is sized for.
	typicalToken = 512
	minCache     = 64 << 10
)

func (c *cache) init(size uint32, seed [16]byte) {
	if size < minCache {
		return
	}
	c.k0, c.k1 = le.U64(seed[:], 0), le.U64(seed[:], 8)
	entries := uint32(cacheWays)
	for entries*2*(typicalToken+entrySize) <= size {
		entries *= 2
	}
	c.index = make([]entry, entries)
	c.ring = make([]byte, size-entries*entrySize)
}

// has reports whether the token was verified with this key.
func (c *cache) has(token []byte, key uint32) bool {
	if len(c.ring) == 0 {
		return false
	}
	hash := siphash.Sum64(c.k0, c.k1, token)
	bucket := c.bucket(hash)
	for i := range bucket {
		e := &bucket[i]
		if e.hash == hash && e.key == key && int(e.size) == len(token) && c.head-e.pos <= uint64(len(c.ring)) {
			at := e.pos % uint64(len(c.ring))
			return equalConstantTime(c.ring[at:at+uint64(e.size)], token)
		}
	}
	return false
}

// add remembers a verified token.
func (c *cache) add(token []byte, key uint32) {
	size := uint64(len(token))
	if len(c.ring) == 0 || size > uint64(len(c.ring))/4 {
		return
	}
	at := c.head % uint64(len(c.ring))
	if left := uint64(len(c.ring)) - at; left < size {
		c.head += left // tokens do not wrap around
		at = 0
	}
	copy(c.ring[at:], token)
	hash := siphash.Sum64(c.k0, c.k1, token)
	bucket := c.bucket(hash)
	oldest := &bucket[0]
	for i := range bucket {
		if bucket[i].pos < oldest.pos || bucket[i].size == 0 {
			oldest = &bucket[i]
		}
		if oldest.size == 0 {
			break
		}
	}
	*oldest = entry{hash: hash, pos: c.head, size: uint32(size), key: key}
	c.head += size
}

func (c *cache) bucket(hash uint64) []entry {
	n := uint64(len(c.index)/cacheWays) - 1
	i := (hash & n) * cacheWays
	return c.index[i : i+cacheWays]
}
