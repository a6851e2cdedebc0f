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

// chainState says how far a direction may go.
type chainState uint8

const (
	flowing    chainState = iota
	stopSingle            // headers or data are held; callbacks go on
	stopAll               // nothing is delivered to the filter until the stream is continued
)

// half is one direction of a stream.
type half struct {
	s       *Stream
	request bool

	headers, trailers         Headers
	headersLive, trailersLive bool // the module can see and change them
	started, ended            bool // headers have been delivered; the end of the stream has been
	hasTrailers               bool
	headersPassed             bool

	state     chainState
	held      []byte  // what the chain buffers
	buffering bool    // the module sees held, not the piece
	piece     *[]byte // the data of the present callback
}

// visible is the body as the module sees it, or nil when there is none.
func (h *half) visible() *[]byte {
	if h.buffering {
		return &h.held
	}
	return h.piece
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

func (s *Stream) half(request bool) *half {
	if request {
		return &s.req
	}
	return &s.resp
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

func (h *half) name(part string) string {
	if h.request {
		return "proxy_on_request_" + part
	}
	return "proxy_on_response_" + part
}

// over reports that the stream was answered or ended under the callback that just ran: its result means nothing any more.
func (h *half) over() bool {
	return h.s.done || h.s.direct || (h.request && h.s.replied)
}

// onHeaders is Envoy's decodeHeaders or encodeHeaders on this filter.
func (h *half) onHeaders(hs Headers, end bool) {
	s := h.s
	h.headers, h.headersLive, h.started, h.ended = hs, true, true, end
	if h.request && !s.create() {
		return
	}
	o, skip := s.callbackOf(h.name("headers"), names("headers", "end"), uint64(len(hs)), flag(end))
	if skip {
		h.headersLive = false
		h.passHeaders(end)
		return
	}
	if h.over() {
		return
	}
	switch h.headerStatus(o) {
	case flowing:
		h.headersLive = false
		h.passHeaders(end)
	case stopSingle:
		h.state = stopSingle
	case stopAll:
		h.state = stopAll
	}
}

func (h *half) headerStatus(o outcome) chainState {
	switch {
	case o.stop, o.result > headersStopAllWatermrk, o.result == headersStopAllWatermrk, o.result == headersStopAllBuffer:
		return stopAll
	case o.result == headersStop && h.s.vm.host.cfg.AllowOnHeadersStopIteration:
		return stopSingle
	case o.result == headersStop:
		return stopAll
	}
	return flowing // 2 is no status of Envoy's and continues
}

// onData is Envoy's decodeData or encodeData on this filter.
func (h *half) onData(b []byte, end bool) {
	s := h.s
	h.ended = h.ended || end
	if h.state == stopAll {
		// Above the high watermark Envoy stops reading from the peer; this host keeps what it is given.
		h.held = append(h.held, b...)
		return
	}
	if h.buffering {
		h.held, b = append(h.held, b...), nil
		if h.tooLarge() {
			return
		}
	}
	h.piece = &b
	size := len(*h.visible())
	o, skip := s.callbackOf(h.name("body"), names("size", "end"), uint64(size), flag(end))
	h.piece = nil
	if skip {
		h.buffering = false
		h.pass(b, end)
		return
	}
	if h.over() {
		return
	}
	h.buffering = false
	status := o.result
	if o.stop || status > dataStopNoBuffer {
		status = dataStopNoBuffer
	}
	switch status {
	case dataContinue:
		h.pass(b, end)
	case dataStopBuffer:
		h.held = append(h.held, b...)
		h.buffering, h.state = true, stopSingle
		h.tooLarge()
	case dataStopWatermark:
		h.held = append(h.held, b...)
		h.state = stopSingle
	case dataStopNoBuffer:
		h.state = stopSingle
	}
}

// onTrailers is Envoy's decodeTrailers or encodeTrailers on this filter.
func (h *half) onTrailers(hs Headers) {
	h.trailers, h.hasTrailers, h.ended = hs, true, true
	if h.state == stopAll {
		return
	}
	h.trailersLive = true
	o, skip := h.s.callbackOf(h.name("trailers"), names("trailers"), uint64(len(hs)))
	if !skip {
		if h.over() {
			return
		}
		if o.stop || o.result != 0 {
			h.state = stopSingle
			return
		}
	}
	h.trailersLive, h.buffering = false, false
	h.state = flowing
	h.passHeaders(false)
	h.forwardData(nil, false)
	h.forwardTrailers()
}

// pass lets everything held and one more piece through.
func (h *half) pass(b []byte, end bool) {
	h.state = flowing
	h.passHeaders(false)
	h.forwardData(b, end)
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

// tooLarge answers 413 or 500 when the chain holds more than it may.
func (h *half) tooLarge() bool {
	s := h.s
	if len(h.held) <= s.vm.host.cfg.BufferLimit {
		return false
	}
	if !h.request {
		if s.response.Started {
			s.reset("response over the buffer limit")
		} else {
			s.sendFromHost(500, "Internal Server Error", "response_payload_too_large")
		}
		return true
	}
	s.sendFromHost(413, "Payload Too Large", "request_payload_too_large")
	if s.vm.host.cfg.LateBodyCallback && s.ctx != nil {
		s.finish()
		s.vm.call(s.ctx, "proxy_on_request_body", names("context", "size", "end"), uint64(s.ctx.id), uint64(len(h.held)), flag(h.ended))
	}
	return true
}

// passHeaders passes the headers on, once.
func (h *half) passHeaders(end bool) {
	if h.headersPassed {
		return
	}
	h.headersPassed = true
	if h.request {
		h.s.toRouter(part{headers: h.headers.Clone(), isHeaders: true, end: end})
		return
	}
	h.s.toClientHeaders(h.headers.Clone(), end)
}

// forwardData passes what is held and one more piece. An empty piece that ends the stream is passed, others are not.
func (h *half) forwardData(b []byte, end bool) {
	b = append(h.held, b...)
	h.held = nil
	if len(b) == 0 && !end {
		return
	}
	if h.request {
		h.s.toRouter(part{data: b, end: end})
		return
	}
	h.s.toClientData(b, end)
}

func (h *half) forwardTrailers() {
	if h.request {
		h.s.toRouter(part{trailers: h.trailers.Clone(), isTrailers: true, end: true})
		return
	}
	h.s.toClientTrailers(h.trailers.Clone())
}

func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
