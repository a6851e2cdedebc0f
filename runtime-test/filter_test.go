package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// filterModule is the filter, built once.
func filterModule(t *testing.T) []byte {
	t.Helper()
	m, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// exampleFiles are the case files that ship.
func exampleFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../examples/*/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files under examples: %v", err)
	}
	return files
}

// TestExamples runs every case that ships on the engines that need nothing installed.
func TestExamples(t *testing.T) {
	m := filterModule(t)
	engines := map[string]cases.Engine{
		"native":         cases.Native{},
		"wazero":         &cases.Wazero{Module: m},
		"wazero as 1.36": &cases.Wazero{Module: m, Profile: host.Envoy136},
		"proxytest":      &cases.Proxytest{Module: m},
	}
	for _, path := range exampleFiles(t) {
		f, err := cases.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		for name, e := range engines {
			t.Run(filepath.Base(path)+" on "+name, func(t *testing.T) {
				r := cases.Runner{Engines: []cases.Engine{e}}
				results, err := r.Run(context.Background(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, res := range results {
					if !res.Passed {
						t.Errorf("line %d: %s: %s", res.Line, res.Case, strings.Join(res.Wrong, "; "))
					}
				}
			})
		}
	}
}

// shopTable compiles the shop.
func shopTable(t *testing.T) []byte {
	t.Helper()
	table, err := cases.Compile(cases.CompileRequest{Policy: "../examples/shop/policy.yaml", Specs: []string{"../examples/shop/shop.yaml"}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// shopHost starts the filter with the shop's table. config is added to the plugin configuration, change is made to the host's.
func shopHost(t *testing.T, config map[string]any, change func(*host.Config)) (*host.Host, error) {
	t.Helper()
	s := cases.Setup{Table: shopTable(t), Config: map[string]any{"secrets": map[string]any{"machines": strings.Repeat("s", 32)}}}
	for k, v := range config {
		s.Config[k] = v
	}
	text, err := cases.PluginConfig(s)
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: s.StopIteration(), BufferFilterBehind: s.BufferFilter()}
	if change != nil {
		change(&cfg)
	}
	h, err := host.New(context.Background(), cfg)
	if err == nil {
		t.Cleanup(func() { h.Close() })
	}
	return h, err
}

// request makes a request to the shop.
func request(method, path string, more ...string) host.Headers {
	return append(host.H(":method", method, ":path", path, ":authority", "shop.example.com", ":scheme", "https"), host.H(more...)...)
}

// send takes a request with a body through a VM, in one piece after the headers.
func send(vm *host.VM, h host.Headers, body string) *host.Stream {
	s := vm.NewStream(host.StreamOptions{})
	s.RequestHeaders(h, body == "")
	if body != "" {
		s.RequestBody([]byte(body), false)
		s.RequestBody(nil, true)
	}
	if s.Upstream().Complete && !s.Response().Started {
		s.ResponseHeaders(host.H(":status", "200"), true)
	}
	return s
}

const goodReset = `{"email":"ada@example.com"}`

// resetRequest is a request of the shop that needs a body and no token.
func resetRequest(more ...string) host.Headers {
	return request("POST", "/v1/password-resets", append([]string{"content-type", "application/json"}, more...)...)
}

// TestHoldingRows is the table of how a request can be held until its body is judged. Rows 2 to 4 keep a refused request from the
// upstream; row 1 is the documented misuse: the plugin is told of a buffer filter that is not there.
func TestHoldingRows(t *testing.T) {
	tests := []struct {
		name, hold       string
		stop, behind     bool
		status, upstream int
		code             string
	}{
		{"1: continue without a buffer filter", "buffer", false, false, 400, 1, "body_invalid"},
		{"2: stop, allowed", "stop", true, false, 400, 0, "body_invalid"},
		{"3: continue, buffer filter behind", "buffer", false, true, 400, 0, "body_invalid"},
		{"4: stop, not allowed", "stop", false, false, 503, 0, "body_unjudged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, err := shopHost(t, map[string]any{"hold": tt.hold, "bodyTimeoutMs": 1000}, func(c *host.Config) {
				c.AllowOnHeadersStopIteration, c.BufferFilterBehind = tt.stop, tt.behind
			})
			if err != nil {
				t.Fatal(err)
			}
			s := h.VM(0).NewStream(host.StreamOptions{})
			s.RequestHeaders(resetRequest(), false)
			h.Advance(500 * time.Millisecond)
			s.RequestBody([]byte(`{"email":7}`), true)
			h.Advance(3 * time.Second)
			r, up := s.Response(), s.Upstream()
			if r.Status != tt.status || !strings.Contains(string(r.Body), `"code":"`+tt.code+`"`) {
				t.Errorf("answer %d %s, want %d %s; log %v", r.Status, r.Body, tt.status, tt.code, h.Logs())
			}
			if up.Requests() != tt.upstream || up.BeforeVerdict != (tt.upstream == 1) {
				t.Errorf("upstream saw %d requests, before the verdict: %v, want %d", up.Requests(), up.BeforeVerdict, tt.upstream)
			}
			if good := send(h.VM(0), resetRequest(), goodReset); (tt.status == 400) != (good.Response().Status == 200) {
				t.Errorf("a good request is answered %d %s", good.Response().Status, good.Response().Body)
			}
		})
	}
}

// TestBadTables refuses tables that are not whole, at load, with a line that says so.
func TestBadTables(t *testing.T) {
	table := shopTable(t)
	newer := bytes.Clone(table)
	newer[4]++ // the version stands behind the magic
	tests := map[string][]byte{"empty": {}, "truncated": table[:len(table)-1], "half": table[:len(table)/2], "a newer version": newer, "noise": bytes.Repeat([]byte{0x5a}, 4096)}
	for i := 0; i < len(table); i += len(table)/16 + 1 {
		flipped := bytes.Clone(table)
		flipped[i] ^= 0x10
		tests["bit "+strconv.Itoa(i*8)] = flipped
	}
	m := filterModule(t)
	for name, b := range tests {
		text, err := cases.PluginConfig(cases.Setup{Table: b, Config: map[string]any{"secrets": map[string]any{"machines": strings.Repeat("s", 32)}}})
		if err != nil {
			t.Fatal(err)
		}
		h, err := host.New(context.Background(), host.Config{Module: m, PluginConfig: text})
		var refused *host.ConfigError
		switch {
		case err == nil:
			// A flipped bit may leave a valid table, such as another letter in a message: it must still not trap.
			s := send(h.VM(0), resetRequest(), goodReset)
			if f := h.VM(0).Failed(); f != nil || s.Waiting() {
				t.Errorf("%s: loaded, then %v", name, f)
			}
			h.Close()
			if !strings.HasPrefix(name, "bit ") {
				t.Errorf("%s: loaded", name)
			}
		case !errors.As(err, &refused) || len(refused.Logs) == 0 || !strings.Contains(refused.Logs[0], "table"):
			t.Errorf("%s: %v, want a refusal with a line about the table", name, err)
		}
	}
}

// TestHostileRequests sends what no client should; each is refused with a code or passed on a defined ground, and the next good request works.
func TestHostileRequests(t *testing.T) {
	many := resetRequest()
	for i := range 2000 {
		many = append(many, host.Header{Name: "x-" + strconv.Itoa(i), Value: "v"})
	}
	big := resetRequest("x-big", strings.Repeat("x", 2<<20))
	tests := []struct {
		name    string
		headers host.Headers
		body    string
		code    string
	}{
		{"ten megabytes of brackets", resetRequest(), strings.Repeat("[", 10<<20), "body_too_large"},
		{"brackets up to the limit", resetRequest(), strings.Repeat("[", 1<<20), "body_depth"},
		{"invalid UTF-8", resetRequest(), "{\"email\":\"\xff\xfe\"}", "body_utf8"},
		{"NUL in the path", request("GET", "/v1/\x00health"), "", "route_path_malformed"},
		{"encoded NUL in the path", request("GET", "/v1/products/%00"), "", "route_path_malformed"},
		{"2,000 headers", many, goodReset, "request_headers_too_many"},
		{"a header of two megabytes", big, goodReset, "request_headers_too_large"},
		{"no pseudo-headers", host.H("a", "b"), "", "request_malformed"},
		{"no headers at all", nil, "", "request_malformed"},
		{"two paths", request("GET", "/v1/health", ":path", "/v1/users"), "", "request_"},
		{"a path of 100 KB", request("GET", "/v1/"+strings.Repeat("a", 100<<10)), "", "request_"},
		{"a length that lies", resetRequest("content-length", "5"), goodReset, "body_length"},
		{"a length that is none", resetRequest("content-length", "5x"), goodReset, "body_length"},
		{"an upgrade", request("GET", "/v1/health", "upgrade", "websocket", "connection", "upgrade"), "", "request_upgrade"},
	}
	h, err := shopHost(t, nil, func(c *host.Config) { c.BufferLimit = 32 << 20 })
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := send(h.VM(0), tt.headers, tt.body)
			r := s.Response()
			if !strings.Contains(string(r.Body), `"code":"`+tt.code) || s.Upstream().Started || !r.Local {
				t.Errorf("answer %d %.300s, upstream %v, want %s", r.Status, r.Body, s.Upstream().Started, tt.code)
			}
			if f := h.VM(0).Failed(); f != nil {
				t.Fatal(f)
			}
			h.Advance(time.Second) // the reset's limit
			if good := send(h.VM(0), resetRequest(), goodReset).Response(); good.Status != 200 {
				t.Errorf("the next good request is answered %d %s", good.Status, good.Body)
			}
		})
	}
}

// TestStreamEnds covers the ways a held request ends other than by its body: each leaves no context and no held request behind.
func TestStreamEnds(t *testing.T) {
	h, err := shopHost(t, map[string]any{"bodyTimeoutMs": 1000, "maxHeldRequests": 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	vm := h.VM(0)
	send(vm, resetRequest(), goodReset) // the VM has seen a body
	hold := func() *host.Stream {
		s := vm.NewStream(host.StreamOptions{})
		s.RequestHeaders(resetRequest(), false)
		return s
	}
	for range 50 { // far more than can be held
		s := hold()
		s.RequestBody([]byte("{"), false)
		s.Reset()
		h.Advance(100 * time.Millisecond) // ten a second are let through
	}
	h.Advance(time.Second)
	var held []*host.Stream
	for range 4 {
		held = append(held, hold())
	}
	if r := hold().Response(); r.Status != 503 || !strings.Contains(string(r.Body), "plugin_busy") {
		t.Errorf("the fifth held request is answered %d %s, want plugin_busy", r.Status, r.Body)
	}
	h.Advance(3 * time.Second)
	for i, s := range held {
		if r := s.Response(); r.Status != 408 || !strings.Contains(string(r.Body), "body_timeout") || s.Upstream().Started {
			t.Errorf("stalled request %d is answered %d %s", i, r.Status, r.Body)
		}
	}
	if n := vm.Contexts(); n != 0 {
		t.Errorf("%d contexts are left", n)
	}
	if r := send(vm, resetRequest(), goodReset).Response(); r.Status != 200 {
		t.Errorf("a good request afterwards is answered %d %s", r.Status, r.Body)
	}
}

// TestLateHostCallbacks lets the host answer 413 and call the body callback for the context that is gone (envoy#36989).
func TestLateHostCallbacks(t *testing.T) {
	h, err := shopHost(t, nil, func(c *host.Config) { c.BufferLimit, c.LateBodyCallback = 100, true })
	if err != nil {
		t.Fatal(err)
	}
	s := h.VM(0).NewStream(host.StreamOptions{})
	s.RequestHeaders(resetRequest(), false)
	s.RequestBody(make([]byte, 90), false)
	s.RequestBody(make([]byte, 90), false)
	if r := s.Response(); r.Status != 413 || !r.FromHost {
		t.Errorf("answer %d %s, want the host's 413", r.Status, r.Body)
	}
	if f := h.VM(0).Failed(); f != nil {
		t.Error(f)
	}
	if r := send(h.VM(0), resetRequest(), goodReset).Response(); r.Status != 200 {
		t.Errorf("a good request afterwards is answered %d %s", r.Status, r.Body)
	}
}
