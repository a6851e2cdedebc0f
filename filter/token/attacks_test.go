package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"

	"portcullis/filter/token"
)

// attack is one token that must not pass, and the code that it must get.
type attack struct {
	Name  string `json:"name"`
	Why   string `json:"why"`
	Want  string `json:"want"`
	Token string `json:"token"`
}

// book collects attacks of one sort.
type book struct {
	keys map[string]*private
	list []attack
}

func (b *book) add(want, why, name, tok string) {
	b.list = append(b.list, attack{Name: name, Why: why, Want: want, Token: tok})
}

// makeAttacks is the corpus: everything that has been tried on JWT libraries, and
// what a reader of the RFCs would try next.
func makeAttacks(keys map[string]*private) []attack {
	b := &book{keys: keys}
	b.none()
	b.confusion()
	b.algNames()
	b.ecdsa()
	b.rsa()
	b.eddsa()
	b.hmac()
	b.encoding()
	b.form()
	b.header()
	b.kid()
	b.typ()
	b.dates()
	b.issuerAndAudience()
	b.otherClaims()
	b.json()
	b.swapped()
	return b.list
}

// raw is a token with a signature of the attacker's choice.
func raw(header, payload string, sig []byte) string {
	return b64([]byte(header)) + "." + b64([]byte(payload)) + "." + b64(sig)
}

func signedPart(header, payload string) string {
	return b64([]byte(header)) + "." + b64([]byte(payload))
}

// hs is a token signed well by HS256, to let the rest be the attack.
func (b *book) hs(header, payload string) string { return compact(b.keys["HS256"], header, payload) }

const hsHeader = `{"alg":"HS256","kid":"k-hs256"}`

func (b *book) none() {
	why := "alg none makes a token that anybody can write (RFC 8725 section 3.2)"
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "noNe", "nonE", "none ", " none", "none\\u0000", "n\\u006fne", "", "null"} {
		b.add("token_algorithm", why, "none/"+alg+"/no signature", raw(`{"alg":"`+alg+`"}`, claimSet(nil), nil))
	}
	for _, alg := range []string{"none", "None", "NONE"} {
		b.add("token_algorithm", why, "none/"+alg+"/with kid", raw(`{"alg":"`+alg+`","kid":"k-rs256"}`, claimSet(nil), nil))
		b.add("token_algorithm", why, "none/"+alg+"/with a signature", raw(`{"alg":"`+alg+`","kid":"k-es256"}`, claimSet(nil), make([]byte, 64)))
	}
	b.add("token_malformed", why, "none/two parts", strings.TrimSuffix(raw(`{"alg":"none"}`, claimSet(nil), nil), "."))
	b.add("token_algorithm", "RFC 7519 section 6.1's unsecured token", "none/RFC 7519", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.")
}

