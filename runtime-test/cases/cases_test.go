package cases

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/host/hosttest"
)

// TestEngines runs a file of cases on both engines that run modules.
func TestEngines(t *testing.T) {
	module := hosttest.Guest(t)
	f, err := Read("testdata/guest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := Runner{Engines: []Engine{&Wazero{Module: module}, &Proxytest{Module: module}}}
	results, err := r.Run(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[string]int{}
	for _, res := range results {
		ran[res.Engine]++
		expectFailure := strings.HasPrefix(res.Case, "fails: ")
		if res.Passed == expectFailure {
			t.Errorf("%s on %s: passed = %v: %q", res.Case, res.Engine, res.Passed, res.Wrong)
		}
		if expectFailure {
			want := strings.TrimPrefix(res.Case, "fails: ")
			if !strings.Contains(strings.Join(res.Wrong, "\n"), want) {
				t.Errorf("%s on %s: %q", res.Case, res.Engine, res.Wrong)
			}
		}
	}
	if ran["wazero"] != len(f.Cases) || ran["proxytest"] == 0 {
		t.Errorf("ran %v of %d cases", ran, len(f.Cases))
	}
}

// TestParseErrors holds what a file must not be.
func TestParseErrors(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"unknown key", "specs: [a]\ncase: []\n", `line 2: found the unknown key "case"`},
		{"unknown key in a case", "specs: [a]\ncases:\n  - name: x\n    request: {path: /}\n    expect: {cod: x}\n", `line 5: found the unknown key "cod"`},
		{"unknown key in auth", "specs: [a]\nkeys: {k: {secret: s}}\ncases:\n  - name: x\n    request:\n      auth: {key: k, alk: HS256}\n", `at line 6: found the unknown key "alk"`},
		{"no table", "cases: [{name: x, request: {}}]\n", "either specs or table"},
		{"both", "specs: [a]\ntable: t\ncases: [{name: x, request: {}}]\n", "either specs or table"},
		{"no cases", "specs: [a]\n", "no cases"},
		{"no name", "specs: [a]\ncases: [{request: {}}]\n", "needs a name"},
		{"twice", "specs: [a]\ncases:\n - {name: x, request: {}}\n - {name: x, request: {}}\n", `line 4: case "x" stands twice`},
		{"engine without why", "specs: [a]\ncases: [{name: x, engines: [envoy], request: {}}]\n", "engines and why"},
		{"unknown engine", "specs: [a]\ncases: [{name: x, engines: [nginx], why: y, request: {}}]\n", `"nginx" is unknown`},
		{"no request", "specs: [a]\ncases: [{name: x}]\n", "either request or steps"},
		{"two bodies", "specs: [a]\ncases: [{name: x, request: {body: a, json: {}}}]\n", "at most one of body"},
		{"bad duration", "specs: [a]\ncases: [{name: x, request: {stall: 3}}]\n", `found "3", want a duration`},
		{"unknown token", "specs: [a]\ncases: [{name: x, request: {auth: bob}}]\n", `"bob" is not among tokens`},
		{"unknown key name", "specs: [a]\ntokens: {a: {key: k}}\ncases: [{name: x, request: {}}]\n", `"k" is not among keys`},
		{"key of two kinds", "specs: [a]\nkeys: {k: {secret: s, file: f}}\ncases: [{name: x, request: {}}]\n", "one of file, secret and generate"},
		{"verdict", "specs: [a]\ncases: [{name: x, request: {}, expect: {verdict: maybe}}]\n", `verdict is "maybe"`},
		{"a kind that is another", "specs: {a: b}\n", "line 1: found a mapping, want a list"},
		{"a text that is another", "specs: [a]\ncases: [{name: x, repeat: often, request: {}}]\n", `line 2: found "often", want a whole number`},
		{"a key twice", "specs: [a]\nspecs: [b]\n", `line 2: found the key "specs" again`},
		{"code", "specs: [a]\ncases: [{name: x, request: {}, expect: {code: param_invalids}}]\n", `code is "param_invalids", want a reason of filter/verdict such as param_invalid`},
		{"headers", "specs: [a]\ncases: [{name: x, request: {headers: [a]}}]\n", "want a mapping of header names"},
		{"number that JSON lacks", "specs: [a]\ncases: [{name: x, request: {json: {a: .inf}}}]\n", "not of JSON"},
		{"second document", "specs: [a]\ncases: [{name: x, request: {}}]\n---\na: b\n", "second document"},
		{"table in config", "specs: [a]\ncases: [{name: x, config: {table: x}, request: {}}]\n", "must not hold the table"},
		{"not YAML", "\t", "x.yaml"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("x.yaml", []byte(tt.text))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, want it to contain %q", err, tt.want)
			}
		})
	}
}

