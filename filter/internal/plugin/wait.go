package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// waiting is a request that is paused in the header phase until an answer comes from
// outside. When it has come, or it is too late for it, the request is judged again from
// the top: what was asked is cheap by then, and answers says what not to ask again.
//
// Its body may come meanwhile: callbacks note how far it has come and pause.
type waiting struct {
	id       uint32 // stream, 0 in a free slot
	wait     engine.Wait
	call     call
	answers  engine.Answers
	engine   Engine // that asked
	root     *root
	deadline uint64 // in ticks of the root

	need     uint32 // WaitKeys: the generation of keys that answers it; WaitIntrospection: the call that does; 0: not asked yet
	seen     uint32 // WaitKeys: the generation that it was judged by
	known    bool   // the answer was there already
	moved    bool   // the engine that asked was replaced: the new one judges
	op       uint32
	noBody   bool         // the headers ended the stream
	ended    bool         // the body has ended
	size     uint32       // of the body so far
	maxBody  uint32       // what is refused beyond
	trailers verdict.Code // what is wrong with them; 0 when none came
}

// call names a call of the host: kinds count their tokens apart.
type call struct {
	kind  callKind
	token uint32
}

type callKind uint8

// Kinds. The zero value is no call.
const (
	callHTTP callKind = iota + 1
	callGRPC
)

// answer is what came back from a call. body is valid during the callback.
type answer struct {
	ok     bool   // HTTP status 200, gRPC status 0
	status uint32 // HTTP or gRPC; of HTTP 0 when there was no answer
	body   []byte // at most maxAnswer bytes
}

// maxAnswer bounds the answers to calls of single requests.
const maxAnswer = 16 << 10

// asker answers one kind of wait.
type asker interface {
	// ask sends for what w waits for, and notes the call in w.call when it is w's own.
	// False is that it can't be asked: the request is judged again at once, with
	// answers.Late set, or without when w.known says that there is an answer.
	ask(w *waiting) bool
	// hear takes the answer to w.call over into w.answers. After it w is judged
	// again. What does not come in time is not heard: answers.Late is set.
	hear(w *waiting, a answer)
}

// numWaits is the number of kinds of wait.
const numWaits = engine.WaitIntrospection + 1

// wait pauses c until v.d.Wait is answered. was is the wait that has just ended, nil
// for a request that has not waited: its deadline stays, and what came of the body.
func (v *VM) wait(c *stream, r *root, e Engine, was *waiting, endStream bool) abi.Action {
	v.reroute() // the callback that ends the wait does not know what strip took away
	w := waiting{noBody: endStream, ended: endStream, deadline: r.ticks + r.waitTicks}
	if was != nil {
		w = *was
	}
	w.id, w.wait, w.call, w.engine, w.root, w.op, w.maxBody = c.id, v.d.Wait, call{}, e, r, v.d.Op, e.MaxBody(&v.d)
	v.noteLimits(c, r, e)
	c.mode = v.d.Mode
	w.answers.Proved = w.answers.Proved || v.d.Proved
	if v.d.Risk.Known { // else what was settled before an earlier wait stays
		w.answers.Risk = v.d.Risk
	}
	if w.answers.Late || int(w.wait.For) >= len(v.askers) {
		v.own(verdict.Internal, v.d.Mode, v.d.Op) // the engine may not ask again
		return v.settleWith(c, r, e)
	}
	if w.wait.For == engine.WaitLimits {
		w.answers.Limits = v.d.LimitsAsked()
	}
	i, ok := v.waits.take(waitRoom(&r.cfg, e, w.wait.For))
	if !ok && w.wait.For == engine.WaitLimits {
		w.answers.Late = true // the policy says what happens to those whom nobody decides
		return v.again(c, &w)
	}
	if !ok {
		v.d.Code, v.d.Part = verdict.PluginBusy, verdict.PartNone
		v.forward(e) // mode monitor lets it pass
		return v.settleWith(c, r, e)
	}
	v.waits.slots[i] = w
	c.held, c.state = i, stateWaiting
	if s := v.askers[w.wait.For]; s == nil || !s.ask(&v.waits.slots[i]) {
		w = v.waits.slots[i]
		if !w.known {
			w.answers.Late = true
		}
		w.known = false
		v.dropWait(c)
		return v.again(c, &w)
	}
	v.metrics.add(v.host, requestsWaited)
	return abi.Pause
}

