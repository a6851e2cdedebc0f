//go:build !lean

package token_test

import (
	"fmt"
	"strings"
	"testing"

	"portcullis/filter/authorize"
	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

func TestEveryAlgorithm(t *testing.T) {
	c, tab, s := kit(t, token.Options{})
	for name, k := range makeKeys() {
		tok := mint(k, nil)
		if got := c.Check(tab, s, []byte(tok), now); got != verdict.Allow {
			t.Errorf("%s: %s, want allow", name, got.Name())
			continue
		}
		if string(c.Subject()) != "alice" || !c.Accepted() || c.Cached() {
			t.Errorf("%s: subject %q, accepted %v, cached %v", name, c.Subject(), c.Accepted(), c.Cached())
		}
		// Every single bit of the signature counts, and every byte of the rest.
		dot := strings.LastIndexByte(tok, '.')
		for i := range len(tok) {
			if i > 40 && i < dot-20 {
				continue
			}
			bad := []byte(tok)
			if bad[i] == 'A' {
				bad[i] = 'B'
			} else {
				bad[i] = 'A'
			}
			if got := c.Check(tab, s, bad, now); got == verdict.Allow {
				t.Errorf("%s: accepted with byte %d changed", name, i)
			}
		}
		for n := range tok {
			if got := c.Check(tab, s, []byte(tok[:n]), now); got == verdict.Allow {
				t.Errorf("%s: accepted when cut to %d bytes", name, n)
			}
		}
	}
}

func TestTimes(t *testing.T) {
	k := makeKeys()["HS256"]
	p := trusting(makeKeys())
	p.MaxAgeSeconds = 3600
	tab, s := open(t, p)
	c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secretsOf(tab, makeKeys())})
	at := func(exp, nbf, iat string) string {
		text := fmt.Sprintf(`{"iss":%q,"aud":%q`, issuer, audience)
		for name, v := range map[string]string{"exp": exp, "nbf": nbf, "iat": iat} {
			if v != "" {
				text += fmt.Sprintf(`,%q:%s`, name, v)
			}
		}
		return compact(k, headerOf(k), text+"}")
	}
	rel := func(d int64) string { return fmt.Sprint(nowSec + d) }
	tests := []struct {
		name          string
		exp, nbf, iat string
		want          verdict.Code
	}{
		{"good", rel(60), rel(-60), rel(-60), verdict.Allow},
		{"no nbf", rel(60), "", rel(-60), verdict.Allow},
		{"expired within the skew", rel(-59), "", rel(-100), verdict.Allow},
		{"expired at the skew", rel(-60), "", rel(-100), verdict.TokenExpired},
		{"a nanosecond before", rel(-60) + ".000000001", "", rel(-100), verdict.Allow},
		{"half a nanosecond before", rel(-60) + ".0000000005", "", rel(-100), verdict.TokenExpired},
		{"nbf at the skew", rel(600), rel(60), rel(0), verdict.Allow},
		{"nbf after the skew", rel(600), rel(60) + ".000000001", rel(0), verdict.TokenNotYetValid},
		{"iat after the skew", rel(600), "", rel(61), verdict.TokenNotYetValid},
		{"as old as allowed", rel(600), "", rel(-3660), verdict.Allow},
		{"too old", rel(600), "", rel(-3661), verdict.TokenTooOld},
		{"age unknown", rel(600), "", "", verdict.TokenClaimMissing},
		{"no exp", "", "", rel(0), verdict.TokenClaimMissing},
		{"exponent", "1.8000001e9", "", rel(0), verdict.Allow},
		{"year 285428751", "9007199254740991", "", rel(0), verdict.Allow},
		{"past every integer", "9007199254740992", "", rel(0), verdict.TokenClaimType},
		{"exp negative", "-1", "", rel(0), verdict.TokenExpired},
		{"nbf negative", rel(60), "-1", rel(0), verdict.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Check(tab, s, []byte(at(tt.exp, tt.nbf, tt.iat)), now); got != tt.want {
				t.Errorf("exp %s nbf %s iat %s: %s, want %s", tt.exp, tt.nbf, tt.iat, got.Name(), tt.want.Name())
			}
		})
	}
}

