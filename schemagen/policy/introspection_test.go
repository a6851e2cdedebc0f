package policy

import (
	"strings"
	"testing"
)

// TestIntrospection: what can't work is refused where it stands.
func TestIntrospection(t *testing.T) {
	const (
		key  = `keys: [{jwk: {kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}}]`
		jwks = `jwks: {uri: 'https://idp.example/keys', cluster: idp}`
		at   = `uri: 'https://idp.example/introspect', cluster: idp`
		who  = `client: {id: gateway, secret: s}`
	)
	tests := []struct {
		name, provider string
		problem        string // "" for none
	}{
		{"alone", `introspection: {` + at + `, ` + who + `}`, ""},
		{"with keys", key + `, introspection: {` + at + `, ` + who + `}`, ""},
		{"with keys that are fetched", jwks + `, introspection: {` + at + `, ` + who + `, tokens: opaque}`, ""},
		{"everything", `introspection: {` + at + `, ` + who + `, tokens: any, timeout: 100ms, cache: 0s, negativeCache: 5m, maxCalls: 256, callsPerSecond: 10000, optional: [iss, aud, exp]}`, ""},
		{"of JWTs that keys would verify", key + `, introspection: {` + at + `, ` + who + `, tokens: jwt}`, "beside keys that would verify none"},
		{"of all with keys that are fetched", jwks + `, introspection: {` + at + `, ` + who + `, tokens: any}`, "beside keys that would verify none"},
		{"keys and jwks", key + `, ` + jwks + `, introspection: {` + at + `, ` + who + `}`, "with 2 of keys, jwks and discovery"},
		{"tokenTypes of opaque tokens", `tokenTypes: [jwt], introspection: {` + at + `, ` + who + `}`, "opaque tokens have no typ"},
		{"no uri", `introspection: {cluster: idp, ` + who + `}`, `without "uri"`},
		{"no cluster", `introspection: {uri: 'https://idp.example/i', ` + who + `}`, `without "cluster"`},
		{"no client", `introspection: {` + at + `}`, `without "client"`},
		{"no secret", `introspection: {` + at + `, client: {id: x}}`, `without "secret"`},
		{"a secret in clear text", `introspection: {` + at + `, client: {id: x, secret: 'pass word!'}}`, "the name of a secret"},
		{"no id", `introspection: {` + at + `, client: {id: '', secret: s}}`, "found \"\" as id"},
		{"a relative URI", `introspection: {uri: /introspect, cluster: idp, ` + who + `}`, "as the URI of introspection"},
		{"a URI with a password", `introspection: {uri: 'https://a:b@idp.example/i', cluster: idp, ` + who + `}`, "as the URI of introspection"},
		{"a URI with a line break", `introspection: {uri: "https://idp.example/i\nx", cluster: idp, ` + who + `}`, "as the URI of introspection"},
		{"a cluster with a space", `introspection: {uri: 'https://idp.example/i', cluster: 'a b', ` + who + `}`, "as cluster"},
		{"unknown tokens", `introspection: {` + at + `, ` + who + `, tokens: all}`, "wanted one of any, jwt, opaque"},
		{"too long a timeout", `introspection: {` + at + `, ` + who + `, timeout: 31s}`, "as timeout"},
		{"a cache without end", `introspection: {` + at + `, ` + who + `, cache: 2d}`, "as cache"},
		{"no is remembered for long", `introspection: {` + at + `, ` + who + `, negativeCache: 6m}`, "as negativeCache"},
		{"no calls", `introspection: {` + at + `, ` + who + `, maxCalls: 0}`, "as maxCalls"},
		{"too many calls", `introspection: {` + at + `, ` + who + `, maxCalls: 257}`, "as maxCalls"},
		{"no rate", `introspection: {` + at + `, ` + who + `, callsPerSecond: 0}`, "as callsPerSecond"},
		{"sub is optional anyway", `introspection: {` + at + `, ` + who + `, optional: [sub]}`, "wanted iss, aud or exp"},
		{"nothing is optional", `introspection: {` + at + `, ` + who + `, optional: []}`, "wanted at least 1"},
		{"a typing error", `introspection: {` + at + `, ` + who + `, negativCache: 1s}`, `did you mean "negativeCache"?`},
		{"nothing at all", `skew: 10s`, "or introspection alone"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, diags := readWith(t, "version: 1\nproviders: {p: {issuer: 'https://idp.example', audiences: [a], "+tt.provider+"}}", nil)
			if tt.problem == "" {
				if len(diags) != 0 || p.Providers()[0].Introspection == nil {
					t.Errorf("Read = %v, want none", diags)
				}
				return
			}
			if len(diags) != 1 || !strings.Contains(diags[0].Message, tt.problem) || diags[0].Line != 2 || diags[0].Col == 0 {
				t.Errorf("Read = %v, want a message with %q on line 2", diags, tt.problem)
			}
		})
	}
	_, diags := readWith(t, "version: 1\nproviders: {p: {issuer: i, anyAudience: true, introspection: {"+at+", "+who+", optional: [aud]}}}", nil)
	if len(diags) != 1 || !strings.Contains(diags[0].Message, "beside anyAudience") {
		t.Errorf("Read = %v, want one about aud and anyAudience", diags)
	}
}
