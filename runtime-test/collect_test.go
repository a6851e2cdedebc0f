package main

import (
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// TestNoCollectionStays: no collection is under way after a configuration, and one that starts in a callback ends. Nothing of Go's ends it, and while
// it lasts every pointer that is written costs a call: requests took up to three times as long. Old hosts answer poll_oneoff with an error that no
// Go program survives, so it must end without a goroutine that sleeps.
func TestNoCollectionStays(t *testing.T) {
	for _, profile := range []host.Profile{host.Envoy140, host.Envoy136} {
		t.Run(string(profile), func(t *testing.T) {
			// Signatures are left to the module, whose cryptography allocates.
			h := budgetHost(t, shopTable(t), map[string]any{"tokenCacheBytes": 0}, func(c *host.Config) {
				c.Profile, c.NoForeign = profile, true
			})
			vm := h.VM(0)
			get := func(name string) uint64 {
				v, err := vm.Export("portcullis_budget_" + name)
				if err != nil {
					t.Fatal(err)
				}
				return v[0]
			}
			if get("collecting") != 0 {
				t.Error("a collection is under way after the configuration")
			}
			f, err := cases.Read("../examples/shop/cases/shop.yaml")
			if err != nil {
				t.Fatal(err)
			}
			alice, err := f.MintNamed("alice", h.Now())
			if err != nil {
				t.Fatal(err)
			}
			const most = 10_000 // requests until a collection starts, far more than it takes
			n := 0
			for ; n < most && get("collecting") == 0; n++ {
				if s := send(vm, request("GET", "/v1/users/me", "authorization", "Bearer "+alice), ""); !s.Upstream().Complete {
					t.Fatalf("a good token was answered %d %s", s.Response().Status, s.Response().Body)
				}
			}
			if n == most {
				t.Fatalf("no collection started in %d requests: the test shows nothing", n)
			}
			const ticks = 60
			for i := 0; i < ticks && get("collecting") != 0; i++ {
				h.Advance(time.Second)
			}
			if get("collecting") != 0 {
				t.Errorf("a collection that started after %d requests is under way after %d ticks", n, ticks)
			}
			for _, f := range h.Failures() {
				t.Error(f)
			}
		})
	}
}
