package main

import (
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// TestForwardMallocs counts what the guest allocates to tell an upstream who calls: nothing, with an assertion and without, stripped or not.
func TestForwardMallocs(t *testing.T) {
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../examples/identity/orders.yaml"}, Policy: "../examples/identity/policy.yaml", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := cases.Read("../examples/identity/cases/forward.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h := budgetHost(t, table, map[string]any{"secrets": map[string]any{"assertion": "an assertion secret of 32 bytes!!"}}, nil)
	vm := h.VM(0)
	bearer := func(name string) string {
		token, err := f.MintNamed(name, h.Now())
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	head := func(method, path string, more ...string) host.Headers {
		return append(host.H(":method", method, ":path", path, ":authority", "orders.example.com", ":scheme", "https"), host.H(more...)...)
	}
	kinds := []struct {
		name    string
		headers host.Headers
		body    string
		passes  bool
	}{
		{"headers", head("GET", "/orders", "authorization", bearer("alice")), "", true},
		{"stripped", head("GET", "/orders", "authorization", bearer("alice"), "x_user_id", "root", "x-user-id", "root", "x-user-id", "root", "connection", "close, x-user-id"), "", true},
		{"assertion", head("GET", "/orders/7", "authorization", bearer("alice")), "", true},
		{"assertion in place of the token, body", head("POST", "/orders", "authorization", bearer("alice"), "content-type", "application/json"), `{"item":"mug"}`, true},
		{"nobody", head("GET", "/health", "x-user-id", "root"), "", true},
		{"a value that can't be told", head("GET", "/orders", "authorization", bearer("breaks")), "", false},
	}
	for _, k := range kinds {
		var got uint64
		for round := range 2 { // the first is for what is remembered
			before, err := vm.Export("portcullis_budget_mallocs")
			if err != nil {
				t.Fatal(err)
			}
			for range 300 {
				if s := send(vm, k.headers, k.body); s.Upstream().Complete != k.passes {
					t.Fatalf("%s: passed = %v, want %v; %v", k.name, !k.passes, k.passes, s.Response())
				}
			}
			after, err := vm.Export("portcullis_budget_mallocs")
			if err != nil {
				t.Fatal(err)
			}
			if got = after[0] - before[0]; round == 1 && got > budgetMallocs*300 {
				t.Errorf("%s: 300 requests allocated %d objects, want %d", k.name, got, budgetMallocs*300)
			}
		}
	}
	t.Logf("linear memory: %d bytes", vm.MemoryBytes())
}
