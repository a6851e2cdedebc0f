package plugin

import (
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// watchState is where a response that is judged stands:
//
//	waiting --headers--> body --end--> done
//	   |                  |             ^ |
//	   +------------------+-------------+ +--> nothing more is looked at
//	   +------------------+--> refused: nothing more leaves
type watchState uint8

const (
	watchWaiting watchState = iota // the zero value: the request has passed
	watchBody
	watchDone
	watchRefused
)

// watch is what is kept of a request whose response is to be judged.
type watch struct {
	engine Engine // that judged the request: a reload must not change it
	root   *root
	op     uint32
	media  uint32
	length int64 // Content-Length, -1 when not given
	status uint16
	mode   uint8
	state  watchState
}

// watchResponse notes that the response to c is to be judged, if it is. v.d is the
// decision that lets the request pass. Every open stream finds room: the pool is as
// large as they are many.
func (v *VM) watchResponse(c *stream, r *root, e Engine) {
	if e == nil || r == nil || v.d.Op == table.NoIndex || c.flags&flagWatched != 0 {
		return
	}
	mode := e.ResponseMode(&v.d)
	if mode == 0 {
		return
	}
	i, ok := v.watches.take(poolEnd)
	if !ok {
		return // no root judges responses, or a host that reuses ids
	}
	v.watches.slots[i] = watch{engine: e, root: r, op: v.d.Op, media: table.NoIndex, mode: mode}
	c.held = i
	c.flags |= flagWatched
}

// plainAnswer asks the upstream for an answer that can be judged: an encoded body
// is bytes. It must come while the request's headers can be changed.
func (v *VM) plainAnswer(e Engine) {
	if v.d.Op == table.NoIndex || v.d.Code != verdict.Allow && v.d.Code != verdict.NeedBody && v.d.Mode != table.ModeMonitor || e.ResponseMode(&v.d) == 0 {
		return
	}
	for i := range v.req.Headers {
		if string(v.req.Headers[i].Name) == "accept-encoding" {
			v.host.Replace(abi.MapRequestHeaders, "accept-encoding", "identity")
			return
		}
	}
}

// watched returns the watch of a stream whose response is to be judged, nil for
// all others. It is all that a response costs that nobody judges.
func (v *VM) watched(id uint32) (*stream, *watch) {
	c := v.streams.find(id)
	if c == nil || c.flags&flagWatched == 0 {
		return nil, nil
	}
	return c, &v.watches.slots[c.held]
}

// action is what a callback on a response answers that is not to be judged any
// more.
func (w *watch) action() abi.Action {
	if w.state == watchRefused {
		return abi.Pause
	}
	return abi.Continue
}

// ResponseHeaders judges the header fields of a response. Responses of the host and
// of this filter come by here too: they belong to streams that are not watched, or
// are told apart when something is wrong with them.
func (v *VM) ResponseHeaders(id, _ uint32, endStream bool) abi.Action {
	v.announce(id)
	c, w := v.watched(id)
	if w == nil {
		return abi.Continue
	}
	v.begin()
	if w.state != watchWaiting || c.state != statePassed {
		return w.action()
	}
	v.resp = engine.Response{EndStream: endStream, Head: c.flags&flagHead != 0, Upgrade: c.flags&flagUpgrade != 0, GRPC: c.flags&flagGRPC != 0}
	v.own(0, w.mode, w.op)
	if v.d.Code = v.readResponse(&w.root.cfg); v.d.Code == verdict.Allow {
		w.engine.CheckResponseHeaders(&v.resp, &v.d)
	}
	w.status, w.media = v.d.Status, v.d.Media
	if v.d.Code != verdict.NeedBody {
		return v.settleResponse(c, w)
	}
	w.state, w.length = watchBody, contentLength(v.resp.Headers)
	switch {
	case endStream:
		w.engine.CheckResponseBody(&v.resp, &v.d)
		return v.settleResponse(c, w)
	case w.mode == table.ModeEnforce && w.root.cfg.Hold == config.HoldStop:
		return abi.Pause
	}
	// Monitoring holds nothing back. With hold: buffer the proxy can't hold headers:
	// a body that is refused then ends in a reset.
	return abi.Continue
}

// readResponse reads the header fields of the response.
func (v *VM) readResponse(cfg *config.Config) (code verdict.Code) {
	v.resp.Headers, code = v.readFields(abi.MapResponseHeaders, cfg.MaxHeaders, verdict.ResponseTooLarge, verdict.ResponseTooLarge)
	return code
}

// ResponseBody looks at the size of a response's body until its end, then judges
// it.
func (v *VM) ResponseBody(id, size uint32, endStream bool) abi.Action {
	c, w := v.watched(id)
	if w == nil {
		return abi.Continue
	}
	v.begin()
	if w.state != watchBody || c.state != statePassed {
		return w.action()
	}
	if size > w.engine.MaxResponse() {
		v.resumeResponse(w, verdict.ResponseTooLarge)
		return v.settleResponse(c, w)
	}
	if !endStream {
		return abi.Pause
	}
	return v.judgeResponse(c, w, size)
}

// ResponseTrailers judges a response whose body was ended by trailers.
func (v *VM) ResponseTrailers(id, _ uint32) abi.Action {
	c, w := v.watched(id)
	if w == nil {
		return abi.Continue
	}
	v.begin()
	if w.state != watchBody || c.state != statePassed {
		return w.action()
	}
	if code := v.checkResponseTrailers(w); code != verdict.Allow {
		v.resumeResponse(w, code)
		v.d.Part = verdict.PartHeader
		return v.settleResponse(c, w)
	}
	return v.judgeResponse(c, w, 0)
}

// checkResponseTrailers refuses trailers of a judged response that would say
// something that its header fields were judged by. Others leave, as header fields do.
func (v *VM) checkResponseTrailers(w *watch) verdict.Code {
	raw, st := v.host.Pairs(abi.MapResponseTrailers)
	switch {
	case st == abi.StatusNotFound || st == abi.StatusEmpty:
		return verdict.Allow
	case v.arena.Overflowed():
		return verdict.ResponseTooLarge
	case st != abi.StatusOK:
		return verdict.Internal
	}
	p, fault := abi.OpenPairs(raw, maxTrailers)
	switch fault {
	case abi.PairsGood:
	case abi.PairsTooMany:
		return verdict.ResponseTooLarge
	default:
		return verdict.Internal
	}
	for {
		name, _, ok := p.Next()
		if !ok {
			return verdict.Allow
		}
		if !w.engine.ResponseTrailerAllowed(w.op, w.status, name) {
			return verdict.ResponseHeader
		}
	}
}

// judgeResponse reads the body of a response and asks the engine. A body that the
// host does not hand over whole is refused, never judged in part.
func (v *VM) judgeResponse(c *stream, w *watch, atLeast uint32) abi.Action {
	most := w.engine.MaxResponse()
	body, st := v.host.Bytes(abi.BufferResponseBody, 0, most+1)
	if st == abi.StatusNotFound || st == abi.StatusEmpty {
		body, st = nil, abi.StatusOK
	}
	switch {
	case v.arena.Overflowed(), uint64(len(body)) > uint64(most):
		v.resumeResponse(w, verdict.ResponseTooLarge)
	case st != abi.StatusOK, uint32(len(body)) < atLeast:
		v.resumeResponse(w, verdict.Internal)
	case w.length >= 0 && w.length != int64(len(body)):
		v.resumeResponse(w, verdict.ResponseBody)
	default:
		v.resumeResponse(w, verdict.NeedBody)
		v.resp.Body, v.resp.EndStream = body, true
		w.engine.CheckResponseBody(&v.resp, &v.d)
	}
	return v.settleResponse(c, w)
}

// resumeResponse makes v.d the decision on a response whose headers were judged.
func (v *VM) resumeResponse(w *watch, code verdict.Code) {
	v.resp = engine.Response{}
	v.own(code, w.mode, w.op)
	v.d.Media, v.d.Status, v.d.Part = w.media, w.status, verdict.PartBody
}

// settleResponse ends the judgement of a response by v.d: the one place where one
// passes or is refused.
func (v *VM) settleResponse(c *stream, w *watch) abi.Action {
	w.state = watchDone
	switch v.d.Code {
	case verdict.Allow:
		why := responsesAllowed
		if v.d.Unjudged {
			why = responsesUnjudged
		}
		v.metrics.add(v.host, why)
		return abi.Continue
	case verdict.NeedBody, 0:
		v.d.Code = verdict.Internal
	}
	if v.madeByHost() {
		v.metrics.add(v.host, responsesOfHost)
		return abi.Continue
	}
	if v.d.Mode != table.ModeEnforce {
		v.metrics.wouldRefuse(v.host, v.d.Code)
		v.logRefusal(c, w.root, w.engine)
		return abi.Continue
	}
	w.state = watchRefused
	return v.refuseWith(c, w.root, w.engine)
}

// viaUpstream is what Envoy's response.code_details says of a response that the
// upstream has made; cached begins what it says of one that it made earlier.
const (
	detailsPath = "response\x00code_details"
	viaUpstream = "via_upstream"
	cached      = "cache."
)

// madeByHost reports a response that the proxy has made itself: its 503 is no
// answer of the API. A host that does not say is taken to speak of the upstream.
func (v *VM) madeByHost() bool {
	says, st := v.host.Property(detailsPath)
	return st == abi.StatusOK && len(says) > 0 && string(says) != viaUpstream && !hasPrefix(says, cached)
}
