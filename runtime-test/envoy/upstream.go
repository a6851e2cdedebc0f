package envoy

import (
	"io"
	"net"
	"net/http"
	"sort"
	"strings"
	"sync"
	"time"

	"portcullis/runtime-test/cases"
)

// upstreamMark is on every answer of an Upstream, so that it is told from an
// answer of the filter.
const upstreamMark = "X-Test-Upstream"

// Upstream is an HTTP server that records what reaches it, from the moment the
// headers do.
type Upstream struct {
	Address string
	server  *http.Server

	mu      sync.Mutex
	answer  cases.Answer
	seen    cases.Upstream
	arrived chan struct{} // closed when headers arrive
	total   int
}

// StartUpstream serves on a free port.
func StartUpstream() (*Upstream, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	u := &Upstream{Address: l.Addr().String(), arrived: make(chan struct{})}
	u.server = &http.Server{Handler: http.HandlerFunc(u.serve)}
	go u.server.Serve(l)
	return u, nil
}

// Expect forgets what was seen, and answers from now on with a.
func (u *Upstream) Expect(a cases.Answer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer, u.seen, u.arrived = a, cases.Upstream{}, make(chan struct{})
}

// Settle waits until headers arrive, at most for d, and reports whether any did.
func (u *Upstream) Settle(d time.Duration) bool {
	u.mu.Lock()
	c := u.arrived
	u.mu.Unlock()
	select {
	case <-c:
		return true
	case <-time.After(d):
		return false
	}
}

// Seen is what reached the upstream since Expect.
func (u *Upstream) Seen() cases.Upstream {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.seen
}

// Total is the number of requests since the start.
func (u *Upstream) Total() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.total
}

func (u *Upstream) serve(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.total++
	u.seen.Requests++
	u.seen.Headers = fields(r.Header)
	u.seen.Headers = append(u.seen.Headers, cases.Header{Name: "host", Value: r.Host})
	if u.seen.Requests == 1 {
		close(u.arrived)
	}
	answer := u.answer
	u.mu.Unlock()

	body, _ := io.ReadAll(r.Body) // a broken request leaves what came
	u.mu.Lock()
	u.seen.Body, u.seen.Trailers = body, fields(r.Trailer)
	u.mu.Unlock()

	for _, h := range answer.Headers {
		w.Header().Add(h.Name, h.Value)
	}
	w.Header().Set(upstreamMark, "1")
	if answer.Status == 0 {
		answer.Status = http.StatusOK
	}
	w.WriteHeader(answer.Status)
	w.Write(answer.Body)
}

func fields(h http.Header) []cases.Header {
	var out []cases.Header
	for name, values := range h {
		for _, v := range values {
			out = append(out, cases.Header{Name: strings.ToLower(name), Value: v})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Close ends the server.
func (u *Upstream) Close() { u.server.Close() }
