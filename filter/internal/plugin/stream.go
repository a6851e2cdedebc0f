package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// RequestHeaders judges what stands before the body.
func (v *VM) RequestHeaders(id, _ uint32, endStream bool) abi.Action {
	v.begin()
	c := v.streams.find(id)
	if c == nil {
		return v.unknown(id)
	}
	if c.state != stateOpen {
		return c.action()
	}
	r := v.root(c.root)
	if r == nil || r.engine == nil {
		v.own(verdict.PluginNoTable, table.ModeEnforce, table.NoIndex)
		return v.refuse(c, r)
	}
	c.mode = uint8(r.cfg.Mode)
	if r.cfg.Mode == config.ModeOff && !r.engine.Forwards() {
		c.flags |= flagOff
		return v.pass(c, passedModeOff)
	}
	if code := v.readHeaders(c, &r.cfg); code != verdict.Allow {
		v.own(code, c.mode, table.NoIndex)
		if r.engine.Forwards() {
			v.d.Mode = table.ModeEnforce // who knows what they claim to be
		}
		return v.settle(c, r)
	}
	if r.engine.Forwards() {
		v.strip(r.engine)
		if r.cfg.Mode == config.ModeOff {
			c.flags |= flagOff
			v.reroute()
			return v.pass(c, passedModeOff)
		}
	}
	return v.judgeHeaders(c, r, r.engine, nil, endStream)
}

// judgeHeaders asks e about the header fields in v.req, and goes on from its word. was
// is what the request has waited for just now, nil for nothing.
func (v *VM) judgeHeaders(c *stream, r *root, e Engine, was *waiting, endStream bool) abi.Action {
	v.req.EndStream = endStream
	v.req.NowNanos = v.host.NowNanos()
	e.CheckHeaders(&v.req, &v.d)
	if v.d.Code == verdict.NeedAnswer {
		return v.wait(c, r, e, was, endStream)
	}
	v.noteLimits(c, r, e)
	c.mode = v.d.Mode
	v.countUse(e)
	v.plainAnswer(e)
	v.forward(e)
	v.countRisk()
	if v.d.Code == verdict.NeedBody {
		return v.needBody(c, r, e, endStream)
	}
	return v.settleWith(c, r, e)
}

// countUse counts what a request uses that it should not: what is deprecated, and
// query parameters that nothing declares.
func (v *VM) countUse(e Engine) {
	v.metrics.addN(v.host, deprecatedParameters, v.d.Deprecated)
	v.metrics.addN(v.host, undeclaredParameters, v.d.Unknown)
	if t := e.Table(); t != nil && v.d.Op < t.NumOps() && t.Op(v.d.Op).Flags()&table.OpFlagDeprecated != 0 {
		v.metrics.add(v.host, deprecatedOperations)
	}
}

// unknown refuses a stream that there was no room for. Where the stream is merely
// gone the host takes no answer any more.
func (v *VM) unknown(id uint32) abi.Action {
	v.metrics.add(v.host, metricUnknownStreams)
	v.own(verdict.PluginBusy, table.ModeEnforce, table.NoIndex)
	return v.refuse(&stream{id: id}, nil)
}

// action is what a callback on a stream that is settled, or not ready for it,
// answers.
func (c *stream) action() abi.Action {
	if c.state == statePassed {
		return abi.Continue
	}
	return abi.Pause
}

// readHeaders reads the header fields, once, and notes what the answer depends on.
func (v *VM) readHeaders(c *stream, cfg *config.Config) (code verdict.Code) {
	v.req.Headers, code = v.readFields(abi.MapRequestHeaders, cfg.MaxHeaders, verdict.RequestHeadersTooLarge, verdict.RequestHeadersTooMany)
	for i := range v.req.Headers {
		switch h := &v.req.Headers[i]; len(h.Name) {
		case len(":method"), len("content-type"): // and "upgrade": no other length is worth a call
			c.note(h.Name, h.Value)
		}
	}
	return code
}

// readFields reads the fields of m into the VM's scratch. large and many are the
// codes of more bytes and more fields than there is room for.
func (v *VM) readFields(m abi.Map, limit uint32, large, many verdict.Code) ([]engine.Header, verdict.Code) {
	raw, st := v.host.Pairs(m)
	if st != abi.StatusOK {
		if v.arena.Overflowed() {
			return nil, large
		}
		return nil, verdict.Internal
	}
	n, fault := abi.FillPairs(v.headers, raw, limit) // there is room for every root's limit
	switch fault {
	case abi.PairsGood:
		return v.headers[:n], verdict.Allow
	case abi.PairsTooMany:
		return nil, many
	}
	return nil, verdict.Internal
}