func TestScopes(t *testing.T) {
	c, tab, s := kit(t, token.Options{})
	k := makeKeys()["HS256"]
	use := tab.Requirement(tab.Op(0).Requirements().Start).Start
	_, wanted := tab.Use(use)
	tests := []struct {
		name   string
		scope  any
		scp    any
		append string
		want   verdict.Code // of authorize.Scopes for "read"
	}{
		{"one", "read", nil, "read", verdict.Allow},
		{"last", "write read", nil, "write read", verdict.Allow},
		{"array", []string{"write", "read"}, nil, "write read", verdict.Allow},
		{"scp array", nil, []string{"read"}, "read", verdict.Allow},
		{"scp string", nil, "a read", "a read", verdict.Allow},
		{"scope wins over scp", "write", "read", "write", verdict.AuthorizeScope},
		{"other case", "Read READ", nil, "Read READ", verdict.AuthorizeScope},
		{"prefix", "reader read:all", nil, "reader read:all", verdict.AuthorizeScope},
		{"tab between", "a\tread", nil, "a\tread", verdict.AuthorizeScope},
		{"two in one element", []string{"write read"}, nil, "write read", verdict.AuthorizeScope},
		{"empty", "", nil, "", verdict.AuthorizeScope},
		{"spaces", "  read  ", nil, "  read  ", verdict.Allow},
		{"none", nil, nil, "", verdict.AuthorizeScope},
		{"empty array", []string{}, nil, "", verdict.AuthorizeScope},
		{"needs unescaping", []string{"a\"b", "read"}, nil, "a\"b read", verdict.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok := mint(k, map[string]any{"scope": tt.scope, "scp": tt.scp})
			if got := c.Check(tab, s, []byte(tok), now); got != verdict.Allow {
				t.Fatalf("Check = %s", got.Name())
			}
			if got := authorize.Scopes(c, wanted); got != tt.want {
				t.Errorf("Scopes = %s, want %s", got.Name(), tt.want.Name())
			}
			if got := string(c.AppendScopes(nil)); got != tt.append {
				t.Errorf("AppendScopes = %q, want %q", got, tt.append)
			}
			if c.HasScope(nil) {
				t.Error("has the empty scope")
			}
		})
	}
	escaped := compact(k, headerOf(k), fmt.Sprintf(`{"iss":%q,"aud":%q,"exp":%d,"sc\u006fpe":"a \u0072ead"}`, issuer, audience, farSec))
	if got := c.Check(tab, s, []byte(escaped), now); got != verdict.Allow || !c.HasScope([]byte("read")) {
		t.Errorf("escaped scope claim: %s, want allow with read", got.Name())
	}
}

func TestProviders(t *testing.T) {
	keys := makeKeys()
	first := trusting(map[string]*private{"ES256": keys["ES256"]})
	second := trusting(map[string]*private{"EdDSA": keys["EdDSA"]})
	second.Name, second.Issuer, second.Audiences = "second", "https://other.example", nil
	second.TokenTypes = []string{"at+jwt"}
	second.RequiredClaims = []string{"client_id"}
	second.ScopeClaim = "permissions"
	third := trusting(map[string]*private{"ES384": keys["ES384"]}) // the first's issuer, another audience
	third.Name, third.Audiences = "third", []string{"https://third.example"}
	tab, s := open(t, first, second, third)
	c := token.NewChecker(token.Options{Verifier: sig.New()})
	other := map[string]any{"iss": "https://other.example", "aud": nil, "client_id": "c", "permissions": []string{"read"}}
	with := func(more map[string]any) map[string]any {
		out := map[string]any{}
		for k, v := range other {
			out[k] = v
		}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	es, ed, es384 := keys["ES256"], keys["EdDSA"], keys["ES384"]
	atJWT := `{"alg":"EdDSA","kid":"k-eddsa","typ":"at+jwt"}`
	tests := []struct {
		name  string
		token string
		want  verdict.Code
	}{
		{"first", mint(es, nil), verdict.Allow},
		{"second", compact(ed, atJWT, claimSet(other)), verdict.Allow},
		{"second, long typ", compact(ed, `{"alg":"EdDSA","kid":"k-eddsa","typ":"application/AT+JWT"}`, claimSet(other)), verdict.Allow},
		{"second, typ of the first", compact(ed, `{"alg":"EdDSA","kid":"k-eddsa","typ":"JWT"}`, claimSet(other)), verdict.TokenType},
		{"second, no typ", mint(ed, other), verdict.TokenType},
		{"second's key for the first's issuer", mint(ed, nil), verdict.TokenKeyUnknown},
		{"first's key for the second's issuer", compact(es, `{"alg":"ES256","kid":"k-es256","typ":"at+jwt"}`, claimSet(other)), verdict.TokenKeyUnknown},
		{"required claim missing", compact(ed, atJWT, claimSet(with(map[string]any{"client_id": nil}))), verdict.TokenClaimMissing},
		{"required claim null", compact(ed, atJWT, strings.Replace(claimSet(other), `"client_id":"c"`, `"client_id":null`, 1)), verdict.TokenClaimMissing},
		{"issuer with a slash", mint(es, map[string]any{"iss": issuer + "/"}), verdict.TokenIssuer},
		{"third", mint(es384, map[string]any{"aud": []string{"x", "https://third.example"}}), verdict.Allow},
		{"third's key, first's audience", mint(es384, nil), verdict.TokenAudience},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := c.Check(tab, s, []byte(tt.token), now); got != tt.want {
				t.Errorf("Check = %s, want %s", got.Name(), tt.want.Name())
			}
		})
	}
	c.Check(tab, s, []byte(compact(ed, atJWT, claimSet(other))), now)
	if !c.HasScope([]byte("read")) || c.HasScope([]byte("write")) {
		t.Error("scopes do not come from the provider's own claim")
	}
	one := string(c.AppendIdentity(nil))
	c.Check(tab, s, []byte(mint(es, nil)), now)
	if two := string(c.AppendIdentity(nil)); one == two || one == "" {
		t.Error("one subject of two issuers has one identity")
	}
}

