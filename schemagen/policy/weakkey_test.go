package policy

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/source"
)

// TestWeakKeys: a key that the filter would refuse fails the build, not the
// requests.
func TestWeakKeys(t *testing.T) {
	b64 := base64.RawURLEncoding.EncodeToString
	modulus := func(bits int) string {
		b := make([]byte, bits/8)
		b[0], b[len(b)-1] = 0x80, 1
		return b64(b)
	}
	point := make([]byte, 32)
	point[31] = 1
	tests := []struct {
		name, jwk, want string // want: part of the message, "" for a good key
	}{
		{"good", `{kty: RSA, n: "` + modulus(2048) + `", e: AQAB}`, ""},
		{"for signatures", `{kty: RSA, use: sig, key_ops: [sign, verify], n: "` + modulus(2048) + `", e: AQAB}`, ""},
		{"for encryption", `{kty: RSA, use: enc, n: "` + modulus(2048) + `", e: AQAB}`, "verifies no signatures"},
		{"use a list", `{kty: RSA, use: [sig], n: "` + modulus(2048) + `", e: AQAB}`, "verifies no signatures"},
		{"wrapKey", `{kty: RSA, key_ops: [wrapKey], n: "` + modulus(2048) + `", e: AQAB}`, "verifies no signatures"},
		{"key_ops a text", `{kty: RSA, key_ops: verify, n: "` + modulus(2048) + `", e: AQAB}`, "verifies no signatures"},
		{"exponent 3", `{kty: RSA, n: "` + modulus(2048) + `", e: Aw}`, "exponent"},
		{"exponent 65535", `{kty: RSA, n: "` + modulus(2048) + `", e: AP__}`, "exponent"},
		{"1024 bits", `{kty: RSA, n: "` + modulus(1024) + `", e: AQAB}`, "1024 bits"},
		{"16384 bits", `{kty: RSA, n: "` + modulus(16384) + `", e: AQAB}`, "16384 bits"},
		{"even modulus", `{kty: RSA, n: "` + b64(append([]byte{0x80}, make([]byte, 255)...)) + `", e: AQAB}`, "even"},
		{"off the curve", `{kty: EC, crv: P-256, x: "` + b64(point) + `", y: "` + b64(point) + `"}`, "curve"},
		{"Ed25519 of small order", `{kty: OKP, crv: Ed25519, x: "` + b64(make([]byte, 32)) + `"}`, "small order"},
		{"symmetric", `{kty: oct, k: "` + b64(make([]byte, 32)) + `"}`, "symmetric"},
		{"another curve", `{kty: EC, crv: secp256k1, x: AA, y: AA}`, "secp256k1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := fmt.Sprintf("version: 1\nproviders: {p: {issuer: i, anyAudience: true, keys: [{jwk: %s}]}}\n", tt.jwk)
			doc, err := source.Parse("p.yaml", "file:///p.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var diags diag.List
			Read(doc, &diags)
			got := ""
			for _, d := range diags {
				got += d.Message + "\n"
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%s: found %q, wanted %q in it", tt.jwk, got, tt.want)
			}
		})
	}
}
