package limit

import "portcullis/filter/le"

// Store keys are 20 bytes: a prefix that other users of the shared data do not
// have, the table's digest, the limit and the slot.
//
//	0      4          12      16     20
//	+------+----------+-------+------+
//	| pcl1 | digest   | limit | slot |
//	+------+----------+-------+------+
const storeKeySize = 20

func putKeyPrefix(key *[storeKeySize]byte, digest uint64) {
	copy(key[:], "pcl1")
	le.PutU64(key[:], 4, digest)
}

// hashKey is a SipHash key.
type hashKey struct{ k0, k1 uint64 }

// hashKeyName is the store key under which the first VM leaves the hash key. It
// has another length than those of slots.
const hashKeyName = "pcl1 hash key"

// agreeHashKey agrees on the hash key with the other VMs: the first to write
// decides. Until it has succeeded no limit by identity can be decided.
func (l *Limiter) agreeHashKey() bool {
	name := l.buf[:copy(l.buf[:], hashKeyName)]
	for range l.tries {
		value, cas, status := l.store.Get(name)
		switch status {
		case OK:
			if len(value) != 16 || cas == 0 {
				return false
			}
			l.hash, l.agreed = hashKey{le.U64(value, 0), le.U64(value, 8)}, true
			return true
		case NotFound:
			mine := l.buf[maxSlotSize-16:]
			le.PutU64(mine, 0, l.own.k0)
			le.PutU64(mine, 8, l.own.k1)
			// Read back in every case: what is stored is what counts.
			if s := l.store.Set(name, mine, createCAS); s != OK && s != Mismatch {
				return false
			}
		default:
			return false
		}
	}
	return false
}

// load reads the slot of p. The value is valid until the next load or save.
func (l *Limiter) load(p *pending, lim *prepared) ([]byte, Status) {
	if lim.local {
		p.cas = createCAS
		return l.local.get(lim.cell, p.slot), OK
	}
	value, cas, status := l.store.Get(l.storeKey(p))
	p.cas = cas
	return value, status
}

// save writes the slot of p over the version that load found.
func (l *Limiter) save(p *pending, lim *prepared) Status {
	value := p.state.encode(&l.buf)
	if lim.local {
		l.local.set(lim.cell, p.slot, value)
		return OK
	}
	return l.store.Set(l.storeKey(p), value, p.cas)
}

func (l *Limiter) storeKey(p *pending) []byte {
	le.PutU32(l.key[:], 12, p.limit)
	le.PutU32(l.key[:], 16, p.slot)
	return l.key[:]
}
