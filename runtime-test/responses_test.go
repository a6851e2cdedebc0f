package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// responsesPolicy judges all responses of examples/shop/accounts.yaml.
const responsesPolicy = `{"version": 1, "defaults": {"responses": {"mode": "block", "undeclared": "deny"}}}`

// TestResponseMallocs counts what judging responses allocates in the guest: nothing, whether they leave or not.
func TestResponseMallocs(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(responsesPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../examples/shop/accounts.yaml"}, Policy: policy, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	h := budgetHost(t, table, nil, nil)
	vm := h.VM(0)
	good := []string{":status", "200", "content-type", "application/json", "etag", `"1f"`}
	kinds := []struct {
		name    string
		headers []string
		body    string
		status  int
	}{
		{"leaves", good, `{"id":1,"name":"Ann","owner":{"name":"Bo","city":"Ulm"}}`, 200},
		{"in pieces", append(good, "x", "y"), `{"id":1,"name":"` + strings.Repeat("A", 20) + `"}`, 200},
		{"refused by the body", good, `{"id":1,"name":"Ann","password":"x"}`, 502},
		{"refused for an undeclared member", good, `{"id":1,"name":"Ann","owner":{"iban":"x"}}`, 502},
		{"refused by a header", good[:4], `{}`, 502},
		{"refused by the status", []string{":status", "599", "content-type", "text/plain"}, "x", 502},
	}
	run := func(i int) *host.Stream {
		k := &kinds[i]
		s := vm.NewStream(host.StreamOptions{})
		s.RequestHeaders(request("GET", "/accounts/1", "accept-encoding", "gzip"), true)
		s.ResponseHeaders(host.H(k.headers...), false)
		half := len(k.body) / 2
		s.ResponseBody([]byte(k.body[:half]), false)
		s.ResponseBody([]byte(k.body[half:]), true)
		return s
	}
	count := func() uint64 {
		got, err := vm.Export("portcullis_budget_mallocs")
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	for i := range kinds {
		for range 20 {
			if got := run(i).Response().Status; got != kinds[i].status {
				t.Fatalf("%s: status %d, want %d; log %v", kinds[i].name, got, kinds[i].status, h.Logs())
			}
		}
	}
	for i, k := range kinds {
		before := count()
		const n = 300
		for range n {
			run(i)
		}
		if got := count() - before; got > budgetMallocs*n {
			t.Errorf("%s: %d responses allocated %d objects, want %d", k.name, n, got, budgetMallocs*n)
		}
	}
	if n := vm.Contexts(); n != 0 {
		t.Errorf("%d contexts are left", n)
	}
	t.Logf("linear memory: %d bytes", vm.MemoryBytes())
}

// TestResponseReset: a client that goes away while a response is held leaves nothing behind, and a response that breaks off does not leave.
func TestResponseReset(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(responsesPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../examples/shop/accounts.yaml"}, Policy: policy, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := cases.PluginConfig(cases.Setup{Table: table, Config: map[string]any{"maxOpenRequests": 4}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	for range 20 { // more than there is room for at a time
		s := h.VM(0).NewStream(host.StreamOptions{})
		s.RequestHeaders(request("GET", "/accounts/1"), true)
		s.ResponseHeaders(host.H(":status", "200", "content-type", "application/json", "etag", `"1f"`), false)
		s.ResponseBody([]byte(`{"id":1,`), false)
		if r := s.Response(); r.Started {
			t.Fatalf("headers left before the verdict: %v", r.Headers)
		}
		s.Reset()
	}
	if n := h.VM(0).Contexts(); n != 0 || h.VM(0).Failed() != nil {
		t.Errorf("%d contexts are left, failure %v", n, h.VM(0).Failed())
	}
}

// TestResponseTrailers: a trailer leaves behind a judged body unless it would say what a header field was judged by.
func TestResponseTrailers(t *testing.T) {
	policy := filepath.Join(t.TempDir(), "policy.json")
	if err := os.WriteFile(policy, []byte(responsesPolicy), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../examples/shop/accounts.yaml"}, Policy: policy, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := cases.PluginConfig(cases.Setup{Table: table})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	tests := []struct {
		trailer, body string
		status        int
	}{
		{"server-timing", `{"id":1,"name":"Ann"}`, 200},
		{"server-timing", `{"id":1,"password":"x"}`, 502},
		{"x-quota", `{"id":1,"name":"Ann"}`, 502}, // declared, and judged as a header field
		{"etag", `{"id":1,"name":"Ann"}`, 502},
		{"set-cookie", `{"id":1,"name":"Ann"}`, 502},
		{"content-type", `{"id":1,"name":"Ann"}`, 502},
		{"access-control-allow-origin", `{"id":1,"name":"Ann"}`, 502},
	}
	for _, tt := range tests {
		s := h.VM(0).NewStream(host.StreamOptions{})
		s.RequestHeaders(request("GET", "/accounts/1"), true)
		s.ResponseHeaders(host.H(":status", "200", "content-type", "application/json", "etag", `"1f"`), false)
		s.ResponseBody([]byte(tt.body), false)
		s.ResponseTrailers(host.H(tt.trailer, "-1"))
		if got := s.Response().Status; got != tt.status {
			t.Errorf("%s behind %s: status %d, want %d; log %v", tt.trailer, tt.body, got, tt.status, h.Logs())
		}
	}
}