// confusion signs with a public key as if it were an HMAC secret, and with
// algorithms that are not the key's.
func (b *book) confusion() {
	why := "the public key used as an HMAC secret (RFC 8725 section 2.1)"
	for _, name := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		k := b.keys[name]
		for _, hs := range []token.Alg{token.HS256, token.HS512} {
			header := fmt.Sprintf(`{"alg":%q,"kid":%q}`, hs.Name(), k.kid)
			forms := map[string][]byte{
				"der": k.spki(),
				"pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: k.spki()}),
			}
			for _, form := range []string{"der", "pem"} {
				secret := &private{alg: hs, key: forms[form]}
				b.add("token_algorithm", why, fmt.Sprintf("confusion/%s as %s/%s", name, hs.Name(), form), compact(secret, header, claimSet(nil)))
			}
		}
	}
	why = "a good signature by another algorithm than the key is pinned to"
	for _, c := range []struct{ key, alg string }{
		{"RS256", "RS384"}, {"RS256", "RS512"}, {"RS256", "PS256"}, {"RS512", "PS512"}, {"PS256", "RS256"},
		{"PS256", "PS384"}, {"PS512", "RS512"}, {"RS384", "RS256"},
	} {
		k := b.keys[c.key]
		alg := token.AlgByName([]byte(c.alg))
		head := fmt.Sprintf(`{"alg":%q,"kid":%q}`, c.alg, k.kid)
		signed := signedPart(head, claimSet(nil))
		b.add("token_algorithm", why, fmt.Sprintf("confusion/%s key signs %s", c.key, c.alg), signed+"."+b64(k.sign(alg, signed)))
	}
	for _, c := range []struct{ key, alg string }{{"HS512", "HS256"}, {"HS256", "HS384"}, {"HS384", "HS512"}} {
		k := *b.keys[c.key]
		k.alg = token.AlgByName([]byte(c.alg))
		b.add("token_algorithm", why, fmt.Sprintf("confusion/%s secret signs %s", c.key, c.alg), mint(&k, nil))
	}
	for _, c := range []struct{ key, alg string }{{"RS256", "PS256"}, {"PS256", "RS256"}} {
		k := b.keys[c.key]
		head := fmt.Sprintf(`{"alg":%q,"kid":%q}`, c.key, k.kid)
		signed := signedPart(head, claimSet(nil))
		sig := k.sign(token.AlgByName([]byte(c.alg)), signed)
		b.add("token_signature", "padding of the other RSA scheme", fmt.Sprintf("confusion/%s with %s padding", c.key, c.alg), signed+"."+b64(sig))
	}
	for _, c := range []struct{ claimed, real string }{{"ES256", "ES384"}, {"ES384", "ES512"}, {"EdDSA", "ES256"}, {"RS256", "RS384"}, {"ES256", "EdDSA"}} {
		claimed, real := b.keys[c.claimed], b.keys[c.real]
		signed := signedPart(headerOf(claimed), claimSet(nil))
		b.add("token_signature", "signed by another key of the set", fmt.Sprintf("confusion/%s by the %s key", c.claimed, c.real), signed+"."+b64(real.sign(real.alg, signed)))
	}
}

func (b *book) algNames() {
	why := "alg must be exactly the registered name of a signature algorithm (RFC 7515 section 4.1.1)"
	k := b.keys["HS256"]
	for _, alg := range []string{
		`"hs256"`, `"Hs256"`, `"HS256 "`, `"HS256\u0000"`, `"\u0048S256"`, `"HS1"`, `"HS2048"`, `"ES256K"`, `"Ed25519"`, `"eddsa"`,
		`"RSA-OAEP"`, `"RSA1_5"`, `"dir"`, `"A128KW"`, `"PBES2-HS256+A128KW"`, `"SHA256"`, `256`, `null`, `true`, `["HS256"]`, `{"name":"HS256"}`,
	} {
		b.add("token_algorithm", why, "alg/"+alg, b.hs(`{"alg":`+alg+`,"kid":"k-hs256"}`, claimSet(nil)))
	}
	b.add("token_algorithm", "alg is required (RFC 7515 section 4.1.1)", "alg/absent", compact(k, `{"kid":"k-hs256"}`, claimSet(nil)))
	b.add("token_algorithm", "an empty header has no alg", "alg/empty header", compact(k, `{}`, claimSet(nil)))
	b.add("token_algorithm", "names are case-sensitive (RFC 7515 section 4)", "alg/Alg", compact(k, `{"Alg":"HS256","kid":"k-hs256"}`, claimSet(nil)))
}

