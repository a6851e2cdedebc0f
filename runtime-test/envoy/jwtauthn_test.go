package envoy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

// TestEnvoyNativeIdentity shows what Envoy's own jwt_authn, with its defaults, does
// where README compares it with this filter. A version that does otherwise fails here.
func TestEnvoyNativeIdentity(t *testing.T) {
	dir := root(t)
	f, err := cases.Read(dir + "/examples/identity/cases/forward.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.PublicJWK("rs")
	if err != nil {
		t.Fatal(err)
	}
	set := fmt.Sprintf(`{"keys":[%s]}`, text)
	up := startUpstream(t)
	boot, err := Bootstrap(module(t), up.Address, cases.Setup{Table: shopTable(t), Config: map[string]any{"secrets": secret}})
	if err != nil {
		t.Fatal(err)
	}
	boot = strings.Replace(boot, "headers_with_underscores_action: REJECT_REQUEST", "headers_with_underscores_action: ALLOW", 1)
	claim := func(header, claim string) any { return map[string]any{"header_name": header, "claim_name": claim} }
	boot, err = Filters(boot, map[string]any{"name": "envoy.filters.http.jwt_authn", "typed_config": map[string]any{
		"@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
		"providers": map[string]any{"p": map[string]any{"issuer": "https://login.example.com/", "local_jwks": map[string]any{"inline_string": set},
			"claim_to_headers": []any{claim("x-user-id", "sub"), claim("x-name", "name"), claim("x-roles", "roles")}}},
		"rules": []any{map[string]any{"match": map[string]any{"prefix": "/"}, "requires": map[string]any{"provider_name": "p"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := run(t, Options{Binary: binary(t, newest), Config: boot, Workers: 1})
	mint := func(header, claims map[string]any) string {
		all := map[string]any{"iss": "https://login.example.com/", "sub": "ann", "exp": "+300s"}
		for k, v := range claims {
			if all[k] = v; v == nil {
				delete(all, k)
			}
		}
		token, err := f.MintWith("rs", header, all, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	tests := []struct {
		name, token, extra string
		want               map[string]string // header fields that arrive
	}{
		{"crit", mint(map[string]any{"crit": []string{"x"}, "x": 1}, nil), "", map[string]string{"x-user-id": "ann"}},
		{"typ", mint(map[string]any{"typ": "logout+jwt"}, nil), "", map[string]string{"x-user-id": "ann"}},
		{"no exp", mint(nil, map[string]any{"exp": nil}), "", map[string]string{"x-user-id": "ann"}},
		{"spellings", mint(nil, nil), "x-user-id: root\r\nx_user_id: root\r\n", map[string]string{"x-user-id": "ann", "x_user_id": "root"}},
		{"values", mint(nil, map[string]any{"name": "José, x", "roles": []string{"a,b", "c"}}), "", map[string]string{"x-name": "José, x", "x-roles": "WyJhLGIiLCJjIl0="}},
	}
	for _, tt := range tests {
		up.Expect(cases.Answer{})
		a, err := ask(p.Address, []byte("GET /x HTTP/1.1\r\nhost: a\r\nauthorization: Bearer "+tt.token+"\r\n"+tt.extra+"\r\n"))
		if err != nil || a.status != 200 {
			t.Errorf("%s: %v (%v), want it accepted", tt.name, a, err)
		}
		got := map[string]string{}
		for _, h := range up.Seen().Headers {
			got[h.Name] = h.Value
		}
		for name, value := range tt.want {
			if got[name] != value {
				t.Errorf("%s: %s = %q, want %q", tt.name, name, got[name], value)
			}
		}
	}
}
