//go:build !lean

package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
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

// proofJWK is the members of a public key.
func proofJWK(p *private) map[string]any {
	switch k := p.public().(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": b64(k.N.Bytes()), "e": "AQAB"}
	case *ecdsa.PublicKey:
		size := (k.Params().BitSize + 7) / 8
		return map[string]any{"kty": "EC", "crv": k.Params().Name, "x": b64(k.X.FillBytes(make([]byte, size))), "y": b64(k.Y.FillBytes(make([]byte, size)))}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": b64(k)}
	}
	return nil
}

// thumbprint is RFC 7638's, from the members that it wants: Go writes names in order.
func thumbprint(jwk map[string]any) [32]byte {
	only := map[string]any{}
	for _, name := range []string{"kty", "n", "e", "crv", "x", "y"} {
		if v, ok := jwk[name]; ok {
			only[name] = v
		}
	}
	text, err := json.Marshal(only)
	if err != nil {
		panic(err)
	}
	return sha256.Sum256(text)
}

const accessToken = "an.access.token"

// craft is a proof and the request that it comes with; rows change one thing.
type craft struct {
	key            *private
	alg            token.Alg // that signs, whatever the header says
	header, claims map[string]any
	jwk            map[string]any
	headerText     string // in place of the marshalled one
	claimsText     string
	edit           func(proof string) string
	method, path   string
	authority      string
	token          string
	origins        []string
	thumbprint     [32]byte
	algs           uint32
	at             int64 // nanoseconds
}

func good(key *private) *craft {
	jwk := proofJWK(key)
	sum := sha256.Sum256([]byte(accessToken))
	return &craft{
		key: key, alg: key.alg, jwk: jwk, header: map[string]any{"typ": "dpop+jwt", "alg": key.alg.Name(), "jwk": jwk},
		claims: map[string]any{"jti": "e1j3V_bKic8-LAEB", "htm": "GET", "htu": "https://api.example.com/orders/7", "iat": nowSec, "ath": b64(sum[:])},
		method: "GET", path: "/orders/7", authority: "internal:8080", token: accessToken, origins: []string{"https://api.example.com"},
		thumbprint: thumbprint(jwk), algs: 1<<14 - 1<<4, at: now,
	}
}

