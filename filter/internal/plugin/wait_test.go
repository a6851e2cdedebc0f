package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
)

// fakeAsker asks for keys by an HTTP call each.
type fakeAsker struct {
	vt    *vmTest
	heard []string
}

func (f *fakeAsker) ask(w *waiting) bool {
	headers := serialize([][2]string{{":method", "GET"}, {":path", "/keys"}, {":authority", "idp"}})
	token, st := f.vt.h.HTTPCall([]byte("idp"), headers, nil, 1000)
	w.call = call{callHTTP, token}
	return st == abi.StatusOK
}

func (f *fakeAsker) hear(w *waiting, a answer) {
	f.heard = append(f.heard, string(a.body))
	if w.answers.Keys |= 1 << w.wait.Index; !a.ok {
		w.answers.Keys, w.answers.Late = 0, true
	}
}

func newWaitTest(t *testing.T, conf string) (*vmTest, *fakeAsker) {
	vt := newVMTest(t, conf)
	vt.e.waits = true
	vt.configure(1, conf)
	vt.h.logs = nil
	f := &fakeAsker{vt: vt}
	vt.v.askers[engine.WaitKeys] = f
	return vt, f
}

// wantResumed checks that exactly these streams were let go since the last look.
func (vt *vmTest) wantResumed(ids ...uint32) {
	vt.Helper()
	if len(vt.h.resumed) != len(ids) || len(ids) > 0 && vt.h.resumed[0] != ids[0] {
		vt.Errorf("resumed = %v, want %v", vt.h.resumed, ids)
	}
	vt.h.resumed = nil
}