func (b *book) ecdsa() {
	for _, name := range []string{"ES256", "ES384", "ES512"} {
		k := b.keys[name]
		ec := k.key.(*ecdsa.PrivateKey)
		n, size := ec.Params().N, (ec.Params().BitSize+7)/8
		signed := signedPart(headerOf(k), claimSet(nil))
		good := k.sign(k.alg, signed)
		with := func(r, s *big.Int) []byte {
			return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
		zero, one := new(big.Int), big.NewInt(1)
		r, s := new(big.Int).SetBytes(good[:size]), new(big.Int).SetBytes(good[size:])
		psychic := "r or s outside 1 to n-1 (CVE-2022-21449; FIPS 186-5 section 6.4.2)"
		put := func(why, what string, sig []byte) {
			b.add("token_signature", why, "ecdsa/"+name+"/"+what, signed+"."+b64(sig))
		}
		put(psychic, "r and s zero", with(zero, zero))
		put(psychic, "r zero", with(zero, s))
		put(psychic, "s zero", with(r, zero))
		put(psychic, "r is n", with(n, s))
		put(psychic, "s is n", with(r, n))
		put(psychic, "r and s n", with(n, n))
		put(psychic, "r and s all ones", []byte(strings.Repeat("\xff", 2*size)))
		put(psychic, "s is n+1", with(r, new(big.Int).Add(n, one)))
		put("r and s both one sign nothing", "r and s one", with(one, one))
		put("r and s exchanged", "swapped", with(s, r))
		der, _ := asn1.Marshal(struct{ R, S *big.Int }{r, s})
		encoding := "JWS wants r and s raw, of the curve's length (RFC 7518 section 3.4)"
		put(encoding, "DER", der)
		put(encoding, "one byte short", good[:len(good)-1])
		put(encoding, "one byte long", append(append([]byte{}, good...), 0))
		put(encoding, "halves with a leading zero", append(append([]byte{0}, good[:size]...), append([]byte{0}, good[size:]...)...))
		put(encoding, "only r", good[:size])
		put(encoding, "hex", []byte(hex.EncodeToString(good)))
		put(encoding, "no signature", nil)
	}
}

func (b *book) rsa() {
	for _, name := range []string{"RS256", "PS256"} {
		k := b.keys[name]
		pub := k.key.(*rsa.PrivateKey).PublicKey
		size := pub.Size()
		signed := signedPart(headerOf(k), claimSet(nil))
		good := k.sign(k.alg, signed)
		put := func(why, what string, sig []byte) {
			b.add("token_signature", why, "rsa/"+name+"/"+what, signed+"."+b64(sig))
		}
		number := func(v *big.Int) []byte { return v.FillBytes(make([]byte, size)) }
		put("a signature that is its own power", "zero", make([]byte, size))
		put("a signature that is its own power", "one", number(big.NewInt(1)))
		put("a signature that is minus its own power", "n-1", number(new(big.Int).Sub(pub.N, big.NewInt(1))))
		put("a representative must be below n (RFC 8017 section 5.2.2)", "n", number(pub.N))
		put("a representative must be below n (RFC 8017 section 5.2.2)", "all ones", []byte(strings.Repeat("\xff", size)))
		put("the length is the modulus's (RFC 8017 section 8)", "one byte short", good[1:])
		put("the length is the modulus's (RFC 8017 section 8)", "one byte long", append([]byte{0}, good...))
		put("the length is the modulus's (RFC 8017 section 8)", "no signature", nil)
		put("the length is the modulus's (RFC 8017 section 8)", "8192 bits", make([]byte, 1024))
		put("the padded hash in clear", "unsigned padding", pkcs1Clear(size))
	}
	// A forged key: PSS with a salt of another length.
	k := b.keys["PS256"]
	signed := signedPart(headerOf(k), claimSet(nil))
	h := hashFor(k.alg).New()
	h.Write([]byte(signed))
	sig, err := rsa.SignPSS(rand.Reader, k.key.(*rsa.PrivateKey), hashFor(k.alg), h.Sum(nil), &rsa.PSSOptions{SaltLength: 20})
	if err != nil {
		panic(err)
	}
	b.add("token_signature", "the salt must be as long as the hash (RFC 7518 section 3.5)", "rsa/PS256/salt of 20 bytes", signed+"."+b64(sig))
}

// pkcs1Clear is what a verifier with exponent 1 would take.
func pkcs1Clear(size int) []byte {
	out := []byte("\x00\x01" + strings.Repeat("\xff", size))
	return append(out[:size-33], append([]byte{0}, make([]byte, 32)...)...)
}

func (b *book) eddsa() {
	k := b.keys["EdDSA"]
	signed := signedPart(headerOf(k), claimSet(nil))
	good := k.sign(k.alg, signed)
	put := func(why, what string, sig []byte) {
		b.add("token_signature", why, "eddsa/"+what, signed+"."+b64(sig))
	}
	// The order of the group, little-endian (RFC 8032 section 5.1).
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	s := new(big.Int).SetBytes(reverse(good[32:]))
	malleable := append(append([]byte{}, good[:32]...), reverse(s.Add(s, order).FillBytes(make([]byte, 32)))...)
	put("s at or over the order is another spelling of the signature (RFC 8032 section 5.1.7)", "s plus the order", malleable)
	put("a signature that a weak key would take", "zeros", make([]byte, 64))
	put("the point at infinity as R", "R is the identity", append(append([]byte{1}, make([]byte, 31)...), make([]byte, 32)...))
	put("halves exchanged", "swapped", append(append([]byte{}, good[32:]...), good[:32]...))
	put("64 bytes, no more and no less", "one byte short", good[:63])
	put("64 bytes, no more and no less", "one byte long", append(append([]byte{}, good...), 0))
	_, other, _ := ed25519.GenerateKey(rand.Reader)
	put("another key's signature", "another key", ed25519.Sign(other, []byte(signed)))
}

func reverse(b []byte) []byte {
	out := make([]byte, len(b))
	for i, c := range b {
		out[len(b)-1-i] = c
	}
	return out
}

func (b *book) hmac() {
	k := b.keys["HS256"]
	signed := signedPart(hsHeader, claimSet(nil))
	good := k.sign(k.alg, signed)
	put := func(why, what string, sig []byte) {
		b.add("token_signature", why, "hmac/"+what, signed+"."+b64(sig))
	}
	put("a cut MAC is easier to guess", "cut to 16 bytes", good[:16])
	put("a cut MAC is easier to guess", "cut to 1 byte", good[:1])
	put("an empty MAC", "empty", nil)
	put("a longer MAC", "with a zero behind", append(append([]byte{}, good...), 0))
	put("the MAC in hexadecimal", "hex", []byte(hex.EncodeToString(good)))
	put("signed with nothing", "empty secret", (&private{alg: token.HS256, key: []byte{}}).sign(token.HS256, signed))
	put("signed with a common secret", "secret", (&private{alg: token.HS256, key: []byte("secret")}).sign(token.HS256, signed))
	put("signed with the secret's name", "name of the secret", (&private{alg: token.HS256, key: []byte(k.secret)}).sign(token.HS256, signed))
	put("the MAC of the payload alone", "payload only", k.sign(k.alg, b64([]byte(claimSet(nil)))))
	put("the MAC of the decoded texts", "decoded", k.sign(k.alg, hsHeader+"."+claimSet(nil)))
}

func (b *book) encoding() {
	why := "another spelling of a good token (RFC 7515 section 2: no padding, white space or other characters)"
	good := mint(b.keys["HS256"], nil)
	p := strings.Split(good, ".")
	join := func(i int, part string) string {
		q := append([]string{}, p...)
		q[i] = part
		return strings.Join(q, ".")
	}
	names := []string{"header", "payload", "signature"}
	for i, part := range p {
		put := func(what, changed string) {
			b.add("token_malformed", why, "base64/"+names[i]+"/"+what, join(i, changed))
		}
		put("padding", part+"=")
		put("double padding", part+"==")
		put("space inside", part[:4]+" "+part[4:])
		put("newline inside", part[:8]+"\n"+part[8:])
		put("newline at the end", part+"\r\n")
		put("tab in front", "\t"+part)
		put("one character more", part+strings.Repeat("A", 1+(4-len(part)%4)%4))
		put("percent-encoded", strings.Replace(part, part[:1], fmt.Sprintf("%%%02X", part[0]), 1))
		put("NUL inside", part[:4]+"\x00"+part[4:])
		put("not ASCII", part[:4]+"\u00e9"+part[4:])
	}
	// Bits past the last byte: the same bytes for a lax decoder.
	last := p[2][len(p[2])-1]
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b.add("token_malformed", why, "base64/signature/trailing bits", join(2, p[2][:len(p[2])-1]+string(alphabet[strings.IndexByte(alphabet, last)|1])))
	header := b64([]byte(`{"alg":"HS256","kid":"k-hs256" }`)) // 32 bytes: two bits over
	header = header[:len(header)-1] + string(alphabet[strings.IndexByte(alphabet, header[len(header)-1])|1])
	signed := header + "." + p[1]
	b.add("token_malformed", why, "base64/header/trailing bits", signed+"."+b64(b.keys["HS256"].sign(token.HS256, signed)))
	std := base64.RawStdEncoding.EncodeToString([]byte(strings.Replace(claimSet(nil), "alice", "alice>>>???", 1)))
	signed = p[0] + "." + std
	b.add("token_malformed", "the standard alphabet", "base64/payload/standard alphabet", signed+"."+b64(b.keys["HS256"].sign(token.HS256, signed)))
	b.add("token_malformed", "encoded twice", "base64/token encoded twice", b64([]byte(good)))
}

func (b *book) form() {
	good := mint(b.keys["HS256"], nil)
	p := strings.Split(good, ".")
	why := "a compact serialisation is three parts (RFC 7515 section 3.1)"
	for name, tok := range map[string]string{
		"one part": p[0], "two parts": p[0] + "." + p[1], "four parts": good + ".AAAA", "five parts, like a JWE": good + ".AAAA.AAAA",
		"dot in front": "." + good, "dot behind": good + ".", "only dots": "..", "three dots": "...", "one dot": ".",
		"doubled scheme": "Bearer " + good, "comma and another token": good + "," + good, "space and another token": good + " " + good,
		"JSON serialisation": `{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`,
		"quoted":             `"` + good + `"`, "empty header": "." + p[1] + "." + p[2], "empty payload": p[0] + ".." + p[2],
	} {
		b.add("token_malformed", why, "form/"+name, tok)
	}
	b.add("token_too_large", "longer than the limit of 8 KiB", "form/too long", mint(b.keys["HS256"], map[string]any{"x": strings.Repeat("x", 6200)}))
}

func (b *book) header() {
	attacker := "a key that the sender brings along proves nothing (RFC 8725 section 3.10, RFC 7515 section 10.11)"
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	forger := &private{kid: "k-es256", alg: token.ES256, key: own}
	point, _ := own.PublicKey.Bytes()
	jwk := fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point[1:33]), b64(point[33:]))
	put := func(why, what, more string) {
		b.add("token_header", why, "header/"+what, compact(forger, `{"alg":"ES256","kid":"k-es256",`+more+`}`, claimSet(nil)))
	}
	put(attacker, "jwk", `"jwk":`+jwk)
	put(attacker, "jwk with the name escaped", `"\u006awk":`+jwk)
	put(attacker, "jwk of a weak RSA key", `"jwk":{"kty":"RSA","n":"AQ","e":"AQ"}`)
	put(attacker, "jwk of 65536 bits", `"jwk":{"kty":"RSA","n":"`+strings.Repeat("_", 1000)+`","e":"AQAB"}`)
	put(attacker, "jku", `"jku":"https://attacker.example/jwks.json"`)
	put(attacker, "jku on the issuer's host", `"jku":"https://issuer.example@attacker.example/jwks"`)
	put(attacker, "x5u", `"x5u":"https://attacker.example/cert.pem"`)
	put(attacker, "x5c", `"x5c":["`+base64.StdEncoding.EncodeToString([]byte("certificate"))+`"]`)
	put(attacker, "jwk null", `"jwk":null`)
	crit := "no extension is understood, so none may be critical (RFC 7515 section 4.1.11)"
	good := func(why, what, more string) {
		b.add("token_header", why, "header/"+what, b.hs(`{"alg":"HS256","kid":"k-hs256",`+more+`}`, claimSet(nil)))
	}
	good(crit, "crit exp", `"crit":["exp"],"exp":1`)
	good(crit, "crit unknown", `"crit":["x"],"x":1`)
	good(crit, "crit empty", `"crit":[]`)
	good(crit, "crit null", `"crit":null`)
	good(crit, "crit alg", `"crit":["alg"]`)
	good(crit, "crit of a wrong type", `"crit":"exp"`)
	good(crit, "crit escaped", `"cr\u0069t":["exp"]`)
	unencoded := "an unencoded payload changes what is signed (RFC 7797)"
	good(unencoded, "b64 false", `"b64":false`)
	good(unencoded, "b64 false and crit", `"crit":["b64"],"b64":false`)
	good(unencoded, "b64 true", `"b64":true`)
	k := b.keys["HS256"]
	head := b64([]byte(`{"alg":"HS256","kid":"k-hs256","b64":false,"crit":["b64"]}`))
	signed := head + "." + claimSet(nil)
	b.add("token_malformed", unencoded, "header/payload not encoded", signed+"."+b64(k.sign(k.alg, signed)))
	good("compression hides what is signed", "zip", `"zip":"DEF"`)
	good("encryption parameters in a signature", "enc", `"enc":"A128GCM"`)
}

