//go:build !lean

package token_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

// asking is a provider whose opaque tokens are asked about.
func asking(change func(p *ir.Provider, n *ir.Introspection)) *ir.Provider {
	n := &ir.Introspection{URI: "https://issuer.example/introspect", Cluster: "idp", Client: "api", Secret: "client", Opaque: true,
		TimeoutMs: 1000, CacheSeconds: 60, NegativeSeconds: 5, MaxCalls: 8, Rate: 100}
	p := &ir.Provider{Name: "kit", Issuer: issuer, Audiences: []string{audience}, SkewSeconds: 60, Introspection: n}
	if change != nil {
		change(p, n)
	}
	return p
}

// answer is a good answer with changes; a nil value takes a member away.
func answer(changes map[string]any) string {
	c := map[string]any{"active": true, "iss": issuer, "aud": audience, "sub": "alice", "iat": nowSec - 60, "exp": farSec, "scope": "read write", "client_id": "app", "token_type": "Bearer"}
	maps.Copy(c, changes)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// asker is a checker of one provider's tokens.
type asker struct {
	*token.Checker
	tab *table.Table
	s   table.Scheme
}

func newAsker(t testing.TB, p *ir.Provider, o token.Options) *asker {
	t.Helper()
	tab, s := open(t, p)
	o.Verifier, o.Introspects, o.Denies = sig.New(), true, tab.NumDenied() != 0
	return &asker{token.NewChecker(o), tab, s}
}

// told checks tok when the server says body of it.
func (a *asker) told(tok, body string, at int64) verdict.Code {
	if code := a.Check(a.tab, a.s, []byte(tok), at); code != verdict.IntrospectionUnavailable {
		return code
	}
	p, shown, sum := a.Asks()
	if p != 0 || string(shown) != tok || *sum != sha256.Sum256([]byte(tok)) {
		return verdict.Internal
	}
	own := *sum
	if !a.Answer(p, &own, []byte(body), at) {
		return verdict.IntrospectionAnswer
	}
	defer a.Forget()
	return a.Check(a.tab, a.s, []byte(tok), at)
}

// TestIntrospectionAnswers is what a server, or somebody in its place, may say.
func TestIntrospectionAnswers(t *testing.T) {
	with := func(name string, v any) string { return answer(map[string]any{name: v}) }
	raw := func(old, new string) string {
		s := answer(nil)
		if !strings.Contains(s, old) {
			t.Fatalf("no %s in %s", old, s)
		}
		return strings.Replace(s, old, new, 1)
	}
	const rubbish = verdict.IntrospectionAnswer
	tests := []struct {
		name, body string
		want       verdict.Code
	}{
		{"good", answer(nil), verdict.Allow},
		{"white space around it", " \r\n\t" + answer(nil) + "\n", verdict.Allow},
		{"several audiences", with("aud", []string{"x", audience}), verdict.Allow},
		{"no token_type", with("token_type", nil), verdict.Allow},
		{"token_type in capitals", with("token_type", "BEARER"), verdict.Allow},
		{"no subject", with("sub", nil), verdict.Allow},
		{"active written with escapes", raw(`"active"`, `"\u0061ctive"`), verdict.Allow},

		{"inactive", `{"active":false}`, verdict.TokenInactive},
		{"inactive, with the rest in place", with("active", false), verdict.TokenInactive},
		{"inactive, with wrong types", `{"active":false,"exp":"never"}`, verdict.TokenInactive},

		{"active as a string", with("active", "true"), rubbish},
		{"active as 1", with("active", 1), rubbish},
		{"active as an array", with("active", []bool{true}), rubbish},
		{"active is null", raw(`"active":true`, `"active":null`), rubbish},
		{"no active", with("active", nil), rubbish},
		{"ACTIVE", raw(`"active"`, `"ACTIVE"`), rubbish},
		{"active inside another", `{"result":` + answer(nil) + `}`, rubbish},
		{"active twice", raw(`{"active":true`, `{"active":false,"active":true`), rubbish},
		{"active twice, the other way", raw(`{"active":true`, `{"active":true,"active":false`), rubbish},
		{"active twice, once in other letters", raw(`{"active":true`, `{"active":true,"\u0061ctive":false`), rubbish},
		{"exp twice", raw(`"exp":`, `"exp":1,"exp":`), rubbish},
		{"nested doubles", raw(`"sub":"alice"`, `"sub":"alice","x":{"a":1,"a":2}`), rubbish},
		{"exp as a string", with("exp", fmt.Sprint(farSec)), rubbish},
		{"exp as a fraction that is a text", with("exp", "1e400"), rubbish},
		{"exp of 1e400", raw(fmt.Sprint(farSec), "1e400"), rubbish},
		{"exp is null", raw(`"exp":`+fmt.Sprint(farSec), `"exp":null`), rubbish},
		{"nbf as a string", with("nbf", "0"), rubbish},
		{"iat as an object", with("iat", map[string]any{}), rubbish},
		{"iss as an array", with("iss", []string{issuer}), rubbish},
		{"aud of numbers", with("aud", []int{1}), rubbish},
		{"sub as a number", with("sub", 1), rubbish},
		{"scope as a number", with("scope", 7), rubbish},
		{"cnf as a string", with("cnf", "x"), rubbish},
		{"an array", "[" + answer(nil) + "]", rubbish},
		{"a string", `"active"`, rubbish},
		{"true", "true", rubbish},
		{"nothing", "", rubbish},
		{"white space", "  ", rubbish},
		{"HTML", "<html><body>Sign in</body></html>", rubbish},
		{"cut off", answer(nil)[:60], rubbish},
		{"two values", answer(nil) + answer(nil), rubbish},
		{"a byte order mark", "\ufeff" + answer(nil), rubbish},
		{"single quotes", strings.ReplaceAll(answer(nil), `"`, `'`), rubbish},
		{"a comment", "/**/" + answer(nil), rubbish},
		{"bad UTF-8", raw("alice", "al\xffice"), rubbish},
		{"a lone surrogate", raw("alice", `\ud800`), rubbish},
		{"NaN", raw(fmt.Sprint(farSec), "NaN"), rubbish},
		{"nested deep", raw(`"alice"`, `"alice","x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)), rubbish},
		{"many values", raw(`"alice"`, `"alice","x":[1`+strings.Repeat(",1", 2000)+`]`), rubbish},
		{"large", answer(map[string]any{"x": strings.Repeat("x", token.MaxAnswer)}), rubbish},

		{"another issuer", with("iss", "https://another.example"), verdict.TokenIssuer},
		{"no issuer", with("iss", nil), verdict.TokenIssuer},
		{"another audience", with("aud", "https://another.example"), verdict.TokenAudience},
		{"no audience", with("aud", nil), verdict.TokenAudience},
		{"no expiry", with("exp", nil), verdict.TokenClaimMissing},
		{"expired", with("exp", nowSec-61), verdict.TokenExpired},
		{"expired within the skew", with("exp", nowSec-59), verdict.Allow},
		{"not yet valid", with("nbf", nowSec+61), verdict.TokenNotYetValid},
		{"issued in the future", with("iat", nowSec+61), verdict.TokenNotYetValid},
		{"a refresh token", with("token_type", "refresh_token"), verdict.TokenType},
		{"token_type is no string", with("token_type", 1), verdict.TokenType},
		{"a mac token", with("token_type", "mac"), verdict.TokenType},
		{"a DPoP token that is bound to nothing", with("token_type", "DPoP"), verdict.TokenType},
		{"a DPoP token", answer(map[string]any{"token_type": "DPoP", "cnf": map[string]any{"jkt": strings.Repeat("A", 43)}}), verdict.Allow},
	}
	for _, tt := range tests {
		a := newAsker(t, asking(nil), token.Options{CacheBytes: 64 << 10})
		if got := a.told("opaque.token", tt.body, now); got != tt.want || a.Accepted() != (tt.want == verdict.Allow) {
			t.Errorf("%s: %s, accepted %v, want %s", tt.name, got.Name(), a.Accepted(), tt.want.Name())
			continue
		}
		// Remembered as it was: a mistake of the server not at all.
		want := tt.want
		if want == rubbish {
			want = verdict.IntrospectionUnavailable
		}
		if got := a.Check(a.tab, a.s, []byte("opaque.token"), now); got != want {
			t.Errorf("%s, again: %s, want %s", tt.name, got.Name(), want.Name())
		}
		if got := a.Check(a.tab, a.s, []byte("opaque.Token"), now); got != verdict.IntrospectionUnavailable {
			t.Errorf("%s, another token: %s", tt.name, got.Name())
		}
	}
}

// TestIntrospectionClaims: what is told of a token is used as the claims of a JWT are.
func TestIntrospectionClaims(t *testing.T) {
	a := newAsker(t, asking(nil), token.Options{CacheBytes: 64 << 10})
	body := answer(map[string]any{"sub": "al\"ice", "roles": []string{"admin"}})
	for _, at := range []int64{now, now + 1e9} {
		if got := a.told("opaque", body, at); got != verdict.Allow {
			t.Fatalf("Check = %s", got.Name())
		}
		c := a.Claims()
		if a.Cached() != (at != now) || string(a.Subject()) != `al"ice` || !a.HasScope([]byte("write")) || a.HasScope([]byte("writ")) || a.Provider() != 0 ||
			a.ExpiresNanos() != farSec*1e9 || c.Member(0, []byte("roles")) == 0 || c.Member(0, []byte("client_id")) == 0 || string(a.AppendIdentity(nil)) != "\x00\x00\x00\x00al\"ice" {
			t.Errorf("at %d: cached %v, subject %q, scopes %q", at, a.Cached(), a.Subject(), a.AppendScopes(nil))
		}
	}
}

// TestIntrospectionTokens is which tokens are asked about.
func TestIntrospectionTokens(t *testing.T) {
	es := makeKeys()["ES256"]
	good, foreign := mint(es, nil), mint(es, map[string]any{"iss": "https://another.example"})
	const ask = verdict.IntrospectionUnavailable
	tests := []struct {
		name, token string
		opaque, jwt bool
		keys        bool
		want        verdict.Code
	}{
		{"opaque", "2YotnFZFEjr1zCsicMWpAA", true, false, false, ask},
		{"opaque, with every mark", "a-._~+/b==", true, false, false, ask},
		{"opaque, of JWTs", "2YotnFZFEjr1zCsicMWpAA", false, true, false, verdict.TokenMalformed},
		{"a JWT, of opaque ones without keys", good, true, false, false, verdict.TokenKeyUnknown},
		{"a JWT, of opaque ones with keys", good, true, false, true, verdict.Allow},
		{"a JWT, of JWTs", good, false, true, false, ask},
		{"a JWT, of all", good, true, true, false, ask},
		{"a JWT of another issuer", foreign, true, true, false, verdict.TokenIssuer},
		{"a JWT without a signature", withoutSignature(good) + "", true, true, false, ask},
		{"alg none", b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(claimSet(nil))) + ".", true, true, false, verdict.TokenAlgorithm},
		{"an expired JWT", mint(es, map[string]any{"exp": nowSec - 100}), true, true, false, verdict.TokenExpired},
		{"a JWT for somebody else", mint(es, map[string]any{"aud": "x"}), true, true, false, verdict.TokenAudience},
		{"a JWT of another type", compact(es, `{"alg":"ES256","typ":"dpop+jwt"}`, claimSet(nil)), true, true, false, verdict.TokenType},
		{"three parts that are no JWT", "a.b.c", true, true, false, verdict.TokenMalformed},
		{"three parts that are no JWT, of opaque ones", "a.b.c", true, false, false, verdict.TokenMalformed},
		{"five parts", "a.b.c.d.e", true, false, false, ask},
		{"a line break", "a\r\nb", true, false, false, verdict.TokenMalformed},
		{"another parameter", "a&token=b", true, false, false, verdict.TokenMalformed},
		{"a percent sign", "a%26b", true, false, false, verdict.TokenMalformed},
		{"a space", "a b", true, false, false, verdict.TokenMalformed},
		{"beyond ASCII", "é", true, false, false, verdict.TokenMalformed},
		{"only padding", "==", true, false, false, verdict.TokenMalformed},
		{"padding inside", "a=b", true, false, false, verdict.TokenMalformed},
		{"too long", strings.Repeat("a", 9000), true, false, false, verdict.TokenTooLarge},
		{"nothing", "", true, false, false, verdict.TokenMissing},
	}
	for _, tt := range tests {
		a := newAsker(t, asking(func(p *ir.Provider, n *ir.Introspection) {
			if n.Opaque, n.JWT = tt.opaque, tt.jwt; tt.keys {
				p.Keys = []*ir.Key{irKey(es)}
			}
		}), token.Options{CacheBytes: 64 << 10})
		got := a.Check(a.tab, a.s, []byte(tt.token), now)
		p, shown, _ := a.Asks()
		if got != tt.want || (p == 0) != (got == ask) || p == 0 && string(shown) != tt.token {
			t.Errorf("%s: Check = %s, asks %d %q, want %s", tt.name, got.Name(), int32(p), shown, tt.want.Name())
		}
	}
	// The word of the server counts, not that of the token.
	a := newAsker(t, asking(func(_ *ir.Provider, n *ir.Introspection) { n.JWT = true }), token.Options{CacheBytes: 64 << 10})
	forged := mint(es, map[string]any{"sub": "root"})
	if got := a.told(forged, answer(map[string]any{"sub": "bob"}), now); got != verdict.Allow || string(a.Subject()) != "bob" {
		t.Errorf("a JWT: %s for %q, want what the server says", got.Name(), a.Subject())
	}
}

// TestIntrospectionOptional is what an answer may lack when the policy says so.
func TestIntrospectionOptional(t *testing.T) {
	a := newAsker(t, asking(func(_ *ir.Provider, n *ir.Introspection) {
		n.MayLackIssuer, n.MayLackAudience, n.MayLackExpiry = true, true, true
	}), token.Options{CacheBytes: 64 << 10})
	bare := answer(map[string]any{"iss": nil, "aud": nil, "exp": nil, "iat": nil})
	for range 2 {
		if got := a.told("bare", bare, now); got != verdict.Allow {
			t.Errorf("nothing but active: %s, want allow", got.Name())
		}
	}
	if !a.Cached() {
		t.Error("it was not remembered")
	}
	if got := a.told("bare", bare, now+61e9); got != verdict.Allow || a.Cached() {
		t.Errorf("after the cache's time: %s, cached %v, want it asked again", got.Name(), a.Cached())
	}
	for name, tt := range map[string]struct {
		change map[string]any
		want   verdict.Code
	}{"iss": {map[string]any{"iss": "x"}, verdict.TokenIssuer}, "aud": {map[string]any{"aud": "x"}, verdict.TokenAudience}, "aud, none": {map[string]any{"aud": []string{}}, verdict.TokenAudience},
		"exp": {map[string]any{"exp": nowSec - 100}, verdict.TokenExpired}} {
		if got := a.told("with"+name[:3], answer(tt.change), now); got != tt.want {
			t.Errorf("a wrong %s: %s, want %s", name, got.Name(), tt.want.Name())
		}
	}
}

// TestIntrospectionCache is how long an answer counts.
func TestIntrospectionCache(t *testing.T) {
	const ask = verdict.IntrospectionUnavailable
	a := newAsker(t, asking(nil), token.Options{CacheBytes: 64 << 10})
	check := func(what, tok string, at int64, want verdict.Code) {
		t.Helper()
		if got := a.Check(a.tab, a.s, []byte(tok), at); got != want {
			t.Errorf("%s: %s, want %s", what, got.Name(), want.Name())
		}
	}
	a.told("good", answer(nil), now)
	a.told("bad", `{"active":false}`, now)
	a.told("short", answer(map[string]any{"exp": nowSec + 10}), now)
	check("good, within", "good", now+60e9-1, verdict.Allow)
	check("good, over", "good", now+60e9, ask)
	check("good, clock stepped back", "good", now-1, ask)
	check("bad, within", "bad", now+5e9-1, verdict.TokenInactive)
	check("bad, over", "bad", now+5e9, ask)
	check("bad, clock stepped back", "bad", now-1, ask)
	check("until exp and the skew", "short", now+69e9, ask)

	// A token that was good and is revoked: after the cache's time, and never again before.
	if got := a.told("good", `{"active":false}`, now+61e9); got != verdict.TokenInactive {
		t.Errorf("revoked: %s", got.Name())
	}
	check("revoked", "good", now+62e9, verdict.TokenInactive)
	check("revoked, clock stepped back", "good", now+30e9, ask)

	// Made-up tokens have a place of their own, and a bounded one.
	a.told("stays", answer(nil), now)
	for i := range 20_000 {
		if got := a.told(fmt.Sprint("made-up-", i), `{"active":false}`, now); got != verdict.TokenInactive {
			t.Fatalf("made-up token %d: %s", i, got.Name())
		}
	}
	check("good, after a flood", "stays", now, verdict.Allow)
	check("the last of the flood", "made-up-19999", now, verdict.TokenInactive)

	// Neither is kept where the policy says so.
	a = newAsker(t, asking(func(_ *ir.Provider, n *ir.Introspection) { n.CacheSeconds, n.NegativeSeconds = 0, 0 }), token.Options{CacheBytes: 64 << 10})
	if got := a.told("good", answer(nil), now); got != verdict.Allow {
		t.Errorf("without a cache: %s", got.Name())
	}
	a.told("bad", `{"active":false}`, now)
	check("good, without a cache", "good", now, ask)
	check("bad, without a cache", "bad", now, ask)

	// An answer counts for its token alone, and until it is forgotten.
	sum := sha256.Sum256([]byte("one"))
	if !a.Answer(0, &sum, []byte(answer(nil)), now) {
		t.Fatal("a good answer is none")
	}
	check("another token", "two", now, ask)
	check("its token", "one", now, verdict.Allow)
	check("its token, again", "one", now, verdict.Allow)
	a.Forget()
	check("forgotten", "one", now, ask)
	if a.Answer(0, &sum, []byte(answer(nil)), now); a.Answer(0, &sum, []byte("rubbish"), now) {
		t.Error("rubbish is an answer")
	}
	check("after rubbish", "one", now, ask)
	if a.Answer(1, &sum, []byte(answer(nil)), now); true {
		check("of another provider", "one", now, ask)
	}
}

// TestIntrospectionSchemes: what one scheme has found out of a token is not taken for what
// another one asks.
func TestIntrospectionSchemes(t *testing.T) {
	es := makeKeys()["ES256"]
	asked := asking(func(p *ir.Provider, n *ir.Introspection) { n.JWT = true })
	keyed := trusting(map[string]*private{"ES256": es})
	keyed.Name = "keyed"
	tab, s := openSchemes(t, []*ir.Provider{asked, keyed}, []*ir.Provider{keyed}, []*ir.Provider{keyed, asked}, []*ir.Provider{asked})
	const ask = verdict.IntrospectionUnavailable
	good := mint(es, nil)
	for first, scheme := range s {
		c := token.NewChecker(token.Options{Verifier: sig.New(), Introspects: true, CacheBytes: 1 << 20})
		if code := c.Check(tab, scheme, []byte(good), now); code == ask {
			p, _, sum := c.Asks()
			own := *sum
			c.Answer(p, &own, []byte(answer(nil)), now)
			c.Check(tab, scheme, []byte(good), now)
			c.Forget()
		}
		if !c.Accepted() {
			t.Fatalf("scheme %d does not accept the token", first)
		}
		for i, scheme := range s {
			want := ask
			if i == 1 || first != 1 {
				want = verdict.Allow
			}
			got := c.Check(tab, scheme, []byte(good), now)
			if got != want || got == verdict.Allow && tab.Provider(c.Provider()).Name[1] != map[bool]byte{true: 'e', false: 'i'}[i == 1] {
				t.Errorf("known to scheme %d, scheme %d: %s of %s, want %s", first, i, got.Name(), tab.Provider(c.Provider()).Name, verdict.Code(want).Name())
			}
			if got == verdict.Allow && i == 1 && first != 1 {
				break // it knows the token better now
			}
		}
	}
}

// TestIntrospectionDenied: the list of denied tokens is asked as for JWTs.
func TestIntrospectionDenied(t *testing.T) {
	p := asking(nil)
	p.Denied = [][32]byte{sha256.Sum256([]byte("stolen.token")), sha256.Sum256(token.DeniedByID(nil, []byte(issuer), []byte("j1")))}
	a := newAsker(t, p, token.Options{CacheBytes: 64 << 10})
	if got := a.Check(a.tab, a.s, []byte("stolen.token"), now); got != verdict.TokenDenied {
		t.Errorf("by digest: %s, want token_denied without asking", got.Name())
	}
	for range 2 {
		if got := a.told("by-jti", answer(map[string]any{"jti": "j1"}), now); got != verdict.TokenDenied || a.Accepted() {
			t.Errorf("by jti: %s", got.Name())
		}
	}
	if got := a.told("other", answer(map[string]any{"jti": "j2"}), now); got != verdict.Allow {
		t.Errorf("another jti: %s", got.Name())
	}
}

// TestIntrospectionAllocs: neither what is known of a token nor what is told of it costs
// memory.
func TestIntrospectionAllocs(t *testing.T) {
	a := newAsker(t, asking(nil), token.Options{CacheBytes: 1 << 20})
	good, bad, unseen := []byte("good"), []byte("bad"), []byte("unseen")
	a.told("good", answer(nil), now)
	a.told("bad", `{"active":false}`, now)
	body, sum := []byte(answer(nil)), sha256.Sum256(unseen)
	n := testing.AllocsPerRun(200, func() {
		if a.Check(a.tab, a.s, good, now) != verdict.Allow || !a.Cached() || a.Claims().Member(0, body[:0]) != 0 {
			t.Error("good is not")
		}
		if a.Check(a.tab, a.s, bad, now) != verdict.TokenInactive {
			t.Error("bad is not")
		}
		if a.Check(a.tab, a.s, unseen, now+61e9) != verdict.IntrospectionUnavailable || !a.Answer(0, &sum, body, now) || a.Check(a.tab, a.s, unseen, now+61e9) != verdict.Allow {
			t.Error("unseen is not asked about")
		}
		a.Forget()
	})
	if n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}

// FuzzIntrospectionAnswer: whatever is answered, only what a plain reader takes for active,
// of this issuer and audience and in its time, is accepted.
func FuzzIntrospectionAnswer(f *testing.F) {
	f.Add(answer(nil))
	f.Add(`{"active":false}`)
	f.Add(`{"active":true,"active":false}`)
	f.Add(answer(map[string]any{"exp": "1e400", "aud": []string{audience}}))
	a := newAsker(f, asking(nil), token.Options{})
	f.Fuzz(func(t *testing.T, body string) {
		code := a.told("opaque", body, now)
		if code != verdict.Allow {
			return
		}
		var v map[string]any
		err := json.Unmarshal([]byte(body), &v)
		exp, dated := v["exp"].(float64)
		if err != nil || v["active"] != true || v["iss"] != issuer || !dated || exp <= float64(nowSec-60) {
			t.Errorf("accepted %q: %v, %v", body, err, v)
		}
	})
}
