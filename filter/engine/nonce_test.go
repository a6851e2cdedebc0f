//go:build !lean

package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// nonceTable asks for nonces at /dpop. more is of the policy.
func nonceTable(t *testing.T, issuer signer, more string) *table.Table {
	t.Helper()
	jwk := issuer.jwk()
	jwk["kid"], jwk["alg"] = "k", "ES256"
	key, _ := json.Marshal(jwk)
	return compiled(t, "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/dpop: {get: {security: [{dpop: []}]}}}\n"+
		"components: {securitySchemes: {dpop: {type: http, scheme: bearer}}}\n",
		"version: 1\nproviders: {p: {issuer: 'https://issuer.example', anyAudience: true, bound: dpop, keys: [{jwk: "+string(key)+
			"}], dpop: {origins: ['https://api.example.com'], nonce: true, maxAge: 100s}}}\nschemes: {dpop: [p]}\n"+more)
}

// TestNonce: a proof needs a nonce that any worker gave out in this window or the one
// before, and nothing else is one.
func TestNonce(t *testing.T) {
	issuer, alice, eve := newSigner(t), newSigner(t), newSigner(t)
	tab := nonceTable(t, issuer, "")
	store := newSharedStore()
	workers := []*engine.Engine{
		holderEngine(t, tab, engine.Options{Store: store, Seed: [16]byte{1}}),
		holderEngine(t, tab, engine.Options{Store: store, Seed: [16]byte{2}}),
	}
	elsewhere := holderEngine(t, tab, engine.Options{Store: newSharedStore(), Seed: [16]byte{3}})
	tok := issuer.token(map[string]any{"jkt": alice.thumbprint()})
	start := keysNow.Unix() / 100 * 100
	n := 0
	ask := func(e *engine.Engine, who signer, seconds int64, nonce any) (verdict.Code, string) {
		n++
		changes := map[string]any{"iat": start + seconds}
		if nonce != nil {
			changes["nonce"] = nonce
		}
		r := request("GET", "/dpop", []string{"authorization: DPoP " + tok, "dpop: " + who.proof(tok, fmt.Sprint(n), changes)}, nil)
		r.NowNanos = (start + seconds) * 1e9
		var d engine.Decision
		e.CheckHeaders(r, &d)
		if d.Code != verdict.ProofNonce {
			return d.Code, ""
		}
		return d.Code, string(e.Nonce())
	}
	given := func(e *engine.Engine, seconds int64) string {
		t.Helper()
		code, nonce := ask(e, alice, seconds, nil)
		if code != verdict.ProofNonce || len(nonce) != 32 {
			t.Fatalf("without a nonce at %d: %s, %q, want proof_nonce and 32 digits", seconds, code.Name(), nonce)
		}
		return nonce
	}
	now, before, long, foreign := given(workers[0], 0), given(workers[0], -1), given(workers[0], -101), given(elsewhere, 0)
	if other := given(workers[1], 50); other != now || before == now || long == before {
		t.Fatalf("nonces of a window, of another worker, of the windows before = %s, %s, %s, %s", now, other, before, long)
	}
	tests := []struct {
		name    string
		who     signer
		seconds int64
		nonce   any
		want    verdict.Code
	}{
		{"of this window", alice, 0, now, verdict.Allow},
		{"at its end", alice, 99, now, verdict.Allow},
		{"in the next", alice, 100, now, verdict.Allow},
		{"at the end of the next", alice, 199, now, verdict.Allow},
		{"after that", alice, 200, now, verdict.ProofNonce},
		{"of the one before", alice, 0, before, verdict.Allow},
		{"of the one before that", alice, 0, long, verdict.ProofNonce},
		{"of a window to come", alice, -100, now, verdict.ProofNonce},
		{"of another proxy", alice, 0, foreign, verdict.ProofNonce},
		{"of another window of the other worker", alice, 200, given(workers[1], 200), verdict.Allow},
		{"none", alice, 0, nil, verdict.ProofNonce},
		{"empty", alice, 0, "", verdict.ProofNonce},
		{"cut", alice, 0, now[:31], verdict.ProofNonce},
		{"longer", alice, 0, now + "0", verdict.ProofNonce},
		{"in capitals", alice, 0, strings.ToUpper(now), verdict.ProofNonce},
		{"in a list", alice, 0, []string{now}, verdict.ProofNonce},
		{"a number", alice, 0, 1, verdict.ProofNonce},
		{"true", alice, 0, true, verdict.ProofNonce},
		{"the thief's key with a good nonce", eve, 0, now, verdict.ProofKey},
		{"the thief's key is told none", eve, 0, nil, verdict.ProofKey},
	}
	for _, tt := range tests {
		for i, e := range workers {
			if got, _ := ask(e, tt.who, tt.seconds, tt.nonce); got != tt.want {
				t.Errorf("%s, worker %d: %s, want %s", tt.name, i, got.Name(), tt.want.Name())
			}
		}
	}
	store.broken = true
	fresh := holderEngine(t, tab, engine.Options{Store: store})
	if got, _ := ask(fresh, alice, 0, now); got != verdict.ProofUnavailable {
		t.Errorf("without a key that the workers share: %s, want proof_unavailable", got.Name())
	}
}

func TestNonceAllocates(t *testing.T) {
	issuer, alice := newSigner(t), newSigner(t)
	e := holderEngine(t, nonceTable(t, issuer, ""), engine.Options{Store: newSharedStore(), TokenCacheBytes: 1 << 20})
	tok := issuer.token(map[string]any{"jkt": alice.thumbprint()})
	r := request("GET", "/dpop", []string{"authorization: DPoP " + tok, "dpop: " + alice.proof(tok, "x", nil)}, nil)
	r.NowNanos = keysNow.UnixNano()
	var d engine.Decision
	e.CheckHeaders(r, &d)
	if n := testing.AllocsPerRun(20, func() { e.CheckHeaders(r, &d) }); d.Code != verdict.ProofNonce || n != 0 {
		t.Errorf("%s with %v allocations, want proof_nonce with 0", d.Code.Name(), n)
	}
}

// TestNonceNoFailure: to be told a nonce is no wrong credential.
func TestNonceNoFailure(t *testing.T) {
	const wrong = "limits: {wrong: {requests: 2, per: 1h, by: operation, count: failures}}\ndefaults: {limits: [wrong]}\n"
	issuer, alice := newSigner(t), newSigner(t)
	e := holderEngine(t, nonceTable(t, issuer, wrong), engine.Options{Store: newSharedStore()})
	tok := issuer.token(map[string]any{"jkt": alice.thumbprint()})
	for i := range 5 {
		r := request("GET", "/dpop", []string{"authorization: DPoP " + tok, "dpop: " + alice.proof(tok, fmt.Sprint(i), nil)}, nil)
		r.NowNanos = keysNow.UnixNano()
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code != verdict.ProofNonce {
			t.Fatalf("request %d: %s, want proof_nonce", i, d.Code.Name())
		}
	}
}
