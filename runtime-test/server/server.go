// Package server puts the module in front of an upstream as an HTTP reverse proxy on net/http: the quickest way to see the filter at work
// without a proxy installed. It is for demonstrations and development, not for production: no connection limits, no TLS, no retries.
//
// A request's headers and body go into the host piece by piece as they arrive from the client, and leave for the upstream as the filter lets them
// go; responses come back through the filter in the same way.
package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"portcullis/runtime-test/host"
)

// Server is an http.Handler. Make it with New; Close it after the http.Server has shut down.
type Server struct {
	host      *host.Host
	upstream  *url.URL
	transport http.RoundTripper
	next      atomic.Uint32
	stop      chan struct{}
	ticks     sync.WaitGroup
}

// tickEvery is how often due ticks and calls are looked for.
const tickEvery = 10 * time.Millisecond

// New starts the workers of cfg on the machine's clock. transport is for the upstream; nil is a fresh http.Transport.
func New(ctx context.Context, cfg host.Config, upstream *url.URL, transport http.RoundTripper) (*Server, error) {
	cfg.RealTime = true
	h, err := host.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if transport == nil {
		transport = &http.Transport{DisableCompression: true}
	}
	s := &Server{host: h, upstream: upstream, transport: transport, stop: make(chan struct{})}
	s.ticks.Go(func() {
		t := time.NewTicker(tickEvery)
		defer t.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-t.C:
				h.RunDue()
			}
		}
	})
	return s, nil
}

// Host returns the host, for its logs and metrics.
func (s *Server) Host() *host.Host { return s.host }

// Close ends the workers.
func (s *Server) Close() error {
	close(s.stop)
	s.ticks.Wait()
	return s.host.Close()
}

// ServeHTTP takes one request through the filter.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	down := newQueue()
	up := &upstreamPeer{server: s, ctx: ctx, request: r}
	vm := s.host.VM(int(s.next.Add(1)-1) % s.host.Workers())
	stream := vm.NewStream(host.StreamOptions{
		Properties: map[string][]byte{"source.address": []byte(r.RemoteAddr)}, Upstream: up, Downstream: down,
	})
	up.stream = stream

	var work sync.WaitGroup
	work.Go(func() {
		readRequest(stream, r)
	})
	go func() { // a client that goes away
		<-ctx.Done()
		stream.Reset()
	}()
	s.respond(w, r, down)
	cancel()
	r.Body.Close()
	work.Wait()
	up.wait()
}

// readRequest delivers the client's request as it comes.
func readRequest(stream *host.Stream, r *http.Request) {
	end := r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0
	stream.RequestHeaders(requestHeaders(r), end)
	if end {
		return
	}
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Body.Read(buf)
		last := err == io.EOF
		if n > 0 || (last && len(r.Trailer) == 0) {
			stream.RequestBody(buf[:n], last && len(r.Trailer) == 0)
		}
		if last {
			if len(r.Trailer) > 0 {
				stream.RequestTrailers(fields(r.Trailer))
			}
			return
		}
		if err != nil {
			stream.Reset()
			return
		}
		if stream.Done() {
			return
		}
	}
}

// requestHeaders are the headers as a proxy shows them.
func requestHeaders(r *http.Request) host.Headers {
	target := r.RequestURI // as it came: the filter judges what the client wrote
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	hs := host.H(":method", r.Method, ":path", target, ":authority", r.Host, ":scheme", scheme)
	if r.ContentLength > 0 || (r.ContentLength == 0 && r.Header.Get("Content-Length") != "") {
		hs = append(hs, host.Header{Name: "content-length", Value: strconv.FormatInt(r.ContentLength, 10)})
	}
	for _, f := range fields(r.Header) {
		if f.Name != "content-length" {
			hs = append(hs, f)
		}
	}
	return hs
}

// fields flattens a header map in a stable order.
func fields(h http.Header) host.Headers {
	var out host.Headers
	for _, name := range sortedNames(h) {
		for _, v := range h[name] {
			out = append(out, host.Header{Name: strings.ToLower(name), Value: v})
		}
	}
	return out
}

// respond writes what comes down until the response ends.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, down *queue) {
	started := false
	for {
		e, ok := down.next(r.Context())
		switch {
		case !ok || e.reset != "":
			if !started && ok {
				http.Error(w, "upstream: "+e.reset, http.StatusBadGateway)
				return
			}
			panic(http.ErrAbortHandler) // a torn response must not look whole
		case e.headers != nil:
			started = true
			status := 0
			for _, f := range e.headers {
				switch {
				case f.Name == ":status":
					status, _ = strconv.Atoi(f.Value)
				case !hopByHop[f.Name]:
					w.Header().Add(f.Name, f.Value)
				}
			}
			w.WriteHeader(max(status, 200))
		case e.trailers != nil:
			for _, f := range e.trailers {
				w.Header().Add(http.TrailerPrefix+f.Name, f.Value)
			}
		default:
			if _, err := w.Write(e.data); err != nil {
				return
			}
			http.NewResponseController(w).Flush()
		}
		if e.end {
			return
		}
	}
}

