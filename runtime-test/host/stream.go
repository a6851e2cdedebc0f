package host

import "slices"

// Peer is one end of a stream. Its methods are called under the VM's lock and must neither block nor call the stream.
type Peer interface {
	Headers(h Headers, end bool)
	Data(b []byte, end bool)
	Trailers(h Headers)
	// Reset says that nothing more will come and what came is void.
	Reset(reason string)
}

// StreamOptions are the surroundings of one request.
type StreamOptions struct {
	// Properties by dotted path, such as "source.address" or "connection.mtls"; before the host's own and Config.Properties.
	Properties map[string][]byte
	// Upstream and Downstream see what leaves the chain, besides the records that the stream keeps. Nil is nobody.
	Upstream, Downstream Peer
}

// Message is what one end of a stream has received so far.
type Message struct {
	Headers  Headers
	Body     []byte
	Trailers Headers
	Started  bool // the headers have arrived
	Complete bool // the end has arrived
	Reset    bool
	Reason   string // of a reset
}

// UpstreamView is what the upstream has seen of the request.
type UpstreamView struct {
	Message
	// BeforeVerdict is true when the headers reached the upstream before the filter had been shown the end of the request: whatever it
	// decides later, the function has been invoked.
	BeforeVerdict bool
}

// Requests is 1 when the upstream has seen anything, else 0.
func (u UpstreamView) Requests() int {
	if u.Started {
		return 1
	}
	return 0
}

// Response is what the client has received.
type Response struct {
	Message
	Status     int    // 0 before the headers
	Local      bool   // made by the filter or the host, not by the upstream
	FromHost   bool   // made by the host: 413, 500, 503 after a failure
	Details    string // of a local reply
	GRPCStatus int32  // of a local reply; -1 unset
}

// Stream is one HTTP request through the chain. Methods of one stream must not be called concurrently; streams of one VM take turns.
//
// Invariant: after done, no callback runs for the context and every method is a no-op.
type Stream struct {
	vm   *VM
	ctx  *vmContext
	opts StreamOptions

	req, resp half
	upstream  UpstreamView
	response  Response
	behind    *bufferFilter

	filterState map[string][]byte // what proxy_set_property wrote
	logging     bool              // proxy_on_log is running
	passed      bool              // the VM failed with FailOpen, or does not take part: callbacks are skipped
	failed      bool              // the host has answered for a failed VM
	replied     bool              // a local reply has been sent
	direct      bool              // and it did not go through the response callbacks: that half is void
	done        bool
}

// NewStream makes a stream on the VM. Its context is created with the first RequestHeaders, as in Envoy.
func (v *VM) NewStream(opts StreamOptions) *Stream {
	s := &Stream{vm: v, opts: opts}
	s.req = half{s: s, request: true}
	s.resp = half{s: s}
	s.response.GRPCStatus = -1
	if v.host.cfg.BufferFilterBehind {
		s.behind = &bufferFilter{}
	}
	return s
}

// ContextID returns the stream's context id, 0 before the first headers.
func (s *Stream) ContextID() uint32 {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	if s.ctx == nil {
		return 0
	}
	return s.ctx.id
}

// Upstream returns a copy of what the upstream has seen.
func (s *Stream) Upstream() UpstreamView {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	u := s.upstream
	u.Message = u.Message.clone()
	return u
}

// Response returns a copy of what the client has received.
func (s *Stream) Response() Response {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	r := s.response
	r.Message = r.Message.clone()
	return r
}

// FilterState returns what the module wrote with proxy_set_property.
func (s *Stream) FilterState() map[string]string {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	out := map[string]string{}
	for k, v := range s.filterState {
		out[k] = string(v)
	}
	return out
}

// Waiting reports that the filter holds the request: neither passed whole to the upstream nor answered.
func (s *Stream) Waiting() bool {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	return !s.done && !s.upstream.Complete && !s.response.Started
}

// Done reports that the stream has ended and its context is deleted.
func (s *Stream) Done() bool {
	s.vm.mu.Lock()
	defer s.vm.mu.Unlock()
	return s.done
}

func (m Message) clone() Message {
	m.Headers, m.Trailers, m.Body = slices.Clone(m.Headers), slices.Clone(m.Trailers), slices.Clone(m.Body)
	return m
}