func (b *book) kid() {
	why := "kid is compared with known ones and never interpreted (RFC 8725 section 3.10)"
	empty := &private{alg: token.HS256, key: []byte{}}
	for _, kid := range []string{
		"../../../../../../dev/null", "/dev/null", "file:///dev/null", "' UNION SELECT 'secret' -- ", "1 OR 1=1", "| /bin/sh", "$(id)", "`id`",
		"http://attacker.example/key", "k-hs256\\u0000", "k-hs256 ", " k-hs256", "K-HS256", "k-hs25", "k-hs2566", "*", "%00", "{{7*7}}", "${jndi:ldap://attacker.example/a}",
		strings.Repeat("k", 3000), "",
	} {
		name := kid
		if len(name) > 40 {
			name = "3000 characters"
		}
		b.add("token_key_unknown", why, "kid/"+name, compact(empty, `{"alg":"HS256","kid":"`+kid+`"}`, claimSet(nil)))
	}
	for _, kid := range []string{"null", "1", "true", `["k-hs256"]`, `{"k":"k-hs256"}`} {
		b.add("token_header", "kid is a string (RFC 7515 section 4.1.4)", "kid/"+kid, b.hs(`{"alg":"HS256","kid":`+kid+`}`, claimSet(nil)))
	}
	b.add("token_algorithm", "the kid of another key", "kid/of the RSA key", b.hs(`{"alg":"HS256","kid":"k-rs256"}`, claimSet(nil)))
	b.add("token_algorithm", "without kid only the key without kid serves", "kid/absent", b.hs(`{"alg":"HS256"}`, claimSet(nil)))
}

