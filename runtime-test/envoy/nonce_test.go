package envoy

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

// TestEnvoyNonce: what a client is told in one answer is good for the next request, of
// whatever worker.
func TestEnvoyNonce(t *testing.T) {
	issuer, app := newHolder(t), newHolder(t)
	key, _ := json.Marshal(issuer.jwk())
	table := compiled(t, boundSpec, `version: 1
providers:
  people: {issuer: 'https://issuer.example', anyAudience: true, bound: dpop, dpop: {origins: ['https://api.example.com'], nonce: true}, keys: [{jwk: `+string(key)+`}]}
schemes:
  machine: {providers: [people]}
  person: {providers: [people]}
`)
	jwk, _ := json.Marshal(app.jwk())
	jkt := sha256.Sum256(jwk)
	person := issuer.token(map[string]any{"jkt": b64(jkt[:])})
	each(t, func(t *testing.T, version string) {
		up := startUpstream(t)
		up.Expect(cases.Answer{Status: 200, Body: []byte("ok")})
		text, err := Bootstrap(module(t), up.Address, cases.Setup{Table: table})
		if err != nil {
			t.Fatal(err)
		}
		p := run(t, Options{Binary: binary(t, version), Config: text, Workers: 4})
		serial := 0
		ask := func(nonce string) (status int, told, challenge string) {
			serial++
			ath := sha256.Sum256([]byte(person))
			claims := map[string]any{"jti": fmt.Sprint(serial), "htm": "GET", "htu": "https://api.example.com/person", "iat": time.Now().Unix(), "ath": b64(ath[:])}
			if nonce != "" {
				claims["nonce"] = nonce
			}
			req, err := http.NewRequest("GET", "http://"+p.Address+"/person", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("authorization", "DPoP "+person)
			req.Header.Set("dpop", app.sign(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": app.jwk()}, claims))
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp.StatusCode, resp.Header.Get("dpop-nonce"), resp.Header.Get("www-authenticate")
		}
		status, nonce, challenge := ask("")
		if status != 401 || len(nonce) != 32 || !strings.Contains(challenge, `DPoP error="use_dpop_nonce"`) {
			t.Fatalf("without a nonce: %d, DPoP-Nonce %q, %q, want 401, one, use_dpop_nonce", status, nonce, challenge)
		}
		for range 12 { // a new connection each: all workers
			if status, told, challenge := ask(nonce); status != 200 || told != "" {
				t.Errorf("with it: %d, DPoP-Nonce %q, %q, want 200", status, told, challenge)
			}
		}
		if status, told, _ := ask(strings.Repeat("0", 32)); status != 401 || told == "" {
			t.Errorf("with an invented one: %d, DPoP-Nonce %q, want 401 and one", status, told)
		}
	})
}
