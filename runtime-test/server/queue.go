package server

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"

	"portcullis/runtime-test/host"
)

// event is something that a stream passed to one of its ends.
type event struct {
	headers, trailers host.Headers
	data              []byte
	end               bool
	reset             string
}

// queue hands events from a stream, which must not wait, to a goroutine that may. It is a host.Peer.
type queue struct {
	mu     sync.Mutex
	events []event
	ready  chan struct{} // has a token when there are events
}

func newQueue() *queue { return &queue{ready: make(chan struct{}, 1)} }

func (q *queue) put(e event) {
	q.mu.Lock()
	q.events = append(q.events, e)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// next waits for an event; false when ctx ends first.
func (q *queue) next(ctx context.Context) (event, bool) {
	for {
		q.mu.Lock()
		if len(q.events) > 0 {
			e := q.events[0]
			q.events = q.events[1:]
			q.mu.Unlock()
			return e, true
		}
		q.mu.Unlock()
		select {
		case <-q.ready:
		case <-ctx.Done():
			return event{}, false
		}
	}
}

// Headers puts the headers.
func (q *queue) Headers(h host.Headers, end bool) { q.put(event{headers: h, end: end}) }

// Data puts a piece.
func (q *queue) Data(b []byte, end bool) { q.put(event{data: slices.Clone(b), end: end}) }

// Trailers puts the trailers.
func (q *queue) Trailers(h host.Headers) { q.put(event{trailers: h, end: true}) }

// Reset puts the reason.
func (q *queue) Reset(reason string) { q.put(event{reset: reason}) }

// queueReader reads the data of a queue until its end.
type queueReader struct {
	q    *queue
	ctx  context.Context
	rest []byte
	end  bool
}

// Read waits for data.
func (r *queueReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.end {
			return 0, io.EOF
		}
		e, ok := r.q.next(r.ctx)
		if !ok {
			return 0, r.ctx.Err()
		}
		r.rest, r.end = e.data, e.end
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
