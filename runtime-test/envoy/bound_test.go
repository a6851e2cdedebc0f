package envoy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

const boundSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /machine: {get: {security: [{machine: []}]}}
  /person: {get: {security: [{person: []}]}}
components: {securitySchemes: {machine: {type: http, scheme: bearer}, person: {type: http, scheme: bearer}}}
`

// holder is a P-256 key that signs tokens or proofs.
type holder struct{ key *ecdsa.PrivateKey }

func newHolder(t *testing.T) holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return holder{key}
}

var b64 = base64.RawURLEncoding.EncodeToString

func (h holder) jwk() map[string]any {
	b, err := h.key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(b[1:33]), "y": b64(b[33:])}
}

func (h holder) sign(header, claims map[string]any) string {
	head, _ := json.Marshal(header)
	body, _ := json.Marshal(claims)
	signed := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, h.key, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func (h holder) token(cnf map[string]any) string {
	return h.sign(map[string]any{"alg": "ES256", "typ": "at+jwt"}, map[string]any{"iss": "https://issuer.example", "sub": "s", "exp": time.Now().Unix() + 600, "cnf": cnf})
}

func (h holder) proof(token, jti string) string {
	ath := sha256.Sum256([]byte(token))
	return h.sign(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": h.jwk()},
		map[string]any{"jti": jti, "htm": "GET", "htu": "https://api.example.com/person", "iat": time.Now().Unix(), "ath": b64(ath[:])})
}

// TestEnvoyBound: tokens that are bound to certificates of a real handshake, and one
// proof that many connections show to four workers at once.
func TestEnvoyBound(t *testing.T) {
	a := newAuthority(t)
	server := a.issue(t, &x509.Certificate{Subject: pkix.Name{CommonName: "server"}, DNSNames: []string{"localhost"}})
	mine := a.client(t, pkix.Name{CommonName: "mine"}, "", "")
	other := a.client(t, pkix.Name{CommonName: "other"}, "", "")
	edge := a.client(t, pkix.Name{CommonName: "edge"}, "spiffe://example.org/edge", "")
	issuer, app := newHolder(t), newHolder(t)
	key, _ := json.Marshal(issuer.jwk())
	table := compiled(t, boundSpec, `version: 1
providers:
  machines: {issuer: 'https://issuer.example', anyAudience: true, bound: certificate, keys: [{jwk: `+string(key)+`}]}
  people: {issuer: 'https://issuer.example', anyAudience: true, bound: dpop, dpop: {origins: ['https://api.example.com']}, keys: [{jwk: `+string(key)+`}]}
schemes:
  machine: {providers: [machines], forwardedBy: [{uri: 'spiffe://example.org/edge'}]}
  person: {providers: [people]}
`)
	sum := sha256.Sum256(mine.Certificate[0])
	machine := "Bearer " + issuer.token(map[string]any{"x5t#S256": b64(sum[:])})
	jwk, _ := json.Marshal(app.jwk())
	jkt := sha256.Sum256(jwk)
	person := issuer.token(map[string]any{"jkt": b64(jkt[:])})
	tests := []struct {
		name   string
		cert   *tls.Certificate
		xfcc   string
		status int
		code   string
	}{
		{"the certificate", &mine, "", 200, ""},
		{"again, from memory", &mine, "", 200, ""},
		{"another", &other, "", 401, "token_binding"},
		{"none", nil, "", 401, "token_binding"},
		{"none, and a field", nil, "Hash=" + print256(mine), 401, "token_binding"},
		{"another, and a field", &other, "Hash=" + print256(mine), 401, "token_binding"},
		{"a proxy in front that tells of it", &edge, "Hash=" + print256(mine), 200, ""},
		{"a proxy in front that tells of another", &edge, "Hash=" + print256(other), 401, "token_binding"},
		{"a proxy in front that tells of two", &edge, "Hash=" + print256(other) + ",Hash=" + print256(mine), 401, "token_binding"},
		{"a proxy in front that says nothing", &edge, "", 401, "token_binding"},
	}
	each(t, func(t *testing.T, version string) {
		up := startUpstream(t)
		up.Expect(cases.Answer{Status: 200, Body: []byte("ok")})
		text, err := Bootstrap(module(t), up.Address, cases.Setup{Table: table})
		if err != nil {
			t.Fatal(err)
		}
		p := run(t, Options{Binary: binary(t, version), Config: overTLS(t, text, a, server), Workers: 4})
		get := func(path string, cert *tls.Certificate, fields map[string]string) (answer, error) {
			return a.get(p, path, cert, fields)
		}
		for _, tt := range tests {
			got, err := get("/machine", tt.cert, map[string]string{"authorization": machine, "x-forwarded-client-cert": tt.xfcc})
			if err != nil || got.status != tt.status || got.code != tt.code {
				t.Errorf("%s: %v %v, want %d %s", tt.name, got, err, tt.status, tt.code)
			}
		}
		const rounds, connections = 10, 16
		for round := range rounds {
			fields := map[string]string{"authorization": "DPoP " + person, "dpop": app.proof(person, fmt.Sprint("round ", round))}
			var mu sync.Mutex
			var wg sync.WaitGroup
			count := map[string]int{}
			for range connections {
				wg.Go(func() {
					got, err := get("/person", nil, fields)
					mu.Lock()
					defer mu.Unlock()
					count[fmt.Sprint(got.status, " ", got.code, err)]++
				})
			}
			wg.Wait()
			if count["200 <nil>"] != 1 || count["401 proof_replayed<nil>"] != connections-1 {
				t.Errorf("one proof on %d connections: %v, want one that passes", connections, count)
			}
		}
	})
}