func TestSecretRotation(t *testing.T) {
	k := makeKeys()["HS256"]
	tab, s := open(t, trusting(map[string]*private{"HS256": k}))
	good, other := [][]byte{k.key.([]byte)}, [][]byte{[]byte(strings.Repeat("x", 32))}
	tests := []struct {
		name              string
		secrets, previous [][]byte
		want              verdict.Code
	}{
		{"in force", good, nil, verdict.Allow},
		{"previous", other, good, verdict.Allow},
		{"neither", other, other, verdict.TokenSignature},
		{"none", nil, nil, verdict.TokenKeysUnavailable},
		{"empty", [][]byte{{}}, [][]byte{nil}, verdict.TokenKeysUnavailable},
	}
	for _, tt := range tests {
		c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: tt.secrets, Previous: tt.previous})
		if got := c.Check(tab, s, []byte(mint(k, nil)), now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Name(), tt.want.Name())
		}
	}
	// A token signed with the empty key, against an empty secret.
	forged := mint(&private{kid: k.kid, alg: token.HS256, key: []byte{}}, nil)
	c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: [][]byte{{}}})
	if got := c.Check(tab, s, []byte(forged), now); got != verdict.TokenKeysUnavailable {
		t.Errorf("signed with the empty key: %s, want token_keys_unavailable", got.Name())
	}
}

// answering is a Verifier that always answers the same.
type answering struct {
	token.Verifier
	result token.Result
	calls  int
}

func (a *answering) Verify(token.Alg, []byte, []byte, []byte) token.Result {
	a.calls++
	return a.result
}

func TestVerifierAnswers(t *testing.T) {
	tab, s := open(t, trusting(makeKeys()))
	tok := []byte(mint(makeKeys()["ES256"], nil))
	for _, tt := range []struct {
		result token.Result
		want   verdict.Code
	}{
		{token.Good, verdict.Allow},
		{token.Bad, verdict.TokenSignature},
		{token.Unsupported, verdict.CredentialUnsupported},
		{token.Error, verdict.TokenKeysUnavailable},
		{token.Busy, verdict.TokenVerifyBudget},
		{0, verdict.TokenKeysUnavailable},
		{99, verdict.TokenKeysUnavailable},
	} {
		c := token.NewChecker(token.Options{Verifier: &answering{result: tt.result}, CacheBytes: 1 << 20})
		if got := c.Check(tab, s, tok, now); got != tt.want {
			t.Errorf("verifier answers %d: %s, want %s", tt.result, got.Name(), tt.want.Name())
		}
	}
	if got := token.NewChecker(token.Options{}).Check(tab, s, tok, now); got != verdict.CredentialUnsupported {
		t.Errorf("no verifier: %s, want credential_unsupported", got.Name())
	}
}

