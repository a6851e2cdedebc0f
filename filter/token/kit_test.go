package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
)

// The kit of these tests: an issuer with one key of every algorithm, what it
// signs, and a table that trusts it.

const (
	issuer   = "https://issuer.example"
	audience = "https://api.example"
	nowSec   = int64(1_600_000_000) // past for every engine: they find the tokens issued
	now      = nowSec * 1e9
	farSec   = int64(4_102_444_800) // the year 2100: engines with a real clock run the corpus too
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// private is one signing key; kid is its algorithm's name unless given.
type private struct {
	kid    string
	alg    token.Alg
	key    any // *rsa.PrivateKey, *ecdsa.PrivateKey, ed25519.PrivateKey, []byte
	secret string
}

var makeKeys = sync.OnceValue(func() map[string]*private {
	keys := map[string]*private{}
	must := func(k any, err error) any {
		if err != nil {
			panic(err)
		}
		return k
	}
	add := func(alg token.Alg, k any) {
		p := &private{kid: "k-" + strings.ToLower(alg.Name()), alg: alg, key: k}
		if alg.IsHMAC() {
			p.secret = p.kid
		}
		keys[alg.Name()] = p
	}
	for alg := token.HS256; alg <= token.HS512; alg++ {
		secret := make([]byte, alg.HashSize())
		rand.Read(secret)
		add(alg, secret)
	}
	for alg := token.RS256; alg <= token.PS512; alg++ {
		add(alg, must(rsa.GenerateKey(rand.Reader, 2048)))
	}
	add(token.ES256, must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)))
	add(token.ES384, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)))
	add(token.ES512, must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)))
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	add(token.EdDSA, must(ed, err))
	anonymous := *keys["ES256"]
	anonymous.kid = ""
	keys["no kid"] = &anonymous
	return keys
})

func (p *private) public() any {
	switch k := p.key.(type) {
	case *rsa.PrivateKey:
		return &k.PublicKey
	case *ecdsa.PrivateKey:
		return &k.PublicKey
	case ed25519.PrivateKey:
		return k.Public()
	}
	return nil
}

func (p *private) spki() []byte {
	if p.alg.IsHMAC() {
		return nil
	}
	b, err := x509.MarshalPKIXPublicKey(p.public())
	if err != nil {
		panic(err)
	}
	return b
}

func hashFor(alg token.Alg) crypto.Hash {
	return map[int]crypto.Hash{32: crypto.SHA256, 48: crypto.SHA384, 64: crypto.SHA512}[alg.HashSize()]
}

// sign signs with alg, which an attack may choose other than the key's.
func (p *private) sign(alg token.Alg, signed string) []byte {
	var digest []byte
	if h := hashFor(alg); h != 0 {
		w := h.New()
		w.Write([]byte(signed))
		digest = w.Sum(nil)
	}
	var out []byte
	var err error
	switch k := p.key.(type) {
	case []byte:
		m := hmac.New(hashFor(alg).New, k)
		m.Write([]byte(signed))
		out = m.Sum(nil)
	case *rsa.PrivateKey:
		if alg >= token.PS256 {
			out, err = rsa.SignPSS(rand.Reader, k, hashFor(alg), digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		} else {
			out, err = rsa.SignPKCS1v15(nil, k, hashFor(alg), digest)
		}
	case *ecdsa.PrivateKey:
		r, s, e := ecdsa.Sign(rand.Reader, k, digest)
		size := (k.Params().BitSize + 7) / 8
		out, err = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), e
	case ed25519.PrivateKey:
		out = ed25519.Sign(k, []byte(signed))
	}
	if err != nil {
		panic(err)
	}
	return out
}

// compact makes a token of raw JSON texts, signed by p with its own algorithm.
func compact(p *private, header, payload string) string {
	signed := b64([]byte(header)) + "." + b64([]byte(payload))
	return signed + "." + b64(p.sign(p.alg, signed))
}

