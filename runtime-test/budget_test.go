package main

import (
	"context"
	"maps"
	"os"
	"strings"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// Budgets of the guest. Each says what was measured, when, and what to do when it trips.
const (
	// Heap objects a request may allocate after warm-up, accepted or refused. Measured 0 on 2026-01. When it trips, look for a value that escapes: in a
	// callback an address of a local handed to a host call, a []byte literal passed through an interface, an append beyond its room.
	budgetMallocs = 0

	// Linear memory of a VM with the shop's table, in bytes. Measured 8.75 MiB on 2026-11, a quarter MiB of it for the statistics. When it trips, compare maxNodes and arena sizes.
	budgetMemory = 9 << 20
)

// budgetHost starts the budget build with a table. config is added to the plugin configuration, change is made to the host's.
func budgetHost(t *testing.T, table []byte, config map[string]any, change func(*host.Config)) *host.Host {
	t.Helper()
	m, err := cases.BudgetModule()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"secrets": map[string]any{"machines": strings.Repeat("s", 32)}, "logRefusals": "off"}
	maps.Copy(all, config)
	text, err := cases.PluginConfig(cases.Setup{Table: table, Config: all})
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Module: m, PluginConfig: text, AllowOnHeadersStopIteration: true}
	if change != nil {
		change(&cfg)
	}
	h, err := host.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// TestMallocs counts what the guest allocates over many requests of each kind, collections included.
func TestMallocs(t *testing.T) {
	h := budgetHost(t, shopTable(t), nil, nil)
	vm := h.VM(0)
	f, err := cases.Read("../examples/shop/cases/shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	forged, err := f.MintNamed("expired", h.Now())
	if err != nil {
		t.Fatal(err)
	}
	kinds := []struct {
		name    string
		headers host.Headers
		body    string
	}{
		{"accept", request("GET", "/v1/products?q=mug&page=2"), ""},
		{"refuse by route", request("GET", "/v1/nothing"), ""},
		{"refuse by parameter", request("GET", "/v1/products?page=two"), ""},
		{"refuse by token", request("GET", "/v1/users/me", "authorization", "Bearer "+forged), ""},
		{"accept a body, then refuse by limit", resetRequest(), goodReset},
		{"refuse by body", request("POST", "/v1/users", "content-type", "application/json"), `{"email":7}`},
		{"refuse a body that is no JSON", request("POST", "/v1/users", "content-type", "application/json"), `{"email":`},
	}
	for _, k := range kinds {
		for range 20 {
			send(vm, k.headers, k.body) // warm up
		}
	}
	count := func(name string) uint64 {
		got, err := vm.Export(name)
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	collections := count("portcullis_budget_collections") // itself takes memory, once
	memory := vm.MemoryBytes()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			before := count("portcullis_budget_mallocs")
			const n = 500
			for range n {
				send(vm, k.headers, k.body)
			}
			if got := count("portcullis_budget_mallocs") - before; got > budgetMallocs*n {
				t.Errorf("%d requests allocated %d objects, want %d", n, got, budgetMallocs*n)
			}
		})
	}
	if got := count("portcullis_budget_collections"); got != collections {
		t.Errorf("%d collections ran after the warm-up", got-collections)
	}
	if got := vm.MemoryBytes(); got != memory || got > budgetMemory {
		t.Errorf("linear memory grew from %d to %d bytes, want no growth and at most %d", memory, got, budgetMemory)
	}
	t.Logf("linear memory: %d bytes", vm.MemoryBytes())
}

// budgetGitHubMemory is the linear memory of a VM with the table of GitHub's whole description, in bytes. When it trips, look for what is kept beside
// the table: its text must be decoded into place.
const budgetGitHubMemory = 10 << 20

// TestGitHub loads a real description of a thousand operations and judges a few requests by it.
func TestGitHub(t *testing.T) {
	const spec = "../../shared/testdata/specs/github--api.github.com.json"
	if _, err := os.Stat(spec); err != nil {
		t.Skipf("skipped: the description is not at hand: %v", err)
	}
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{spec}})
	if err != nil {
		t.Fatal(err)
	}
	h := budgetHost(t, table, nil, nil)
	tests := []struct{ method, path, body, code string }{
		{"GET", "/repos/golang/go/issues?per_page=10", "", ""},
		{"GET", "/repos/golang/go/issues?per_page=ten", "", "param_invalid"},
		{"GET", "/repos/golang/go/nothing", "", "route_not_found"},
		{"POST", "/repos/golang/go/issues", `{"title":"a","labels":["b",{"name":"c"}]}`, ""},
		{"POST", "/repos/golang/go/issues", `{"labels":[]}`, "body_invalid"},
	}
	for _, tt := range tests {
		hs := host.H(":method", tt.method, ":path", tt.path, ":authority", "api.github.com", ":scheme", "https")
		if tt.body != "" {
			hs = append(hs, host.H("content-type", "application/json")...)
		}
		s := send(h.VM(0), hs, tt.body)
		r := s.Response()
		if (tt.code == "") != s.Upstream().Complete || !strings.Contains(string(r.Body), tt.code) {
			t.Errorf("%s %s %s: answer %d %.300s, want %q", tt.method, tt.path, tt.body, r.Status, r.Body, tt.code)
		}
	}
	t.Logf("table: %d bytes; linear memory: %d bytes", len(table), h.VM(0).MemoryBytes())
	if got := h.VM(0).MemoryBytes(); got > budgetGitHubMemory {
		t.Errorf("linear memory is %d bytes, want at most %d", got, budgetGitHubMemory)
	}
}