// TestAttempts bounds what one token can cost when many keys share a kid.
func TestAttempts(t *testing.T) {
	k := makeKeys()["ES256"]
	p := trusting(map[string]*private{"ES256": k})
	for range 20 {
		p.Keys = append(p.Keys, irKey(k))
	}
	tab, s := open(t, p)
	v := &answering{result: token.Bad}
	c := token.NewChecker(token.Options{Verifier: v})
	if got := c.Check(tab, s, []byte(mint(k, nil)), now); got != verdict.TokenSignature || v.calls > 4 {
		t.Errorf("%s after %d signatures, want token_signature after at most 4", got.Name(), v.calls)
	}
}

// TestCache wants a second sight to check no signature, and everything else all
// the same.
func TestCache(t *testing.T) {
	v := &answering{result: token.Good}
	p := trusting(makeKeys())
	p.MaxAgeSeconds = 0
	tab, s := open(t, p)
	c := token.NewChecker(token.Options{Verifier: v, CacheBytes: 1 << 20})
	k := makeKeys()["ES256"]
	tok := []byte(mint(k, map[string]any{"exp": nowSec + 100}))
	for i := range 3 {
		if got := c.Check(tab, s, tok, now); got != verdict.Allow || v.calls != 1 || c.Cached() != (i > 0) {
			t.Fatalf("sight %d: %s, %d signatures, cached %v", i, got.Name(), v.calls, c.Cached())
		}
	}
	if got := c.Check(tab, s, tok, now+161e9); got != verdict.TokenExpired {
		t.Errorf("after its end: %s, want token_expired", got.Name())
	}
	v.result = token.Bad
	other := []byte(mint(k, map[string]any{"exp": nowSec + 101}))
	if got := c.Check(tab, s, other, now); got != verdict.TokenSignature {
		t.Errorf("another token: %s, want token_signature", got.Name())
	}
	if got := c.Check(tab, s, other, now); got != verdict.TokenSignature || v.calls != 3 {
		t.Errorf("a refused token was remembered: %s, %d signatures", got.Name(), v.calls)
	}
	// The signature of a remembered token is part of what is compared.
	forged := append([]byte(nil), tok...)
	forged[len(forged)-3] ^= 1
	if got := c.Check(tab, s, forged, now); got == verdict.Allow {
		t.Error("accepted a remembered token with another signature")
	}
}

// TestCacheRecalls wants a remembered token to tell the same as a new one.
func TestCacheRecalls(t *testing.T) {
	keys := makeKeys()
	narrow := trusting(map[string]*private{"EdDSA": keys["EdDSA"]})
	narrow.Name = "narrow"
	all := trusting(keys)
	tab, schemes := openSchemes(t, []*ir.Provider{all, narrow}, []*ir.Provider{narrow})
	s := schemes[0]
	c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secretsOf(tab, keys), CacheBytes: 1 << 20})
	for _, claims := range []map[string]any{
		nil,
		{"sub": nil, "scope": nil},
		{"sub": ""},
		{"sub": "a\"\u00e9", "scope": []string{"read", "a b", "x\"y"}},
	} {
		tok := []byte(mint(keys["EdDSA"], claims))
		type told struct {
			subject, scopes, identity, role string
			nilSubject, read, ab            bool
			provider, key                   uint32
			expires                         int64
		}
		ask := func() told {
			if got := c.Check(tab, s, tok, now); got != verdict.Allow {
				t.Fatalf("%v: %s", claims, got.Name())
			}
			v := c.Claims().Member(0, []byte("iss"))
			return told{
				string(c.Subject()), string(c.AppendScopes(nil)), string(c.AppendIdentity(nil)), string(c.Claims().Text(v)),
				c.Subject() == nil, c.HasScope([]byte("read")), c.HasScope([]byte("a b")), c.Provider(), c.Key(), c.ExpiresNanos(),
			}
		}
		first := ask()
		if c.Cached() {
			t.Fatalf("%v: remembered before it was seen", claims)
		}
		c.Check(tab, s, []byte(mint(keys["HS256"], nil)), now) // something else in between
		if second := ask(); first != second || !c.Cached() {
			t.Errorf("%v: %+v, then cached %v: %+v", claims, first, c.Cached(), second)
		}
	}
	tok := []byte(mint(keys["ES256"], nil))
	c.Check(tab, s, tok, now)
	if c.Check(tab, s, tok, now); !c.Cached() {
		t.Fatal("not remembered")
	}
	if got := c.Check(tab, schemes[1], tok, now); got != verdict.TokenKeyUnknown {
		t.Errorf("remembered, for a scheme that does not trust its key: %s, want token_key_unknown", got.Name())
	}
}