// hopByHop are fields of one connection (RFC 9110 section 7.6.1).
var hopByHop = map[string]bool{"connection": true, "keep-alive": true, "proxy-connection": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true}

// upstreamPeer sends what the filter lets go to the upstream.
type upstreamPeer struct {
	server  *Server
	ctx     context.Context
	request *http.Request
	stream  *host.Stream
	body    *queue
	cancel  context.CancelFunc
	work    sync.WaitGroup
}

// Headers starts the request.
func (u *upstreamPeer) Headers(h host.Headers, end bool) {
	ctx, cancel := context.WithCancel(u.ctx)
	u.cancel = cancel
	u.body = newQueue()
	req, err := u.outgoing(ctx, h, end)
	u.work.Go(func() {
		defer cancel()
		if err != nil {
			u.bad(err)
			return
		}
		u.roundTrip(req)
	})
}

func (u *upstreamPeer) outgoing(ctx context.Context, h host.Headers, end bool) (*http.Request, error) {
	target, err := url.ParseRequestURI(h.Value(":path"))
	if err != nil {
		return nil, fmt.Errorf("request target: %w", err)
	}
	// The path goes on as the filter saw it: Opaque keeps its escapes.
	out := *u.server.upstream
	out.Path, out.RawPath, out.RawQuery = target.Path, target.RawPath, target.RawQuery
	var body io.Reader
	if !end {
		body = &queueReader{q: u.body, ctx: ctx}
	}
	req, err := http.NewRequestWithContext(ctx, h.Value(":method"), out.String(), body)
	if err != nil {
		return nil, err
	}
	req.Host = h.Value(":authority")
	req.ContentLength = -1
	if end {
		req.ContentLength = 0
	}
	for _, f := range h {
		switch {
		case strings.HasPrefix(f.Name, ":") || hopByHop[f.Name] || f.Name == "host":
		case f.Name == "content-length":
			if n, err := strconv.ParseInt(f.Value, 10, 64); err == nil && !end {
				req.ContentLength = n
			}
		default:
			req.Header.Add(f.Name, f.Value)
		}
	}
	return req, nil
}

// roundTrip sends the request and delivers the response to the filter.
func (u *upstreamPeer) roundTrip(req *http.Request) {
	resp, err := u.server.transport.RoundTrip(req)
	if err != nil {
		u.bad(err)
		return
	}
	defer resp.Body.Close()
	hs := append(host.H(":status", strconv.Itoa(resp.StatusCode)), fields(resp.Header)...)
	buf := make([]byte, 16<<10)
	n, err := resp.Body.Read(buf)
	if n == 0 && err == io.EOF && len(resp.Trailer) == 0 {
		u.stream.ResponseHeaders(hs, true)
		return
	}
	u.stream.ResponseHeaders(hs, false)
	for {
		last := err == io.EOF
		if n > 0 || (last && len(resp.Trailer) == 0) {
			u.stream.ResponseBody(buf[:n], last && len(resp.Trailer) == 0)
		}
		if last {
			if len(resp.Trailer) > 0 {
				u.stream.ResponseTrailers(fields(resp.Trailer))
			}
			return
		}
		if err != nil || u.stream.Done() {
			u.stream.Reset()
			return
		}
		n, err = resp.Body.Read(buf)
	}
}

// bad answers in the upstream's place.
func (u *upstreamPeer) bad(err error) {
	text := []byte("upstream cannot be reached: " + err.Error() + "\n")
	u.stream.ResponseHeaders(host.H(":status", "502", "content-type", "text/plain", "content-length", strconv.Itoa(len(text))), false)
	u.stream.ResponseBody(text, true)
}

// Data passes a piece of the body.
func (u *upstreamPeer) Data(b []byte, end bool) {
	u.body.put(event{data: append([]byte(nil), b...), end: end})
}

// Trailers ends the body; net/http can't send trailers that were not announced, so they stop here.
func (u *upstreamPeer) Trailers(host.Headers) { u.body.put(event{end: true}) }

// Reset tears the request.
func (u *upstreamPeer) Reset(string) {
	if u.cancel != nil {
		u.cancel()
	}
}

func (u *upstreamPeer) wait() { u.work.Wait() }