func (b *book) typ() {
	why := "another kind of token than the operation takes (RFC 8725 section 3.11)"
	for _, typ := range []string{
		`"dpop+jwt"`, `"logout+jwt"`, `"secevent+jwt"`, `"application/dpop+jwt"`, `"token-introspection+jwt"`, `"JOSE"`, `"JWE"`, `""`, `"JWT "`, `"application/"`,
		`"application/application/jwt"`, `"jwt\u0000"`, `"\u212Awt"`, `null`, `1`, `["JWT"]`,
	} {
		b.add("token_type", why, "typ/"+typ, b.hs(`{"alg":"HS256","kid":"k-hs256","typ":`+typ+`}`, claimSet(nil)))
	}
}

// claimsText is good claims with the raw JSON text of one replaced; "" leaves it
// away.
func claimsText(name, text string) string {
	out := "{"
	for _, c := range [][2]string{{"iss", `"` + issuer + `"`}, {"aud", `"` + audience + `"`}, {"sub", `"alice"`}, {"iat", fmt.Sprint(nowSec - 60)}, {"exp", fmt.Sprint(farSec)}, {"nbf", ""}, {"scope", `"read"`}} {
		if c[0] == name {
			c[1] = text
		}
		if c[1] == "" {
			continue
		}
		if len(out) > 1 {
			out += ","
		}
		out += `"` + c[0] + `":` + c[1]
	}
	return out + "}"
}

