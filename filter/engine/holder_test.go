//go:build !lean

package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

// holderSpec has an operation for each way in which tokens may be bound.
const holderSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /optional: {get: {security: [{optional: []}]}}
  /certificate: {get: {security: [{certificate: []}]}}
  /dpop: {get: {security: [{dpop: []}]}, post: {security: [{dpop: []}]}}
  /any: {get: {security: [{any: []}]}}
  /none: {get: {security: [{none: []}]}}
  /either: {get: {security: [{dpop: [nobody]}, {same: []}]}}
  /public: {get: {security: [{}, {dpop: []}]}}
  /behind: {get: {security: [{behind: []}]}}
components:
  securitySchemes:
    optional: {type: http, scheme: bearer}
    certificate: {type: http, scheme: bearer}
    dpop: {type: http, scheme: bearer}
    same: {type: http, scheme: bearer}
    any: {type: http, scheme: bearer}
    none: {type: http, scheme: bearer}
    behind: {type: mutualTLS}
`

// signer is a P-256 key.
type signer struct{ key *ecdsa.PrivateKey }

func newSigner(t testing.TB) signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return signer{k}
}

func raw64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (s signer) jwk() map[string]any {
	b, err := s.key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return map[string]any{"kty": "EC", "crv": "P-256", "x": raw64(b[1:33]), "y": raw64(b[33:])}
}

func (s signer) thumbprint() string {
	text, _ := json.Marshal(s.jwk())
	sum := sha256.Sum256(text)
	return raw64(sum[:])
}

func (s signer) sign(header, claims map[string]any) string {
	h, _ := json.Marshal(header)
	c, _ := json.Marshal(claims)
	signed := raw64(h) + "." + raw64(c)
	sum := sha256.Sum256([]byte(signed))
	r, v, err := ecdsa.Sign(rand.Reader, s.key, sum[:])
	if err != nil {
		panic(err)
	}
	return signed + "." + raw64(append(r.FillBytes(make([]byte, 32)), v.FillBytes(make([]byte, 32))...))
}

// token is a token of the test's issuer, bound to cnf.
func (s signer) token(cnf any) string {
	c := map[string]any{"iss": "https://issuer.example", "sub": "alice", "exp": keysNow.Unix() + 300}
	if cnf != nil {
		c["cnf"] = cnf
	}
	return s.sign(map[string]any{"alg": "ES256", "kid": "k"}, c)
}

// proof is a good proof, with changes.
func (s signer) proof(token, jti string, changes map[string]any) string {
	sum := sha256.Sum256([]byte(token))
	c := map[string]any{"jti": jti, "htm": "GET", "htu": "https://api.example.com/dpop", "iat": keysNow.Unix(), "ath": raw64(sum[:])}
	for k, v := range changes {
		c[k] = v
	}
	return s.sign(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": s.jwk()}, c)
}

// holderTable compiles a policy in which everybody trusts one issuer.
func holderTable(t testing.TB, issuer signer, denied string) *table.Table {
	t.Helper()
	jwk := issuer.jwk()
	jwk["kid"], jwk["alg"] = "k", "ES256"
	key, _ := json.Marshal(jwk)
	provider := func(name, more string) string {
		return "  " + name + ": {issuer: 'https://issuer.example', anyAudience: true, keys: [{jwk: " + string(key) + "}]" + more + "}\n"
	}
	const proofs = ", dpop: {origins: ['https://API.example.com:443/'], remembered: 4096}"
	policy := "version: 1\nproviders:\n" + provider("optional", proofs) + provider("certificate", ", bound: certificate") +
		provider("dpop", ", bound: dpop"+proofs+denied) + provider("any", ", bound: any"+proofs) + provider("none", "") + `schemes:
  optional: [optional]
  certificate: {providers: [certificate], forwardedBy: [{dns: edge.example}]}
  dpop: [dpop]
  same: [dpop]
  any: [any]
  none: [none]
  behind: {certificates: any, forwardedBy: [{uri: 'spiffe://example.org/edge'}, {subject: 'CN=edge'}]}