// note sets the flags that a header field calls for.
func (c *stream) note(name, value []byte) {
	switch string(name) {
	case ":method":
		switch string(value) {
		case "HEAD":
			c.flags |= flagHead
		case "CONNECT":
			c.flags |= flagUpgrade
		}
	case "upgrade":
		if len(value) > 0 { // the engine takes an empty one for none
			c.flags |= flagUpgrade
		}
	case "content-type":
		const grpc = "application/grpc"
		if len(value) >= len(grpc) && string(value[:len(grpc)]) == grpc {
			c.flags |= flagGRPC
		}
	}
}

// needBody holds the request until its body is there.
func (v *VM) needBody(c *stream, r *root, e Engine, endStream bool) abi.Action {
	if c.flags&flagUpgrade != 0 {
		// The engine lets upgrades of this operation through. No body ever ends
		// here: to wait for one would stop the handshake.
		v.tellRisk()
		v.watchResponse(c, r, e)
		v.keepNote(c, e)
		return v.pass(c, passedUpgrade)
	}
	if endStream {
		e.CheckBody(&v.req, &v.d)
		v.noteLimits(c, r, e)
		return v.settleWith(c, r, e)
	}
	length := contentLength(v.req.Headers)
	maxBody := e.MaxBody(&v.d)
	if length > int64(maxBody) {
		v.d.Code, v.d.Part = verdict.BodyTooLarge, verdict.PartBody
		return v.settleWith(c, r, e)
	}
	i, ok := v.held.take(r.cfg.MaxHeldRequests)
	if !ok {
		v.d.Code, v.d.Part = verdict.PluginBusy, verdict.PartNone
		return v.settleWith(c, r, e)
	}
	v.held.slots[i] = held{id: c.id, op: v.d.Op, media: v.d.Media, slot: i, preflight: v.d.Preflight, encoded: v.d.Encoded, maxBody: maxBody, length: length,
		deadline: r.ticks + r.timeoutTicks, engine: e, root: r}
	if int(i) < len(v.more) {
		v.more[i] = heldMore{v.d.Boundary, v.d.Later, v.d.Standings, v.d.Risk}
	}
	if int(i) < len(v.kept) {
		v.kept[i].Copy(&v.d.Kept)
	}
	c.held, c.state = i, stateHeld
	if r.cfg.Hold == config.HoldBuffer {
		// The buffer filter behind keeps the headers from the upstream.
		return abi.Continue
	}
	return abi.Pause
}

// contentLength is the declared length of the body; -1 when there is none. The
// engine has refused what is not a plain number.
func contentLength(headers []engine.Header) int64 {
	for i := range headers {
		if string(headers[i].Name) != "content-length" {
			continue
		}
		n := int64(0)
		for _, ch := range headers[i].Value {
			if ch < '0' || ch > '9' || n > 1<<50 {
				return -1
			}
			n = n*10 + int64(ch-'0')
		}
		return n
	}
	return -1
}

// RequestBody looks at the size of a body until its end, then judges it.
func (v *VM) RequestBody(id, size uint32, endStream bool) abi.Action {
	v.begin()
	v.sawBody = true
	c := v.streams.find(id)
	if c == nil {
		return abi.Pause
	}
	if c.state == stateWaiting {
		return v.bodyWhileWaiting(c, size, endStream)
	}
	if c.state != stateHeld {
		return c.action()
	}
	h := &v.held.slots[c.held]
	if size > h.maxBody {
		v.resume(h, verdict.BodyTooLarge)
		return v.settleHeld(c)
	}
	if !endStream {
		return abi.Pause
	}
	return v.judgeBody(c, size)
}

// RequestTrailers judges a request whose body was ended by trailers: no body
// callback said that it was the last.
func (v *VM) RequestTrailers(id, _ uint32) abi.Action {
	v.begin()
	c := v.streams.find(id)
	if c == nil {
		return abi.Pause
	}
	if c.state == stateDecided || c.state == stateOpen {
		return c.action()
	}
	r := v.root(c.root)
	code := verdict.Code(verdict.Allow)
	if c.flags&flagOff == 0 {
		code = v.checkTrailers(r)
	}
	if (c.mode != table.ModeEnforce || c.state == stateWaiting) && r != nil && r.engine != nil && r.engine.Forwards() && !v.stripTrailers(r.engine) {
		return v.refuseTrailers(c, r)
	}
	if c.flags&flagOff != 0 {
		return c.action()
	}
	if c.state == stateWaiting {
		w := &v.waits.slots[c.held]
		w.trailers, w.ended = code, true
		return abi.Pause
	}
	if c.state == stateHeld {
		v.sawBody = true
		if code != verdict.Allow {
			v.resume(&v.held.slots[c.held], code)
			return v.settleHeld(c)
		}
		return v.judgeBody(c, 0)
	}
	if code != verdict.Allow {
		// The upstream has the headers already, but not yet the end of the request.
		v.own(code, c.mode, table.NoIndex)
		return v.settle(c, r)
	}
	return abi.Continue
}