func (b *book) dates() {
	why := "a NumericDate is a JSON number of sane size (RFC 7519 section 2)"
	far := fmt.Sprint(farSec)
	for _, name := range []string{"exp", "nbf", "iat"} {
		for _, v := range []string{`"` + far + `"`, `"1e400"`, `1e400`, `-1e400`, `1e308`, `9007199254740992`, `99999999999999999999999`, `null`, `true`, `[` + far + `]`, `{"$date":` + far + `}`, `"tomorrow"`, `"2100-01-01T00:00:00Z"`, `""`} {
			b.add("token_claim_type", why, "dates/"+name+" "+v, b.hs(hsHeader, claimsText(name, v)))
		}
		for _, v := range []string{`NaN`, `Infinity`, `-Infinity`, `0x7fffffff`, `01`, `+1`, `.5`, `1.`, `1e`, `1_000`, `4102444800L`, `'1'`} {
			b.add("token_malformed", "no JSON number (RFC 8259 section 6)", "dates/"+name+" "+v, b.hs(hsHeader, claimsText(name, v)))
		}
	}
	b.add("token_claim_missing", "a token without end (RFC 8725 has short-lived ones)", "dates/exp absent", b.hs(hsHeader, claimsText("exp", "")))
	for _, v := range []string{"0", "-1", "1", "1e-400", "-9007199254740991", "1300819380", "1300819380.999999999999999999"} {
		b.add("token_expired", "long expired", "dates/exp "+v, b.hs(hsHeader, claimsText("exp", v)))
	}
	for _, name := range []string{"nbf", "iat"} {
		for _, v := range []string{far, "9007199254740991", "4.1024448e9"} {
			b.add("token_not_yet_valid", "not valid before the year 2100", "dates/"+name+" "+v, b.hs(hsHeader, claimsText(name, v)))
		}
	}
}

