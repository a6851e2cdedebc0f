package replay

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"portcullis/filter/limit"
	"portcullis/filter/table"
)

const (
	second = int64(1e9)
	start  = int64(1_800_000_000) * second
)

// mapStore is limit.Store over a map; hook runs before each Set.
type mapStore struct {
	mu     sync.Mutex
	m      map[string][]byte
	cas    map[string]uint32
	next   uint32
	hook   func(key string)
	answer limit.Status // in place of all others
}

func newStore() *mapStore {
	return &mapStore{m: map[string][]byte{}, cas: map[string]uint32{}, next: 1}
}

func (s *mapStore) Get(key []byte) ([]byte, uint32, limit.Status) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answer != 0 {
		return nil, 0, s.answer
	}
	v, ok := s.m[string(key)]
	if !ok {
		return nil, 0, limit.NotFound
	}
	return v, s.cas[string(key)], limit.OK
}

func (s *mapStore) Set(key, value []byte, cas uint32) limit.Status {
	if s.hook != nil {
		s.hook(string(key))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := string(key)
	if old, ok := s.cas[k]; ok && old != cas {
		return limit.Mismatch
	}
	s.m[k] = append([]byte(nil), value...)
	s.next++
	s.cas[k] = s.next
	return limit.OK
}

var alice, bob = [32]byte{1}, [32]byte{2}

func use(g *Guard, owner *[32]byte, id string, at, until int64) Outcome {
	return g.Use(owner, []byte(id), at, until, 64)
}

func TestUse(t *testing.T) {
	for _, kind := range []string{"store", "local"} {
		t.Run(kind, func(t *testing.T) {
			var store limit.Store
			if kind == "store" {
				store = newStore()
			}
			g := New(store, [16]byte{7})
			until := start + 60*second
			tests := []struct {
				name  string
				owner *[32]byte
				id    string
				at    int64
				until int64
				want  Outcome
			}{
				{"first", &alice, "a", start, until, First},
				{"again", &alice, "a", start, until, Again},
				{"another id", &alice, "b", start, until, First},
				{"another owner", &bob, "a", start, until, First},
				{"with an id that begins alike", &alice, "ab", start, until, First},
				{"at the end of its time", &alice, "a", until, until, Again},
				{"with another end", &alice, "a", start, until + second, Again},
				{"an end that is past", &alice, "c", start, start - 1, Unavailable},
				{"an id that is too long", &alice, string(make([]byte, maxID+1)), start, until, Unavailable},
				{"a clock before 1970", &alice, "d", -1, until, Unavailable},
				{"an end that no slot can hold", &alice, "e", start, 1 << 62, Unavailable},
				{"after its time, with a time of its own", &alice, "a", until + 2*second, until + 60*second, First},
				{"and again", &alice, "a", until + 2*second, until + 60*second, Again},
				{"what is over by then, after the clock stepped back", &alice, "a", start, until, Again},
				{"empty, which its user refuses", &alice, "", start, until, First},
			}
			for _, tt := range tests {
				if got := use(g, tt.owner, tt.id, tt.at, tt.until); got != tt.want {
					t.Errorf("Use(%s) = %v, want %v", tt.name, got, tt.want)
				}
			}
		})
	}
}

// TestTwoVMs: what one VM saw, the other knows, by the same hash key.
func TestTwoVMs(t *testing.T) {
	store := newStore()
	a, b := New(store, [16]byte{1}), New(store, [16]byte{2})
	for i := range 1000 {
		id := fmt.Sprint(i)
		if got := use(a, &alice, id, start, start+second); got != First {
			t.Fatalf("a.Use(%s) = %v, want First", id, got)
		}
		if got := use(b, &alice, id, start, start+second); got != Again {
			t.Fatalf("b.Use(%s) = %v, want Again", id, got)
		}
	}
	if a.k0 != b.k0 || a.k1 != b.k1 {
		t.Error("the VMs use two hash keys")
	}
}

// TestRace: of two VMs that see an id at the same time one is first.
func TestRace(t *testing.T) {
	store := newStore()
	a, b := New(store, [16]byte{1}), New(store, [16]byte{1})
	use(a, &alice, "warm", start, start+second)
	use(b, &alice, "cold", start, start+second)
	for i := range 100 {
		id, won := fmt.Sprint("race", i), Outcome(0)
		store.hook = func(string) {
			store.hook = nil
			won = use(b, &alice, id, start, start+second)
		}
		if got := use(a, &alice, id, start, start+second); got != Again || won != First {
			t.Fatalf("race %d: %v and %v, want Again and First", i, got, won)
		}
	}
}

func TestManyAtOnce(t *testing.T) {
	store := newStore()
	const vms, ids = 8, 500
	var firsts [ids]int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for v := range vms {
		wg.Go(func() {
			g := New(store, [16]byte{byte(v)})
			for i := range ids {
				for {
					got := use(g, &alice, fmt.Sprint(i), start, start+second)
					if got == First {
						mu.Lock()
						firsts[i]++
						mu.Unlock()
					}
					if got != Unavailable { // lost every race
						break
					}
				}
			}
		})
	}
	wg.Wait()
	for i, n := range firsts {
		if n != 1 {
			t.Errorf("id %d was used first %d times, want once", i, n)
		}
	}
}

// TestFull: a slot without room refuses, forgets nothing, and has room again later.
func TestFull(t *testing.T) {
	g := New(newStore(), [16]byte{3})
	until := start + 60*second
	full, first := 0, []string{}
	const room = 4
	for i := range table.ReplaySlots * room * 2 {
		id := fmt.Sprint(i)
		switch got := g.Use(&alice, []byte(id), start, until, room); got {
		case First:
			first = append(first, id)
		case Full:
			full++
		default:
			t.Fatalf("Use(%s) = %v", id, got)
		}
	}
	if full == 0 || len(first) > table.ReplaySlots*room {
		t.Fatalf("%d were full and %d remembered, want at most %d", full, len(first), table.ReplaySlots*room)
	}
	for _, id := range first {
		if got := g.Use(&alice, []byte(id), start, until, room); got != Again {
			t.Fatalf("Use(%s) = %v, want Again", id, got)
		}
	}
	later := until + 2*second
	for i := range 100 {
		if got := g.Use(&alice, []byte(fmt.Sprint("later", i)), later, later+second, room); got != First {
			t.Fatalf("Use(later%d) = %v, want First", i, got)
		}
	}
}

// TestClockBack: what was forgotten because its time was over does not pass when the
// clock steps back.
func TestClockBack(t *testing.T) {
	store := newStore()
	g := New(store, [16]byte{4})
	if got := use(g, &alice, "old", start, start+second); got != First {
		t.Fatal(got)
	}
	for i := range 4096 { // every slot is written, and forgets
		use(g, &bob, fmt.Sprint(i), start+10*second, start+11*second)
	}
	if got := use(g, &alice, "old", start, start+second); got != Again {
		t.Errorf("Use(old) after the clock stepped back = %v, want Again", got)
	}
}

func TestBadValues(t *testing.T) {
	good := newStore()
	g := New(good, [16]byte{5})
	use(g, &alice, "x", start, start+second)
	var slot string
	for k := range good.m {
		if len(k) == 8 {
			slot = k
		}
	}
	value := good.m[slot]
	edit := func(off int, v uint32) []byte {
		b := append([]byte(nil), value...)
		binary.LittleEndian.PutUint32(b[off:], v)
		return b
	}
	for name, bad := range map[string][]byte{
		"one byte": {1}, "short": value[:len(value)-1], "long": append(append([]byte(nil), value...), 0), "no version": edit(0, 0),
		"many": edit(4, table.MaxReplays+1), "none": edit(4, 0), "reserved": edit(12, 1), "overflow": edit(4, 1<<31),
	} {
		store := newStore()
		g := New(store, [16]byte{5})
		use(g, &bob, "to agree on a key", start, start+second)
		store.m[slot], store.cas[slot] = bad, 7
		if got := use(g, &alice, "x", start, start+second); got != Unavailable {
			t.Errorf("%s: Use = %v, want Unavailable", name, got)
		}
		if got := use(g, &alice, "x", start, start+second); got != Again {
			t.Errorf("%s: Use of what may have been used = %v, want Again", name, got)
		}
		later := start + 3600*second
		if got := use(g, &alice, "x", later, later+second); got != First {
			t.Errorf("%s: Use much later = %v, want First", name, got)
		}
	}
	for name, status := range map[string]limit.Status{"error": limit.Error, "unset": 99} {
		store := newStore()
		store.answer = status
		if got := use(New(store, [16]byte{}), &alice, "x", start, start+second); got != Unavailable {
			t.Errorf("%s: Use = %v, want Unavailable", name, got)
		}
	}
	store := newStore()
	store.m[hashName], store.cas[hashName] = []byte("short"), 9
	if got := use(New(store, [16]byte{}), &alice, "x", start, start+second); got != Unavailable {
		t.Errorf("a bad hash key: Use = %v, want Unavailable", got)
	}
}

func TestUseAllocates(t *testing.T) {
	g := New(nil, [16]byte{6})
	id := []byte("0123456789abcdef")
	n := 0
	if got := testing.AllocsPerRun(1000, func() {
		id[0], id[1] = byte(n), byte(n>>8)
		n++
		g.Use(&alice, id, start, start+second, 64)
	}); got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}
