package limit

import (
	"encoding/binary"
	"testing"

	"portcullis/filter/verdict"
)

// TestMemoryIsFlat: a million identities take no more memory than the budget says,
// the second half of them none at all, and what is forgotten for them is counted.
func TestMemoryIsFlat(t *testing.T) {
	identities := uint64(1_000_000)
	if testing.Short() {
		identities = 300_000
	}
	for _, budget := range []uint32{0, 1 << 20} {
		if testing.Short() && budget == 0 {
			continue // so few do not fill it
		}
		store := newMapStore()
		l := mustNew(t, []Spec{{Requests: 10, WindowNanos: 3600e9, Burst: 10}}, Options{Store: store, StoreBytes: budget})
		bytes := func() (n int) {
			for k, v := range store.values {
				n += len(k) + len(v) + storeSlotBytes - maxSlotSize // as a host keeps them
			}
			return n
		}
		var out Outcome
		key := make([]byte, 8)
		half, refused := 0, 0
		for i := range identities {
			binary.LittleEndian.PutUint64(key, i)
			if l.Check(start+int64(i)*1000, []Charge{{Key: key, Cost: 1}}, &out) != verdict.Allow {
				refused++
			}
			if i == identities/2 {
				half = bytes()
			}
		}
		most := int(budget)
		if most == 0 {
			most = defaultStoreBytes
		}
		t.Logf("budget %d: %d bytes at half, %d at the end, %d evictions, %d refused", most, half, bytes(), l.Stats.Evictions, refused)
		if end := bytes(); end > most || end > half+half/10 {
			t.Errorf("budget %d: %d bytes at half, %d at the end, want no growth and at most the budget", most, half, end)
		}
		if budget != 0 && l.Stats.Evictions == 0 {
			t.Error("nothing was evicted from a small store")
		}
	}
}
