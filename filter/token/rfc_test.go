//go:build !lean

package token_test

import (
	"encoding/base64"
	"testing"

	"portcullis/filter/token"
	"portcullis/filter/token/der"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/ir"
)

func unb64(t testing.TB, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func rsaKey(t testing.TB, n, e string) []byte {
	t.Helper()
	spki, p := der.AppendRSA(nil, unb64(t, n), unb64(t, e))
	if p != der.None {
		t.Fatal(p)
	}
	return spki
}

func pointKey(t testing.TB, kind der.Kind, parts ...string) []byte {
	t.Helper()
	var point []byte
	if kind != der.Ed25519 {
		point = []byte{4}
	}
	for _, s := range parts {
		point = append(point, unb64(t, s)...)
	}
	spki, p := der.AppendPoint(nil, kind, point)
	if p != der.None {
		t.Fatal(p)
	}
	return spki
}

// The claims of RFC 7515 appendix A and RFC 7519 section 3.1: issuer joe, ended
// in 2011.
const (
	rfcPayload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfcNow     = 1300819379 * int64(1e9)
	rfcSecret  = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
	rfcModulus = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
)

func TestRFC7515(t *testing.T) {
	tests := []struct {
		name  string
		key   *ir.Key
		token string
	}{
		{"A.1 HS256, and RFC 7519 section 3.1", &ir.Key{Alg: ir.AlgHS256, Secret: "s"},
			"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + rfcPayload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		{"A.2 RS256", &ir.Key{Alg: ir.AlgRS256, SPKI: rsaKey(t, rfcModulus, "AQAB")},
			"eyJhbGciOiJSUzI1NiJ9." + rfcPayload + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"},
		{"A.3 ES256", &ir.Key{Alg: ir.AlgES256, SPKI: pointKey(t, der.P256, "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")},
			"eyJhbGciOiJFUzI1NiJ9." + rfcPayload + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tab, s := open(t, &ir.Provider{Name: "joe", Issuer: "joe", Keys: []*ir.Key{tt.key}})
			c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: [][]byte{unb64(t, rfcSecret)}})
			if got := c.Check(tab, s, []byte(tt.token), rfcNow); got != verdict.Allow {
				t.Errorf("a second before its end: %s, want allow", got.Name())
			}
			if got := c.Check(tab, s, []byte(tt.token), rfcNow+1e9); got != verdict.TokenExpired {
				t.Errorf("at its end: %s, want token_expired", got.Name())
			}
			bad := []byte(tt.token)
			bad[len(bad)-10] ^= 2
			if got := c.Check(tab, s, bad, rfcNow); got != verdict.TokenSignature {
				t.Errorf("signature changed: %s, want token_signature", got.Name())
			}
		})
	}
	// What is no compact JWS with an algorithm.
	tab, s := open(t, &ir.Provider{Name: "joe", Issuer: "joe", Keys: []*ir.Key{tests[0].key}})
	c := token.NewChecker(token.Options{Verifier: sig.New(), Secrets: [][]byte{unb64(t, rfcSecret)}})
	for _, tt := range []struct {
		name, token string
		want        verdict.Code
	}{
		{"RFC 7515 A.5 and RFC 7519 section 6.1, unsecured", "eyJhbGciOiJub25lIn0." + rfcPayload + ".", verdict.TokenAlgorithm},
		{"RFC 7515 A.6, general JSON serialisation", `{"payload":"` + rfcPayload + `","signatures":[{"protected":"eyJhbGciOiJSUzI1NiJ9","header":{"kid":"2010-12-29"},"signature":"cC4h"}]}`, verdict.TokenMalformed},
		{"RFC 7515 A.7, flattened", `{"payload":"` + rfcPayload + `","protected":"eyJhbGciOiJFUzI1NiJ9","header":{"kid":"e9bc097a-ce51-4036-9562-d2ade882db0d"},"signature":"DtEh"}`, verdict.TokenMalformed},
		{"RFC 7515 appendix E, a critical extension", "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.", verdict.TokenHeader},
		{"RFC 7515 appendix F, detached", "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9..dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", verdict.TokenMalformed},
		{"RFC 7519 A.1, encrypted", "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0.QR1Owv2ug2WyPBnbQrRARTeEk9kDO2w8qDcjiHnSJflSdv1iNqhWXaKH4MqAkQtMoNfABIPJaZm0HaA415sv3aeuBWnD8J-Ui7Ah6cWafs3ZwwFKDFUUsWHSK-IPKxLGTkND09XyjORj_CHAgOPJ-Sd8ONQRnJvWn_hXV1BNMHzUjPyYwEsRhDhzjAD26imasOTsgruobpYGoQcXUwFDn7moXPRfDE8-NoQX7N7ZYMmpUDkR-Cx9obNGwJQ3nM52YCitxoQVPzjbl7WBuB7AohdBoZOdZ24WlN1lVIeh8v1K4krB8xgKvRU8kgFrEn_a1rZgN5TiysnmzTROF869lQ.AxY8DCtDaGlsbGljb3RoZQ.MKOle7UQrG6nSxTLX6Mqwt0orbHvAKeWnDYvpIAeZ72deHxz3roJDXQyhxx0wKaMHDjUEOKIwrtkHthpqEanSBNYHZgmNOV7sln1Eu9g3J8.fiK51VwhsxJ-siBMR-YFiA", verdict.TokenMalformed},
		{"RFC 7519 A.2, nested", "eyJhbGciOiJSU0ExXzUiLCJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiY3R5IjoiSldUIn0.g_hE.UmVkbW9uZCBXQSA5ODA1Mg.VwHE.AVO9iT5AV4CzvDJCdhSFlQ", verdict.TokenMalformed},
	} {
		if got := c.Check(tab, s, []byte(tt.token), rfcNow); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got.Name(), tt.want.Name())
		}
	}
}

