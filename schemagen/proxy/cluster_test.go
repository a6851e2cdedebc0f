package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/compile"
)

// TestClusters: what the filter calls stands where the target has a place for it, and
// is told where it has none.
func TestClusters(t *testing.T) {
	for _, tt := range []struct {
		name  string
		o     Options
		place bool
	}{
		{"filters", Options{Target: TargetEnvoy}, false},
		{"bootstrap", Options{Target: TargetEnvoy, Bootstrap: true}, true},
		{"resource", Options{Target: TargetEnvoyECDS}, false},
		{"istio", Options{Target: TargetIstio}, true},
	} {
		tt.o.Clusters = []Cluster{{Name: "counter", Address: "rls.example:8081", HTTP2: true, What: "the rate limit service"}}
		text, err := Print(tt.o)
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		walk(mustParse(t, text), func(m map[string]any) {
			if m["name"] == "counter" && m["type"] == "STRICT_DNS" && m["typed_extension_protocol_options"] != nil {
				found++
			}
		})
		if (found == 1) != tt.place || found > 1 {
			t.Errorf("%s: the cluster stands there %d times, want it: %v", tt.name, found, tt.place)
		}
		if !tt.place && !strings.Contains(text, "\n# - name: \"counter\"\n#   type: STRICT_DNS\n") {
			t.Errorf("%s does not say what to add:\n%s", tt.name, text)
		}
	}
	for _, name := range []string{"login.example", "192.0.2.1"} {
		text, err := Print(Options{Target: TargetEnvoy, Bootstrap: true, Clusters: []Cluster{{Name: "login", Address: name + ":443", TLS: name}}})
		if err != nil {
			t.Fatal(err)
		}
		checked := false
		walk(mustParse(t, text), func(m map[string]any) {
			if m["trusted_ca"] != nil && m["match_typed_subject_alt_names"].([]any)[0].(map[string]any)["matcher"].(map[string]any)["exact"] == name {
				checked = true
			}
		})
		if !checked {
			t.Errorf("the certificate of %s is not checked:\n%s", name, text)
		}
	}
	if _, err := Print(Options{Target: TargetEnvoy, Clusters: []Cluster{{Name: "c", Address: "x"}}}); err == nil {
		t.Error("an address without a port was taken")
	}
}

const fleetPolicy = `version: 1
rateLimitServices: {one: {cluster: c, domain: shop, callers: plain}, two: {cluster: c}}
operations: [{operation: a, limits: [each, group, op]}, {operation: b, limits: [other, local]}]
limits:
  each:
    requests: 3
    per: 1s
    by: header:x
    scope: fleet
    service: one
    planBy: header:p
    plans: {gold: {requests: 9, per: 1m}}
    overrides: {bob: {requests: 4, per: 1h}}
  group: {requests: 30, per: 1d, by: group, scope: fleet, service: one}
  op: {requests: 31, per: 1h, scope: fleet, service: one}
  other: {requests: 1, per: 1s, scope: fleet, service: two}
  local: {requests: 1, per: 1s}
  idle: {requests: 1, per: 1s, scope: fleet, service: one}
`

const fleetWant = `# The limits of the rate limit service one, for envoyproxy/ratelimit.
domain: "shop"
descriptors:
- key: limit
  value: "each"
  descriptors:
  - key: caller
    rate_limit: {unit: second, requests_per_unit: 3}
  - key: override
    value: "0"
    descriptors:
    - key: caller
      rate_limit: {unit: hour, requests_per_unit: 4}
- key: limit
  value: "each.gold"
  descriptors:
  - key: caller
    rate_limit: {unit: minute, requests_per_unit: 9}
- key: limit
  value: "group"
  rate_limit: {unit: day, requests_per_unit: 30}
- key: limit
  value: "op"
  descriptors:
  - key: operation
    rate_limit: {unit: hour, requests_per_unit: 31}
`

func TestRateLimit(t *testing.T) {
	dir := t.TempDir()
	spec, policy := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{policy: fleetPolicy, spec: `openapi: 3.1.0
info: {title: x, version: '1'}
paths:
  /a: {get: {operationId: a, responses: {'200': {description: ok}}}}
  /b: {get: {operationId: b, responses: {'200': {description: ok}}}}
`} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{Specs: []string{spec}, PolicyPath: policy, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatal(err, r)
	}
	tab, bad, _ := table.Open(r.Table)
	if bad != table.ErrNone {
		t.Fatal(bad)
	}
	if got, err := RateLimit(tab, "one"); err != nil || got != fleetWant {
		t.Errorf("RateLimit = %v\n%s\nwant\n%s", err, got, fleetWant)
	}
	for name, want := range map[string]string{"": "one, two", "three": "one, two"} {
		if _, err := RateLimit(tab, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("RateLimit(%q): %v, want an error with %q", name, err, want)
		}
	}
}
