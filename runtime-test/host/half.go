package host

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

func (s *Stream) half(request bool) *half {
	if request {
		return &s.req
	}
	return &s.resp
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
