package envoy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Load sends requests over a few keep-alive connections, each connection the next
// one when its last is answered. It is made to cost little beside the proxy: it
// reads of an answer the status and the length alone.
type Load struct {
	Address     string
	Requests    [][]byte // whole requests as they go over the wire; every connection sends them in turns
	Connections int      // default 4
	// Pipeline is how many requests a connection sends at once before it reads their
	// answers; default 1. More cost the load less, and the proxy takes them one by one. It
	// closes the connection after an answer of its own when another request is waiting.
	Pipeline int
	// Rate is how many requests are sent in a second, by all connections together; 0 is as
	// many as are answered.
	Rate int
	// The load ends with the first of these; one must be set.
	Total int             // requests
	For   time.Duration   // after the start
	Until <-chan struct{} // closed
}

// Loaded is what became of a load.
type Loaded struct {
	Statuses map[int]int // answers by status
	Elapsed  time.Duration
	// Broken is connections that failed, each with at most Pipeline requests that have no
	// answer; First is what happened first.
	Broken int
	First  error
}

// Answered is the number of answers.
func (l *Loaded) Answered() int {
	n := 0
	for _, k := range l.Statuses {
		n += k
	}
	return n
}

// Run sends until the load's end.
func (l Load) Run() *Loaded {
	if l.Connections == 0 {
		l.Connections = 4
	}
	l.Pipeline = max(l.Pipeline, 1)
	out := &Loaded{Statuses: map[int]int{}}
	var left atomic.Int64
	left.Store(int64(l.Total))
	if l.Total == 0 {
		left.Store(1 << 62)
	}
	begin := time.Now()
	if l.Until != nil {
		done := make(chan struct{})
		defer close(done)
		go func() {
			select {
			case <-l.Until:
				left.Store(0)
			case <-done:
			}
		}()
	}
	var until time.Time
	if l.For > 0 {
		until = begin.Add(l.For)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range l.Connections {
		wg.Go(func() {
			next := n
			for left.Load() > 0 && (until.IsZero() || time.Now().Before(until)) {
				statuses, err := l.connection(&next, &left, until)
				mu.Lock()
				for s, k := range statuses {
					out.Statuses[s] += k
				}
				if err != nil {
					out.Broken++
					if out.First == nil {
						out.First = err
					}
				}
				stop := out.Broken > 1000
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	out.Elapsed = time.Since(begin)
	return out
}

// connection sends over one connection until the load is done or either side
// closes it: Envoy does after every 400 of HTTP/1.1. next is the next request.
func (l *Load) connection(next *int, left *atomic.Int64, until time.Time) (statuses map[int]int, err error) {
	statuses = map[int]int{}
	conn, err := net.Dial("tcp", l.Address)
	if err != nil {
		return statuses, err
	}
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 16<<10)
	var paced <-chan time.Time
	if l.Rate > 0 {
		t := time.NewTicker(time.Second * time.Duration(l.Connections*l.Pipeline) / time.Duration(l.Rate))
		defer t.Stop()
		paced = t.C
	}
	var batch []byte
	for rounds := 0; ; rounds++ {
		if paced != nil {
			<-paced
		}
		now := time.Now()
		if !until.IsZero() && now.After(until) {
			return statuses, nil
		}
		if rounds%64 == 0 {
			conn.SetDeadline(now.Add(answerWithin))
		}
		n := 0
		batch = batch[:0]
		for ; n < l.Pipeline && left.Add(-1) >= 0; n++ {
			batch = append(batch, l.Requests[*next%len(l.Requests)]...)
			*next++
		}
		if n == 0 {
			return statuses, nil
		}
		if _, err := conn.Write(batch); err != nil {
			return statuses, fmt.Errorf("send: %w", err)
		}
		for range n {
			status, closes, err := readAnswer(r)
			if err != nil {
				return statuses, fmt.Errorf("read an answer: %w", err)
			}
			statuses[status]++
			if closes {
				return statuses, nil
			}
		}
	}
}

// readAnswer reads one HTTP/1.1 answer with a length or in chunks, and forgets its body.
func readAnswer(r *bufio.Reader) (status int, closes bool, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, false, err
	}
	if len(line) < 12 {
		return 0, false, fmt.Errorf("status line is %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, fmt.Errorf("status line is %q", line)
	}
	length, chunked := 0, false
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return status, false, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return status, false, err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		case bytes.EqualFold(name, []byte("connection")):
			closes = bytes.EqualFold(value, []byte("close"))
		}
	}
	for chunked {
		if line, err = r.ReadSlice('\n'); err != nil {
			return status, false, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return status, false, err
		}
		if _, err = r.Discard(int(size) + 2); err != nil {
			return status, false, err
		}
		chunked = size > 0
	}
	_, err = r.Discard(length)
	return status, closes, err
}

// Responder is an upstream that answers every request with 200 and two bytes, and
// costs as little as can be.
type Responder struct {
	Address string
	listen  net.Listener
	served  atomic.Int64
}

// StartResponder serves on a free port.
func StartResponder() (*Responder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Responder{Address: l.Addr().String(), listen: l}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s, nil
}

// Served is the number of requests so far.
func (s *Responder) Served() int { return int(s.served.Load()) }

// Close ends the service.
func (s *Responder) Close() { s.listen.Close() }

var okAnswer = []byte("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

func (s *Responder) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReaderSize(conn, 16<<10)
	for {
		if err := skipRequest(r); err != nil {
			return
		}
		s.served.Add(1)
		if _, err := conn.Write(okAnswer); err != nil {
			return
		}
	}
}

// skipRequest reads a request to its end.
func skipRequest(r *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 && !first {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	for chunked {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, r, int64(size)+2); err != nil {
			return err
		}
		chunked = size > 0
	}
	_, err := r.Discard(length)
	return err
}