// TestCacheOfSeveralProviders wants the same provider for a token whether it is
// remembered or not, also where several have its issuer: what they ask besides
// (bindings, proofs, scopes) hangs on which one it is.
func TestCacheOfSeveralProviders(t *testing.T) {
	keys := makeKeys()
	provider := func(name string, change func(*ir.Provider)) *ir.Provider {
		p := trusting(keys)
		p.Name = name
		change(p)
		return p
	}
	first := provider("first", func(p *ir.Provider) {})
	second := provider("second", func(p *ir.Provider) {})
	strict := provider("strict", func(p *ir.Provider) { p.Audiences = []string{"elsewhere"} })
	old := provider("old", func(p *ir.Provider) { p.SkewSeconds = 0 })
	tab, schemes := openSchemes(t, []*ir.Provider{first, second, strict, old},
		[]*ir.Provider{second}, []*ir.Provider{first, second}, []*ir.Provider{strict, second}, []*ir.Provider{old, second})
	type sight struct {
		scheme   int
		at       int64
		provider uint32
		cached   bool
	}
	tests := []struct {
		name   string
		claims map[string]any
		sights []sight
	}{
		{"remembered by the second, then asked of both", nil, []sight{{1, 0, 1, false}, {1, 0, 1, true}, {2, 0, 0, false}, {2, 0, 0, true}}},
		{"refused by the first for good", nil, []sight{{3, 0, 1, false}, {3, 0, 1, true}, {1, 0, 1, true}}},
		{"refused by the first for now", map[string]any{"nbf": nowSec + 30}, []sight{{4, 0, 1, false}, {4, 0, 1, false}, {4, 31e9, 3, false}, {4, 31e9, 3, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secretsOf(tab, keys), CacheBytes: 1 << 20})
			tok := []byte(mint(keys["HS256"], tt.claims))
			for i, s := range tt.sights {
				if got := c.Check(tab, schemes[s.scheme], tok, now+s.at); got != verdict.Allow || c.Provider() != s.provider || c.Cached() != s.cached {
					t.Errorf("sight %d: Check = %s of provider %d, cached %v, want allow of %d, cached %v", i, got.Name(), c.Provider(), c.Cached(), s.provider, s.cached)
				}
			}
		})
	}
}

func TestBearer(t *testing.T) {
	tests := []struct {
		in, want string
		present  bool
	}{
		{"Bearer abc", "abc", true},
		{"bearer abc", "abc", true},
		{"BEARER abc", "abc", true},
		{"Bearer  abc", " abc", true}, // the space is refused as part of the token
		{"Bearer ", "", true},
		{"Bearer", "", true},
		{"Bearerabc", "", false},
		{"Bearer\tabc", "", false},
		{"Basic abc", "", false},
		{"", "", false},
		{"B", "", false},
	}
	for _, tt := range tests {
		got, present := token.Bearer([]byte(tt.in))
		if string(got) != tt.want || present != tt.present {
			t.Errorf("Bearer(%q) = %q, %v, want %q, %v", tt.in, got, present, tt.want, tt.present)
		}
	}
}

func TestLimits(t *testing.T) {
	c, tab, s := kit(t, token.Options{MaxTokenBytes: 2000, MaxNodes: 40, MaxDepth: 4})
	k := makeKeys()["HS256"]
	tests := []struct {
		name  string
		token string
		want  verdict.Code
	}{
		{"small", mint(k, nil), verdict.Allow},
		{"over the size", mint(k, map[string]any{"x": strings.Repeat("x", 2000)}), verdict.TokenTooLarge},
		{"too deep", mint(k, map[string]any{"x": []any{[]any{[]any{[]any{}}}}}), verdict.TokenTooLarge},
		{"as deep as allowed", mint(k, map[string]any{"x": []any{[]any{[]any{}}}}), verdict.Allow},
		{"too many values", mint(k, map[string]any{"x": make([]int, 40)}), verdict.TokenTooLarge},
		{"empty", "", verdict.TokenMissing},
	}
	for _, tt := range tests {
		if got := c.Check(tab, s, []byte(tt.token), now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Name(), tt.want.Name())
		}
	}
}

