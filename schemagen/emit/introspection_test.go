package emit

import (
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// TestIntrospectionVerified: what the policy refuses of introspection the verifier refuses
// too, whoever made the table.
func TestIntrospectionVerified(t *testing.T) {
	build := func(change func(p *ir.Provider, n *ir.Introspection)) (*table.Table, error) {
		n := &ir.Introspection{URI: "https://idp.example/i?a=b", Cluster: "c", Client: "id", Secret: "s", Opaque: true, MayLackExpiry: true, TimeoutMs: 1, CacheSeconds: 86400, MaxCalls: 256, Rate: 10_000}
		p := &ir.Provider{Name: "p", Issuer: "i", Introspection: n}
		change(p, n)
		raw, err := Table(&ir.Build{Providers: []*ir.Provider{{Name: "first", Issuer: "x"}, p}}, noSchemas{}, NewStrings())
		if err != nil {
			return nil, err
		}
		tab, _, _ := table.Open(raw)
		return tab, nil
	}
	tests := []struct {
		name   string
		change func(p *ir.Provider, n *ir.Introspection)
		ok     bool
	}{
		{"good", func(*ir.Provider, *ir.Introspection) {}, true},
		{"with keys", func(p *ir.Provider, _ *ir.Introspection) { p.Keys = []*ir.Key{{Alg: ir.AlgHS256, Secret: "s"}} }, true},
		{"of JWTs, with keys", func(p *ir.Provider, n *ir.Introspection) {
			n.JWT, p.Keys = true, []*ir.Key{{Alg: ir.AlgHS256, Secret: "s"}}
		}, false},
		{"of no tokens", func(_ *ir.Provider, n *ir.Introspection) { n.Opaque = false }, false},
		{"no URI", func(_ *ir.Provider, n *ir.Introspection) { n.URI = "" }, false},
		{"another scheme", func(_ *ir.Provider, n *ir.Introspection) { n.URI = "ftp://idp.example/i" }, false},
		{"a line break in the URI", func(_ *ir.Provider, n *ir.Introspection) { n.URI = "https://idp.example/i\r\nx: y" }, false},
		{"no cluster", func(_ *ir.Provider, n *ir.Introspection) { n.Cluster = "" }, false},
		{"no client", func(_ *ir.Provider, n *ir.Introspection) { n.Client = "" }, false},
		{"no timeout", func(_ *ir.Provider, n *ir.Introspection) { n.TimeoutMs = 0 }, false},
		{"a timeout of a minute", func(_ *ir.Provider, n *ir.Introspection) { n.TimeoutMs = 60_000 }, false},
		{"a cache of a year", func(_ *ir.Provider, n *ir.Introspection) { n.CacheSeconds = 365 * 86400 }, false},
		{"no for an hour", func(_ *ir.Provider, n *ir.Introspection) { n.NegativeSeconds = 3600 }, false},
		{"no calls", func(_ *ir.Provider, n *ir.Introspection) { n.MaxCalls = 0 }, false},
		{"too many calls", func(_ *ir.Provider, n *ir.Introspection) { n.MaxCalls = 257 }, false},
		{"no rate", func(_ *ir.Provider, n *ir.Introspection) { n.Rate = 0 }, false},
	}
	for _, tt := range tests {
		tab, err := build(tt.change)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok %v", tt.name, err, tt.ok)
			continue
		}
		if !tt.ok {
			continue
		}
		if _, ok := tab.Introspection(0); ok {
			t.Errorf("%s: the first provider is asked", tt.name)
		}
		in, ok := tab.Introspection(1)
		if !ok || string(in.URI) != "https://idp.example/i?a=b" || string(in.Client) != "id" || string(tab.Secret(in.Secret)) != "s" || in.Tokens != table.TokensOpaque ||
			in.MayLack != table.MayLackExpiry || in.TimeoutMs != 1 || in.CacheSeconds != 86400 || in.NegativeSeconds != 0 || in.MaxCalls != 256 || in.Rate != 10_000 {
			t.Errorf("%s: Introspection = %+v, %v", tt.name, in, ok)
		}
	}
}
