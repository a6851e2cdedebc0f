//go:build !lean

package token_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/token/der"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

var update = flag.Bool("update", false, "make the attack corpus anew, with new keys")

// corpus is testdata/attacks.json: keys, good tokens and attacks, for this
// package and for every engine that judges whole requests. The tokens end in
// 2100, so that a real clock will do.
type corpus struct {
	Issuer   string            `json:"issuer"`
	Audience string            `json:"audience"`
	JWKS     map[string]any    `json:"jwks"`
	Secrets  []corpusSecret    `json:"secrets"`
	Good     map[string]string `json:"good"`
	Attacks  []attack          `json:"attacks"`
}

// corpusSecret is an HMAC key; K is base64url.
type corpusSecret struct {
	Name string `json:"name"`
	Kid  string `json:"kid"`
	Alg  string `json:"alg"`
	K    string `json:"k"`
}

const corpusFile = "testdata/attacks.json"

func jwkOf(p *private) map[string]any {
	k, problem := der.Read(p.spki())
	if problem != der.None {
		panic(problem)
	}
	out := map[string]any{"alg": p.alg.Name(), "use": "sig"}
	if p.kid != "" {
		out["kid"] = p.kid
	}
	switch k.Kind {
	case der.RSA:
		out["kty"], out["n"], out["e"] = "RSA", b64(k.Modulus), "AQAB"
	case der.Ed25519:
		out["kty"], out["crv"], out["x"] = "OKP", "Ed25519", b64(k.Point)
	default:
		size := der.CoordinateSize(k.Kind)
		out["kty"], out["crv"] = "EC", map[der.Kind]string{der.P256: "P-256", der.P384: "P-384", der.P521: "P-521"}[k.Kind]
		out["x"], out["y"] = b64(k.Point[1:1+size]), b64(k.Point[1+size:])
	}
	return out
}

func makeCorpus() corpus {
	keys := makeKeys()
	c := corpus{Issuer: issuer, Audience: audience, Good: map[string]string{}, Attacks: makeAttacks(keys)}
	names := make([]string, 0, len(keys))
	for name := range keys {
		names = append(names, name)
	}
	sort.Strings(names)
	var jwks []any
	for _, name := range names {
		k := keys[name]
		if k.alg.IsHMAC() {
			c.Secrets = append(c.Secrets, corpusSecret{k.secret, k.kid, k.alg.Name(), b64(k.key.([]byte))})
		} else {
			jwks = append(jwks, jwkOf(k))
		}
		c.Good[name] = mint(k, nil)
	}
	c.JWKS = map[string]any{"keys": jwks}
	sort.SliceStable(c.Attacks, func(i, j int) bool { return c.Attacks[i].Name < c.Attacks[j].Name })
	return c
}

func readCorpus(t testing.TB) corpus {
	t.Helper()
	if *update {
		out, err := json.MarshalIndent(makeCorpus(), "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(corpusFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(corpusFile, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		*update = false
	}
	raw, err := os.ReadFile(corpusFile)
	if err != nil {
		t.Fatal(err)
	}
	var c corpus
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		t.Fatal(err)
	}
	return c
}

