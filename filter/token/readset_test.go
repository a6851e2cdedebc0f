//go:build !lean

package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	filterjson "portcullis/filter/json"
	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

const allAlgs = 1<<(token.EdDSA+1) - 1<<token.RS256

func newSetReader() *token.SetReader {
	return &token.SetReader{Parser: filterjson.NewParser(token.SetNodes, token.SetDepth), Tape: filterjson.NewTape(token.SetNodes), Verifier: sig.New()}
}

// publicJWK is the members of a public key, with changes; nil takes one away.
func publicJWK(pub any, changes ...any) string {
	m := map[string]any{}
	switch k := pub.(type) {
	case *rsa.PublicKey:
		m = map[string]any{"kty": "RSA", "n": b64(k.N.Bytes()), "e": b64(big.NewInt(int64(k.E)).Bytes())}
	case *ecdsa.PublicKey:
		raw, _ := k.Bytes()
		m = map[string]any{"kty": "EC", "crv": k.Curve.Params().Name, "x": b64(raw[1 : 1+len(raw)/2]), "y": b64(raw[1+len(raw)/2:])}
	case ed25519.PublicKey:
		m = map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	}
	for i := 0; i < len(changes); i += 2 {
		if m[changes[i].(string)] = changes[i+1]; changes[i+1] == nil {
			delete(m, changes[i].(string))
		}
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func setOf(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func TestSetReaderKeys(t *testing.T) {
	keys := makeKeys()
	rs, es, es5, ed := keys["RS256"].public(), keys["ES256"].public(), keys["ES512"].public(), keys["EdDSA"].public()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	var short *ecdsa.PrivateKey // with a coordinate that has a leading zero
	for short == nil {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if raw, _ := k.PublicKey.Bytes(); raw[1] == 0 {
			short = k
		}
	}
	raw, _ := short.PublicKey.Bytes()
	good := publicJWK(es, "kid", "good")
	tests := []struct {
		name, key string
		algs      uint32 // 0: all
		left      token.Left
	}{
		{"RSA", publicJWK(rs), 0, token.LeftNone},
		{"P-521", publicJWK(es5), 0, token.LeftNone},
		{"Ed25519", publicJWK(ed), 0, token.LeftNone},
		{"with all that people write", publicJWK(rs, "kid", "k1", "use", "sig", "alg", "RS256", "key_ops", []string{"verify"}, "x5t", "x", "x5c", []string{"y", "z"}, "exp", 5), 0, token.LeftNone},
		{"leading zeros in n", publicJWK(rs, "n", b64(append([]byte{0, 0}, rs.(*rsa.PublicKey).N.Bytes()...))), 0, token.LeftNone},
		{"coordinate with a zero", publicJWK(&short.PublicKey), 0, token.LeftNone},
		{"coordinate without its zero", publicJWK(&short.PublicKey, "x", b64(raw[2:33])), 0, token.LeftForm},
		{"coordinate with a zero too many", publicJWK(es, "x", b64(append([]byte{0}, raw[1:33]...))), 0, token.LeftForm},
		{"no object", `7`, 0, token.LeftForm},
		{"empty object", `{}`, 0, token.LeftForm},
		{"kty a number", `{"kty":1}`, 0, token.LeftForm},
		{"kty unknown", publicJWK(rs, "kty", "AKP"), 0, token.LeftType},
		{"kty in another case", publicJWK(rs, "kty", "rsa"), 0, token.LeftType},
		{"symmetric", `{"kty":"oct","k":"c2VjcmV0"}`, 0, token.LeftSecret},
		{"private RSA", publicJWK(rs, "d", "AQAB"), 0, token.LeftSecret},
		{"private EC", publicJWK(es, "d", b64(raw[1:33])), 0, token.LeftSecret},
		{"prime alone", publicJWK(rs, "p", "AQAB"), 0, token.LeftSecret},
		{"use enc", publicJWK(rs, "use", "enc"), 0, token.LeftUse},
		{"use a list", publicJWK(rs, "use", []string{"sig"}), 0, token.LeftForm},
		{"key_ops sign", publicJWK(rs, "key_ops", []string{"sign"}), 0, token.LeftUse},
		{"key_ops empty", publicJWK(rs, "key_ops", []string{}), 0, token.LeftUse},
		{"key_ops text", publicJWK(rs, "key_ops", "verify"), 0, token.LeftUse},
		{"alg of encryption", publicJWK(rs, "alg", "RSA-OAEP"), 0, token.LeftAlgorithm},
		{"alg none", publicJWK(rs, "alg", "none"), 0, token.LeftAlgorithm},
		{"alg HS256", publicJWK(rs, "alg", "HS256"), 0, token.LeftAlgorithm},
		{"alg of another kind", publicJWK(rs, "alg", "ES256"), 0, token.LeftAlgorithm},
		{"alg of another curve", publicJWK(es, "alg", "ES384"), 0, token.LeftAlgorithm},
		{"alg not in the policy", publicJWK(rs, "alg", "PS256"), 1 << token.RS256, token.LeftAlgorithm},
		{"kind not in the policy", publicJWK(es), 1 << token.RS256, token.LeftAlgorithm},
		{"1024 bits", publicJWK(&small.PublicKey), 0, token.LeftWeak},
		{"16384 bits", publicJWK(rs, "n", b64(append([]byte{0x81}, make([]byte, 2047)...))), 0, token.LeftWeak},
		{"100,000 bits", publicJWK(rs, "n", strings.Repeat("gQAB", 4000)), 0, token.LeftWeak},
		{"exponent 3", publicJWK(rs, "e", "Aw"), 0, token.LeftWeak},
		{"exponent even", publicJWK(rs, "e", "AQAA"), 0, token.LeftWeak},
		{"exponent long", publicJWK(rs, "e", strings.Repeat("gQAB", 4000)), 0, token.LeftForm},
		{"modulus even", publicJWK(rs, "n", b64(append(make([]byte, 0), append([]byte{0x81}, make([]byte, 255)...)...))), 0, token.LeftWeak},
		{"no n", publicJWK(rs, "n", nil), 0, token.LeftForm},
		{"n empty", publicJWK(rs, "n", ""), 0, token.LeftForm},
		{"n with padding", publicJWK(rs, "n", b64(rs.(*rsa.PublicKey).N.Bytes())+"=="), 0, token.LeftForm},
		{"n in the standard alphabet", publicJWK(rs, "n", "+/+/"), 0, token.LeftForm},
		{"curve unknown", publicJWK(es, "crv", "secp256k1"), 0, token.LeftType},
		{"curve of another size", publicJWK(es, "crv", "P-384"), 0, token.LeftForm},
		{"point off the curve", publicJWK(es, "y", b64(append([]byte{1}, make([]byte, 31)...))), 0, token.LeftPoint},
		{"X25519", publicJWK(ed, "crv", "X25519"), 0, token.LeftType},
		{"Ed25519 short", publicJWK(ed, "x", b64(make([]byte, 31))), 0, token.LeftForm},
		{"Ed25519 of small order", publicJWK(ed, "x", b64(make([]byte, 32))), 0, token.LeftWeak},
		{"kid a number", publicJWK(rs, "kid", 7), 0, token.LeftForm},
		{"kid long", publicJWK(rs, "kid", strings.Repeat("k", 257)), 0, token.LeftForm},
		{"twice", good, 0, token.LeftDouble},
	}
	r := newSetReader()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			algs := uint32(allAlgs)
			if tt.algs != 0 {
				algs = tt.algs
			}
			first := good
			if tt.algs != 0 {
				first = publicJWK(rs, "kid", "good")
			}
			dst := make([]byte, 0, token.MaxSetBytes)
			out, report := r.Read(dst, []byte(setOf(first, tt.key)), algs, 1, 1)
			want := token.SetReport{Keys: 2}
			if tt.left != token.LeftNone {
				want = token.SetReport{Keys: 1, Left: 1, First: tt.left}
			}
			if report != want {
				t.Fatalf("Read = %+v, want %+v", report, want)
			}
			s := token.NewKeySet(60)
			if !s.Install(out) || s.Len() != int(want.Keys) || s.Generation() != 1 {
				t.Errorf("Install: %d keys of generation %d, want %d of 1", s.Len(), s.Generation(), want.Keys)
			}
			// Alone, a key that is left out leaves no set.
			if tt.left != token.LeftNone && tt.left != token.LeftDouble {
				if out, report := r.Read(dst, []byte(setOf(tt.key)), algs, 1, 1); report.Problem != token.SetNoKeys || len(out) != 0 {
					t.Errorf("Read of this key alone = %+v, want no keys", report)
				}
			}
		})
	}
}

