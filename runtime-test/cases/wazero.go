package cases

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"portcullis/runtime-test/host"
)

// Wazero runs the module in runtime-test/host. Time is virtual and everything can be seen.
type Wazero struct {
	Module  []byte
	Profile host.Profile       // "" = Envoy 1.40
	Options func(*host.Config) // changes the host's configuration before it starts; nil = nothing
	OnHost  func(h *host.Host) // shows each host that was started; nil = nobody looks
}

// Name is wazero.
func (*Wazero) Name() string { return "wazero" }

// PluginConfig is the configuration text of a setup with its table.
func PluginConfig(s Setup) ([]byte, error) {
	config := map[string]any{}
	for k, v := range s.Config {
		config[k] = v
	}
	if s.Table != nil {
		config["table"] = base64.StdEncoding.EncodeToString(s.Table)
	}
	return json.Marshal(config)
}

// Load starts a host.
func (w *Wazero) Load(ctx context.Context, s Setup) (Instance, error) {
	text, err := PluginConfig(s)
	if err != nil {
		return nil, err
	}
	cfg := host.Config{
		Module: w.Module, Name: "portcullis", VMID: "portcullis", PluginConfig: text, Workers: s.Host.Workers, Profile: w.Profile,
		AllowOnHeadersStopIteration: s.StopIteration(), BufferFilterBehind: s.BufferFilter(), BufferLimit: s.Host.BufferLimit,
		Clusters: map[string]host.Responder{},
	}
	for name, c := range s.Calls {
		cfg.Clusters[name] = func(host.CallRequest) host.CallResponse { return c.response() }
	}
	if w.Options != nil {
		w.Options(&cfg)
	}
	h, err := host.New(ctx, cfg)
	var refused *host.ConfigError
	if errors.As(err, &refused) {
		return nil, fmt.Errorf("%w: %w", ErrRefusedLoad, err)
	}
	if err != nil {
		return nil, err
	}
	if w.OnHost != nil {
		w.OnHost(h)
	}
	return &wazeroInstance{h: h}, nil
}

func (c Call) response() host.CallResponse {
	status := c.Status
	if status == 0 {
		status = 200
	}
	hs := host.H(":status", strconv.Itoa(status))
	for _, f := range c.Headers {
		hs = append(hs, host.Header{Name: f.Name, Value: f.Value})
	}
	return host.CallResponse{Headers: hs, Body: []byte(c.Body), Delay: time.Duration(c.Delay), Reset: c.Reset}
}

type wazeroInstance struct {
	h    *host.Host
	next int // the worker of the next request
}

func (w *wazeroInstance) Now() time.Time                { return w.h.Now() }
func (w *wazeroInstance) Advance(d time.Duration) error { w.h.Advance(d); return nil }
func (w *wazeroInstance) Close() error                  { return w.h.Close() }

func (w *wazeroInstance) Metrics(names []string) (map[string]int64, error) {
	all, out := w.h.Metrics().Values(), map[string]int64{}
	for _, n := range names {
		out[n] = all[n]
	}
	return out, nil
}

func (w *wazeroInstance) Logs() ([]string, error) {
	var out []string
	for _, l := range w.h.Logs() {
		out = append(out, l.Message)
	}
	return out, nil
}

// pieceBytes is how much of a body a proxy reads at a time.
const pieceBytes = 16 << 10

// wireHeaders are the headers with their pseudo-headers as a proxy shows them.
func (r *Request) wireHeaders() host.Headers {
	hs := host.H(":method", r.Method, ":path", r.Path, ":authority", r.Host, ":scheme", r.Scheme)
	for _, e := range r.Headers {
		hs = append(hs, host.Header{Name: e.Name, Value: e.Value})
	}
	return hs
}

// endsWithHeaders reports that no data follows the headers: no body, or one that is announced as empty.
func (r *Request) endsWithHeaders() bool {
	if !r.HasBody {
		return true
	}
	return !r.Chunked && len(slices.Concat(r.Chunks...)) == 0
}

// Do sends the request to the next worker.
func (w *wazeroInstance) Do(r *Request) (*Outcome, error) {
	vm := w.h.VM(w.next % w.h.Workers())
	w.next++
	s := vm.NewStream(host.StreamOptions{Properties: map[string][]byte{"source.address": []byte("127.0.0.1:40000")}})
	s.RequestHeaders(r.wireHeaders(), r.endsWithHeaders())
	if !r.endsWithHeaders() {
		w.body(r, s)
	}
	switch {
	case r.Reset:
		s.Reset()
	case r.Stall > 0:
		w.h.Advance(r.Stall)
	default:
		w.h.Advance(0) // calls that are answered at once
	}
	if s.Upstream().Complete && !s.Response().Started {
		answer := host.H(":status", strconv.Itoa(r.Answer.Status))
		for _, e := range r.Answer.Headers {
			answer = append(answer, host.Header{Name: e.Name, Value: e.Value})
		}
		s.ResponseHeaders(answer, len(r.Answer.Body) == 0)
		if len(r.Answer.Body) > 0 {
			s.ResponseBody(r.Answer.Body, true)
		}
	}
	o := outcomeOf(s)
	if !s.Done() {
		s.Reset()
	}
	for _, f := range w.h.Failures() {
		o.Detail = f.Error()
	}
	return o, nil
}

func (w *wazeroInstance) body(r *Request, s *host.Stream) {
	var pieces [][]byte
	for _, c := range r.Chunks {
		for len(c) > pieceBytes {
			pieces, c = append(pieces, c[:pieceBytes]), c[pieceBytes:]
		}
		pieces = append(pieces, c)
	}
	open := r.Reset || r.Stall > 0
	for i, p := range pieces {
		s.RequestBody(p, i == len(pieces)-1 && len(r.Trailers) == 0 && !open)
	}
	if len(pieces) == 0 && len(r.Trailers) == 0 && !open {
		s.RequestBody(nil, true)
	}
	if len(r.Trailers) > 0 {
		var t host.Headers
		for _, e := range r.Trailers {
			t = append(t, host.Header{Name: e.Name, Value: e.Value})
		}
		s.RequestTrailers(t)
	}
}

func outcomeOf(s *host.Stream) *Outcome {
	resp, up := s.Response(), s.Upstream()
	o := &Outcome{Answered: resp.Complete && !resp.Reset, FromUpstream: resp.Complete && !resp.Local}
	o.Answer = Answer{Status: resp.Status, Headers: fromHost(resp.Headers), Body: resp.Body}
	o.Upstream = Upstream{Requests: up.Requests(), Headers: fromHost(up.Headers), Body: up.Body, Trailers: fromHost(up.Trailers),
		BeforeVerdict: up.BeforeVerdict}
	if s.Waiting() {
		o.Detail = "the filter holds the request"
	}
	return o
}

func fromHost(hs host.Headers) []Header {
	var out []Header
	for _, h := range hs {
		out = append(out, Header{h.Name, h.Value})
	}
	return out
}
