package token

// lit is the names that headers and claims are compared with. They are written
// once as byte slices because conversions in calls would allocate.
var lit = struct {
	alg, typ, kid                []byte
	iss, sub, aud, exp, nbf, iat []byte
	scope, scp                   []byte
	application, jwt, atJWT      []byte
	refused                      [8][]byte
	keys, kty, use, ops          []byte
	n, e, crv, x, y, d, k, p     []byte
	rsa, ec, okp, oct, ed25519   []byte
	sig, verify, jti             []byte
	curves                       [3][]byte // in the order of der.P256 and on
	cnf, x5t, jkt                []byte
	htm, htu, ath, jwk, proof    []byte
	root                         []byte
	issuer, jwksURI, nonce       []byte
	active, tokenType            []byte
	bearer, dpop                 []byte
	private                      [8][]byte // members of keys that only private ones have
	algNames                     [EdDSA + 1][]byte
}{
	alg: []byte("alg"), typ: []byte("typ"), kid: []byte("kid"),
	iss: []byte("iss"), sub: []byte("sub"), aud: []byte("aud"),
	exp: []byte("exp"), nbf: []byte("nbf"), iat: []byte("iat"),
	scope: []byte("scope"), scp: []byte("scp"),
	application: []byte("application/"), jwt: []byte("jwt"), atJWT: []byte("at+jwt"),
	refused: [8][]byte{
		[]byte("crit"), []byte("b64"), []byte("jwk"), []byte("jku"),
		[]byte("x5u"), []byte("x5c"), []byte("zip"), []byte("enc"),
	},
	keys: []byte("keys"), kty: []byte("kty"), use: []byte("use"), ops: []byte("key_ops"),
	n: []byte("n"), e: []byte("e"), crv: []byte("crv"), x: []byte("x"), y: []byte("y"),
	d: []byte("d"), k: []byte("k"), p: []byte("p"),
	rsa: []byte("RSA"), ec: []byte("EC"), okp: []byte("OKP"), oct: []byte("oct"), ed25519: []byte("Ed25519"),
	jti: []byte("jti"), sig: []byte("sig"), verify: []byte("verify"),
	curves: [3][]byte{[]byte("P-256"), []byte("P-384"), []byte("P-521")},
	cnf:    []byte("cnf"), x5t: []byte("x5t#S256"), jkt: []byte("jkt"),
	htm: []byte("htm"), htu: []byte("htu"), ath: []byte("ath"), jwk: []byte("jwk"), proof: []byte("dpop+jwt"), root: []byte("/"),
	issuer: []byte("issuer"), jwksURI: []byte("jwks_uri"), nonce: []byte("nonce"),
	active: []byte("active"), tokenType: []byte("token_type"), bearer: []byte("bearer"), dpop: []byte("dpop"),
	private: [8][]byte{[]byte("d"), []byte("p"), []byte("q"), []byte("dp"), []byte("dq"), []byte("qi"), []byte("oth"), []byte("k")},
	algNames: [EdDSA + 1][]byte{
		RS256: []byte("RS256"), RS384: []byte("RS384"), RS512: []byte("RS512"), PS256: []byte("PS256"), PS384: []byte("PS384"), PS512: []byte("PS512"),
		ES256: []byte("ES256"), ES384: []byte("ES384"), ES512: []byte("ES512"), EdDSA: []byte("EdDSA"),
	},
}
