package limit

import "portcullis/filter/le"

// A slot is one value of the store: a few buckets of one limit.
//
//	 0          4          8          16         24
//	+----------+----------+----------+----------+---------------------+
//	| version  | num      | last     | floor    | num buckets of 20 B |
//	+----------+----------+----------+----------+---------------------+
//	  uint32     uint32     uint64     uint64
//
// and a bucket, little-endian like everything:
//
//	 0             6             12                 20
//	+-------------+-------------+------------------+
//	| fingerprint | frac        | nanos            |
//	+-------------+-------------+------------------+
//	  48 bits       48 bits       uint64             (tat = nanos + frac/requests)
const (
	slotVersion    = 0x314c4350 // "PCL1"
	slotHeaderSize = 24
	bucketSize     = 20
	slotBuckets    = 8
	maxSlotSize    = slotHeaderSize + slotBuckets*bucketSize
)

// bucket is the state of one key.
type bucket struct {
	print uint64 // 48 bits of the keyed hash
	tat   stamp
}

// slot is a decoded value. The zero value is a slot that nobody has used.
//
// Invariants: num <= slotBuckets; fingerprints differ; every key that is not in
// buckets[:num] has a TAT of at most floor.
type slot struct {
	buckets [slotBuckets]bucket
	num     uint32
	last    uint64 // the latest time at which a charge was written
	floor   uint64 // the latest TAT forgotten, nanoseconds, rounded up
}

// decode reads value for a limit of rate r. It declines anything that encode
// would not write, and leaves s undefined then.
func (s *slot) decode(value []byte, r *rate) bool {
	if len(value) < slotHeaderSize || le.U32(value, 0) != slotVersion {
		return false
	}
	s.num = le.U32(value, 4)
	if s.num > slotBuckets || uint32(len(value)) != slotHeaderSize+s.num*bucketSize {
		return false
	}
	s.last, s.floor = le.U64(value, 8), le.U64(value, 16)
	const top = 1<<63 + maxSpanNanos // no clock and burst give more
	if s.last > top || s.floor > top {
		return false
	}
	for i := range s.num {
		off := slotHeaderSize + i*bucketSize
		b := &s.buckets[i]
		b.print = u48(value, off)
		b.tat.frac = u48(value, off+6)
		b.tat.nanos = le.U64(value, off+12)
		if b.tat.frac >= r.requests || b.tat.nanos > top {
			return false
		}
		for j := range i {
			if s.buckets[j].print == b.print {
				return false
			}
		}
	}
	return true
}

// encode writes s to dst, which holds maxSlotSize bytes, and returns the part
// used.
func (s *slot) encode(dst *[maxSlotSize]byte) []byte {
	le.PutU32(dst[:], 0, slotVersion)
	le.PutU32(dst[:], 4, s.num)
	le.PutU64(dst[:], 8, s.last)
	le.PutU64(dst[:], 16, s.floor)
	n := uint32(slotHeaderSize)
	for i := range s.num {
		b := &s.buckets[i]
		putU48(dst[:], n, b.print)
		putU48(dst[:], n+6, b.tat.frac)
		le.PutU64(dst[:], n+12, b.tat.nanos)
		n += bucketSize
	}
	return dst[:n]
}

// find returns the index of the bucket, or num when the key is unknown.
func (s *slot) find(print uint64) uint32 {
	for i := range s.num {
		if s.buckets[i].print == print {
			return i
		}
	}
	return s.num
}

// tat is the state of a key: its bucket's, or the floor's.
func (s *slot) tat(print uint64) stamp {
	if i := s.find(print); i < s.num {
		return s.buckets[i].tat
	}
	return stamp{nanos: s.floor}
}

// put sets the state of a key, and reports whether another bucket that still
// counted was forgotten for it.
//
// The bucket with the earliest TAT goes: that is one that has run full if there
// is any, and otherwise the fullest, which raises the floor least. The floor
// takes even an expired TAT, so that a clock that steps back a little can't
// refill the bucket.
func (s *slot) put(print uint64, tat stamp, now uint64) (evicted bool) {
	i := s.find(print)
	if i == slotBuckets {
		i = 0
		for j := range s.num {
			if s.buckets[j].tat.less(s.buckets[i].tat) {
				i = j
			}
		}
		old := s.buckets[i].tat.ceil()
		evicted = old > now
		s.floor = max(s.floor, old)
	} else if i == s.num {
		s.num++
	}
	s.buckets[i] = bucket{print, tat}
	return evicted
}

// heal makes a slot of a value that can't be read: everything in it counts as
// empty, which admits nothing that was not earned.
func (s *slot) heal(r *rate, now uint64) {
	*s = slot{last: now, floor: r.add(stamp{nanos: now}, r.tolerance).ceil()}
}

func u48(b []byte, off uint32) uint64 {
	return uint64(le.U32(b, off)) | uint64(le.U16(b, off+4))<<32
}

func putU48(b []byte, off uint32, v uint64) {
	le.PutU32(b, off, uint32(v))
	b[off+4], b[off+5] = byte(v>>32), byte(v>>40)
}