// waitRoom is how many requests of any kind may wait at a time for one more to join them.
// A token of an unknown key, or one that nobody has asked about, can be anybody's: where the
// table has a rate limit service, waits for such tokens leave it half of the room, for
// without its word a policy may let requests pass.
func waitRoom(cfg *config.Config, e Engine, what engine.WaitFor) uint32 {
	if t := e.Table(); what != engine.WaitLimits && t != nil && t.NumServices() != 0 {
		return (cfg.MaxWaitingRequests + 1) / 2
	}
	return cfg.MaxWaitingRequests
}

// dropWait ends the wait of c, which is in stateWaiting, without a verdict. An answer
// that still comes finds nobody.
func (v *VM) dropWait(c *stream) {
	v.waits.free(c.held)
	c.held, c.state = 0, stateOpen
}

// again judges the request w, which waits no longer, from the top.
func (v *VM) again(c *stream, w *waiting) abi.Action {
	v.arena.Reset()
	v.req = engine.Request{}
	if code := v.readHeaders(c, &w.root.cfg); code != verdict.Allow {
		v.own(code, c.mode, w.op)
		if w.engine.Forwards() {
			v.d.Mode = table.ModeEnforce // as for the first look
		}
		return v.settleWith(c, w.root, w.engine)
	}
	if w.engine.Forwards() {
		v.strip(w.engine) // not the one that saw the request first, when that was replaced
	}
	v.req.Answers = w.answers
	return v.judgeHeaders(c, w.root, w.engine, w, w.noBody)
}

// wake judges the request of a slot again, in its own context, and lets it go when it
// passes. The caller makes another context the current one afterwards.
func (v *VM) wake(i uint16) {
	w := v.waits.slots[i]
	c := v.streams.find(w.id)
	if c == nil || c.state != stateWaiting || c.held != i {
		v.waits.free(i) // a contradiction: Delete frees slots
		return
	}
	v.dropWait(c)
	v.arena.Reset()
	if v.host.SetContext(w.id) != abi.StatusOK {
		// The host has forgotten the stream: an answer now would go to another one.
		c.leave()
		v.streams.remove(w.id)
		return
	}
	action := v.again(c, &w)
	switch {
	case c.state == stateHeld:
		action = v.catchUp(c, &w, action)
	case c.state == statePassed && w.trailers != 0 && w.trailers != verdict.Allow:
		v.own(w.trailers, c.mode, table.NoIndex)
		action = v.settleWith(c, w.root, w.engine)
	}
	if action == abi.Continue {
		v.host.Resume()
	}
}

// catchUp judges what came of the body of c while it waited. No callback will tell of
// it again.
func (v *VM) catchUp(c *stream, w *waiting, action abi.Action) abi.Action {
	h := &v.held.slots[c.held]
	switch {
	case w.trailers != 0 && w.trailers != verdict.Allow:
		v.resume(h, w.trailers)
		return v.settleHeld(c)
	case w.size > h.maxBody:
		v.resume(h, verdict.BodyTooLarge)
		return v.settleHeld(c)
	case w.ended:
		return v.judgeBody(c, w.size)
	case w.size > 0:
		// Let go now, with hold: buffer, the first pieces would leave before the last
		// ones come. The proxy hands over bodies although the headers are held: this
		// one can be.
		return abi.Pause
	}
	return action
}

// bodyWhileWaiting notes how far the body of c has come. One that is too large is refused
// at once, but in mode monitor: what lets it pass then has to take its credentials away
// first, and only the judgement says which.
func (v *VM) bodyWhileWaiting(c *stream, size uint32, endStream bool) abi.Action {
	w := &v.waits.slots[c.held]
	if size > w.maxBody && c.mode == table.ModeEnforce {
		r, e := w.root, w.engine
		v.own(verdict.BodyTooLarge, c.mode, w.op)
		v.d.Part = verdict.PartBody
		v.dropWait(c)
		return v.settleWith(c, r, e)
	}
	w.size, w.ended = size, w.ended || endStream
	return abi.Pause
}

// HTTPCallResponse takes the answer to an HTTP call. headers is 0 when there was none.
func (v *VM) HTTPCallResponse(id, token, headers, body uint32) {
	v.begin()
	if v.keysAnswered(id, token, headers, body) || v.introspected(id, token, headers, body) {
		return
	}
	i, ok := v.waitsFor(call{callHTTP, token})
	if !ok {
		return
	}
	a := answer{}
	if headers != 0 {
		a.status = v.callStatus()
	}
	if a.ok = a.status == 200; a.ok && body != 0 {
		a.body, a.ok = v.callBody(abi.BufferCallBody, body)
	}
	v.heard(id, i, a)
}