func TestSetReaderDocuments(t *testing.T) {
	good := publicJWK(makeKeys()["ES256"].public())
	tests := []struct {
		name, doc string
		want      token.SetProblem
	}{
		{"empty", "", token.SetJSON},
		{"trailing", setOf(good) + "x", token.SetJSON},
		{"doubled keys", `{"keys":[` + good + `],"keys":[]}`, token.SetJSON},
		{"doubled member of a key", `{"keys":[{"kty":"RSA","kty":"EC"},` + good + `]}`, token.SetJSON},
		{"doubled by escape", `{"keys":[` + good + `],"\u006beys":[]}`, token.SetJSON},
		{"invalid UTF-8", `{"keys":["` + "\xff" + `",` + good + `]}`, token.SetJSON},
		{"null", `null`, token.SetForm},
		{"array", `[` + good + `]`, token.SetForm},
		{"a key, not a set", good, token.SetForm},
		{"keys an object", `{"keys":{}}`, token.SetForm},
		{"keys in another case", `{"Keys":[` + good + `]}`, token.SetForm},
		{"no keys", `{"keys":[]}`, token.SetNoKeys},
		{"deep", `{"keys":[` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `]}`, token.SetLarge},
		{"many", `{"keys":[` + strings.Repeat("1,", 5000) + good + `]}`, token.SetLarge},
		{"good", ` {"x":[{}],"keys" : [` + good + `]}` + "\n", token.SetGood},
		{"by escape", `{"\u006beys":[` + good + `]}`, token.SetGood},
	}
	r := newSetReader()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, report := r.Read(make([]byte, 0, token.MaxSetBytes), []byte(tt.doc), allAlgs, 1, 1)
			if report.Problem != tt.want || (len(out) == 0) != (tt.want != token.SetGood) {
				t.Errorf("Read = %+v and %d bytes, want problem %d", report, len(out), tt.want)
			}
		})
	}
}