// TestRFCSignatures checks examples whose payload is no JSON, by the verifier
// alone.
func TestRFCSignatures(t *testing.T) {
	tests := []struct {
		name        string
		alg         token.Alg
		spki        []byte
		signed, sig string
	}{
		{"RFC 7515 A.4", token.ES512, pointKey(t, der.P521,
			"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
			"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"),
			"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
			"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"},
		{"RFC 8037 A.4", token.EdDSA, pointKey(t, der.Ed25519, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"),
			"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
			"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
	}
	c := sig.New()
	for _, tt := range tests {
		if got := c.Verify(tt.alg, tt.spki, []byte(tt.signed), unb64(t, tt.sig)); got != token.Good {
			t.Errorf("%s: %d, want good", tt.name, got)
		}
		if got := c.Verify(tt.alg, tt.spki, []byte(tt.signed+"A"), unb64(t, tt.sig)); got != token.Bad {
			t.Errorf("%s, text changed: %d, want bad", tt.name, got)
		}
	}
}

// TestRFC7517 wants the public keys of RFC 7517 appendix A.1 to be usable.
func TestRFC7517(t *testing.T) {
	ec := pointKey(t, der.P256, "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM")
	rsa := rsaKey(t, "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw", "AQAB")
	for name, problem := range map[string]string{
		"EC":              sig.CheckKey(token.ES256, ec),
		"RSA":             sig.CheckKey(token.RS256, rsa),
		"EC as ES384":     not(sig.CheckKey(token.ES384, ec)),
		"RSA as ES256":    not(sig.CheckKey(token.ES256, rsa)),
		"RSA as EdDSA":    not(sig.CheckKey(token.EdDSA, rsa)),
		"EC as HS256":     not(sig.CheckKey(token.HS256, ec)),
		"EC as unset alg": not(sig.CheckKey(0, ec)),
	} {
		if problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
	}
}

// not turns an expected refusal around.
func not(problem string) string {
	if problem == "" {
		return "accepted, want a refusal"
	}
	return ""
}
