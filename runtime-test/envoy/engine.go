package envoy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/schemagen/proxy"
)

// Engine runs cases in real Envoys of one version.
type Engine struct {
	Binary string
	Module string // path of filter.wasm
}

// Name is "envoy".
func (e *Engine) Name() string { return "envoy" }

// Load starts an Envoy with the module, and an upstream that records.
func (e *Engine) Load(_ context.Context, s cases.Setup) (cases.Instance, error) {
	up, err := StartUpstream()
	if err != nil {
		return nil, err
	}
	config, err := Bootstrap(e.Module, up.Address, s)
	if err != nil {
		up.Close()
		return nil, err
	}
	called, config, err := startCalls(config, s.Calls)
	if err != nil {
		up.Close()
		return nil, err
	}
	p, err := Start(Options{Binary: e.Binary, Config: config, Workers: max(1, s.Host.Workers)})
	if err != nil {
		up.Close()
		called.Close()
		if strings.Contains(err.Error(), "Wasm") {
			return nil, fmt.Errorf("%w: %v", cases.ErrRefusedLoad, err)
		}
		return nil, err
	}
	return &instance{p: p, up: up, called: called}, nil
}

// Bootstrap is a configuration for Start: what `schemagen config` prints, with
// what the setup wants otherwise.
func Bootstrap(module, upstream string, s cases.Setup) (string, error) {
	o := proxy.Options{Target: proxy.TargetEnvoy, Bootstrap: true, Listen: "127.0.0.1:0", Upstream: upstream,
		Module: module, Table: s.Table, Hold: s.Hold(), Plugin: s.Config}
	if n, ok := s.Config["maxBodyBytes"].(int); ok {
		o.MaxBodyBytes = uint32(n)
	}
	if n, ok := s.Config["maxResponseBodyBytes"].(int); ok {
		o.MaxResponse = uint32(n)
	}
	text, err := proxy.Print(o)
	if err != nil {
		return "", err
	}
	return edit(text, s)
}

type instance struct {
	p      *Process
	up     *Upstream
	called *called
}

func (i *instance) Now() time.Time { return time.Now() }

// Advance waits: Envoy's clock is the real one.
func (i *instance) Advance(d time.Duration) error {
	if d > 5*time.Second {
		return fmt.Errorf("%w: wait for %v", cases.ErrUnsupported, d)
	}
	<-time.After(d)
	return nil
}

func (i *instance) Metrics(names []string) (map[string]int64, error) {
	all, err := i.p.Metrics("wasmcustom.")
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, n := range names {
		out[n] = all["wasmcustom."+n]
	}
	return out, nil
}

func (i *instance) Logs() ([]string, error) {
	var out []string
	for _, line := range strings.Split(i.p.Log(), "\n") {
		if strings.Contains(line, "wasm log") {
			out = append(out, line)
		}
	}
	return out, nil
}

func (i *instance) Close() error {
	i.p.Stop()
	i.up.Close()
	i.called.Close()
	return nil
}

// seenWithin is how long the client waits, before it sends the last piece of a
// body, for the upstream to see headers that it should not see yet.
const seenWithin = 60 * time.Millisecond

// answerWithin bounds the wait for an answer beyond what a request stalls.
const answerWithin = 20 * time.Second

func (i *instance) Do(r *cases.Request) (*cases.Outcome, error) {
	i.up.Expect(r.Answer)
	conn, err := net.Dial("tcp", i.p.Address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerWithin + r.Stall))
	out := &cases.Outcome{}
	before, err := i.send(conn, r)
	if r.Reset {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
		out.Detail = "reset by the client"
		i.up.Settle(seenWithin)
		out.Upstream = i.up.Seen()
		return out, nil
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		out.Detail = "send: " + err.Error() // an answer may be there all the same
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: r.Method})
	if err != nil {
		out.Detail = "no answer: " + err.Error()
		out.Upstream = i.up.Seen()
		return out, nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		out.Detail = "answer broke off: " + err.Error()
	}
	out.Answered = err == nil
	out.FromUpstream = resp.Header.Get(upstreamMark) != ""
	resp.Header.Del(upstreamMark)
	out.Answer = cases.Answer{Status: resp.StatusCode, Body: body}
	for name, values := range resp.Header {
		for _, v := range values {
			out.Answer.Headers = append(out.Answer.Headers, cases.Header{Name: strings.ToLower(name), Value: v})
		}
	}
	out.Upstream = i.up.Seen()
	out.Upstream.BeforeVerdict = before
	return out, nil
}

// send writes the request; before reports that the upstream had seen headers
// when the end was still to come.
func (i *instance) send(conn net.Conn, r *cases.Request) (before bool, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.Path)
	if r.Host != "" {
		fmt.Fprintf(&b, "host: %s\r\n", r.Host)
	}
	for _, h := range r.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h.Name, h.Value)
	}
	chunked := r.Chunked || len(r.Trailers) > 0
	if chunked {
		b.WriteString("transfer-encoding: chunked\r\n")
	}
	b.WriteString("\r\n")
	if _, err = io.WriteString(conn, b.String()); err != nil {
		return false, err
	}
	for n, c := range r.Chunks {
		if len(r.Chunks) > 1 && n == len(r.Chunks)-1 {
			before = i.up.Settle(seenWithin)
		}
		if chunked && len(c) > 0 {
			_, err = fmt.Fprintf(conn, "%x\r\n%s\r\n", len(c), c)
		} else {
			_, err = conn.Write(c)
		}
		if err != nil {
			return before, err
		}
	}
	if r.Stall > 0 || r.Reset || !chunked {
		return before, nil
	}
	b.Reset()
	b.WriteString("0\r\n")
	for _, h := range r.Trailers {
		fmt.Fprintf(&b, "%s: %s\r\n", textproto.CanonicalMIMEHeaderKey(h.Name), h.Value)
	}
	b.WriteString("\r\n")
	_, err = io.WriteString(conn, b.String())
	return before, err
}