// provider reads the corpus's keys the way a policy gives them.
func (c *corpus) provider(t testing.TB) *ir.Provider {
	t.Helper()
	p := &ir.Provider{Name: "corpus", Issuer: c.Issuer, Audiences: []string{c.Audience}, SkewSeconds: 60}
	for _, s := range c.Secrets {
		p.Keys = append(p.Keys, &ir.Key{ID: s.Kid, Alg: ir.Alg(token.AlgByName([]byte(s.Alg))), Secret: s.Name})
	}
	for _, k := range c.JWKS["keys"].([]any) {
		k := k.(map[string]any)
		field := func(name string) []byte {
			s, _ := k[name].(string)
			b, err := base64.RawURLEncoding.DecodeString(s)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		var spki []byte
		var problem der.Problem
		switch k["kty"] {
		case "RSA":
			spki, problem = der.AppendRSA(nil, field("n"), field("e"))
		case "OKP":
			spki, problem = der.AppendPoint(nil, der.Ed25519, field("x"))
		default:
			kind := map[string]der.Kind{"P-256": der.P256, "P-384": der.P384, "P-521": der.P521}[k["crv"].(string)]
			spki, problem = der.AppendPoint(nil, kind, append(append([]byte{4}, field("x")...), field("y")...))
		}
		if problem != der.None {
			t.Fatalf("key %v: %v", k, problem)
		}
		kid, _ := k["kid"].(string)
		p.Keys = append(p.Keys, &ir.Key{ID: kid, Alg: ir.Alg(token.AlgByName([]byte(k["alg"].(string)))), SPKI: spki})
	}
	return p
}

func (c *corpus) checker(t testing.TB) (*token.Checker, *table.Table, table.Scheme) {
	t.Helper()
	tab, s := open(t, c.provider(t))
	secrets := make([][]byte, tab.NumSecrets())
	for i := range secrets {
		for _, s := range c.Secrets {
			if s.Name == string(tab.Secret(uint32(i))) {
				secrets[i], _ = base64.RawURLEncoding.DecodeString(s.K)
			}
		}
	}
	return token.NewChecker(token.Options{Verifier: sig.New(), Secrets: secrets}), tab, s
}

func TestAttacks(t *testing.T) {
	c := readCorpus(t)
	check, tab, s := c.checker(t)
	for name, tok := range c.Good {
		if got := check.Check(tab, s, []byte(tok), now); got != verdict.Allow {
			t.Errorf("good %s: %s, want allow", name, got.Name())
		}
	}
	if len(c.Attacks) < 150 {
		t.Errorf("%d attacks, want at least 150", len(c.Attacks))
	}
	seen := map[string]bool{}
	for _, a := range c.Attacks {
		t.Run(a.Name, func(t *testing.T) {
			if seen[a.Name] || verdict.Lookup(a.Want) == 0 {
				t.Fatalf("name used twice, or unknown code %q", a.Want)
			}
			seen[a.Name] = true
			if got := check.Check(tab, s, []byte(a.Token), now); got.Name() != a.Want {
				t.Errorf("Check(%q) = %s, want %s: %s", a.Token, got.Name(), a.Want, a.Why)
			}
			if check.Accepted() {
				t.Error("says that it accepted the token")
			}
		})
	}
	t.Logf("%d attacks", len(c.Attacks))
}

// TestAttacksFresh runs the same attacks under keys made for this run, so that
// the corpus file does not hide a change of the generator.
func TestAttacksFresh(t *testing.T) {
	check, tab, s := kit(t, token.Options{CacheBytes: 1 << 20})
	for _, a := range makeAttacks(makeKeys()) {
		if got := check.Check(tab, s, []byte(a.Token), now); got.Name() != a.Want {
			t.Errorf("%s: %s, want %s", a.Name, got.Name(), a.Want)
		}
	}
}

func TestAttacksAllocate(t *testing.T) {
	c := readCorpus(t)
	check, tab, s := c.checker(t)
	for _, a := range c.Attacks {
		if a.Want == "token_signature" {
			continue // may reach Go's public-key functions
		}
		tok := []byte(a.Token)
		if n := testing.AllocsPerRun(3, func() { check.Check(tab, s, tok, now) }); n != 0 {
			t.Errorf("%s: %v allocations, want 0", a.Name, n)
		}
	}
}

// FuzzCheck wants no panic, and no acceptance of anything but the good tokens.
func FuzzCheck(f *testing.F) {
	c := readCorpus(f)
	check, tab, s := c.checker(f)
	good := map[string]bool{}
	for _, tok := range c.Good {
		f.Add([]byte(tok))
		good[tok] = true
	}
	for _, a := range c.Attacks {
		f.Add([]byte(a.Token))
	}
	f.Fuzz(func(t *testing.T, tok []byte) {
		if got := check.Check(tab, s, tok, now); got == verdict.Allow && !good[string(tok)] && !malleable(string(tok), good) {
			t.Fatalf("accepted %q", tok)
		}
	})
}

// malleable reports a token that differs from a good one in its signature only:
// of r, s and r, n-s both are ECDSA signatures (FIPS 186-5 section 6.4), and
// tokens are not identified by their signature.
func malleable(tok string, good map[string]bool) bool {
	for g := range good {
		if withoutSignature(g) == tok[:min(len(tok), len(withoutSignature(g)))] {
			return true
		}
	}
	return false
}