func TestWait(t *testing.T) {
	const stop, buffer = "", `{"hold":"buffer",` + goodTable + `}`
	tests := []struct {
		name, conf, path string
		end              bool
		before           []string // pieces of the body before the answer; "." ends it, "t" ends it with trailers, "T" with forbidden ones
		status           string
		resumed          bool
		code             string
		after            []string // pieces after the answer
		last             abi.Action
		lastCode         string
	}{
		{"passes", stop, "/wait/k/allow", true, nil, "200", true, "", nil, goOn, ""},
		{"is refused", stop, "/wait/k/deny/token_expired", true, nil, "200", false, "token_expired", nil, pause, ""},
		{"no answer", stop, "/wait/k/allow", true, nil, "", false, "token_keys_unavailable", nil, pause, ""},
		{"500", stop, "/wait/k/allow", true, nil, "500", false, "token_keys_unavailable", nil, pause, ""},
		{"only monitored", stop, "/wait/k/monitor/token_expired", true, nil, "200", true, "", nil, goOn, ""},
		{"operation is off", stop, "/wait/k/off", true, nil, "200", true, "", nil, goOn, ""},
		{"asks for ever", stop, "/wait/x/allow", true, nil, "", false, "internal_error", nil, pause, ""},
		{"body comes after", stop, "/wait/k/body", false, nil, "200", false, "", []string{"{", "}", "."}, goOn, ""},
		{"bad body comes after", stop, "/wait/k/body", false, nil, "200", false, "", []string{"nope", "."}, pause, "body_syntax"},
		{"body was there", stop, "/wait/k/body", false, []string{"{}", "."}, "200", true, "", nil, goOn, ""},
		{"bad body was there", stop, "/wait/k/body", false, []string{"nope", "."}, "200", false, "body_syntax", nil, pause, ""},
		{"half a body was there", stop, "/wait/k/body", false, []string{"{"}, "200", false, "", []string{"}", "."}, goOn, ""},
		{"trailers were there", stop, "/wait/k/body", false, []string{"{}", "t"}, "200", true, "", nil, goOn, ""},
		{"forbidden trailers were there", stop, "/wait/k/body", false, []string{"{}", "T"}, "200", false, "request_trailer_forbidden", nil, pause, ""},
		{"forbidden trailers, body not judged", stop, "/wait/k/allow", false, []string{"{}", "T"}, "200", false, "request_trailer_forbidden", nil, pause, ""},
		{"the headers end a body that is needed", stop, "/wait/k/body", true, nil, "200", true, "", nil, goOn, ""},
		{"buffer: passes", buffer, "/wait/k/allow", true, nil, "200", true, "", nil, goOn, ""},
		{"buffer: body comes after", buffer, "/wait/k/body", false, nil, "200", true, "", []string{"{", "}", "."}, goOn, ""},
		{"buffer: bad body comes after", buffer, "/wait/k/body", false, nil, "200", true, "", []string{"nope", "."}, pause, "body_syntax"},
		{"buffer: body was there", buffer, "/wait/k/body", false, []string{"{}", "."}, "200", true, "", nil, goOn, ""},
		{"buffer: half a body was there", buffer, "/wait/k/body", false, []string{"{"}, "200", false, "", []string{"}", "."}, goOn, ""},
		{"buffer: is refused", buffer, "/wait/k/deny/token_expired", false, nil, "200", false, "token_expired", nil, pause, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt, _ := newWaitTest(t, tt.conf)
			send := func(pieces []string) (a abi.Action) {
				for _, p := range pieces {
					switch p {
					case ".":
						a = vt.body(2, "", true)
					case "t":
						a = vt.trailers(2, [2]string{"checksum", "1"})
					case "T":
						a = vt.trailers(2, [2]string{"authorization", "x"})
					default:
						a = vt.body(2, p, false)
					}
				}
				return a
			}
			vt.want(vt.request(2, tt.path, tt.end), pause, 2, "")
			if len(tt.before) > 0 {
				vt.want(send(tt.before), pause, 2, "")
			}
			if len(vt.h.calls) != 1 || vt.v.waits.used != 1 {
				t.Fatalf("calls = %v, waiting %d, want one", vt.h.calls, vt.v.waits.used)
			}
			vt.answer(1, tt.status, "keys")
			vt.want(pause, pause, 2, tt.code)
			if tt.resumed {
				vt.wantResumed(2)
			} else {
				vt.wantResumed()
			}
			if vt.h.current != 1 {
				t.Errorf("current context = %d, want the root", vt.h.current)
			}
			if vt.v.waits.used != 0 {
				t.Errorf("waiting = %d after the answer, want 0", vt.v.waits.used)
			}
			if len(tt.after) > 0 {
				vt.want(send(tt.after), tt.last, 2, tt.lastCode)
			}
			vt.answer(1, tt.status, "keys") // the same answer again
			vt.want(pause, pause, 2, "")
			vt.wantResumed()
			vt.end(2)
			vt.wantIdle()
		})
	}
}

// TestWaitTwice is a request that is judged, waits, is judged, waits and is judged.
func TestWaitTwice(t *testing.T) {
	vt, f := newWaitTest(t, "")
	vt.request(2, "/wait/kl/body", false)
	vt.body(2, "{}", true)
	vt.answer(1, "200", "first")
	vt.wantResumed()
	vt.answer(1, "200", "first again")
	vt.answer(2, "200", "second")
	vt.wantResumed(2)
	if vt.e.judged != 3 || strings.Join(f.heard, " ") != "first second" {
		t.Errorf("judged %d times, heard %q, want 3 and each answer once", vt.e.judged, f.heard)
	}
	if len(vt.e.bodies) != 1 || vt.e.bodies[0] != "{}" {
		t.Errorf("bodies judged = %q, want one", vt.e.bodies)
	}
}