`
	return compiled(t, holderSpec, policy)
}

// compiled is the table of a description and a policy.
func compiled(t testing.TB, spec, policy string) *table.Table {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"spec.yaml": spec, "policy.yaml": policy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{Specs: []string{filepath.Join(dir, "spec.yaml")}, PolicyPath: filepath.Join(dir, "policy.yaml")})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("%v at %d", e, at)
	}
	return tab
}

// sharedStore is limit.Store over a map.
type sharedStore struct {
	values map[string][]byte
	cas    map[string]uint32
	broken bool
}

func newSharedStore() *sharedStore {
	return &sharedStore{values: map[string][]byte{}, cas: map[string]uint32{}}
}

func (s *sharedStore) Get(key []byte) ([]byte, uint32, limit.Status) {
	if s.broken {
		return nil, 0, limit.Error
	}
	v, ok := s.values[string(key)]
	if !ok {
		return nil, 0, limit.NotFound
	}
	return v, s.cas[string(key)], limit.OK
}

func (s *sharedStore) Set(key, value []byte, cas uint32) limit.Status {
	if old, ok := s.cas[string(key)]; ok && old != cas {
		return limit.Mismatch
	}
	s.values[string(key)] = append([]byte(nil), value...)
	s.cas[string(key)]++
	return limit.OK
}

func holderEngine(t testing.TB, tab *table.Table, o engine.Options) *engine.Engine {
	t.Helper()
	o.Sig = sig.New()
	e, bad := engine.New(tab, o)
	if e == nil {
		t.Fatalf("limit %d", bad)
	}
	return e
}

func TestHolder(t *testing.T) {
	issuer, alice, eve := newSigner(t), newSigner(t), newSigner(t)
	print := sha256.Sum256([]byte("a certificate"))
	hexPrint := hex.EncodeToString(print[:])
	other := strings.Repeat("00", 32)
	free := issuer.token(nil)
	byKey := issuer.token(map[string]any{"jkt": alice.thumbprint()})
	byCert := issuer.token(map[string]any{"x5t#S256": raw64(print[:])})
	byBoth := issuer.token(map[string]any{"x5t#S256": raw64(print[:]), "jkt": alice.thumbprint()})
	unknown := issuer.token(map[string]any{"kid": "x"})
	n := 0
	fresh := func(who signer, tok string, changes map[string]any) string {
		n++
		return "dpop: " + who.proof(tok, fmt.Sprint("jti", n), changes)
	}
	at := func(path string) map[string]any { return map[string]any{"htu": "https://api.example.com" + path} }
	bearer := func(tok string) string { return "authorization: Bearer " + tok }
	dpop := func(tok string) string { return "authorization: DPoP " + tok }
	xfcc := func(v string) string { return "x-forwarded-client-cert: " + v }
	const (
		allow   = verdict.Allow
		unbound = verdict.TokenUnbound
		binding = verdict.TokenBinding
	)
	tests := []struct {
		name, path string
		peer       cert
		headers    []string
		want       verdict.Code
	}{
		{"a free token", "/optional", cert{}, []string{bearer(free)}, allow},
		{"a free token where it must be bound to a key", "/dpop", cert{}, []string{bearer(free)}, unbound},
		{"to a certificate", "/certificate", cert{print: hexPrint}, []string{bearer(free)}, unbound},
		{"to anything", "/any", cert{print: hexPrint}, []string{bearer(free)}, unbound},
		{"a free token as DPoP, with a proof", "/optional", cert{}, []string{dpop(free), fresh(alice, free, at("/optional"))}, unbound},
		{"a free token as DPoP, without", "/optional", cert{}, []string{dpop(free)}, unbound},
		{"a free token as DPoP, where no proofs are accepted", "/none", cert{}, []string{dpop(free)}, unbound},
		{"a free token and a proof that nobody asks for", "/optional", cert{}, []string{bearer(free), "dpop: x"}, allow},
		{"bound to what nobody knows", "/optional", cert{print: hexPrint}, []string{bearer(unknown)}, binding},
		{"bound to what nobody knows, as DPoP", "/dpop", cert{}, []string{dpop(unknown), fresh(alice, unknown, nil)}, binding},

		{"a proof", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, nil)}, allow},
		{"the scheme in capitals", "/dpop", cert{}, []string{"authorization: DPOP " + byKey, fresh(alice, byKey, nil)}, allow},
		{"a query", "/dpop?", cert{}, []string{dpop(byKey), fresh(alice, byKey, nil)}, allow},
		{"a proof where it is not demanded", "/optional", cert{}, []string{dpop(byKey), fresh(alice, byKey, at("/optional"))}, allow},
		{"a bound token as bearer", "/dpop", cert{}, []string{bearer(byKey)}, binding},
		{"a bound token as bearer, with a proof", "/dpop", cert{}, []string{bearer(byKey), fresh(alice, byKey, nil)}, binding},
		{"a bound token as bearer where that is optional", "/optional", cert{}, []string{bearer(byKey), fresh(alice, byKey, at("/optional"))}, binding},
		{"where no proofs are accepted", "/none", cert{}, []string{dpop(byKey), fresh(alice, byKey, at("/none"))}, binding},
		{"where a certificate is demanded", "/certificate", cert{print: hexPrint}, []string{dpop(byKey), fresh(alice, byKey, at("/certificate"))}, unbound},
		{"no proof", "/dpop", cert{}, []string{dpop(byKey)}, verdict.ProofMissing},
		{"an empty proof", "/dpop", cert{}, []string{dpop(byKey), "dpop:"}, verdict.ProofMalformed},
		{"two proofs", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, nil), fresh(alice, byKey, nil)}, verdict.ProofMalformed},
		{"an empty proof and a good one", "/dpop", cert{}, []string{dpop(byKey), "dpop:", fresh(alice, byKey, nil)}, verdict.ProofMalformed},
		{"two proofs joined", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, nil) + ", " + alice.proof(byKey, "x", nil)}, verdict.ProofMalformed},
		{"two tokens joined", "/dpop", cert{}, []string{dpop(byKey + ", DPoP " + byKey), fresh(alice, byKey, nil)}, verdict.RequestDuplicateHeader},
		{"two fields of tokens", "/dpop", cert{}, []string{dpop(byKey), bearer(free), fresh(alice, byKey, nil)}, verdict.RequestDuplicateHeader},
		{"the thief's key", "/dpop", cert{}, []string{dpop(byKey), fresh(eve, byKey, nil)}, verdict.ProofKey},
		{"another path", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, at("/any"))}, verdict.ProofTarget},
		{"another token", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byCert, nil)}, verdict.ProofToken},
		{"a minute and a second ago", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, map[string]any{"iat": keysNow.Unix() - 61})}, verdict.ProofTime},
		{"in the future", "/dpop", cert{}, []string{dpop(byKey), fresh(alice, byKey, map[string]any{"iat": keysNow.Unix() + 6})}, verdict.ProofTime},
		{"a bad token with a good proof", "/dpop", cert{}, []string{dpop(byKey[:len(byKey)-4] + "AAAA"), fresh(alice, byKey[:len(byKey)-4]+"AAAA", nil)}, verdict.TokenSignature},
		{"where nobody needs to be known, without a proof", "/public", cert{}, []string{dpop(byKey)}, verdict.ProofMissing},
		{"two schemes that ask for the same, one proof", "/either", cert{}, []string{dpop(byKey), fresh(alice, byKey, at("/either"))}, allow},

		{"the certificate", "/certificate", cert{print: hexPrint}, []string{bearer(byCert)}, allow},
		{"in capitals", "/certificate", cert{print: strings.ToUpper(hexPrint)}, []string{bearer(byCert)}, allow},
		{"the certificate where it is not demanded", "/none", cert{print: hexPrint}, []string{bearer(byCert)}, allow},
		{"no certificate", "/certificate", cert{}, []string{bearer(byCert)}, binding},
		{"no certificate where it is not demanded", "/none", cert{}, []string{bearer(byCert)}, binding},
		{"another certificate", "/certificate", cert{print: other}, []string{bearer(byCert)}, binding},
		{"half a fingerprint", "/certificate", cert{print: hexPrint[:32]}, []string{bearer(byCert)}, binding},
		{"a fingerprint that is no number", "/certificate", cert{print: strings.Repeat("z", 64)}, []string{bearer(byCert)}, binding},
		{"a fingerprint in base64url", "/certificate", cert{print: raw64(print[:])}, []string{bearer(byCert)}, binding},
		{"a token of a certificate as DPoP", "/any", cert{print: hexPrint}, []string{dpop(byCert), fresh(alice, byCert, at("/any"))}, unbound},
		{"what the client says of certificates", "/certificate", cert{}, []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, binding},
		{"what a client with another certificate says", "/certificate", cert{print: other}, []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, binding},
		{"what a proxy in front says", "/certificate", cert{print: other, uri: "spiffe://example.org/edge"}, []string{bearer(byCert), xfcc("By=x;Hash=" + hexPrint)}, allow},
		{"a proxy by its subject", "/certificate", cert{print: other, subject: "CN=edge"}, []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, allow},
		{"a proxy of the token's own scheme", "/certificate", cert{print: other, dns: "edge.example"}, []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, allow},
		{"a proxy that says nothing", "/certificate", cert{print: hexPrint, uri: "spiffe://example.org/edge"}, []string{bearer(byCert)}, binding},
		{"a proxy that tells of another", "/certificate", cert{print: hexPrint, uri: "spiffe://example.org/edge"}, []string{bearer(byCert), xfcc("Hash=" + other)}, binding},
		{"a proxy that tells of two", "/certificate", cert{print: other, uri: "spiffe://example.org/edge"}, []string{bearer(byCert), xfcc("Hash=" + other + ",Hash=" + hexPrint)}, binding},
		{"a proxy that tells twice", "/certificate", cert{print: other, uri: "spiffe://example.org/edge"}, []string{bearer(byCert), xfcc("Hash=" + hexPrint), xfcc("Hash=" + hexPrint)}, binding},
		{"a proxy that is like one", "/certificate", cert{print: other, uri: "spiffe://example.org/edge2"}, []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, binding},

		{"both", "/any", cert{print: hexPrint}, []string{dpop(byBoth), fresh(alice, byBoth, at("/any"))}, allow},
		{"both, without the certificate", "/any", cert{}, []string{dpop(byBoth), fresh(alice, byBoth, at("/any"))}, binding},
		{"both, without the proof", "/any", cert{print: hexPrint}, []string{bearer(byBoth)}, binding},
		{"both, with a proof that is missing", "/any", cert{print: hexPrint}, []string{dpop(byBoth)}, verdict.ProofMissing},
	}
	tab := holderTable(t, issuer, "")
	for _, cache := range []uint32{0, 1 << 20} {
		peer := &cert{}
		e := holderEngine(t, tab, engine.Options{Peer: peer, TokenCacheBytes: cache, Store: newSharedStore()})
		for _, tt := range tests {
			*peer = tt.peer
			r := request("GET", tt.path, tt.headers, nil)
			r.NowNanos = keysNow.UnixNano()
			var d engine.Decision
			if e.CheckHeaders(r, &d); d.Code != tt.want {
				t.Errorf("cache %d, %s: %s, want %s", cache, tt.name, d.Code.Name(), tt.want.Name())
			}
			if e.Principal().Token != (tt.want == allow) {
				t.Errorf("%s: a token that is refused makes somebody known, or one that passes does not", tt.name)
			}
			if tt.want == allow && tt.name != "a free token" {
				e.CheckHeaders(r, &d)
				want := verdict.Code(allow)
				if strings.Contains(strings.Join(tt.headers, "\n"), "dpop: ey") && strings.Contains(strings.Join(tt.headers, "\n"), "DP") {
					want = verdict.ProofReplayed
				}
				if d.Code != want {
					t.Errorf("cache %d, %s, a second time: %s, want %s", cache, tt.name, d.Code.Name(), want.Name())
				}
			}
		}
	}
	e := holderEngine(t, tab, engine.Options{})
	r := request("GET", "/certificate", []string{bearer(byCert), xfcc("Hash=" + hexPrint)}, nil)
	r.NowNanos = keysNow.UnixNano()
	var d engine.Decision
	if e.CheckHeaders(r, &d); d.Code != binding {
		t.Errorf("a host that knows of no connections: %s, want token_binding", d.Code.Name())
	}
}

// TestReplay uses one proof in two workers, again after its time, and in a request that
// is judged twice.
func TestReplay(t *testing.T) {
	issuer, alice := newSigner(t), newSigner(t)
	tab := holderTable(t, issuer, "")
	store := newSharedStore()
	a, b := holderEngine(t, tab, engine.Options{Store: store, Seed: [16]byte{1}}), holderEngine(t, tab, engine.Options{Store: store, Seed: [16]byte{2}})
	tok := issuer.token(map[string]any{"jkt": alice.thumbprint()})
	send := func(e *engine.Engine, proof string, seconds int64, answers engine.Answers) engine.Decision {
		r := request("GET", "/dpop", []string{"authorization: DPoP " + tok, "dpop: " + proof}, nil)
		r.NowNanos, r.Answers = keysNow.UnixNano()+seconds*1e9, answers
		var d engine.Decision
		e.CheckHeaders(r, &d)
		return d
	}
	proof := alice.proof(tok, "once", nil)
	if d := send(a, proof, 0, engine.Answers{}); d.Code != verdict.Allow || !d.Proved {
		t.Fatalf("first: %s, proved %v", d.Code.Name(), d.Proved)
	}
	for name, e := range map[string]*engine.Engine{"this": a, "the other": b} {
		if d := send(e, proof, 1, engine.Answers{}); d.Code != verdict.ProofReplayed || d.Proved {
			t.Errorf("again in %s worker: %s, want proof_replayed", name, d.Code.Name())
		}
		if d := send(e, alice.proof(tok, "once", nil), 1, engine.Answers{}); d.Code != verdict.ProofReplayed {
			t.Errorf("another proof with its jti in %s worker: %s, want proof_replayed", name, d.Code.Name())
		}
		if d := send(e, proof, 60, engine.Answers{}); d.Code != verdict.ProofReplayed {
			t.Errorf("at the end of its time in %s worker: %s, want proof_replayed", name, d.Code.Name())
		}
		if d := send(e, proof, 61, engine.Answers{}); d.Code != verdict.ProofTime {
			t.Errorf("after its time in %s worker: %s, want proof_time", name, d.Code.Name())
		}
		if d := send(e, proof, 1, engine.Answers{Proved: true}); d.Code != verdict.Allow || !d.Proved {
			t.Errorf("the same request judged again in %s worker: %s, want allow", name, d.Code.Name())
		}
	}
	if d := send(a, alice.proof(tok, "other", map[string]any{"htm": "POST"}), 0, engine.Answers{Proved: true}); d.Code != verdict.ProofTarget {
		t.Errorf("a bad proof of a request that is judged again: %s, want proof_target", d.Code.Name())
	}
	// A refused proof is not remembered: it may be sent again where it belongs.
	late := alice.proof(tok, "late", nil)
	if d := send(a, late, -6, engine.Answers{}); d.Code != verdict.ProofTime {
		t.Errorf("early: %s, want proof_time", d.Code.Name())
	}
	if d := send(b, late, 0, engine.Answers{}); d.Code != verdict.Allow {
		t.Errorf("a proof that was refused before: %s, want allow", d.Code.Name())
	}
	store.broken = true
	if d := send(a, alice.proof(tok, "broken", nil), 0, engine.Answers{}); d.Code != verdict.ProofUnavailable || d.Code.Status() != 503 {
		t.Errorf("without a store: %s, want proof_unavailable", d.Code.Name())
	}
	store.broken = false
	full := 0
	for i := 0; full == 0 && i <= 4096; i++ { // eight are remembered in each slot
		switch d := send(a, alice.proof(tok, fmt.Sprint("fill", i), nil), 0, engine.Answers{}); d.Code {
		case verdict.Allow:
		case verdict.ProofStoreFull:
			full++
		default:
			t.Fatalf("fill %d: %s", i, d.Code.Name())
		}
	}
	if full == 0 || verdict.Code(verdict.ProofStoreFull).Status() != 503 {
		t.Error("the store is never full")
	}
	if d := send(b, proof, 1, engine.Answers{}); d.Code != verdict.ProofReplayed {
		t.Errorf("again when the store is full: %s, want proof_replayed", d.Code.Name())
	}
}

func TestHolderAllocates(t *testing.T) {
	issuer, alice := newSigner(t), newSigner(t)
	tab := holderTable(t, issuer, "")
	print := sha256.Sum256([]byte("x"))
	peer := &fixedPeer{print: []byte(hex.EncodeToString(print[:]))}
	byKey, byCert := issuer.token(map[string]any{"jkt": alice.thumbprint()}), issuer.token(map[string]any{"x5t#S256": raw64(print[:])})
	for _, tt := range []struct {
		path    string
		headers []string
		want    verdict.Code
	}{
		{"/certificate", []string{"authorization: Bearer " + byCert}, verdict.Allow},
		{"/dpop", []string{"authorization: DPoP " + byKey, "dpop: " + alice.proof(byKey, "x", map[string]any{"iat": 0})}, verdict.ProofTime},
		{"/dpop", []string{"authorization: Bearer " + byKey}, verdict.TokenBinding},
	} {
		e := holderEngine(t, tab, engine.Options{Peer: peer, TokenCacheBytes: 1 << 20})
		r := request("GET", tt.path, tt.headers, nil)
		r.NowNanos = keysNow.UnixNano()
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code != tt.want {
			t.Errorf("%s: %s, want %s", tt.path, d.Code.Name(), tt.want.Name())
		}
		if n := testing.AllocsPerRun(10, func() { e.CheckHeaders(r, &d) }); n != 0 {
			t.Errorf("%s %s: %v allocations, want 0", tt.path, tt.want.Name(), n)
		}
	}
}
