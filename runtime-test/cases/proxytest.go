package cases

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"portcullis/runtime-test/sdkhost"
)

// Proxytest runs the module in the Tetrate SDK's emulator. A process has one emulator, so that an instance ends when another is used, and
// starts anew, with no memory, when it is used again.
type Proxytest struct {
	Module []byte

	rewritten []byte
	current   *proxytestInstance
}

// Name is proxytest.
func (*Proxytest) Name() string { return "proxytest" }

// Load prepares an instance and starts it, so that a refused configuration shows here.
func (p *Proxytest) Load(_ context.Context, s Setup) (Instance, error) {
	if p.rewritten == nil {
		b, _, err := sdkhost.Rewrite(p.Module)
		if err != nil {
			return nil, fmt.Errorf("rewrite module: %w", err)
		}
		p.rewritten = b
	}
	text, err := PluginConfig(s)
	if err != nil {
		return nil, err
	}
	i := &proxytestInstance{p: p, config: text, calls: map[string]sdkhost.CallAnswer{}}
	for name, c := range s.Calls {
		r := c.response()
		a := sdkhost.CallAnswer{Body: r.Body}
		for _, h := range r.Headers {
			a.Headers = append(a.Headers, [2]string{h.Name, h.Value})
		}
		if r.Reset {
			a = sdkhost.CallAnswer{}
		}
		i.calls[name] = a
	}
	if _, err := i.emulator(); err != nil {
		return nil, err
	}
	return i, nil
}

type proxytestInstance struct {
	p      *Proxytest
	config []byte
	calls  map[string]sdkhost.CallAnswer
	e      *sdkhost.Emulator
}

// emulator makes this instance the one that runs.
func (i *proxytestInstance) emulator() (*sdkhost.Emulator, error) {
	if i.p.current == i {
		return i.e, nil
	}
	if c := i.p.current; c != nil {
		c.Close()
	}
	e, err := sdkhost.New(i.p.rewritten, i.config, map[string]string{"source.address": "127.0.0.1:40000"})
	if errors.Is(err, sdkhost.ErrRefused) {
		return nil, fmt.Errorf("%w: %w", ErrRefusedLoad, err)
	}
	if err != nil {
		return nil, err
	}
	e.Calls = i.calls
	i.e, i.p.current = e, i
	return e, nil
}

// Now is where the emulator's clocks start; they move a millisecond with each look.
func (i *proxytestInstance) Now() time.Time { return time.Unix(sdkhost.Start, 0) }

func (i *proxytestInstance) Advance(time.Duration) error {
	return unsupported("move the emulator's clock")
}

func (i *proxytestInstance) Metrics(names []string) (map[string]int64, error) {
	e, err := i.emulator()
	if err != nil {
		return nil, err
	}
	out := map[string]int64{}
	for _, n := range names {
		out[n] = e.Metric(n)
	}
	return out, nil
}

func (i *proxytestInstance) Logs() ([]string, error) {
	return nil, unsupported("keep log lines in their order")
}

func (i *proxytestInstance) Close() error {
	if i.p.current == i {
		i.p.current = nil
		return i.e.Close()
	}
	return nil
}

func (i *proxytestInstance) Do(r *Request) (*Outcome, error) {
	e, err := i.emulator()
	if err != nil {
		return nil, err
	}
	if r.Stall > 0 || r.Reset {
		return nil, unsupported("stall or reset a request")
	}
	req := sdkhost.Request{EndStream: r.endsWithHeaders(), Trailers: pairsOf(r.Trailers)}
	for _, h := range r.wireHeaders() {
		req.Headers = append(req.Headers, [2]string{h.Name, h.Value})
	}
	if !req.EndStream {
		req.Chunks = r.Chunks
	}
	reply, err := e.Do(req)
	if err != nil {
		return nil, err
	}
	o := &Outcome{Answered: reply.Local || reply.Passed, FromUpstream: reply.Passed}
	if reply.Local {
		// The emulator hands out what the module gave; a proxy adds the length, and drops the type of nothing.
		o.Answer = Answer{Status: reply.Status, Body: reply.Body}
		for _, h := range headersOf(reply.Headers) {
			if h.Name != "content-type" || len(reply.Body) > 0 {
				o.Answer.Headers = append(o.Answer.Headers, h)
			}
		}
		if len(reply.Body) > 0 {
			o.Answer.Headers = append(o.Answer.Headers, Header{"content-length", strconv.Itoa(len(reply.Body))})
		}
	} else if reply.Passed {
		o.Answer = r.Answer
	} else {
		o.Detail = "the filter holds the request"
	}
	if reply.Passed || reply.BeforeVerdict {
		o.Upstream = Upstream{Requests: 1, Headers: headersOf(reply.Forwarded), Body: reply.ForwardedBody, BeforeVerdict: reply.BeforeVerdict}
		if reply.Passed {
			o.Upstream.Trailers = r.Trailers
		}
	}
	return o, nil
}

func pairsOf(hs []Header) [][2]string {
	var out [][2]string
	for _, h := range hs {
		out = append(out, [2]string{h.Name, h.Value})
	}
	return out
}

func headersOf(pairs [][2]string) []Header {
	var out []Header
	for _, p := range pairs {
		out = append(out, Header{p[0], p[1]})
	}
	return out
}
