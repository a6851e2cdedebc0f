package token

// lit is the names that headers and claims are compared with. They are written
// once as byte slices because conversions in calls would allocate.
var lit = struct {
	alg, typ, kid                []byte
	iss, sub, aud, exp, nbf, iat []byte
	scope, scp                   []byte
	application, jwt, atJWT      []byte
	refused                      [8][]byte
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
}