// judgeBody reads the body of a held request and asks the engine. atLeast is what
// the host says is there: a body that it then does not hand over whole is refused,
// never judged in part.
func (v *VM) judgeBody(c *stream, atLeast uint32) abi.Action {
	h := &v.held.slots[c.held]
	body, st := v.host.Bytes(abi.BufferRequestBody, 0, h.maxBody+1)
	if st == abi.StatusNotFound || st == abi.StatusEmpty {
		body, st = nil, abi.StatusOK // hosts have no buffer for an empty body
	}
	switch {
	case v.arena.Overflowed(), uint64(len(body)) > uint64(h.maxBody):
		v.resume(h, verdict.BodyTooLarge)
	case st != abi.StatusOK, uint32(len(body)) < atLeast:
		v.resume(h, verdict.Internal)
	case h.length >= 0 && h.length != int64(len(body)):
		v.resume(h, verdict.BodyLength)
	default:
		v.resume(h, verdict.NeedBody)
		v.req.Body, v.req.EndStream = body, true
		if v.d.Later.Any() || v.d.Risk.Counts() {
			v.req.NowNanos = v.host.NowNanos()
		}
		h.engine.CheckBody(&v.req, &v.d)
		v.noteLimits(c, h.root, h.engine)
	}
	return v.settleHeld(c)
}

// resume makes v.d the decision on the held request h, as far as it goes.
func (v *VM) resume(h *held, code verdict.Code) {
	mode := uint8(table.ModeEnforce)
	if c := v.streams.find(h.id); c != nil {
		mode = c.mode
	}
	v.own(code, mode, h.op)
	v.d.Media, v.d.Preflight, v.d.Encoded = h.media, h.preflight, h.encoded
	if int(h.slot) < len(v.more) {
		m := &v.more[h.slot]
		v.d.Boundary, v.d.Later, v.d.Standings, v.d.Risk = m.boundary, m.charges, m.stand, m.risk
	}
	if int(h.slot) < len(v.kept) {
		v.d.Kept.Copy(&v.kept[h.slot])
	}
	if code != verdict.Internal && code != verdict.RequestTrailerForbidden {
		v.d.Part = verdict.PartBody
	}
}

// settleHeld gives the slot back and settles the request.
func (v *VM) settleHeld(c *stream) abi.Action {
	h := v.held.slots[c.held]
	v.held.free(c.held)
	c.held, c.state = 0, stateOpen
	return v.settleWith(c, h.root, h.engine)
}

// settle ends the judgement of c by v.d.
func (v *VM) settle(c *stream, r *root) abi.Action {
	if r == nil {
		return v.settleWith(c, nil, nil)
	}
	return v.settleWith(c, r, r.engine)
}

// settleWith is the one place where a request passes or is refused. Each way of
// passing has a counter of its own.
func (v *VM) settleWith(c *stream, r *root, e Engine) abi.Action {
	if v.d.Risk.Told {
		v.settleRisk(e)
	}
	switch v.d.Code {
	case verdict.Allow:
		if v.d.Mode == table.ModeOff {
			c.flags |= flagOff
			return v.pass(c, passedModeOff)
		}
		if v.d.Preflight && e != nil && e.Table() != nil && v.d.CORS < e.Table().NumExtras() {
			return v.answerPreflight(c, e)
		}
		if v.d.Unjudged {
			v.metrics.add(v.host, bodiesUnjudged)
		}
		v.watchResponse(c, r, e)
		v.keepNote(c, e)
		return v.pass(c, passedAllowed)
	case verdict.NeedBody, verdict.NeedAnswer, 0:
		v.d.Code = verdict.Internal // nobody but needBody and wait may see them
	}
	switch v.d.Mode {
	case table.ModeMonitor:
		v.metrics.wouldRefuse(v.host, v.d.Code)
		v.logRefusal(c, r, e)
		v.watchResponse(c, r, e)
		v.keepNote(c, e)
		c.state = statePassed
		return abi.Continue
	case table.ModeOff:
		// An operation that no table entry matches, where the policy lets those pass.
		return v.pass(c, passedUnknown)
	}
	return v.refuseWith(c, r, e)
}

// pass lets c through and counts why.
func (v *VM) pass(c *stream, why int) abi.Action {
	v.metrics.add(v.host, why)
	c.state = statePassed
	return abi.Continue
}