// claimSet is good claims with changes; a nil value takes a claim away.
func claimSet(changes map[string]any) string {
	c := map[string]any{"iss": issuer, "aud": audience, "sub": "alice", "iat": nowSec - 60, "exp": farSec, "scope": "read write"}
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

func headerOf(p *private) string {
	if p.kid == "" {
		return fmt.Sprintf(`{"alg":%q}`, p.alg.Name())
	}
	return fmt.Sprintf(`{"alg":%q,"kid":%q}`, p.alg.Name(), p.kid)
}

// mint is a token that differs from a good one by its claims only.
func mint(p *private, changes map[string]any) string {
	return compact(p, headerOf(p), claimSet(changes))
}

func irKey(p *private) *ir.Key {
	return &ir.Key{ID: p.kid, Alg: ir.Alg(p.alg), SPKI: p.spki(), Secret: p.secret}
}

// trusting is a provider that trusts the kit's keys in a fixed order.
func trusting(keys map[string]*private) *ir.Provider {
	p := &ir.Provider{Name: "kit", Issuer: issuer, Audiences: []string{audience}, SkewSeconds: 60}
	for alg := token.HS256; alg <= token.EdDSA; alg++ {
		if k := keys[alg.Name()]; k != nil {
			p.Keys = append(p.Keys, irKey(k))
		}
	}
	if k := keys["no kid"]; k != nil {
		p.Keys = append(p.Keys, irKey(k))
	}
	return p
}

// noSchemas compiles nothing.
type noSchemas struct{}

func (noSchemas) Entry(*ir.Schema) uint32  { panic("no schema expected") }
func (noSchemas) Sections() []emit.Section { return nil }

// open makes a table with one bearer scheme over the providers.
func open(t testing.TB, providers ...*ir.Provider) (*table.Table, table.Scheme) {
	t.Helper()
	tab, schemes := openSchemes(t, providers)
	return tab, schemes[0]
}

// openSchemes makes a table with a bearer scheme over each list of providers.
func openSchemes(t testing.TB, lists ...[]*ir.Provider) (*table.Table, []table.Scheme) {
	t.Helper()
	api := &ir.API{Name: "a", Mode: ir.ModeEnforce, Mounts: []ir.Mount{{}}}
	op := &ir.Operation{API: api, Method: "GET", Path: "/", Segments: []ir.Segment{{}}, Mode: ir.ModeEnforce, Inspect: ir.InspectBody, UnknownQuery: ir.ActionDeny}
	api.Operations = []*ir.Operation{op}
	for i, providers := range lists {
		scheme := &ir.Scheme{API: api, Name: fmt.Sprint("jwt", i), Kind: ir.SchemeBearer, Providers: providers}
		op.Security = append(op.Security, ir.Requirement{Uses: []ir.SchemeUse{{Scheme: scheme, Scopes: []string{"read"}}}})
	}
	raw, err := emit.Table(&ir.Build{APIs: []*ir.API{api}, Providers: lists[0], Unknown: ir.ActionDeny}, noSchemas{}, emit.NewStrings())
	if err != nil {
		t.Fatal(err)
	}
	tab, e, at := table.Open(raw)
	if e != table.ErrNone {
		t.Fatalf("open: %v at %d", e, at)
	}
	var schemes []table.Scheme
	for i := range tab.Op(0).Requirements().Count {
		use, _ := tab.Use(tab.Requirement(tab.Op(0).Requirements().Start + i).Start)
		schemes = append(schemes, tab.Scheme(use))
	}
	return tab, schemes
}

// secretsOf is the secrets in the table's order.
func secretsOf(tab *table.Table, keys map[string]*private) [][]byte {
	out := make([][]byte, tab.NumSecrets())
	for i := range out {
		for _, k := range keys {
			if k.secret != "" && k.secret == string(tab.Secret(uint32(i))) {
				out[i] = k.key.([]byte)
			}
		}
	}
	return out
}

// kit is a checker that trusts all keys of makeKeys.
func kit(t testing.TB, o token.Options) (*token.Checker, *table.Table, table.Scheme) {
	t.Helper()
	keys := makeKeys()
	tab, scheme := open(t, trusting(keys))
	o.Verifier, o.Secrets = sig.New(), secretsOf(tab, keys)
	return token.NewChecker(o), tab, scheme
}

// withoutSignature is the token up to and with its last dot.
func withoutSignature(tok string) string { return tok[:strings.LastIndexByte(tok, '.')+1] }
