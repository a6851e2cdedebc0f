package delta_test

import (
	"strings"
	"testing"

	"portcullis/schemagen/delta"
)

// TestIssuers compares policies by whose tokens count.
func TestIssuers(t *testing.T) {
	const spec = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {security: [{k: []}]}, post: {security: [{k: []}], requestBody: {content: {application/json: {}}}}}}\ncomponents: {securitySchemes: {k: {type: http, scheme: bearer}}}\n"
	const key = "{jwk: {kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}, kid: one}"
	const keys = ", keys: [" + key + "]"
	policy := func(provider, more string) string {
		return "version: 1\nschemes: {k: [p]}\nproviders: {p: {issuer: 'https://i.example'" + provider + "}}\n" + more + "\n"
	}
	const any = ", anyAudience: true"
	for _, tt := range []struct{ name, old, new, oldMore, newMore, want string }{
		{"same", any + keys, any + keys, "", "", ""},
		{"a key more", any + keys, any + ", keys: [" + key + ", {secret: s, alg: HS256, kid: two}]", "", "", `accepts provider p: the key "two" HS256 secret s is new`},
		{"another key under its kid", any + keys, any + strings.Replace(keys, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "gXhuVOYJHl3_VvCxBg7MHd8MnQGSkCi1trO9rR_3Cw4", 1), "", "", "refuses provider p: the key \"one\" EdDSA 06e3fd8fda29bb60 is gone"},
		{"audiences", ", audiences: [a, b]" + keys, ", audiences: [b, c]" + keys, "", "", "refuses provider p: tokens for a count no more\naccepts provider p: tokens for c count"},
		{"any audience", ", audiences: [a]" + keys, any + keys, "", "", "accepts provider p: tokens may be for any audience"},
		{"one audience", any + keys, ", audiences: [a]" + keys, "", "", "refuses provider p: tokens must be for a"},
		{"claims", any + keys + ", requiredClaims: [x]", any + keys + ", requiredClaims: [y]", "", "", "refuses provider p: tokens must have the claim y\naccepts provider p: tokens need not have the claim x any more"},
		{"skew", any + keys, any + keys + ", skew: 10s", "", "", "may-refuse provider p: skew of clocks: was 60s, is 10s"},
		{"age", any + keys, any + keys + ", maxAge: 1h", "", "", "may-refuse provider p: maximum age: was none, is 3600s"},
		{"no age", any + keys + ", maxAge: 1h", any + keys, "", "", "accepts provider p: maximum age: was 3600s, is none"},
		{"types", any + keys, any + keys + ", tokenTypes: [at+jwt]", "", "", "may-changes provider p: types: was not set, is at+jwt"},
		{"where keys are", any + ", jwks: {uri: 'https://i.example/1', cluster: c}", any + ", jwks: {uri: 'https://i.example/2', cluster: c}", "", "", "may-changes provider p: keys: was fetched from https://i.example/1 by the cluster c, is fetched from https://i.example/2 by the cluster c"},
		{"how old keys may be", any + ", jwks: {uri: 'https://i.example/1', cluster: c}", any + ", jwks: {uri: 'https://i.example/1', cluster: c, maxStale: 2d}", "", "", "may-changes provider p: fetches: was every 300s and 2s apart, in 2000ms; keys count for 86400s, is "},
		{"discovery", any + ", jwks: {uri: 'https://i.example/1', cluster: c}", any + ", discovery: {cluster: c}", "", "", "is fetched from https://i.example as https://i.example/.well-known/openid-configuration says by the cluster c and c"},
		{"proofs", any + keys, any + keys + ", dpop: {origins: ['https://a.example']}", "", "", "accepts provider p: DPoP proofs are accepted: for https://a.example"},
		{"a nonce", any + keys + ", dpop: {origins: ['https://a.example']}", any + keys + ", dpop: {origins: ['https://a.example'], nonce: true}", "", "", "65536 remembered, with a nonce"},
		{"denied", any + keys + ", denied: {jti: [a, b]}", any + keys + ", denied: {jti: [b, c, d]}", "", "", "refuses denied tokens: 2 more are denied\naccepts denied tokens: 1 are no longer denied"},
		{"forward", any + keys, any + keys, "", "defaults: {forward: {headers: {x-user: subject}}}", "may-changes forward: x-user: subject;"},
		{"cors", any + keys, any + keys, "", "defaults: {cors: {origins: ['https://a.example']}}", "accepts cors: pages of https://a.example may ask"},
		{"cors, others", any + keys, any + keys, "defaults: {cors: {origins: ['https://b.example'], maxAgeSeconds: 10}}", "defaults: {cors: {origins: ['https://a.example'], maxAgeSeconds: 20}}", "answers to preflight requests were kept for 10s, and are for 20s"},
		{"encodings", any + keys, any + keys, "", "defaults: {contentEncodings: [gzip]}", "accepts contentEncodings: bodies encoded as gzip pass unread"},
		{"upgrade", any + keys, any + keys, "", "operations: [{operation: GET /a, upgrade: [websocket]}]", "accepts upgrade: connections may change to websocket"},
		{"plans", any + keys, any + keys, "limits: {l: {requests: 1, per: 1s, by: subject, planBy: 'claim:plan', plans: {a: {requests: 2, per: 1s}}}}\ndefaults: {limits: [l]}",
			"limits: {l: {requests: 1, per: 1s, by: subject, planBy: 'claim:plan', plans: {a: {requests: 3, per: 1s}}}}\ndefaults: {limits: [l]}", "is to 1 in 1s, 1 at once, by subject (l; with the claim plan a: 3 in 1s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := text(delta.Compare(read(t, spec, policy(tt.old, tt.oldMore)), read(t, spec, policy(tt.new, tt.newMore))))
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
