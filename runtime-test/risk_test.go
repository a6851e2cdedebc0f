package main

import (
	"fmt"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// TestRiskMallocs counts what the guest allocates to settle, count and tell how risky a request is: nothing. It also reads the filter state that
// access logs would show.
func TestRiskMallocs(t *testing.T) {
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{"../examples/risk/spec.yaml"}, Policy: "../examples/risk/policy.yaml", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := cases.Read("../examples/risk/cases/risk.yaml")
	if err != nil {
		t.Fatal(err)
	}
	h := budgetHost(t, table, map[string]any{"secrets": map[string]any{"login": "a secret of at least 32 bytes, for tests"}}, nil)
	vm := h.VM(0)
	head := func(path, token string, more ...string) host.Headers {
		hs := append(host.H(":method", "POST", ":path", path, ":authority", "shop.example", ":scheme", "https", "content-type", "application/json"), host.H(more...)...)
		if token == "" {
			return hs
		}
		bearer, err := f.MintNamed(token, h.Now())
		if err != nil {
			t.Fatal(err)
		}
		return append(hs, host.H("authorization", "Bearer "+bearer)...)
	}
	const good, bad = `{"item":"mug"}`, `{"itme":"mug"}`
	kinds := []struct {
		name    string
		headers host.Headers
		body    string
		passes  bool
		state   string // risk, level, reasons, decision, of the last one
	}{
		{"known", head("/orders", "alice"), bad, true, "low parameters  "},
		{"known, body in sight", head("/payments", "alice"), `{"amount":1}`, true, "medium body sensitive "},
		{"anonymous", head("/orders", ""), good, true, "medium body anonymous "},
		{"anonymous, refused", head("/orders", ""), bad, false, "high deep anonymous,refusals body_invalid"},
		{"known, refused", head("/orders?express=1", "dave"), good, false, "high deep refusals param_invalid"},
		{"refused before", head("/orders", "dave"), good, true, "high deep refusals "},
		{"forged", head("/orders", "forged"), good, false, "   token_signature"},
		{"too few scopes", head("/payments", "carol"), `{"amount":1}`, false, "   authorize_scope"},
	}
	for _, k := range kinds {
		for round := range 2 { // the first is for what is remembered
			before, err := vm.Export("portcullis_budget_mallocs")
			if err != nil {
				t.Fatal(err)
			}
			var state map[string]string
			for range 300 {
				s := send(vm, k.headers, k.body)
				if s.Upstream().Complete != k.passes {
					t.Fatalf("%s: passed = %v, want %v; %v", k.name, !k.passes, k.passes, s.Response())
				}
				state = s.FilterState()
			}
			after, err := vm.Export("portcullis_budget_mallocs")
			if err != nil {
				t.Fatal(err)
			}
			if got := after[0] - before[0]; round == 1 && got > budgetMallocs*300 {
				t.Errorf("%s: 300 requests allocated %d objects, want %d", k.name, got, budgetMallocs*300)
			}
			got := fmt.Sprint(state["portcullis.risk"], " ", state["portcullis.inspect"], " ", state["portcullis.reasons"], " ", state["portcullis.decision"])
			if got != k.state {
				t.Errorf("%s: filter state %q, want %q", k.name, got, k.state)
			}
		}
	}
}