// TestWaitEnds is what ends a wait other than its answer.
func TestWaitEnds(t *testing.T) {
	vt, _ := newWaitTest(t, `{"waitTimeoutMs":1000,"maxWaitingRequests":2,`+goodTable+`}`)
	if vt.h.tick != 100 {
		t.Fatalf("tick period = %d ms, want 100", vt.h.tick)
	}
	vt.request(2, "/wait/k/allow", true)
	vt.request(3, "/wait/k/body", false)
	vt.want(vt.request(4, "/wait/k/allow", true), pause, 4, "plugin_busy")
	vt.end(4)
	vt.end(2) // the client goes
	vt.answer(1, "200", "")
	vt.wantResumed()
	vt.want(vt.body(3, strings.Repeat("x", 101), false), pause, 3, "body_too_large")
	vt.answer(2, "200", "")
	vt.wantResumed()
	vt.request(5, "/wait/k/allow", true)
	vt.request(6, "/wait/k/allow", true)
	vt.h.gone[6] = true // without a word
	for range 10 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 5, "")
	vt.v.Tick(1)
	vt.want(pause, pause, 5, "token_keys_unavailable")
	if vt.v.waits.used != 0 {
		t.Errorf("waiting = %d, want 0", vt.v.waits.used)
	}
	vt.answer(3, "200", "")
	vt.answer(4, "200", "")
	vt.wantResumed()
	// The second wait of a request does not begin the time anew.
	vt.request(7, "/wait/kl/allow", true)
	for range 8 {
		vt.v.Tick(1)
	}
	vt.answer(5, "200", "")
	for range 3 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 7, "token_keys_unavailable")
	// A call that can't be sent is no wait at all.
	vt.h.callSt = abi.StatusBadArgument
	vt.want(vt.request(8, "/wait/k/allow", true), pause, 8, "token_keys_unavailable")
	vt.h.callSt = 0
	vt.v.askers[engine.WaitKeys] = nil
	vt.want(vt.request(9, "/wait/k/allow", true), pause, 9, "token_keys_unavailable")
	for _, id := range []uint32{3, 5, 6, 7, 8, 9} {
		vt.end(id)
	}
	vt.wantIdle()
}

// TestWaitDone is an answer between the stream's end and its deletion.
func TestWaitDone(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.request(2, "/wait/k/allow", true)
	vt.v.Done(2)
	vt.answer(1, "200", "")
	vt.want(pause, pause, 2, "")
	vt.wantResumed()
	vt.end(2)
	vt.wantIdle()
}

// TestWaitReload: a request that waits for keys is judged by the new engine, which asks
// itself; the answer that the old one asked for finds nobody.
func TestWaitReload(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.request(2, "/wait/k/allow", true)
	old := vt.e
	vt.e = &fakeEngine{maxBody: 100, waits: true}
	if !vt.configure(1, "") {
		t.Fatal("Configure = false")
	}
	vt.v.Tick(1)
	vt.answer(1, "200", "")
	vt.wantResumed()
	vt.answer(2, "200", "")
	vt.wantResumed(2)
	if old.judged != 1 || vt.e.judged != 2 {
		t.Errorf("judged by the old engine %d times and by the new one %d, want 1 and 2", old.judged, vt.e.judged)
	}
}

// TestAnswerKinds: a gRPC answer does not answer an HTTP call of the same token, and the
// other way round.
func TestAnswerKinds(t *testing.T) {
	vt, f := newWaitTest(t, "")
	vt.request(2, "/wait/k/allow", true)
	vt.answerGRPC(1, 0, "message")
	vt.answerGRPC(1, 14, "")
	vt.wantResumed()
	for i := range vt.v.waits.slots {
		if w := &vt.v.waits.slots[i]; w.id == 2 {
			w.call.kind = callGRPC
		}
	}
	vt.answer(1, "200", "")
	vt.wantResumed()
	vt.answerGRPC(1, 0, "message")
	vt.wantResumed(2)
	if len(f.heard) != 1 || f.heard[0] != "message" {
		t.Errorf("heard = %q, want the message once", f.heard)
	}
	// A message larger than fits is no answer, and neither is a status.
	vt.request(3, "/wait/k/allow", true)
	vt.answer(2, "200", strings.Repeat("x", maxAnswer+1))
	vt.want(pause, pause, 3, "token_keys_unavailable")
}
