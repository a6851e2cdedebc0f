package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	service "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/proto"

	"portcullis/filter/rls"
	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

const fleetPolicy = `version: 1
rateLimitServices: {counter: {cluster: ratelimit, secret: fleet, onError: %s}}
operations:
- {operation: raced, limits: [all]}
- {operation: flight, limits: [few, each]}
limits:
  all: {requests: 100, per: 1s, scope: fleet}
  each: {requests: 100, per: 1m, scope: fleet, by: 'header:x-caller'}
  few: {concurrent: 50}
`

var fleetConfig = map[string]any{"logRefusals": "off", "bodyTimeoutMs": 1000, "waitTimeoutMs": 500, "maxWaitingRequests": 8,
	"secrets": map[string]any{"fleet": "0123456789abcdef"}}

// fleetTable compiles fleetPolicy.
func fleetTable(t *testing.T, onError string) []byte {
	t.Helper()
	dir := t.TempDir()
	spec, file := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{spec: limitsSpec, file: fmt.Sprintf(fleetPolicy, onError)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table, err := cases.Compile(cases.CompileRequest{Policy: file, Specs: []string{spec}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// fleetHost starts the filter with fleetPolicy; answer is the service, nil for none.
func fleetHost(t *testing.T, onError string, answer host.GRPCResponder) *host.Host {
	t.Helper()
	return fleetHostOf(t, filterModule(t), onError, answer)
}

func fleetHostOf(t *testing.T, module []byte, onError string, answer host.GRPCResponder) *host.Host {
	t.Helper()
	text, err := cases.PluginConfig(cases.Setup{Table: fleetTable(t, onError), Config: fleetConfig})
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Module: module, PluginConfig: text, AllowOnHeadersStopIteration: true}
	if answer != nil {
		cfg.GRPC = map[string]host.GRPCResponder{string(rls.AppendTarget(nil, []byte("ratelimit"))): answer}
	}
	h, err := host.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func limitAnswer(t *testing.T, code service.RateLimitResponse_Code, delay time.Duration) host.GRPCResponse {
	t.Helper()
	b, err := proto.Marshal(&service.RateLimitResponse{OverallCode: code})
	if err != nil {
		t.Fatal(err)
	}
	return host.GRPCResponse{Message: b, Delay: delay}
}

// TestFleet asks a rate limit service in every way that it can answer.
func TestFleet(t *testing.T) {
	const ok, over = service.RateLimitResponse_OK, service.RateLimitResponse_OVER_LIMIT
	tests := []struct {
		name    string
		answer  host.GRPCResponder
		refuse  string // the code with onError: refuse, "" where it passes
		lenient string // and with the others
		count   string
	}{
		{"ok", func(host.GRPCRequest) host.GRPCResponse { return limitAnswer(t, ok, 5*time.Millisecond) }, "", "", ""},
		{"over", func(host.GRPCRequest) host.GRPCResponse { return limitAnswer(t, over, 5*time.Millisecond) }, "limit_exceeded", "limit_exceeded", ""},
		{"too late", func(host.GRPCRequest) host.GRPCResponse { return limitAnswer(t, ok, time.Second) }, "limit_unavailable", "", "unanswered"},
		{"a status", func(host.GRPCRequest) host.GRPCResponse { return host.GRPCResponse{Status: 14} }, "limit_unavailable", "", "unanswered"},
		{"nonsense", func(host.GRPCRequest) host.GRPCResponse { return host.GRPCResponse{Message: []byte("nonsense")} }, "limit_unavailable", "", "unreadable"},
		{"nothing", func(host.GRPCRequest) host.GRPCResponse { return host.GRPCResponse{} }, "limit_unavailable", "", "unreadable"},
		{"too much", func(host.GRPCRequest) host.GRPCResponse { return host.GRPCResponse{Message: make([]byte, 1<<20)} }, "limit_unavailable", "", "unanswered"},
		{"no such cluster", nil, "limit_unavailable", "", "unanswered"},
	}
	for _, onError := range []string{"refuse", "local", "pass"} {
		for _, tt := range tests {
			t.Run(onError+" "+tt.name, func(t *testing.T) {
				h := fleetHost(t, onError, tt.answer)
				want := tt.refuse
				if onError != "refuse" {
					want = tt.lenient
				}
				check := func(what string, s *host.Stream) {
					t.Helper()
					r := s.Response()
					if want == "" && (r.Started || !s.Upstream().Complete) || want != "" && !strings.Contains(string(r.Body), `"code":"`+want+`"`) {
						t.Errorf("%s: answer %d %s, upstream has it: %v, want %q", what, r.Status, r.Body, s.Upstream().Complete, want)
					}
				}
				vm := h.VM(0)
				get := vm.NewStream(host.StreamOptions{})
				get.RequestHeaders(request("GET", "/raced"), true)
				if tt.answer != nil && (get.Upstream().Started || get.Response().Started) {
					t.Error("it did not wait")
				}
				early := vm.NewStream(host.StreamOptions{}) // its body is there before the answer
				early.RequestHeaders(request("POST", "/flight", "content-type", "application/json"), false)
				early.RequestBody([]byte("{}"), true)
				late := vm.NewStream(host.StreamOptions{})
				late.RequestHeaders(request("POST", "/flight", "content-type", "application/json"), false)
				gone := vm.NewStream(host.StreamOptions{})
				gone.RequestHeaders(request("GET", "/raced"), true)
				gone.Reset()
				h.Advance(600 * time.Millisecond)
				if !late.Response().Started {
					late.RequestBody([]byte("{}"), true)
				}
				check("without a body", get)
				check("with its body early", early)
				check("with its body late", late)
				if want == "" { // bodies are judged after the wait, too
					bad := vm.NewStream(host.StreamOptions{})
					bad.RequestHeaders(request("POST", "/flight", "content-type", "application/json"), false)
					bad.RequestBody([]byte("[]"), true)
					h.Advance(600 * time.Millisecond)
					if r := bad.Response(); !strings.Contains(string(r.Body), `"code":"body_invalid"`) {
						t.Errorf("a bad body: %d %s", r.Status, r.Body)
					}
				}
				for _, s := range []*host.Stream{get, early, late} {
					if !s.Done() {
						s.Reset()
					}
				}
				h.Advance(2 * time.Second)
				m := h.Metrics().Values()
				for _, name := range []string{"unanswered", "unreadable", "not_limited"} {
					if got := m["portcullis.fleet."+name] > 0; got != (name == tt.count) {
						t.Errorf("fleet.%s is %d, want only %q counted", name, m["portcullis.fleet."+name], tt.count)
					}
				}
				for _, f := range h.Failures() {
					t.Error(f)
				}
			})
		}
	}
}

// TestFleetCall looks at what is sent: the service's names, the deadline, a caller that
// nobody can read, and one call for several limits.
func TestFleetCall(t *testing.T) {
	var got []host.GRPCRequest
	h := fleetHost(t, "refuse", func(r host.GRPCRequest) host.GRPCResponse {
		got = append(got, r)
		return limitAnswer(t, service.RateLimitResponse_OK, 0)
	})
	s := h.VM(0).NewStream(host.StreamOptions{})
	s.RequestHeaders(request("POST", "/flight", "content-type", "application/json", "x-caller", "anna"), false)
	if len(got) != 1 || got[0].Service != "envoy.service.ratelimit.v3.RateLimitService" || got[0].Method != "ShouldRateLimit" || got[0].Timeout != 100*time.Millisecond {
		t.Fatalf("calls %+v, want one", got)
	}
	var m service.RateLimitRequest
	if err := proto.Unmarshal(got[0].Message, &m); err != nil || m.Domain != "portcullis" || len(m.Descriptors) != 1 {
		t.Fatalf("message %v (%v)", &m, err)
	}
	if text := m.String(); strings.Contains(text, "anna") || !strings.Contains(text, "each") {
		t.Errorf("message %s, want the limit and not the caller", text)
	}
}

// TestFleetFull: when more requests wait than there is room for, the others are decided as
// without an answer; none is lost, and all room is there again.
func TestFleetFull(t *testing.T) {
	h := fleetHost(t, "local", func(host.GRPCRequest) host.GRPCResponse {
		return limitAnswer(t, service.RateLimitResponse_OK, 50*time.Millisecond)
	})
	for range 3 {
		var list []*host.Stream
		for range 20 { // 8 may wait
			s := h.VM(0).NewStream(host.StreamOptions{})
			s.RequestHeaders(request("GET", "/raced"), true)
			list = append(list, s)
		}
		h.Advance(300 * time.Millisecond)
		for i, s := range list {
			if s.Response().Started || !s.Upstream().Complete {
				t.Errorf("request %d: %d %s, want it to pass", i, s.Response().Status, s.Response().Body)
			}
			s.ResponseHeaders(host.H(":status", "200"), true)
		}
		h.Advance(time.Second)
	}
	m := h.Metrics().Values()
	if m["portcullis.requests_waited"] != 3*8 || m["portcullis.fleet.decided_here"] != 3*12 || m["portcullis.fleet.unanswered"] != 3*12 {
		t.Errorf("waited %d, decided here %d, unanswered %d, want 24, 36, 36", m["portcullis.requests_waited"], m["portcullis.fleet.decided_here"], m["portcullis.fleet.unanswered"])
	}
}

// TestFleetRefused: the lean module, which can't ask, and a secret that is none, fail the
// load with a line that says so.
func TestFleetRefused(t *testing.T) {
	lean, err := cases.LeanModule()
	if err != nil {
		t.Fatal(err)
	}
	short := map[string]any{"secrets": map[string]any{"fleet": "0123456789abcde"}}
	tests := []struct {
		name   string
		module []byte
		config map[string]any
		want   string
	}{
		{"lean", lean, fleetConfig, `table refused: the rate limit service "counter" can't be asked by this module`},
		{"short secret", filterModule(t), short, `the secret "fleet" can't be used: it has 15 bytes, want at least 16`},
		{"no secret", filterModule(t), nil, `the table needs the secret "fleet"`},
	}
	for _, tt := range tests {
		text, err := cases.PluginConfig(cases.Setup{Table: fleetTable(t, "refuse"), Config: tt.config})
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		h, err := host.New(context.Background(), host.Config{Module: tt.module, PluginConfig: text, OnLog: func(l host.Log) { lines = append(lines, l.Message) }})
		if err == nil {
			h.Close()
		}
		if err == nil || len(lines) != 1 || !strings.Contains(lines[0], tt.want) {
			t.Errorf("%s: %v, logged %q, want one line with %q", tt.name, err, lines, tt.want)
		}
	}
}

// TestFleetMallocs: a request that waits for the service allocates nothing in the VM,
// whatever becomes of it.
func TestFleetMallocs(t *testing.T) {
	m, err := cases.BudgetModule()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	answers := []host.GRPCResponse{limitAnswer(t, service.RateLimitResponse_OK, time.Millisecond), limitAnswer(t, service.RateLimitResponse_OVER_LIMIT, time.Millisecond),
		{Status: 14}, {Message: []byte("nonsense")}, limitAnswer(t, service.RateLimitResponse_OK, time.Second)}
	h := fleetHostOf(t, m, "local", func(host.GRPCRequest) host.GRPCResponse {
		n++
		return answers[n%len(answers)]
	})
	run := func(times int) {
		for i := range times {
			s := h.VM(0).NewStream(host.StreamOptions{})
			s.RequestHeaders(request("POST", "/flight", "content-type", "application/json", "x-caller", fmt.Sprint("caller", i)), false)
			s.RequestBody([]byte("{}"), true)
			h.Advance(400 * time.Millisecond)
			if s.Upstream().Complete && !s.Response().Started {
				s.ResponseHeaders(host.H(":status", "200"), true)
			}
			if !s.Done() {
				s.Reset()
			}
		}
	}
	count := func() uint64 {
		got, err := h.VM(0).Export("portcullis_budget_mallocs")
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	run(10)
	before := count()
	run(200)
	if got := count() - before; got > 0 {
		t.Errorf("200 requests that waited allocated %d objects, want none", got)
	}
	if v := h.Metrics().Values()["portcullis.requests_waited"]; v != 210 {
		t.Errorf("%d requests waited, want 210: this shows nothing", v)
	}
}