func (b *book) issuerAndAudience() {
	why := "iss is compared byte by byte (RFC 7519 section 4.1.1)"
	for _, v := range []string{`"` + issuer + `/"`, `"HTTPS://issuer.example"`, `"https://issuer.example.attacker.example"`, `"http://issuer.example"`, `""`, `" ` + issuer + `"`, `"https://issuer.example#"`} {
		b.add("token_issuer", why, "iss/"+v, b.hs(hsHeader, claimsText("iss", v)))
	}
	b.add("token_issuer", "iss is required here", "iss/absent", b.hs(hsHeader, claimsText("iss", "")))
	for _, v := range []string{"null", "1", `["` + issuer + `"]`, `{"a":"` + issuer + `"}`} {
		b.add("token_claim_type", "iss is a string (RFC 7519 section 4.1.1)", "iss/"+v, b.hs(hsHeader, claimsText("iss", v)))
	}
	why = "aud names us exactly, alone or in an array (RFC 7519 section 4.1.3)"
	for _, v := range []string{
		`"https://other.example"`, `"` + audience + `/"`, `"HTTPS://API.EXAMPLE"`, `""`, `[]`, `["https://other.example"]`, `["", "https://api.exampl"]`,
		`"` + audience + ` https://other.example"`, `["` + audience + ` "]`,
	} {
		b.add("token_audience", why, "aud/"+v, b.hs(hsHeader, claimsText("aud", v)))
	}
	b.add("token_audience", why, "aud/absent", b.hs(hsHeader, claimsText("aud", "")))
	for _, v := range []string{"null", "1", "true", `{"a":"` + audience + `"}`, `["` + audience + `",1]`, `[["` + audience + `"]]`, `[null]`} {
		b.add("token_claim_type", "aud is a string or an array of strings", "aud/"+v, b.hs(hsHeader, claimsText("aud", v)))
	}
}

func (b *book) otherClaims() {
	for _, v := range []string{"null", "1", `["alice"]`, `{"id":"alice"}`, "true"} {
		b.add("token_claim_type", "sub is a string (RFC 7519 section 4.1.2)", "sub/"+v, b.hs(hsHeader, claimsText("sub", v)))
	}
	for _, v := range []string{"1", "true", `{"read":true}`, `["read",1]`, `[["read"]]`, `["read",null]`} {
		b.add("token_claim_type", "scopes are a string or an array of strings", "scope/"+v, b.hs(hsHeader, claimsText("scope", v)))
	}
}