func TestCheckSecret(t *testing.T) {
	for alg, size := range map[token.Alg]int{token.HS256: 32, token.HS384: 48, token.HS512: 64} {
		if got := token.CheckSecret(alg, make([]byte, size-1)); got == "" {
			t.Errorf("CheckSecret(%s, %d bytes) accepts", alg.Name(), size-1)
		}
		if got := token.CheckSecret(alg, make([]byte, size)); got != "" {
			t.Errorf("CheckSecret(%s, %d bytes) = %q", alg.Name(), size, got)
		}
	}
	if token.CheckSecret(token.ES256, make([]byte, 64)) == "" {
		t.Error("CheckSecret(ES256) accepts")
	}
}

func TestSecretProblem(t *testing.T) {
	tab, _ := open(t, trusting(makeKeys()))
	sizes := map[string]int{"k-hs256": 32, "k-hs384": 48, "k-hs512": 64}
	for i := range tab.NumSecrets() {
		size := sizes[string(tab.Secret(i))]
		if got := token.SecretProblem(tab, i, make([]byte, size)); got != "" {
			t.Errorf("SecretProblem(%s, %d bytes) = %q, want nothing", tab.Secret(i), size, got)
		}
		if got := token.SecretProblem(tab, i, make([]byte, size-1)); got == "" {
			t.Errorf("SecretProblem(%s, %d bytes) accepts", tab.Secret(i), size-1)
		}
	}
}

// TestAllocates wants nothing from the heap but what Go's public-key functions
// take, which package sig counts.
func TestAllocates(t *testing.T) {
	keys := makeKeys()
	tab, s := open(t, trusting(keys))
	secrets := secretsOf(tab, keys)
	cold := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secrets})
	warm := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secrets, CacheBytes: 1 << 20})
	tests := []struct {
		name  string
		c     *token.Checker
		token string
		want  verdict.Code
	}{
		{"HS256", cold, mint(keys["HS256"], nil), verdict.Allow},
		{"HS512", cold, mint(keys["HS512"], nil), verdict.Allow},
		{"EdDSA", cold, mint(keys["EdDSA"], nil), verdict.Allow},
		{"RS256 remembered", warm, mint(keys["RS256"], nil), verdict.Allow},
		{"ES256 remembered", warm, mint(keys["ES256"], nil), verdict.Allow},
		{"expired", cold, mint(keys["RS256"], map[string]any{"exp": 5}), verdict.TokenExpired},
		{"malformed", cold, "a.b.c", verdict.TokenMalformed},
		{"bad HMAC", cold, withoutSignature(mint(keys["HS256"], nil)) + strings.Repeat("A", 43), verdict.TokenSignature},
		{"subject escaped", cold, mint(keys["HS256"], map[string]any{"sub": "a\"b"}), verdict.Allow},
	}
	dst := make([]byte, 0, 8192)
	for _, tt := range tests {
		tok := []byte(tt.token)
		if got := tt.c.Check(tab, s, tok, now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Name(), tt.want.Name())
		}
		if n := testing.AllocsPerRun(50, func() {
			tt.c.Check(tab, s, tok, now)
			tt.c.Subject()
			tt.c.HasScope([]byte("read"))
			tt.c.AppendScopes(dst)
			tt.c.AppendIdentity(dst)
		}); n != 0 {
			t.Errorf("%s: %v allocations, want 0", tt.name, n)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	keys := makeKeys()
	tab, s := open(b, trusting(keys))
	secrets := secretsOf(tab, keys)
	for _, bb := range []struct {
		name  string
		cache uint32
		token string
	}{
		{"HS256/cold", 0, mint(keys["HS256"], nil)},
		{"HS256/cached", 1 << 20, mint(keys["HS256"], nil)},
		{"RS256/cached", 1 << 20, mint(keys["RS256"], nil)},
		{"ES256/cached", 1 << 20, mint(keys["ES256"], nil)},
		{"expired", 0, mint(keys["RS256"], map[string]any{"exp": 5})},
	} {
		b.Run(bb.name, func(b *testing.B) {
			c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secrets, CacheBytes: bb.cache})
			tok := []byte(bb.token)
			b.ReportAllocs()
			b.SetBytes(int64(len(tok)))
			for b.Loop() {
				c.Check(tab, s, tok, now)
			}
		})
	}
}