func text(m map[string]any, instead string) string {
	if instead != "" {
		return instead
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (c *craft) proof() string {
	signed := b64([]byte(text(c.header, c.headerText))) + "." + b64([]byte(text(c.claims, c.claimsText)))
	p := signed + "." + b64(c.key.sign(c.alg, signed))
	if c.edit != nil {
		p = c.edit(p)
	}
	return p
}

var bindings = map[string]table.Binding{}

// bindingFor is what a provider with these origins asks.
func bindingFor(t testing.TB, origins []string) table.Binding {
	t.Helper()
	key := strings.Join(origins, " ")
	if _, ok := bindings[key]; !ok {
		p := trusting(makeKeys())
		p.Proofs = &ir.Proofs{Origins: origins, AgeSeconds: 60, FutureSeconds: 5, Algorithms: []ir.Alg{ir.AlgES256}, Remembered: 4096}
		tab, _ := open(t, p)
		bindings[key] = tab.Binding(0)
	}
	return bindings[key]
}

func (c *craft) check(t testing.TB, p *token.Proofs) verdict.Code {
	b := bindingFor(t, c.origins)
	b.Algorithms = c.algs
	return p.Check(&b, &token.Proof{Text: []byte(c.proof()), Token: []byte(c.token), Method: []byte(c.method),
		Authority: []byte(c.authority), Path: []byte(c.path), Thumbprint: &c.thumbprint}, c.at)
}

// TestProofOfRFC9449 checks the proof of section 7.1.
func TestProofOfRFC9449(t *testing.T) {
	const proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	var jkt [32]byte
	sum, err := base64.RawURLEncoding.DecodeString("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")
	if err != nil || copy(jkt[:], sum) != 32 {
		t.Fatal(err)
	}
	b := bindingFor(t, []string{"https://resource.example.org"})
	q := token.Proof{Text: []byte(proof), Token: []byte("Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"), Method: []byte("GET"),
		Authority: []byte("resource.example.org"), Path: []byte("/protectedresource"), Thumbprint: &jkt}
	p := token.NewProofs(sig.New())
	if code := p.Check(&b, &q, 1562262620e9); code != verdict.Allow {
		t.Fatalf("Check(RFC 9449 section 7.1) = %s, want allow", code.Name())
	}
	if string(p.JTI) != "e1j3V_bKic8-LAEB" || p.IssuedNanos != 1562262618e9 {
		t.Errorf("jti %q, iat %d", p.JTI, p.IssuedNanos)
	}
	q.Text = []byte("eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg")
	if code := p.Check(&b, &q, 1562262620e9); code != verdict.ProofTarget {
		t.Errorf("Check(RFC 9449 section 4.1, for a token endpoint) = %s, want proof_target", code.Name())
	}
}

func TestProofOfEveryAlgorithm(t *testing.T) {
	p := token.NewProofs(sig.New())
	for name, key := range makeKeys() {
		if key.alg.IsHMAC() || key.kid == "" {
			continue
		}
		if code := good(key).check(t, p); code != verdict.Allow {
			t.Errorf("Check(%s) = %s, want allow", name, code.Name())
		}
	}
}

// without is m without a member.
func without(m map[string]any, name string) map[string]any {
	m = maps.Clone(m)
	delete(m, name)
	return m
}

// with is m with a member.
func with(m map[string]any, name string, value any) map[string]any {
	m = maps.Clone(m)
	m[name] = value
	return m
}

// escaped writes the first letter of s as an escape.
func escaped(s string) string { return fmt.Sprintf(`\u%04x`, s[0]) + s[1:] }

func TestProofAttacks(t *testing.T) {
	keys := makeKeys()
	es, rs := keys["ES256"], keys["RS256"]
	ecKey, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other := &private{kid: "other", alg: token.ES256, key: ecKey}
	secret := &private{alg: token.HS256, key: []byte(strings.Repeat("s", 32))}
	pub := func(p *private) []byte { return p.spki() }
	claim := func(name string, value any) func(*craft) {
		return func(c *craft) { c.claims[name] = value }
	}
	head := func(name string, value any) func(*craft) {
		return func(c *craft) { c.header[name] = value }
	}
	member := func(name string, value any) func(*craft) {
		return func(c *craft) { c.header["jwk"] = with(c.jwk, name, value) }
	}
	htu := func(uri string) func(*craft) { return claim("htu", uri) }
	edit := func(f func(string) string) func(*craft) { return func(c *craft) { c.edit = f } }
	twice := []string{"https://api.example.com", "https://other.example.com:8443"}
	const (
		malformed = verdict.ProofMalformed
		algorithm = verdict.ProofAlgorithm
		key       = verdict.ProofKey
		target    = verdict.ProofTarget
		allow     = verdict.Allow
	)
	tests := []struct {
		name   string
		key    *private // default ES256
		change func(*craft)
		want   verdict.Code
	}{
		{"nothing", nil, func(*craft) {}, allow},

		// Form: RFC 9449 section 4.3, checks 1 and 2.
		{"empty", nil, edit(func(string) string { return "" }), malformed},
		{"two joined by a comma", nil, edit(func(p string) string { return p + "," + p }), malformed},
		{"two joined by a comma and a space", nil, edit(func(p string) string { return p + ", " + p }), malformed},
		{"two parts", nil, edit(func(p string) string { return p[:strings.LastIndexByte(p, '.')] }), malformed},
		{"no signature", nil, edit(withoutSignature), verdict.ProofSignature},
		{"five parts", nil, edit(func(p string) string { return p + ".a.b" }), malformed},
		{"padding", nil, edit(func(p string) string { return p + "==" }), malformed},
		{"a space in front", nil, edit(func(p string) string { return " " + p }), malformed},
		{"the scheme in front", nil, edit(func(p string) string { return "DPoP " + p }), malformed},
		{"standard base64", nil, edit(func(p string) string { return p[:len(p)-1] + "+" }), malformed},
		{"a bit that is set past the end", nil, edit(func(p string) string { return p[:len(p)-1] + "B" }), malformed},
		{"a line break", nil, edit(func(p string) string { return p[:20] + "\n" + p[20:] }), malformed},
		{"too long", nil, claim("padding", strings.Repeat("x", 6000)), malformed},
		{"no JSON in the header", nil, func(c *craft) { c.headerText = "typ" }, malformed},
		{"an array for a header", nil, func(c *craft) { c.headerText = "[]" }, malformed},
		{"a doubled alg", nil, func(c *craft) {
			c.headerText = strings.Replace(text(c.header, ""), "{", `{"alg":"none",`, 1)
		}, malformed},
		{"a doubled claim", nil, func(c *craft) {
			c.claimsText = strings.Replace(text(c.claims, ""), "{", `{"htu":"https://evil.example/",`, 1)
		}, malformed},
		{"a claim doubled by an escape", nil, func(c *craft) {
			c.claimsText = strings.Replace(text(c.claims, ""), "{", `{"\u0068tu":"https://evil.example/",`, 1)
		}, malformed},
		{"an array of claims", nil, func(c *craft) { c.claimsText = "[]" }, malformed},
		{"deep claims", nil, func(c *craft) { c.claims["x"] = []any{[]any{[]any{[]any{[]any{}}}}} }, malformed},

		// Check 3: the required claims.
		{"no jti", nil, func(c *craft) { c.claims = without(c.claims, "jti") }, malformed},
		{"an empty jti", nil, claim("jti", ""), malformed},
		{"a jti that is a number", nil, claim("jti", 7), malformed},
		{"a long jti", nil, claim("jti", strings.Repeat("j", 513)), malformed},
		{"a jti of 512 bytes", nil, claim("jti", strings.Repeat("j", 512)), allow},
		{"no htm", nil, func(c *craft) { c.claims = without(c.claims, "htm") }, malformed},
		{"htm is an array", nil, claim("htm", []string{"GET"}), malformed},
		{"no htu", nil, func(c *craft) { c.claims = without(c.claims, "htu") }, malformed},
		{"no iat", nil, func(c *craft) { c.claims = without(c.claims, "iat") }, malformed},
		{"iat is a string", nil, claim("iat", fmt.Sprint(nowSec)), malformed},
		{"iat is null", nil, claim("iat", nil), malformed},
		{"iat is beyond all dates", nil, func(c *craft) {
			c.claimsText = strings.Replace(text(c.claims, ""), fmt.Sprint(nowSec), "1e400", 1)
		}, malformed},
		{"exp instead of iat", nil, func(c *craft) { c.claims = with(without(c.claims, "iat"), "exp", farSec) }, malformed},

		// Check 4: typ.
		{"no typ", nil, func(c *craft) { c.header = without(c.header, "typ") }, malformed},
		{"typ JWT", nil, head("typ", "JWT"), malformed},
		{"typ at+jwt", nil, head("typ", "at+jwt"), malformed},
		{"typ in capitals", nil, head("typ", "DPOP+JWT"), malformed},
		{"typ is a media type", nil, head("typ", "application/dpop+jwt"), malformed},
		{"typ is an array", nil, head("typ", []string{"dpop+jwt"}), malformed},

		// Check 5: the algorithm.
		{"no alg", nil, func(c *craft) { c.header = without(c.header, "alg") }, algorithm},
		{"none", nil, head("alg", "none"), algorithm},
		{"None, unsigned", nil, func(c *craft) { c.header["alg"], c.edit = "None", withoutSignature }, algorithm},
		{"HS256 with a secret", nil, func(c *craft) {
			c.header["alg"], c.key, c.alg = "HS256", secret, token.HS256
		}, algorithm},
		{"HS256 with the public key for a secret", nil, func(c *craft) {
			c.header["alg"], c.key, c.alg = "HS256", &private{alg: token.HS256, key: pub(es)}, token.HS256
		}, algorithm},
		{"HS256 and a symmetric jwk", nil, func(c *craft) {
			c.jwk = map[string]any{"kty": "oct", "k": b64(secret.key.([]byte))}
			c.header["alg"], c.header["jwk"], c.key, c.alg = "HS256", c.jwk, secret, token.HS256
		}, algorithm},
		{"ES256 and a symmetric jwk", nil, func(c *craft) { c.header["jwk"] = map[string]any{"kty": "oct", "k": "AAAA"} }, key},
		{"an unknown algorithm", nil, head("alg", "ES256K"), algorithm},
		{"another algorithm than the key's", nil, head("alg", "ES384"), algorithm},
		{"RS256 for an EC key", nil, head("alg", "RS256"), algorithm},
		{"PS256 for RS256", rs, head("alg", "PS256"), verdict.ProofSignature},
		{"an algorithm that the policy leaves out", rs, func(c *craft) { c.algs = 1 << token.ES256 }, algorithm},
		{"alg in lower case", nil, head("alg", "es256"), algorithm},
		{"another alg in the jwk", nil, member("alg", "ES384"), algorithm},
		{"the same alg in the jwk", nil, member("alg", "ES256"), allow},

		// Checks 6 and 7: the key and the signature.
		{"no jwk", nil, func(c *craft) { c.header = without(c.header, "jwk") }, key},
		{"jwk is a string", nil, head("jwk", "{}"), key},
		{"jwk is empty", nil, head("jwk", map[string]any{}), key},
		{"jwk is an array", nil, head("jwk", []any{}), key},
		{"jku instead", nil, func(c *craft) { c.header = with(without(c.header, "jwk"), "jku", "https://evil.example/") }, malformed},
		{"jku besides", nil, head("jku", "https://evil.example/"), malformed},
		{"x5c besides", nil, head("x5c", []string{"AAAA"}), malformed},
		{"crit", nil, head("crit", []string{"exp"}), malformed},
		{"b64 false", nil, head("b64", false), malformed},
		{"zip", nil, head("zip", "DEF"), malformed},
		{"a private EC key", nil, member("d", b64(ecKey.D.Bytes())), key},
		{"a private member that is null", nil, member("d", nil), key},
		{"a private member by an escape", nil, func(c *craft) {
			c.headerText = strings.Replace(text(c.header, ""), `"crv"`, `"\u0064":"AA","crv"`, 1)
		}, key},
		{"a private RSA key by p", rs, member("p", "AAAA"), key},
		{"a private RSA key by q", rs, member("q", "AAAA"), key},
		{"a private RSA key by dp", rs, member("dp", "AAAA"), key},
		{"a private RSA key by qi", rs, member("qi", "AAAA"), key},
		{"a private RSA key by oth", rs, member("oth", []any{}), key},
		{"a secret in a public key", nil, member("k", "AAAA"), key},
		{"a key for encryption", nil, member("use", "enc"), key},
		{"a key that signs only", nil, member("key_ops", []string{"sign"}), key},
		{"another one's key", nil, func(c *craft) { c.header["jwk"], c.key = proofJWK(other), other }, key},
		{"another one's signature", nil, func(c *craft) { c.key = other }, verdict.ProofSignature},
		{"a kid of somebody", nil, head("kid", "k-es256"), allow},
		{"members in another order", nil, func(c *craft) {
			c.headerText = fmt.Sprintf(`{"jwk":{"y":%q,"x":%q,"crv":"P-256","kty":"EC"},"alg":"ES256","typ":"dpop+jwt"}`, c.jwk["y"], c.jwk["x"])
		}, allow},
		{"members that do not count", nil, func(c *craft) {
			c.header["jwk"] = with(with(with(c.jwk, "kid", "x"), "use", "sig"), "nbf", 7)
		}, allow},
		{"members of another kind of key", nil, func(c *craft) {
			c.header["jwk"] = with(with(proofJWK(other), "n", "AAAA"), "e", "AQAB")
			c.key = other
		}, key},
		{"a member written with an escape", nil, func(c *craft) {
			x := c.jwk["x"].(string)
			c.headerText = strings.Replace(text(c.header, ""), `"`+x+`"`, `"`+escaped(x)+`"`, 1)
		}, key},
		{"kty written with an escape", nil, func(c *craft) {
			c.headerText = strings.Replace(text(c.header, ""), `"EC"`, `"\u0045C"`, 1)
		}, key},
		{"a coordinate with a quote, to look like another key", nil, member("x", `A","y":"B`), key},
		{"a coordinate that is short", nil, member("x", "AAAA"), key},
		{"the point at infinity", nil, func(c *craft) {
			zero := b64(make([]byte, 32))
			c.jwk = with(with(c.jwk, "x", zero), "y", zero)
			c.header["jwk"], c.thumbprint = c.jwk, thumbprint(c.jwk)
		}, key},
		{"a point that is on no curve", nil, func(c *craft) {
			c.jwk = with(c.jwk, "y", c.jwk["x"])
			c.header["jwk"], c.thumbprint = c.jwk, thumbprint(c.jwk)
		}, key},
		{"an RSA key of one byte", rs, func(c *craft) {
			c.jwk = with(c.jwk, "n", "Aw")
			c.header["jwk"], c.thumbprint = c.jwk, thumbprint(c.jwk)
		}, key},
		{"an RSA key with the exponent 1", rs, func(c *craft) {
			c.jwk = with(c.jwk, "e", "AQ")
			c.header["jwk"], c.thumbprint = c.jwk, thumbprint(c.jwk)
		}, key},
		{"an exponent with zeros in front, which is another thumbprint", rs, member("e", "AAEAAQ"), key},
		{"an Ed25519 key of small order", keys["EdDSA"], func(c *craft) {
			c.jwk = with(c.jwk, "x", b64(make([]byte, 32)))
			c.header["jwk"], c.thumbprint = c.jwk, thumbprint(c.jwk)
		}, key},
		{"an EC signature of zeros", nil, edit(func(p string) string { return withoutSignature(p) + b64(make([]byte, 64)) }), verdict.ProofSignature},
		{"a signature in DER", nil, edit(func(p string) string { return withoutSignature(p) + b64(append([]byte{0x30, 70}, make([]byte, 70)...)) }), verdict.ProofSignature},
		{"claims that were changed", nil, edit(func(p string) string {
			parts := strings.Split(p, ".")
			payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
			return parts[0] + "." + b64([]byte(strings.Replace(string(payload), "e1j3", "e1j4", 1))) + "." + parts[2]
		}), verdict.ProofSignature},

		// Check 8: htm.
		{"another method", nil, claim("htm", "POST"), target},
		{"the method in lower case", nil, claim("htm", "get"), target},
		{"the method with a space", nil, claim("htm", "GET "), target},
		{"an empty method", nil, claim("htm", ""), target},
		{"HEAD for GET", nil, func(c *craft) { c.method = "HEAD" }, target},

		// Check 9: htu.
		{"another path", nil, htu("https://api.example.com/orders/8"), target},
		{"another host", nil, htu("https://evil.example.com/orders/7"), target},
		{"another host that begins alike", nil, htu("https://api.example.com.evil.example/orders/7"), target},
		{"the request's own host", nil, func(c *craft) {
			c.authority, c.claims["htu"] = "evil.example", "https://evil.example/orders/7"
		}, target},
		{"another scheme", nil, htu("http://api.example.com/orders/7"), target},
		{"another port", nil, htu("https://api.example.com:8443/orders/7"), target},
		{"no scheme", nil, htu("//api.example.com/orders/7"), target},
		{"the path alone", nil, htu("/orders/7"), target},
		{"empty", nil, htu(""), target},
		{"the scheme and host in capitals", nil, htu("HTTPS://API.Example.COM/orders/7"), allow},
		{"the path in capitals", nil, htu("https://api.example.com/Orders/7"), target},
		{"the default port", nil, htu("https://api.example.com:443/orders/7"), allow},
		{"an empty port", nil, htu("https://api.example.com:/orders/7"), allow},
		{"the other default port", nil, htu("https://api.example.com:80/orders/7"), target},
		{"a port with zeros in front", nil, htu("https://api.example.com:0443/orders/7"), target},
		{"a user", nil, htu("https://api.example.com@evil.example/orders/7"), target},
		{"a user in front of the host", nil, htu("https://u:p@api.example.com/orders/7"), target},
		{"a backslash", nil, htu(`https://evil.example\\@api.example.com/orders/7`), target},
		{"a trailing dot of the host", nil, htu("https://api.example.com./orders/7"), target},
		{"a trailing slash", nil, htu("https://api.example.com/orders/7/"), target},
		{"a slash less", nil, func(c *craft) { c.path = "/orders/7/" }, target},
		{"two slashes", nil, htu("https://api.example.com//orders/7"), target},
		{"dot segments", nil, htu("https://api.example.com/x/../orders/7"), target},
		{"a letter that is encoded", nil, htu("https://api.example.com/%6frders/7"), allow},
		{"a letter that is encoded in the request", nil, func(c *craft) { c.path = "/%6Frders/7" }, allow},
		{"an encoded slash for a slash", nil, htu("https://api.example.com/orders%2f7"), target},
		{"the case of an encoding", nil, func(c *craft) {
			c.path, c.claims["htu"] = "/a%2fb", "https://api.example.com/a%2Fb"
		}, allow},
		{"an encoding of the percent sign", nil, func(c *craft) {
			c.path, c.claims["htu"] = "/a%20b", "https://api.example.com/a%2520b"
		}, target},
		{"a broken encoding", nil, func(c *craft) { c.path, c.claims["htu"] = "/a%2", "https://api.example.com/a%2" }, target},
		{"a query of the request", nil, func(c *craft) { c.path = "/orders/7?a=1" }, allow},
		{"a query of the proof", nil, htu("https://api.example.com/orders/7?a=1#f"), allow},
		{"a query that hides a path", nil, htu("https://api.example.com?/orders/7"), target},
		{"a fragment that hides a host", nil, htu("https://evil.example#@api.example.com/orders/7"), target},
		{"the root without a slash", nil, func(c *craft) { c.path, c.claims["htu"] = "/", "https://api.example.com" }, allow},
		{"an escape in htu", nil, func(c *craft) {
			c.claimsText = strings.Replace(text(c.claims, ""), `"https:`, `"\u0068ttps:`, 1)
		}, target},
		{"the second origin, and a request to it", nil, func(c *craft) {
			c.origins, c.authority, c.claims["htu"] = twice, "OTHER.example.com:8443", "https://other.example.com:8443/orders/7"
		}, allow},
		{"the second origin, and a request to the first", nil, func(c *craft) {
			c.origins, c.authority, c.claims["htu"] = twice, "api.example.com", "https://other.example.com:8443/orders/7"
		}, target},
		{"of two origins neither", nil, func(c *craft) { c.origins, c.authority = twice, "internal" }, target},
		{"the default port of a request", nil, func(c *craft) { c.origins, c.authority = twice, "api.example.com:443" }, allow},

		// Check 11: the time.
		{"as old as may be", nil, claim("iat", nowSec-60), allow},
		{"too old by a second", nil, claim("iat", nowSec-61), verdict.ProofTime},
		{"too old by less", nil, func(c *craft) { c.claims["iat"], c.at = nowSec-60, now+1 }, verdict.ProofTime},
		{"as far ahead as may be", nil, claim("iat", nowSec+5), allow},
		{"too far ahead", nil, claim("iat", nowSec+6), verdict.ProofTime},
		{"too far ahead by less", nil, claim("iat", float64(nowSec)+5.5), verdict.ProofTime},
		{"milliseconds", nil, claim("iat", nowSec*1000), verdict.ProofTime},
		{"1970", nil, claim("iat", 0), verdict.ProofTime},
		{"before 1970", nil, claim("iat", -nowSec), verdict.ProofTime},

		// Check 12: the token.
		{"no ath", nil, func(c *craft) { c.claims = without(c.claims, "ath") }, verdict.ProofToken},
		{"an empty ath", nil, claim("ath", ""), verdict.ProofToken},
		{"another token's ath", nil, func(c *craft) { c.token = "another.access.token" }, verdict.ProofToken},
		{"ath with padding", nil, func(c *craft) { c.claims["ath"] = c.claims["ath"].(string) + "=" }, verdict.ProofToken},
		{"ath in hexadecimal", nil, func(c *craft) { c.claims["ath"] = fmt.Sprintf("%x", sha256.Sum256([]byte(accessToken))) }, verdict.ProofToken},
		{"ath is an array", nil, func(c *craft) { c.claims["ath"] = []any{c.claims["ath"]} }, verdict.ProofToken},
		{"claims that are nobody's", nil, claim("nonce", "x"), allow},
	}
	p := token.NewProofs(sig.New())
	for _, tt := range tests {
		k := tt.key
		if k == nil {
			k = es
		}
		c := good(k)
		tt.change(c)
		if code := c.check(t, p); code != tt.want {
			t.Errorf("Check(%s) = %s, want %s", tt.name, code.Name(), tt.want.Name())
		}
		if again := good(es).check(t, p); again != allow {
			t.Fatalf("after %s a good proof is %s", tt.name, again.Name())
		}
	}
}

// TestProofTruncated cuts a good proof at every byte.
func TestProofTruncated(t *testing.T) {
	c := good(makeKeys()["ES256"])
	proof := c.proof()
	p := token.NewProofs(sig.New())
	for i := range proof {
		c.edit = func(string) string { return proof[:i] }
		if code := c.check(t, p); code == verdict.Allow {
			t.Errorf("Check(%d bytes of it) = allow", i)
		}
	}
}

// saying verifies nothing, and says so.
type saying struct {
	token.Verifier
	answer token.Result
}

func (a saying) Verify(token.Alg, []byte, []byte, []byte) token.Result { return a.answer }

func TestProofVerifierAnswers(t *testing.T) {
	for answer, want := range map[token.Result]verdict.Code{
		token.Busy: verdict.TokenVerifyBudget, token.Bad: verdict.ProofSignature, token.Unsupported: verdict.ProofKey,
		token.Error: verdict.CredentialUnsupported, 0: verdict.CredentialUnsupported, token.Good: verdict.Allow,
	} {
		p := token.NewProofs(saying{sig.New(), answer})
		if code := good(makeKeys()["ES256"]).check(t, p); code != want {
			t.Errorf("Check with %v = %s, want %s", answer, code.Name(), want.Name())
		}
	}
}

func TestProofAllocates(t *testing.T) {
	for _, name := range []string{"ES256", "RS256", "EdDSA"} {
		c := good(makeKeys()[name])
		b := bindingFor(t, c.origins)
		b.Algorithms = c.algs
		q := token.Proof{Text: []byte(c.proof()), Token: []byte(c.token), Method: []byte("GET"), Path: []byte(c.path), Thumbprint: &c.thumbprint}
		p := token.NewProofs(saying{sig.New(), token.Good})
		if n := testing.AllocsPerRun(50, func() {
			if p.Check(&b, &q, now) != verdict.Allow {
				t.Fatal("refused")
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func FuzzProof(f *testing.F) {
	c := good(makeKeys()["ES256"])
	b := bindingFor(f, c.origins)
	f.Add(c.proof(), "GET", "/orders/7")
	f.Add("a.b.c", "GET", "/%")
	p := token.NewProofs(saying{sig.New(), token.Good})
	f.Fuzz(func(t *testing.T, proof, method, path string) {
		q := token.Proof{Text: []byte(proof), Token: []byte(accessToken), Method: []byte(method), Path: []byte(path), Thumbprint: &c.thumbprint}
		if code := p.Check(&b, &q, now); code == 0 || code >= verdict.NumCodes {
			t.Errorf("Check = %d", code)
		}
	})
}
