package emit

import (
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// TestFleetVerified: what the policy refuses of limits of the fleet the verifier refuses
// too, whoever made the table.
func TestFleetVerified(t *testing.T) {
	build := func(change func(l *ir.Limit, s *ir.RateLimitService, second *ir.Limit)) error {
		one := &ir.RateLimitService{Name: "one", Cluster: "c", Domain: "d", DeadlineMillis: 100, OnError: ir.OnErrorRefuse}
		two := &ir.RateLimitService{Name: "two", Cluster: "c", Domain: "d", DeadlineMillis: 100, OnError: ir.OnErrorLocal, Plain: true}
		limit := func(name string, s *ir.RateLimitService) *ir.Limit {
			return &ir.Limit{Name: name, Requests: 1, WindowNanos: 60e9, Burst: 1, Key: ir.LimitByOperation, Scope: ir.ScopeFleet, Mode: ir.ModeEnforce,
				Count: ir.CountAll, Cost: ir.CostConstant, CostValue: 1, Service: s}
		}
		l, second := limit("l", one), limit("m", one)
		change(l, one, second)
		if second.Service == nil {
			second.Service = two
		}
		a := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
		op(a, "GET /x").Limits = []*ir.Limit{l, second}
		_, err := Table(&ir.Build{APIs: []*ir.API{a}, Limits: []*ir.Limit{l, second}}, noSchemas{}, NewStrings())
		return err
	}
	tests := []struct {
		name   string
		change func(l *ir.Limit, s *ir.RateLimitService, second *ir.Limit)
		ok     bool
	}{
		{"good", func(*ir.Limit, *ir.RateLimitService, *ir.Limit) {}, true},
		{"by caller, with a secret", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Key, s.Secret = ir.LimitByAddress, "k" }, true},
		{"by caller, plain", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Key, s.Plain = ir.LimitByAddress, true }, true},
		{"by caller, without a secret", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Key = ir.LimitByAddress }, false},
		{"another window", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.WindowNanos = 10e9 }, false},
		{"a window of a second and a bit", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.WindowNanos = 1e9 + 1 }, false},
		{"failures", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Count = ir.CountFailures }, false},
		{"cost by items", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Cost = ir.CostByItems }, false},
		{"of the proxy, with a service", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Scope = ir.ScopeProxy }, false},
		{"of the fleet, without a service", func(l *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { l.Service = nil }, false},
		{"no cluster", func(_ *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { s.Cluster = "" }, false},
		{"no domain", func(_ *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { s.Domain = "" }, false},
		{"no deadline", func(_ *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { s.DeadlineMillis = 0 }, false},
		{"a deadline of an hour", func(_ *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { s.DeadlineMillis = 3_600_000 }, false},
		{"no outcome", func(_ *ir.Limit, s *ir.RateLimitService, _ *ir.Limit) { s.OnError = 0 }, false},
		{"two services", func(_ *ir.Limit, _ *ir.RateLimitService, second *ir.Limit) { second.Service = nil }, false},
	}
	for _, tt := range tests {
		if err := build(tt.change); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want ok %v", tt.name, err, tt.ok)
		}
	}
	if !table.ServiceWindow(86400e9) || table.ServiceWindow(0) {
		t.Error("ServiceWindow knows no day, or takes nothing for a window")
	}
}
