//go:build !lean

package token_test

import (
	"crypto/sha256"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

func TestBinding(t *testing.T) {
	keys := makeKeys()
	sum := sha256.Sum256([]byte("x"))
	good := b64(sum[:])
	tests := []struct {
		name string
		cnf  any
		to   uint8
		ok   bool
	}{
		{"none", nil, 0, true},
		{"a certificate", map[string]any{"x5t#S256": good}, token.ToCertificate, true},
		{"a key", map[string]any{"jkt": good}, token.ToKey, true},
		{"both", map[string]any{"x5t#S256": good, "jkt": good}, token.ToCertificate | token.ToKey, true},
		{"empty", map[string]any{}, 0, false},
		{"a whole key", map[string]any{"jwk": map[string]any{"kty": "EC"}}, 0, false},
		{"a kid", map[string]any{"kid": "x"}, 0, false},
		{"SHA-1", map[string]any{"x5t": good}, 0, false},
		{"another name's case", map[string]any{"x5t#s256": good}, 0, false},
		{"known and unknown", map[string]any{"jkt": good, "osc": 1}, 0, false},
		{"short", map[string]any{"jkt": good[:42]}, 0, false},
		{"long", map[string]any{"jkt": good + "A"}, 0, false},
		{"padded", map[string]any{"jkt": good + "="}, 0, false},
		{"hexadecimal", map[string]any{"x5t#S256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}, 0, false},
		{"a number", map[string]any{"jkt": 7}, 0, false},
		{"null", map[string]any{"jkt": nil}, 0, false},
		{"an object of nothing known", map[string]any{"": ""}, 0, false},
	}
	for _, cache := range []uint32{0, 1 << 20} {
		c, tab, scheme := kit(t, token.Options{CacheBytes: cache})
		for _, tt := range tests {
			tok := mint(keys["ES256"], map[string]any{"cnf": tt.cnf})
			for range 2 { // the second is a remembered one
				if code := c.Check(tab, scheme, []byte(tok), now); code != verdict.Allow {
					t.Fatalf("Check(%s) = %s", tt.name, code.Name())
				}
				var b token.Binding
				if ok := c.Binding(&b); ok != tt.ok || ok && b.To != tt.to {
					t.Errorf("Binding(%s) = %v, %d, want %v, %d", tt.name, ok, b.To, tt.ok, tt.to)
				}
				if tt.ok && tt.to&token.ToKey != 0 && b.Thumbprint != sum || tt.to&token.ToCertificate != 0 && tt.ok && b.Certificate != sum {
					t.Errorf("Binding(%s) has another hash", tt.name)
				}
			}
		}
	}
	c, tab, scheme := kit(t, token.Options{})
	for name, cnf := range map[string]any{"a string": "x", "an array": []any{}, "a number": 1, "true": true} {
		if code := c.Check(tab, scheme, []byte(mint(keys["ES256"], map[string]any{"cnf": cnf})), now); code != verdict.TokenClaimType {
			t.Errorf("Check(cnf is %s) = %s, want token_claim_type", name, code.Name())
		}
	}
	null := `{"iss":"` + issuer + `","aud":"` + audience + `","exp":4102444800,"cnf":null}`
	if code := c.Check(tab, scheme, []byte(compact(keys["ES256"], headerOf(keys["ES256"]), null)), now); code != verdict.TokenClaimType {
		t.Errorf("Check(cnf is null) = %s, want token_claim_type", code.Name())
	}
}

// TestBound asks for every kind of token what every policy says.
func TestBound(t *testing.T) {
	proofs := bindingFor(t, []string{"https://api.example.com"})
	const (
		cert, key = token.ToCertificate, token.ToKey
		unbound   = verdict.TokenUnbound
		binding   = verdict.TokenBinding
		allow     = verdict.Allow
	)
	tests := []struct {
		to    uint8
		proof bool // the token came with the scheme DPoP
		want  [4]verdict.Code
	}{ // optional, certificate, dpop, any
		{0, false, [4]verdict.Code{allow, unbound, unbound, unbound}},
		{0, true, [4]verdict.Code{unbound, unbound, unbound, unbound}},
		{cert, false, [4]verdict.Code{allow, allow, unbound, allow}},
		{cert, true, [4]verdict.Code{unbound, unbound, unbound, unbound}},
		{key, false, [4]verdict.Code{binding, unbound, binding, binding}},
		{key, true, [4]verdict.Code{allow, unbound, allow, allow}},
		{cert | key, false, [4]verdict.Code{binding, binding, binding, binding}},
		{cert | key, true, [4]verdict.Code{allow, allow, allow, allow}},
	}
	for _, tt := range tests {
		for bound, want := range tt.want {
			p := proofs
			p.Bound = uint8(bound)
			b := token.Binding{To: tt.to}
			if got := b.Bound(&p, tt.proof); got != want {
				t.Errorf("Bound(%d, proof %v) of %d = %s, want %s", tt.to, tt.proof, bound, got.Name(), want.Name())
			}
			if p = (table.Binding{Bound: uint8(bound)}); tt.to&key != 0 && b.Bound(&p, tt.proof) == allow {
				t.Errorf("a token of a key passes where no proofs are accepted")
			}
		}
	}
}