// keysAnswered takes the answer to a call for keys, if it is one.
func (v *VM) keysAnswered(id, token, headers, body uint32) bool {
	for _, r := range v.roots {
		if r.ring == nil {
			continue
		}
		for _, m := range r.ring.remotes {
			if !m.pending || m.token != token {
				continue
			}
			r.ring.answered(m, v.keyAnswer(headers, body))
			v.host.SetContext(id)
			return true
		}
	}
	return false
}

// GRPCReceive takes the message that a gRPC call was answered with.
func (v *VM) GRPCReceive(id, token, size uint32) {
	v.begin()
	i, ok := v.waitsFor(call{callGRPC, token})
	if !ok {
		return
	}
	a := answer{ok: true}
	if size != 0 {
		a.body, a.ok = v.callBody(abi.BufferGRPC, size)
	}
	v.heard(id, i, a)
}

// GRPCClose takes the end of a gRPC call that was not answered. The end of one that was
// finds nobody.
func (v *VM) GRPCClose(id, token, status uint32) {
	v.begin()
	if i, ok := v.waitsFor(call{callGRPC, token}); ok {
		v.heard(id, i, answer{status: status})
	}
}

// heard hands an answer on and judges the request again. id is the root context.
func (v *VM) heard(id uint32, i uint16, a answer) {
	w := &v.waits.slots[i]
	v.askers[w.wait.For].hear(w, a)
	w.call = call{}
	v.wake(i)
	v.host.SetContext(id)
}

// waitsFor finds the request that waits for a call. Answers nobody waits for, doubled
// ones and those for streams that are gone find none.
func (v *VM) waitsFor(want call) (i uint16, ok bool) {
	if v.waits.used == 0 {
		return 0, false
	}
	for i := range v.waits.slots {
		if w := &v.waits.slots[i]; w.id != 0 && w.call == want {
			return uint16(i), true
		}
	}
	return 0, false
}

// callStatus is the status of the answer to the HTTP call whose callback runs, 0 when it
// has none.
func (v *VM) callStatus() uint32 {
	raw, st := v.host.Pairs(abi.MapCallHeaders)
	if st != abi.StatusOK {
		return 0
	}
	p, fault := abi.OpenPairs(raw, maxAnswerHeaders)
	if fault != abi.PairsGood {
		return 0
	}
	for {
		name, value, ok := p.Next()
		if !ok {
			return 0
		}
		if string(name) == ":status" && len(value) == 3 {
			n := uint32(0)
			for _, d := range value {
				n = n*10 + uint32(d-'0')
			}
			return n
		}
	}
}

// maxAnswerHeaders bounds the header fields of an answer to a call.
const maxAnswerHeaders = 256

// callBody reads what a call was answered with; false when it is not there whole.
func (v *VM) callBody(b abi.Buffer, size uint32) ([]byte, bool) {
	if size > maxAnswer {
		return nil, false
	}
	body, st := v.host.Bytes(b, 0, size)
	return body, st == abi.StatusOK && uint32(len(body)) == size
}

// lateWaits judges the requests of r that have waited too long.
func (v *VM) lateWaits(r *root) (any bool) {
	if v.waits.used == 0 {
		return false
	}
	for i := range v.waits.slots {
		w := &v.waits.slots[i]
		if w.id == 0 || w.root != r || !w.moved && r.ticks <= w.deadline {
			continue
		}
		if w.moved = false; r.ticks > w.deadline {
			w.answers.Late = true
			v.metrics.add(v.host, waitsLate)
		}
		v.wake(uint16(i))
		any = true
	}
	return any
}

// moveWaits makes the new engine of r judge the requests that wait because of a token, at the next
// tick: nothing of them was settled, and the answer will come to the new one.
func (v *VM) moveWaits(r *root) {
	for i := 0; v.waits.used != 0 && i < len(v.waits.slots); i++ {
		if w := &v.waits.slots[i]; w.id != 0 && w.root == r && w.wait.For != engine.WaitLimits {
			w.engine, w.moved, w.answers, w.need = r.engine, true, engine.Answers{Proved: w.answers.Proved}, 0
		}
	}
}