func (b *book) json() {
	dup := "a doubled name is read one way here and another there (RFC 8725 section 2.6, RFC 7519 section 4)"
	good := claimsText("", "")
	inside := good[1:]
	put := func(why, what, payload string) {
		b.add("token_malformed", why, "json/"+what, b.hs(hsHeader, payload))
	}
	put(dup, "exp twice", `{"exp":1,`+inside)
	put(dup, "sub twice", `{"sub":"admin",`+inside)
	put(dup, "sub twice, once escaped", `{"s\u0075b":"admin",`+inside)
	put(dup, "nested names twice", `{"x":{"a":1,"a":2},`+inside)
	put(dup, "deeply nested names twice", `{"x":[{"y":{"a":1,"b":2,"\u0061":3}}],`+inside)
	put(dup, "unknown claim twice", `{"x":1,"x":1,`+inside)
	b.add("token_malformed", dup, "json/alg twice", b.hs(`{"alg":"none","alg":"HS256","kid":"k-hs256"}`, good))
	b.add("token_malformed", dup, "json/alg twice, once escaped", b.hs(`{"alg":"HS256","\u0061lg":"none","kid":"k-hs256"}`, good))
	b.add("token_malformed", dup, "json/kid twice", b.hs(`{"alg":"HS256","kid":"k-rs256","kid":"k-hs256"}`, good))
	b.add("token_malformed", dup, "json/nested in the header", b.hs(`{"alg":"HS256","kid":"k-hs256","x":{"a":1,"a":2}}`, good))
	claimsAre := "the claims are one JSON object (RFC 7519 section 7.2)"
	put(claimsAre, "array", "["+good+"]")
	put(claimsAre, "string", `"`+issuer+`"`)
	put(claimsAre, "number", "1")
	put(claimsAre, "null", "null")
	put(claimsAre, "empty", "")
	put(claimsAre, "nested token", b.hs(hsHeader, good))
	strict := "strict JSON only (RFC 8259)"
	put(strict, "comment", `{/**/`+inside)
	put(strict, "single quotes", strings.ReplaceAll(good, `"`, `'`))
	put(strict, "trailing comma", good[:len(good)-1]+",}")
	put(strict, "trailing bytes", good+"x")
	put(strict, "two objects", good+good)
	put(strict, "NUL behind", good+"\x00")
	put(strict, "byte order mark", "\ufeff"+good)
	put(strict, "invalid UTF-8", `{"x":"`+"\xff"+`",`+inside)
	put(strict, "lone surrogate", `{"x":"\ud800",`+inside)
	put(strict, "overlong encoding", `{"x":"`+"\xc0\xaf"+`",`+inside)
	put(strict, "control character", "{\"x\":\"\n\","+inside)
	put(strict, "cut off", good[:len(good)-2])
	for _, header := range []string{`[]`, `"HS256"`, `null`, `{"alg":"HS256","kid":"k-hs256"}x`, `{"alg":"HS256",}`, "\ufeff{\"alg\":\"HS256\"}", `{"alg":"HS256"`, `{'alg':'HS256'}`} {
		b.add("token_malformed", "the header is one JSON object (RFC 7515 section 4)", "json/header "+header, b.hs(header, good))
	}
	b.add("token_too_large", "nested deeper than any claim", "json/deep", b.hs(hsHeader, `{"x":`+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`,`+inside))
	b.add("token_too_large", "nested deeper than any header", "json/deep header", b.hs(`{"alg":"HS256","kid":"k-hs256","x":`+strings.Repeat("[", 50)+strings.Repeat("]", 50)+`}`, good))
	b.add("token_too_large", "more values than any token needs", "json/many values", b.hs(hsHeader, `{"x":[`+strings.Repeat("1,", 1500)+`1],`+inside))
	b.add("token_too_large", "more parameters than any header needs", "json/many header parameters", b.hs(`{"alg":"HS256","kid":"k-hs256","x":[`+strings.Repeat("1,", 100)+`1]}`, good))
}

func (b *book) swapped() {
	why := "parts of two good tokens put together"
	for _, name := range []string{"HS256", "RS256", "PS256", "ES256", "EdDSA"} {
		k := b.keys[name]
		alice, bob := mint(k, nil), mint(k, map[string]any{"sub": "bob", "scope": "admin"})
		p, q := strings.Split(alice, "."), strings.Split(bob, ".")
		b.add("token_signature", why, "swapped/"+name+"/payload", p[0]+"."+q[1]+"."+p[2])
	}
	k := b.keys["HS256"]
	a := compact(k, `{"alg":"HS256","kid":"k-hs256","typ":"JWT"}`, claimSet(nil))
	c := mint(k, nil)
	p, q := strings.Split(a, "."), strings.Split(c, ".")
	b.add("token_signature", why, "swapped/header", q[0]+"."+p[1]+"."+p[2])
}
