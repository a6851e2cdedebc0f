package host

import (
	"fmt"
	"strconv"
	"strings"
)

// part is a piece of a request behind the filter.
type part struct {
	headers, trailers     Headers
	data                  []byte
	isHeaders, isTrailers bool
	end                   bool
}

// bufferFilter is envoy.filters.http.buffer behind the filter: it holds the request until it is whole and adds a content-length.
type bufferFilter struct {
	headers Headers
	data    []byte
}

// toRouter passes a part of the request to the buffer filter, if there is one, or to the upstream.
func (s *Stream) toRouter(p part) {
	if s.behind == nil {
		s.toUpstream(p)
		return
	}
	switch b := s.behind; {
	case p.isHeaders && !p.end:
		b.headers = p.headers
	case p.isHeaders:
		s.toUpstream(p)
	default:
		b.data = append(b.data, p.data...)
		if len(b.data) > s.vm.host.cfg.BufferLimit {
			s.sendFromHost(413, "Payload Too Large", "request_payload_too_large")
			return
		}
		if !p.end {
			return
		}
		if _, ok := b.headers.Get("content-length"); !ok {
			b.headers.set("content-length", strconv.Itoa(len(b.data)))
		}
		s.toUpstream(part{headers: b.headers, isHeaders: true})
		if len(b.data) > 0 || !p.isTrailers {
			s.toUpstream(part{data: b.data, end: !p.isTrailers})
		}
		if p.isTrailers {
			s.toUpstream(p)
		}
	}
}

// toUpstream records what the upstream sees.
func (s *Stream) toUpstream(p part) {
	u := &s.upstream
	peer := s.opts.Upstream
	switch {
	case p.isHeaders:
		u.Headers, u.Started = p.headers, true
		u.BeforeVerdict = !s.req.ended
		if peer != nil {
			peer.Headers(p.headers, p.end)
		}
	case p.isTrailers:
		u.Trailers = p.trailers
		if peer != nil {
			peer.Trailers(p.trailers)
		}
	default:
		u.Body = append(u.Body, p.data...)
		if peer != nil {
			peer.Data(p.data, p.end)
		}
	}
	u.Complete = u.Complete || p.end
}

func (s *Stream) toClientHeaders(h Headers, end bool) {
	r := &s.response
	r.Headers, r.Started, r.Complete = h, true, end
	r.Status, _ = strconv.Atoi(h.Value(":status"))
	if s.opts.Downstream != nil {
		s.opts.Downstream.Headers(h, end)
	}
}

func (s *Stream) toClientData(b []byte, end bool) {
	s.response.Body = append(s.response.Body, b...)
	s.response.Complete = s.response.Complete || end
	if s.opts.Downstream != nil {
		s.opts.Downstream.Data(b, end)
	}
}

func (s *Stream) toClientTrailers(h Headers) {
	s.response.Trailers, s.response.Complete = h, true
	if s.opts.Downstream != nil {
		s.opts.Downstream.Trailers(h)
	}
}

// localReply is an answer that does not come from the upstream.
type localReply struct {
	status     int
	details    string
	body       []byte
	headers    Headers
	grpcStatus int32 // -1 unset
	fromHost   bool
}

// sendFromHost answers in the host's own name.
func (s *Stream) sendFromHost(status int, body, details string) {
	s.sendLocal(localReply{status: status, body: []byte(body), details: details, grpcStatus: -1, fromHost: true})
}

// sendLocal answers the client. The first answer counts; it runs through the filter's response callbacks, except when the upstream's
// response is already in them. When response headers have left, the stream can only be reset.
func (s *Stream) sendLocal(reply localReply) {
	if s.done || s.replied {
		return
	}
	s.vm.deferred = append(s.vm.deferred, s.finish)
	if s.response.Started {
		s.reset("local reply after the response had begun: " + reply.details)
		return
	}
	s.replied = true
	r := &s.response
	r.Local, r.FromHost, r.Details, r.GRPCStatus = true, reply.fromHost, strings.ReplaceAll(reply.details, " ", "_"), reply.grpcStatus
	headers, body := s.compose(reply)
	if s.resp.started {
		s.direct = true
		s.toClientHeaders(headers, len(body) == 0)
		if len(body) > 0 {
			s.toClientData(body, true)
		}
		return
	}
	s.resp.onHeaders(headers, len(body) == 0)
	if len(body) > 0 && !s.resp.over() {
		s.resp.onData(body, true)
	}
}

// compose makes the headers and body of a local reply: for gRPC a trailers-only answer, for HEAD no body.
func (s *Stream) compose(reply localReply) (Headers, []byte) {
	h := Headers{{":status", strconv.Itoa(reply.status)}}
	for _, e := range reply.headers {
		if e.Name == ":status" {
			h[0].Value = e.Value
			continue
		}
		h = append(h, e)
	}
	body := reply.body
	if isGRPC(s.req.headers) {
		code := reply.grpcStatus
		if code < 0 || code > 16 {
			code = grpcOf(reply.status)
		}
		h.set(":status", "200")
		h.set("content-type", "application/grpc")
		h.set("grpc-status", strconv.Itoa(int(code)))
		if len(body) > 0 {
			h.set("grpc-message", percentEncode(body))
		}
		h.remove("content-length")
		return h, nil
	}
	if len(body) == 0 {
		h.remove("content-length")
		h.remove("content-type")
		return h, nil
	}
	h.set("content-length", strconv.Itoa(len(body)))
	if _, ok := h.Get("content-type"); !ok {
		h.add("content-type", "text/plain")
	}
	if s.req.headers.Value(":method") == "HEAD" {
		body = nil
	}
	return h, body
}

func isGRPC(h Headers) bool {
	t := h.Value("content-type")
	rest, ok := strings.CutPrefix(t, "application/grpc")
	return ok && (rest == "" || rest[0] == '+' || rest[0] == ';')
}

// grpcOf maps an HTTP status to a gRPC one (grpc/doc/http-grpc-status-mapping.md).
func grpcOf(status int) int32 {
	switch status {
	case 400:
		return 13
	case 401:
		return 16
	case 403:
		return 7
	case 404:
		return 12
	case 429, 502, 503, 504:
		return 14
	}
	return 2
}

func percentEncode(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		if c < ' ' || c > '~' || c == '%' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// finish ends the stream when the client has its whole answer.
func (s *Stream) finish() {
	if s.done || !s.response.Complete {
		return
	}
	s.end("response complete")
}

// reset ends the stream without an answer, or with a torn one.
func (s *Stream) reset(reason string) {
	if s.done {
		return
	}
	if !s.response.Complete {
		s.response.Reset, s.response.Reason = true, reason
		if s.opts.Downstream != nil {
			s.opts.Downstream.Reset(reason)
		}
	}
	s.end(reason)
}

// end resets an upstream that is still busy and deletes the context: log, done, delete, in Envoy's order.
func (s *Stream) end(reason string) {
	s.done = true
	if u := &s.upstream; u.Started && (!u.Complete || s.replied || s.response.Reset) {
		u.Reset, u.Reason = true, reason
		if s.opts.Upstream != nil {
			s.opts.Upstream.Reset(reason)
		}
	}
	if s.ctx == nil {
		return
	}
	id := uint64(s.ctx.id)
	s.logging = true
	s.vm.callback(s.ctx, "proxy_on_log", names("context"), id)
	s.logging = false
	s.vm.callback(s.ctx, "proxy_on_done", names("context"), id)
	s.vm.callback(s.ctx, "proxy_on_delete", names("context"), id)
	delete(s.vm.contexts, s.ctx.id)
}