// TestInlinePolicy compiles a policy that stands in the case file, with a key that is made there, and judges tokens by it natively. What the
// filter refuses to load is an error of its own kind.
func TestInlinePolicy(t *testing.T) {
	const spec = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"security":[{"b":[]}],"responses":{}}}},
"components":{"securitySchemes":{"b":{"type":"http","scheme":"bearer"}}}}`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "api.json"), []byte(spec), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
specs: [api.json]
keys: {made: {generate: ES256, kid: k1}, other: {generate: ES256, kid: k1}}
policy:
  version: 1
  providers:
    p: {issuer: me, audiences: [a], keys: [{jwk: "${jwk:made}"}]}
  schemes: {b: [p]}
tokens:
  good: {key: made, claims: {iss: me, aud: a, sub: s, exp: +60s}}
  forged: {key: other, claims: {iss: me, aud: a, sub: s, exp: +60s}}
cases:
  - {name: good, request: {path: /a, auth: good}}
  - {name: none, request: {path: /a}, expect: {code: token_missing, status: 401}}
  - {name: forged, request: {path: /a, auth: forged}, expect: {code: token_signature}}
`
	f, err := Parse(filepath.Join(dir, "x.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	results, err := (&Runner{Engines: []Engine{Native{}}}).Run(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Passed {
			t.Errorf("%s: %q", r.Case, r.Wrong)
		}
	}
	if _, err := (Native{}).Load(context.Background(), Setup{Table: []byte("no table")}); !errors.Is(err, ErrRefusedLoad) {
		t.Errorf("Load of no table = %v, want ErrRefusedLoad", err)
	}
	if _, err := (Native{}).Load(context.Background(), Setup{Config: map[string]any{"hodl": 1}}); !errors.Is(err, ErrRefusedLoad) {
		t.Errorf("Load with an unknown key = %v, want ErrRefusedLoad", err)
	}
}