// TestSetReaderRoom: keys beyond what is kept are left out, not half of them.
func TestSetReaderRoom(t *testing.T) {
	ed := makeKeys()["EdDSA"].public()
	rs := makeKeys()["RS256"].public()
	var many, wide []string
	for i := range 100 {
		many = append(many, publicJWK(ed, "kid", fmt.Sprint(i)))
		wide = append(wide, publicJWK(rs, "kid", strings.Repeat("k", 200)+fmt.Sprint(i)))
	}
	r := newSetReader()
	out, report := r.Read(make([]byte, 0, token.MaxSetBytes), []byte(setOf(many...)), allAlgs, 1, 1)
	if report.Keys != token.MaxSetKeys || report.Left != 100-token.MaxSetKeys || report.First != token.LeftRoom {
		t.Errorf("Read of 100 keys = %+v, want %d", report, token.MaxSetKeys)
	}
	s := token.NewKeySet(60)
	if !s.Install(out) || s.Len() != token.MaxSetKeys {
		t.Errorf("Install = %d keys, want %d", s.Len(), token.MaxSetKeys)
	}
	out, report = r.Read(make([]byte, 0, token.MaxSetBytes), []byte(setOf(wide...)), allAlgs, 1, 1)
	if report.Keys == 0 || report.Keys+report.Left != 100 || report.First != token.LeftRoom || len(out) > token.MaxSetBytes || !s.Install(out) {
		t.Errorf("Read of 100 long keys = %+v in %d bytes, want as many as fit", report, len(out))
	}
	if out, report := r.Read(make([]byte, 0, 100), []byte(setOf(wide...)), allAlgs, 1, 1); report.Problem != token.SetNoKeys || len(out) != 0 {
		t.Errorf("Read without room = %+v, want no keys", report)
	}
}

