package token

import (
	"portcullis/filter/le"
	"portcullis/filter/siphash"
	"portcullis/filter/table"
)

// cache remembers accepted tokens, with what is asked about them most.
//
// A record is the token, its subject, its scopes and its payload, one after the
// other in a ring; the oldest records are overwritten. A set of buckets, indexed
// by a keyed hash, tells where: the hash finds, and only the comparison of all
// bytes of the token trusts. Only accepted tokens get in, so callers can't flush
// it with rubbish. What depends on the time, and whether its key is still in force, is
// judged again at every sight; the rest can't change within a table, and the cache ends
// with the table.
//
// Positions count all bytes ever written; a record is still there when its
// position is at most len(ring) behind head.
type cache struct {
	k0, k1 uint64
	ring   []byte
	head   uint64
	index  []entry // cacheWays to a bucket; the number of buckets is a power of two
}

// entry is where a record lies, and its fixed part. The zero value is free.
type entry struct {
	hash     uint64
	pos      uint64
	token    uint32 // lengths of the record's parts
	subject  uint32
	scopes   uint32
	payload  uint32
	key      uint32
	provider uint32
	list     table.Range // of the providers that were asked, see Checker.recall
	scopeSep byte
	until    int64  // of a token that was asked about (Unix nanoseconds); 0: the token's own dates
	found    claims // dates; node indexes say only whether a claim is there
}

const (
	cacheWays = 4
	entrySize = 128 // of an entry, and a little
	// typicalRecord is what the index is sized for.
	typicalRecord = 900
	minCache      = 64 << 10
	// hashedTail is how much of a token is hashed: its end is the signature, which
	// differs where anything does.
	hashedTail = 64
)

func (c *cache) init(size uint32, seed [16]byte) {
	if size < minCache {
		return
	}
	c.k0, c.k1 = le.U64(seed[:], 0), le.U64(seed[:], 8)
	entries := uint32(cacheWays)
	for entries*2*(typicalRecord+entrySize) <= size {
		entries *= 2
	}
	c.index = make([]entry, entries)
	c.ring = make([]byte, size-entries*entrySize)
}

// find returns the entry of a remembered token, or nil.
func (c *cache) find(token []byte) *entry {
	if len(c.ring) == 0 {
		return nil
	}
	hash := c.hash(token)
	bucket := c.bucket(hash)
	for i := range bucket {
		e := &bucket[i]
		if e.hash == hash && int(e.token) == len(token) && c.head-e.pos <= uint64(len(c.ring)) &&
			equalConstantTime(c.part(e, 0, e.token), token) {
			return e
		}
	}
	return nil
}

// part is n bytes of a record from off on: a view, valid until the next add.
func (c *cache) part(e *entry, off, n uint32) []byte {
	at := e.pos%uint64(len(c.ring)) + uint64(off)
	return c.ring[at : at+uint64(n) : at+uint64(n)]
}

// add remembers a token under the fixed part e, whose hash, position and lengths
// it fills in.
func (c *cache) add(e entry, token, subject, scopes, payload []byte) {
	size := uint64(len(token) + len(subject) + len(scopes) + len(payload))
	if len(c.ring) == 0 || size > uint64(len(c.ring))/4 {
		return
	}
	at := c.head % uint64(len(c.ring))
	if left := uint64(len(c.ring)) - at; left < size {
		c.head += left // records do not wrap around
		at = 0
	}
	rest := c.ring[at:]
	for _, part := range [...][]byte{token, subject, scopes, payload} {
		rest = rest[copy(rest, part):]
	}
	e.hash, e.pos = c.hash(token), c.head
	e.token, e.subject, e.scopes, e.payload = uint32(len(token)), uint32(len(subject)), uint32(len(scopes)), uint32(len(payload))
	c.head += size
	bucket := c.bucket(e.hash)
	oldest := 0
	for i := range bucket {
		// A token that was judged anew takes the place of what was known of it.
		if bucket[i].token == 0 || bucket[i].hash == e.hash {
			oldest = i
			break
		}
		if bucket[i].pos < bucket[oldest].pos {
			oldest = i
		}
	}
	bucket[oldest] = e
}

func (c *cache) hash(token []byte) uint64 {
	if len(token) > hashedTail {
		token = token[len(token)-hashedTail:]
	}
	return siphash.Sum64(c.k0, c.k1, token)
}

func (c *cache) bucket(hash uint64) []entry {
	n := uint64(len(c.index)/cacheWays) - 1
	i := (hash & n) * cacheWays
	return c.index[i : i+cacheWays]
}

// equalConstantTime compares in a time that depends on the lengths only. A token is
// hundreds of bytes, and crypto/subtle compares them one by one: 0.8 us in the VM, where
// this takes 0.1.
func equalConstantTime(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	diff := uint64(0)
	for len(a) >= 8 && len(b) >= 8 {
		diff |= le.U64(a, 0) ^ le.U64(b, 0)
		a, b = a[8:], b[8:]
	}
	for i := range a {
		diff |= uint64(a[i] ^ b[i])
	}
	return diff == 0
}