// TestRequests makes requests out of files.
func TestRequests(t *testing.T) {
	f, err := Parse("testdata/x.yaml", []byte(`
specs: [a]
defaults: {host: api.example, headers: {accept: a, x-drop: b}}
cases:
  - name: get
    request: {path: /a, headers: {X-Drop: null, x-two: [1, 2]}}
  - name: json
    request: {json: {b: 1.50, a: [null, true, "x<y"], big: 123456789012345678901234567890, e: 1e2}}
  - name: text
    request: {method: PUT, body: ab, bodyRepeat: 3, headers: {content-length: "9"}}
  - name: chunks
    request: {chunks: [a, b], trailers: {t: 1}}
  - name: empty
    request: {body: ""}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]Request{
		"get":  {Method: "GET", Path: "/a", Headers: []Header{{"accept", "a"}, {"x-two", "1"}, {"x-two", "2"}}},
		"json": {Method: "POST", Path: "/", HasBody: true, Chunks: [][]byte{[]byte(`{"b":1.50,"a":[null,true,"x\u003cy"],"big":123456789012345678901234567890,"e":1e2}`)}, Headers: []Header{{"accept", "a"}, {"x-drop", "b"}, {"content-type", "application/json"}, {"content-length", "82"}}},
		"text": {Method: "PUT", Path: "/", HasBody: true, Chunks: [][]byte{[]byte("ababab")}, Headers: []Header{{"accept", "a"}, {"x-drop", "b"}, {"content-length", "9"}}},
		"chunks": {Method: "POST", Path: "/", HasBody: true, Chunked: true, Chunks: [][]byte{[]byte("a"), []byte("b")}, Headers: []Header{{"accept", "a"}, {"x-drop", "b"}},
			Trailers: []Header{{"t", "1"}}},
		"empty": {Method: "POST", Path: "/", HasBody: true, Chunks: [][]byte{{}}, Headers: []Header{{"accept", "a"}, {"x-drop", "b"}, {"content-length", "0"}}},
	}
	for i := range f.Cases {
		c := &f.Cases[i]
		got, err := f.build(c, c.Request, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		w := want[c.Name]
		if got.Method != w.Method || got.Path != w.Path || got.Host != "api.example" || got.HasBody != w.HasBody || got.Chunked != w.Chunked ||
			!slices.Equal(got.Headers, w.Headers) || !slices.Equal(got.Trailers, w.Trailers) ||
			string(slices.Concat(got.Chunks...)) != string(slices.Concat(w.Chunks...)) || len(got.Chunks) != len(w.Chunks) {
			t.Errorf("%s: build = %+v\nwant %+v\nbody %q", c.Name, got, w, got.Chunks)
		}
	}
}

// TestMint verifies minted tokens with plain crypto, every algorithm, and makes the same key twice.
func TestMint(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, alg := range []string{"RS256", "PS384", "ES256", "ES384", "ES512", "EdDSA", "HS512"} {
		t.Run(alg, func(t *testing.T) {
			f := &File{Path: "x.yaml", Keys: map[string]Key{"k": {Generate: alg, Kid: "id"}}}
			if alg == "HS512" {
				f.Keys["k"] = Key{Secret: "secret"}
			}
			key, err := f.signingKey("k")
			if err != nil {
				t.Fatal(err)
			}
			token, err := Mint(&Token{Alg: alg, Claims: map[string]any{"exp": "+300s", "nbf": "-1h", "sub": "a", "n": 5}}, key, now)
			if err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(token, ".")
			var claims map[string]any
			text, _ := base64.RawURLEncoding.DecodeString(parts[1])
			if err := json.Unmarshal(text, &claims); err != nil || claims["exp"] != 1300.0 || claims["nbf"] != -2600.0 || claims["sub"] != "a" {
				t.Errorf("claims = %v, %v", claims, err)
			}
			sig, _ := base64.RawURLEncoding.DecodeString(parts[2])
			if !verifies(alg, key, parts[0]+"."+parts[1], sig) {
				t.Error("the signature is wrong")
			}
			bad, _ := Mint(&Token{Alg: alg, Tamper: "signature"}, key, now)
			parts = strings.Split(bad, ".")
			sig, _ = base64.RawURLEncoding.DecodeString(parts[2])
			if verifies(alg, key, parts[0]+"."+parts[1], sig) {
				t.Error("a tampered signature verifies")
			}
		})
	}
	f := &File{Keys: map[string]Key{"k": {Generate: "RS256"}}}
	a, err := f.expand("${jwk:k}")
	generated.Clear()
	b, err2 := f.expand("${jwk:k}")
	if a != b || err != nil || err2 != nil || !strings.Contains(a, `"kty":"RSA"`) {
		t.Errorf("expand = %s, then %s, %v, %v", a, b, err, err2)
	}
	for _, text := range []string{"${jwk:nothing}", "${x}", "${jwk:k", "${what:k}"} {
		if got, err := f.expand(text); err == nil {
			t.Errorf("expand(%q) = %q, want an error", text, got)
		}
	}
}

func verifies(alg string, key *SigningKey, input string, sig []byte) bool {
	if alg == "HS512" {
		m := hmac.New(crypto.SHA512.New, key.Secret)
		m.Write([]byte(input))
		return hmac.Equal(m.Sum(nil), sig)
	}
	digest := sha256.Sum256([]byte(input))
	sum := digest[:]
	hash := crypto.SHA256
	switch alg[2:] {
	case "384":
		hash = crypto.SHA384
	case "512":
		hash = crypto.SHA512
	}
	if hash != crypto.SHA256 {
		h := hash.New()
		h.Write([]byte(input))
		sum = h.Sum(nil)
	}
	switch pub := key.Signer.Public().(type) {
	case *rsa.PublicKey:
		if alg[0] == 'P' {
			return rsa.VerifyPSS(pub, hash, sum, sig, nil) == nil
		}
		return rsa.VerifyPKCS1v15(pub, hash, sum, sig) == nil
	case *ecdsa.PublicKey:
		n := len(sig) / 2
		der, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])})
		return ecdsa.VerifyASN1(pub, sum, der)
	case ed25519.PublicKey:
		return ed25519.Verify(pub, []byte(input), sig)
	}
	return false
}