// RequestHeaders delivers the client's headers. end says that neither body nor trailers follow.
func (s *Stream) RequestHeaders(h Headers, end bool) {
	s.deliver(func() { s.req.onHeaders(h.Clone(), end) })
}

// RequestBody delivers a piece of the client's body. The host copies it.
func (s *Stream) RequestBody(b []byte, end bool) {
	s.deliver(func() { s.req.onData(slices.Clone(b), end) })
}

// RequestTrailers delivers the client's trailers, which end the request.
func (s *Stream) RequestTrailers(h Headers) { s.deliver(func() { s.req.onTrailers(h.Clone()) }) }

// ResponseHeaders delivers the upstream's headers, with :status.
func (s *Stream) ResponseHeaders(h Headers, end bool) {
	s.deliver(func() { s.fromUpstream(func() { s.resp.onHeaders(h.Clone(), end) }) })
}

// ResponseBody delivers a piece of the upstream's body.
func (s *Stream) ResponseBody(b []byte, end bool) {
	s.deliver(func() { s.fromUpstream(func() { s.resp.onData(slices.Clone(b), end) }) })
}

// ResponseTrailers delivers the upstream's trailers.
func (s *Stream) ResponseTrailers(h Headers) {
	s.deliver(func() { s.fromUpstream(func() { s.resp.onTrailers(h.Clone()) }) })
}

// Reset is the client going away in the middle: no answer, the upstream's request is reset, the context ends.
func (s *Stream) Reset() { s.deliver(func() { s.reset("client reset") }) }

func (s *Stream) deliver(f func()) {
	s.vm.mu.Lock()
	defer s.vm.unlock()
	if !s.done {
		f()
		s.finish()
	}
}

// fromUpstream drops what an upstream says after the filter or the host has answered.
func (s *Stream) fromUpstream(f func()) {
	if !s.replied {
		f()
	}
}

// callbackOf runs a stream callback. skip means: behave as if the filter were not there.
func (s *Stream) callbackOf(name string, argNames []string, args ...uint64) (o outcome, skip bool) {
	if s.passed || s.failed || s.ctx == nil {
		return outcome{}, true
	}
	args = append([]uint64{uint64(s.ctx.id)}, args...)
	o = s.vm.call(s.ctx, name, append(names("context"), argNames...), args...)
	if o.missing {
		return o, true
	}
	if !o.ok {
		return o, s.vmFailed()
	}
	return o, false
}

// vmFailed answers 503 for a failed VM, or lets the stream pass when the policy is FailOpen.
func (s *Stream) vmFailed() (skip bool) {
	if s.vm.host.cfg.FailPolicy == FailOpen {
		s.passed = true
		return true
	}
	if !s.failed {
		s.failed = true
		s.sendFromHost(503, "", "wasm_fail_stream")
	}
	return false
}

// create makes the context when the stream starts.
func (s *Stream) create() bool {
	v := s.vm
	v.reload()
	if v.failure != nil {
		return s.vmFailed()
	}
	s.ctx = &vmContext{id: v.nextID, root: v.root, stream: s}
	v.nextID++
	v.contexts[s.ctx.id] = s.ctx
	if _, ok := v.callback(s.ctx, "proxy_on_context_create", names("context", "parent"), uint64(s.ctx.id), uint64(v.root.id)); !ok {
		return s.vmFailed()
	}
	return true
}

// resume is Envoy's continueDecoding or continueEncoding.
func (s *Stream) resume(request bool) {
	h := s.half(request)
	if h.over() || !h.started || h.state == flowing {
		return // nothing is stopped
	}
	s.vm.deferred = append(s.vm.deferred, s.finish)
	again := h.state == stopAll // then the filter itself has not seen the body yet
	h.state = flowing
	end := h.ended && len(h.held) == 0 && !h.hasTrailers
	h.headersLive = false
	h.passHeaders(end)
	if again {
		if b := h.held; len(b) > 0 {
			h.held = nil
			h.onData(b, h.ended && !h.hasTrailers)
		}
		if h.hasTrailers && !h.over() {
			h.onTrailers(h.trailers)
		}
		return
	}
	h.buffering = false
	if len(h.held) > 0 {
		h.forwardData(nil, h.ended && !h.hasTrailers)
	} else if h.ended && !h.hasTrailers && !end {
		h.forwardData(nil, true)
	}
	if h.hasTrailers {
		h.trailersLive = false
		h.forwardTrailers()
	}
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
