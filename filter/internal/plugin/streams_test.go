package plugin

import (
	"math/rand/v2"
	"testing"

	"portcullis/filter/engine"
)

// TestStreamsAgainstMap holds the hash table against Go's map over random additions
// and removals, nearly full.
func TestStreamsAgainstMap(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, seed))
	var s streams
	if s.find(1) != nil {
		t.Fatal("find in the zero value = something, want nil")
	}
	s.remove(1)
	s.add(1, 1)
	s.grow(100)
	m := map[uint32]uint32{}
	for i := range 200000 {
		id := r.Uint32N(150) * 0x01000193 // collides a lot
		if r.Uint32N(2) == 0 {
			if _, ok := m[id]; !ok && len(m) < 100 {
				m[id] = uint32(i)
			}
			s.add(id, uint32(i))
		} else {
			delete(m, id)
			s.remove(id)
		}
		if i == 100000 {
			s.grow(5000) // moves everything
			s.max = 100
		}
		if s.n != uint32(len(m)) {
			t.Fatalf("step %d (seed %d): n = %d, want %d", i, seed, s.n, len(m))
		}
		for id := uint32(0); id < 150; id++ {
			c := s.find(id * 0x01000193)
			want, ok := m[id*0x01000193]
			if (c != nil) != ok || c != nil && c.root != want {
				t.Fatalf("step %d (seed %d): find(%d) = %v, want %v, %v", i, seed, id, c, want, ok)
			}
		}
	}
}

func TestPool(t *testing.T) {
	var p pool[held]
	if _, ok := p.take(1); ok {
		t.Fatal("take of the zero value = ok, want none")
	}
	p.grow(2)
	a, _ := p.take(3)
	b, ok := p.take(3)
	if _, more := p.take(3); !ok || more || a == b {
		t.Fatalf("take = %d, %d, %v; a third one %v", a, b, ok, more)
	}
	p.slots[a].id = 5
	p.grow(4) // keeps what is taken
	if p.slots[a].id != 5 {
		t.Errorf("slot lost by grow")
	}
	p.free(a)
	seen := map[uint16]bool{b: true}
	for range 3 {
		i, ok := p.take(4)
		if !ok || seen[i] {
			t.Errorf("take = %d, %v, want a free one", i, ok)
		}
		seen[i] = true
	}
	if _, ok := p.take(4); ok {
		t.Errorf("take of a full pool = ok, want none")
	}
}

// TestAllocs: no callback allocates, whatever the outcome.
func TestAllocs(t *testing.T) {
	vt := newVMTest(t, "")
	h := &quietHost{fakeHost: vt.h}
	vt.v.host = h
	id := uint32(100)
	run := func(path string, body []byte, trailers bool) func() {
		h.headers[0] = nil
		pairs := serialize([][2]string{{":method", "POST"}, {":path", path}, {"content-type", "application/json"}, {"x_user_id", "root"}, {"authorization", "x"}})
		return func() {
			id++
			h.pairs, h.body = pairs, body
			vt.v.ContextCreate(id, 1)
			vt.v.RequestHeaders(id, 3, body == nil)
			if body != nil {
				vt.v.RequestBody(id, 1, false)
				if trailers {
					h.pairs = serialTrailers
					vt.v.RequestTrailers(id, 1)
				} else {
					vt.v.RequestBody(id, uint32(len(body)), true)
				}
			}
			if c := vt.v.streams.find(id); c != nil && c.state == statePassed {
				vt.v.ResponseHeaders(id, 1, false)
				vt.v.ResponseBody(id, uint32(len(h.body)), true)
			}
			vt.v.Tick(1)
			vt.v.Done(id)
			vt.v.Delete(id)
		}
	}
	forwarded := run("/body", []byte("{}"), true)
	tests := []struct {
		name string
		f    func()
	}{
		{"allow", run("/allow", nil, false)},
		{"deny", run("/deny/token_missing", nil, false)},
		{"limit", run("/limit", nil, false)},
		{"monitor", run("/monitor/param_invalid", nil, false)},
		{"body", run("/body", []byte("{}"), false)},
		{"bad body", run("/body", []byte("nope"), false)},
		{"trailers", run("/body", []byte("{}"), true)},
		{"wait", func() {
			id++
			vt.v.ContextCreate(id, 1)
			h.pairs = waitPairs
			if a := vt.v.RequestHeaders(id, 2, false); a != pause {
				t.Fatalf("action = %d, want a pause", a)
			}
			h.body = waitBody
			vt.v.RequestBody(id, 2, true)
			vt.v.HTTPCallResponse(1, id, 0, 0)
			if c := vt.v.streams.find(id); c == nil || c.state != statePassed {
				t.Fatalf("stream = %v, want one that passed", c)
			}
			vt.v.Done(id)
			vt.v.Delete(id)
		}},
		{"forward", func() { vt.e.forwards = true; forwarded(); vt.e.forwards = false }},
		{"unknown", func() { vt.v.RequestHeaders(1<<31, 1, true) }},
	}
	vt.v.roots[0].engine = quietEngine{vt.e}
	vt.v.askers[engine.WaitKeys] = quietAsker{}
	vt.v.watches.grow(100)
	vt.v.waits.grow(100)
	for _, tt := range tests {
		if n := testing.AllocsPerRun(1000, tt.f); n != 0 {
			t.Errorf("%s: allocations = %v, want 0", tt.name, n)
		}
	}
}

// quietAsker gives every request a call of the stream's number.
type quietAsker struct{}

func (quietAsker) ask(w *waiting) bool {
	w.call = call{callHTTP, w.id}
	return true
}

func (quietAsker) hear(w *waiting, a answer) { w.answers.Keys = 1 }

var (
	waitPairs = serialize([][2]string{{":method", "POST"}, {":path", "/wait"}})
	waitBody  = []byte("{}")
)
