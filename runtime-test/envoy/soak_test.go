package envoy

import (
	"testing"
)

// TestEnvoySoak sends a hundred thousand requests, good and bad, with and without
// bodies and tokens: no VM fails and the process does not grow. Collections of the
// Go runtime are what killed VMs on Envoy 1.36.
func TestEnvoySoak(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		const (
			warm, total = 20_000, 100_000
			growth      = 6 << 20 // bytes; measured 0 to 1 MB, of Envoy's own
		)
		up, err := StartResponder()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(up.Close)
		p := start(t, options{version: version, workers: 2, upstream: up.Address, config: map[string]any{"logRefusals": "off"}})
		token := "Bearer " + mint(t, "alice")
		forged := "Bearer " + mint(t, "forged")
		order := `{"items":[{"sku":"MUG-0001","quantity":2}],"shipTo":{"name":"Ada Byron","street":"12 St James's Square","city":"London","country":"GB"},"payment":{"method":"invoice"}}`
		key := "7f9c2ba4-e88f-4e3a-9a3c-111111111111"
		load := Load{Address: p.Address, Connections: 4, Requests: [][]byte{
			message("GET", "/v1/products?q=mug&page=2", ""),
			message("GET", "/v1/users/me", "", "authorization", token),
			message("POST", "/v1/orders", order, "authorization", token, "idempotency-key", key),
			message("GET", "/v1/nothing", ""),
			message("GET", "/v1/products/ABC-1234", ""),
			message("POST", "/v1/password-resets", goodReset), // over its limit most of the time
			message("GET", "/v1/users/me", "", "authorization", forged),
			message("GET", "/v1/health", ""),
			message("GET", "/v1/products?page=two", ""),
			message("POST", "/v1/orders", order[:100], "authorization", token, "idempotency-key", key),
		}}
		load.Total = warm
		first := load.Run()
		before := rss(t, p)
		load.Total = total
		got := load.Run()
		after := rss(t, p)
		t.Logf("%d requests in %v: %v; resident %d MB, grown by %d KB", got.Answered(), got.Elapsed, got.Statuses, after>>20, (after-before)>>10)
		if got.Answered() != total || got.Broken > 0 {
			t.Errorf("%d of %d requests were answered, %d connections broke (%v)", got.Answered(), total, got.Broken, got.First)
		}
		n := total / len(load.Requests)
		for _, want := range []struct{ status, least int }{{200, 5 * n}, {400, 2 * n}, {401, n}, {404, n}, {429, n / 2}} {
			if k := got.Statuses[want.status]; k < want.least-4 {
				t.Errorf("%d answers have status %d, want at least %d: %v", k, want.status, want.least, got.Statuses)
			}
		}
		if passed := got.Statuses[200] + first.Statuses[200]; up.Served() != passed {
			t.Errorf("the upstream served %d requests, want the %d that passed", up.Served(), passed)
		}
		if after-before > growth {
			t.Errorf("the process grew by %d bytes over %d requests, want at most %d", after-before, total, growth)
		}
		p.sane(t)
	})
}

func rss(t *testing.T, p *proxied) int64 {
	t.Helper()
	n, err := p.RSS()
	if err != nil {
		t.Fatal(err)
	}
	return n
}
