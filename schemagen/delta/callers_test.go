package delta_test

import (
	"strings"
	"testing"

	"portcullis/schemagen/delta"
)

// TestCallers compares policies by who may come in.
func TestCallers(t *testing.T) {
	const spec = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {security: [{k: []}]}}}\ncomponents: {securitySchemes: {k: {type: apiKey, in: header, name: K}}}\n"
	policy := func(consumers string) string {
		return "version: 1\nschemes: {k: {consumers: all}}\nconsumers: {base: {}" + consumers + "}\n"
	}
	key := func(id, digit, more string) string {
		return "{id: " + id + ", digest: 'sha256:" + strings.Repeat(digit, 64) + "'" + more + "}"
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"same", ", a: {scopes: [r, w], plan: p}", ", a: {scopes: [w, r], plan: p}", ""},
		{"gone", ", a: {}", "", "refuses consumer a: the consumer is gone"},
		{"new", "", ", a: {}", "accepts consumer a: the consumer is new"},
		{"rotation", ", a: {keys: [" + key("k1", "1", "") + "]}", ", a: {keys: [" + key("k1", "1", ", expires: 2099-01-01") + ", " + key("k2", "2", "") + "]}",
			"refuses consumer a: key k1 ends earlier\naccepts consumer a: key k2 is new"},
		{"a key less", ", a: {keys: [" + key("k1", "1", "") + "]}", ", a: {keys: []}", "refuses consumer a: key k1 is gone"},
		{"another secret", ", a: {keys: [" + key("k1", "1", "") + "]}", ", a: {keys: [" + key("k1", "2", "") + "]}", "may-changes consumer a: key k1 has another digest"},
		{"a key of another", ", a: {keys: [" + key("k1", "1", "") + "]}, b: {}", ", a: {}, b: {keys: [" + key("k1", "1", "") + "]}", "refuses consumer a: key k1 is gone\naccepts consumer b: key k1 is new"},
		{"scopes", ", a: {scopes: [r, w]}", ", a: {scopes: [r, x]}", "refuses consumer a: no longer has the scopes [\"w\"]\naccepts consumer a: has the scopes [\"x\"] as well"},
		{"plan", ", a: {plan: gold}", ", a: {plan: free}", `may-changes consumer a: had the plan "gold", and has "free"`},
		{"attributes", ", a: {attributes: {x: y}}", ", a: {attributes: {x: z}}", "may-changes consumer a: has other attributes"},
		{"a certificate", ", a: {}", ", a: {certificates: [{dns: a.example}]}", "accepts consumer a: dns a.example is new"},
	} {
		if got := text(delta.Compare(read(t, spec, policy(tt.old)), read(t, spec, policy(tt.new)))); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}