// TestInstallHostile: a compiled set that is damaged is no set, and changes nothing.
func TestInstallHostile(t *testing.T) {
	r := newSetReader()
	out, _ := r.Read(make([]byte, 0, token.MaxSetBytes), []byte(setOf(publicJWK(makeKeys()["ES256"].public(), "kid", "a"), publicJWK(makeKeys()["EdDSA"].public()))), allAlgs, 3, 5)
	s := token.NewKeySet(60)
	if !s.Install(out) {
		t.Fatal("Install of a good set = false")
	}
	check := func(what string, b []byte) {
		if s.Install(b) {
			t.Errorf("Install of %s = true", what)
		}
		if s.Len() != 2 || s.Generation() != 3 || s.FetchedNanos() != 5 {
			t.Fatalf("after %s: %d keys of generation %d", what, s.Len(), s.Generation())
		}
	}
	for n := range out {
		check(fmt.Sprintf("the first %d bytes", n), out[:n])
	}
	check("one byte more", append(append([]byte(nil), out...), 0))
	check("nothing", nil)
	for _, at := range []int{0, 16, 17, 20, 24, 25} { // magic, count, zeros, algorithm
		b := append([]byte(nil), out...)
		b[at] ^= 0x80
		check(fmt.Sprintf("a change at %d", at), b)
	}
	check("a large one", make([]byte, token.MaxSetBytes+1))
	if n := testing.AllocsPerRun(100, func() { s.Install(out) }); n != 0 {
		t.Errorf("Install again: allocations = %v, want 0", n)
	}
}

// remoteKit is a checker whose provider fetches its keys; none are there yet.
func remoteKit(t testing.TB) (*token.Checker, *token.KeySet, func(tok []byte, at int64) verdict.Code) {
	p := &ir.Provider{Name: "kit", Issuer: issuer, Audiences: []string{audience}, SkewSeconds: 60, Remote: &ir.RemoteKeys{
		URI: "https://issuer.example/keys", Cluster: "c", RefreshSeconds: 60, MaxStaleSeconds: 600, TimeoutMs: 1000, CooldownSeconds: 1, Algorithms: []ir.Alg{ir.AlgES256, ir.AlgEdDSA}}}
	tab, scheme := open(t, p)
	set := token.NewKeySet(600)
	c := token.NewChecker(token.Options{Verifier: sig.New(), Sets: []*token.KeySet{set}, CacheBytes: 1 << 20})
	return c, set, func(tok []byte, at int64) verdict.Code { return c.Check(tab, scheme, tok, at) }
}

func install(t testing.TB, s *token.KeySet, generation uint32, at int64, keys ...string) {
	t.Helper()
	out, report := newSetReader().Read(make([]byte, 0, token.MaxSetBytes), []byte(setOf(keys...)), allAlgs, generation, at)
	if report.Problem != token.SetGood || !s.Install(out) {
		t.Fatalf("install: %+v", report)
	}
}

