package plugin

import (
	"math/rand/v2"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
)

// TestRandomCallbacks calls back in any order with any ids, as no good host does, and
// checks what must hold whatever happens: nothing traps, no slot is lost, and a request
// that the engine refuses never continues.
func TestRandomCallbacks(t *testing.T) {
	paths := []string{"/allow", "/off", "/unknown", "/body", "/monitorbody", "/deny/token_missing", "/monitor/param_invalid", "/zero",
		"/wait/k/allow", "/wait/kl/body", "/wait/k/deny/token_missing", "/wait/x/allow", "/wait/l/monitorbody"}
	refused := map[string]bool{"/deny/token_missing": true, "/zero": true, "/wait/k/deny/token_missing": true, "/wait/x/allow": true}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		conf := []string{
			`{"maxHeldRequests":3,"maxWaitingRequests":2,"waitTimeoutMs":300,"maxOpenRequests":9,"bodyTimeoutMs":100,` + goodTable + `}`,
			`{"hold":"buffer","maxHeldRequests":2,"bodyTimeoutMs":100,` + goodTable + `}`,
			`{"mode":"monitor","maxHeldRequests":1,"bodyTimeoutMs":100,` + goodTable + `}`,
		}[seed%3]
		vt := newWatchTest(t, conf, []uint8{table.ModeEnforce, table.ModeMonitor, 0}[seed/3%3])
		vt.e.waits = true
		vt.configure(1, conf)
		vt.v.askers[engine.WaitKeys] = &fakeAsker{vt: vt}
		path := map[uint32]string{}
		for range 3000 {
			id := r.Uint32N(20) + 2
			vt.h.current = id
			var a abi.Action = pause
			vt.h.callSt = abi.Status(r.Uint32N(10) / 9)
			switch r.Uint32N(18) {
			case 0, 1:
				vt.v.ContextCreate(id, 1+r.Uint32N(20)/19) // now and then a root that is not there
				delete(vt.h.gone, id)
			case 2, 3, 4:
				p := paths[r.Uint32N(uint32(len(paths)))]
				if c := vt.v.streams.find(id); c != nil && c.state == stateOpen {
					path[id] = p
				}
				vt.h.headers[id] = [][2]string{{":method", "POST"}, {":path", path[id]}}
				a = vt.v.RequestHeaders(id, 2, r.Uint32N(2) == 0)
			case 5, 6:
				vt.h.bodies[id] = []byte([]string{"", "{}", "nope", "{more than fits}" + string(make([]byte, 100))}[r.Uint32N(4)])
				a = vt.v.RequestBody(id, uint32(len(vt.h.bodies[id]))+r.Uint32N(2), r.Uint32N(2) == 0)
			case 7:
				vt.h.trailer[id] = [][2]string{{[]string{"x", "cookie"}[r.Uint32N(2)], "1"}}
				a = vt.v.RequestTrailers(id, 1)
			case 8:
				vt.v.Done(id)
			case 9:
				vt.v.Delete(id)
				delete(path, id)
			case 10:
				vt.v.Tick(1)
			case 12, 13:
				vt.response(id, []string{"200", "201", "202", "500"}[r.Uint32N(4)], r.Uint32N(2) == 0)
			case 14:
				vt.h.content[id] = []byte([]string{"", "{}", "nope", string(make([]byte, 60))}[r.Uint32N(4)])
				vt.content(id, "", r.Uint32N(2) == 0)
			case 15:
				vt.v.ResponseTrailers(id, 1)
			case 16:
				vt.answer(uint32(len(vt.h.calls))-r.Uint32N(8), []string{"200", "", "500"}[r.Uint32N(3)], "")
			case 17:
				vt.answerGRPC(uint32(len(vt.h.calls))-r.Uint32N(8), r.Uint32N(2), "")
			case 11:
				vt.h.gone[id] = true // the host forgets without a word
			}
			if a == goOn && refused[path[id]] && seed%3 != 2 {
				t.Fatalf("seed %d: a callback of %s continues", seed, path[id])
			}
			checkSlots(t, vt.v, seed)
		}
		for id := uint32(0); id < 30; id++ {
			if id != 1 {
				vt.v.Delete(id)
			}
		}
		vt.wantIdle()
	}
}

// checkSlots: every slot in use belongs to one stream, and the other way round.
func checkSlots(t *testing.T, v *VM, seed uint64) {
	t.Helper()
	streams, slots, watched, waits := uint32(0), uint32(0), uint32(0), uint32(0)
	for i := range v.streams.pool.slots {
		c := &v.streams.pool.slots[i]
		if c.flags&flagWatched != 0 {
			watched++
		}
		if c.state == stateWaiting {
			waits++
			if v.waits.slots[c.held].id != c.id {
				t.Fatalf("seed %d: stream %d waits in the slot of %d", seed, c.id, v.waits.slots[c.held].id)
			}
		}
		if c.state != stateHeld {
			continue
		}
		streams++
		if v.held.slots[c.held].id != c.id {
			t.Fatalf("seed %d: stream %d holds the slot of %d", seed, c.id, v.held.slots[c.held].id)
		}
	}
	for i := range v.held.slots {
		if v.held.slots[i].id != 0 {
			slots++
		}
	}
	if watched != v.watches.used {
		t.Fatalf("seed %d: %d streams watched, %d counted", seed, watched, v.watches.used)
	}
	if waits != v.waits.used {
		t.Fatalf("seed %d: %d streams wait, %d counted", seed, waits, v.waits.used)
	}
	if streams != slots || slots != v.held.used {
		t.Fatalf("seed %d: %d streams held, %d slots, %d counted", seed, streams, slots, v.held.used)
	}
}