// TestFetchedKeys follows a token through the life of the keys: none, its own, another
// one, its own again, and too old.
func TestFetchedKeys(t *testing.T) {
	keys := makeKeys()
	es, ed := keys["ES256"], keys["EdDSA"]
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mine, theirs := publicJWK(es.public(), "kid", es.kid), publicJWK(&other.PublicKey, "kid", es.kid)
	tok := mint(es, nil)
	c, set, check := remoteKit(t)
	step := func(what string, tok string, at int64, want verdict.Code, wants, cached bool) {
		t.Helper()
		got := check([]byte(tok), at)
		if got != want || (c.Wants() == 0) != wants || got == verdict.Allow && c.Cached() != cached {
			t.Errorf("%s: Check = %s, wants keys %v, cached %v; want %s, %v, %v", what, got.Name(), c.Wants() == 0, c.Cached(), want.Name(), wants, cached)
		}
	}
	step("no keys", tok, now, verdict.TokenKeysUnavailable, true, false)
	step("no keys, expired", mint(es, map[string]any{"exp": nowSec - 100}), now, verdict.TokenExpired, false, false)
	step("no keys, another's audience", mint(es, map[string]any{"aud": "x"}), now, verdict.TokenAudience, false, false)
	install(t, set, 1, now, mine)
	step("first sight", tok, now, verdict.Allow, false, false)
	step("second sight", tok, now, verdict.Allow, false, true)
	step("unknown kid", mint(ed, nil), now, verdict.TokenKeyUnknown, true, false)
	step("unknown kid, expired", mint(ed, map[string]any{"exp": nowSec - 100}), now, verdict.TokenExpired, false, false)
	step("known kid, another algorithm", compact(ed, `{"alg":"EdDSA","kid":"`+es.kid+`"}`, claimSet(nil)), now, verdict.TokenAlgorithm, false, false)
	install(t, set, 2, now, publicJWK(ed.public(), "kid", ed.kid), mine)
	step("the same key in a new set", tok, now, verdict.Allow, false, true)
	step("the new key", mint(ed, nil), now, verdict.Allow, false, false)
	install(t, set, 3, now, theirs)
	step("another key under its kid", tok, now, verdict.TokenSignature, false, false)
	install(t, set, 4, now, mine)
	step("its key again", tok, now, verdict.Allow, false, false) // another number: judged again
	step("remembered again", tok, now, verdict.Allow, false, true)
	step("fresh enough", tok, now+599e9, verdict.Allow, false, true)
	step("too old", tok, now+600e9, verdict.TokenKeysUnavailable, true, false)
	install(t, set, 5, now+600e9, mine)
	step("fetched", tok, now+600e9, verdict.Allow, false, true)
	raw := []byte(tok)
	if n := testing.AllocsPerRun(100, func() { check(raw, now+600e9) }); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}

// TestFetchedDoubledKid: two keys with one kid are both asked.
func TestFetchedDoubledKid(t *testing.T) {
	es := makeKeys()["ES256"]
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, set, check := remoteKit(t)
	install(t, set, 1, now, publicJWK(&other.PublicKey, "kid", es.kid), publicJWK(es.public(), "kid", es.kid))
	if code := check([]byte(mint(es, nil)), now); code != verdict.Allow {
		t.Errorf("Check = %s, want allow", code.Name())
	}
}

// FuzzSetReader: whatever a provider sends, what is made of it can be put in force, and
// its keys are ones that the algorithms can use.
func FuzzSetReader(f *testing.F) {
	keys := makeKeys()
	for _, name := range []string{"RS256", "ES256", "ES512", "EdDSA"} {
		f.Add([]byte(setOf(publicJWK(keys[name].public(), "kid", "k", "use", "sig"))))
	}
	f.Add([]byte(`{"keys":[{"kty":"oct","k":"AA"},7,{}]}`))
	r := newSetReader()
	f.Fuzz(func(t *testing.T, doc []byte) {
		out, report := r.Read(make([]byte, 0, token.MaxSetBytes), doc, allAlgs, 1, 1)
		s := token.NewKeySet(60)
		if ok := s.Install(out); ok != (report.Problem == token.SetGood) || ok && s.Len() != int(report.Keys) {
			t.Fatalf("Read = %+v, Install = %v with %d keys", report, ok, s.Len())
		}
		if report.Problem == token.SetGood && !json.Valid(doc) {
			t.Fatalf("Read takes %q, which is no JSON", doc)
		}
	})
}
