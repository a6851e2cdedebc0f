package policy

import (
	"strings"
	"testing"
)

// The moduli of RFC 7517 appendices A.1 and A.2.
const rfc7517RSA = `kty: RSA, n: 0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw, e: AQAB, alg: RS256, kid: '2011-04-29'`

const rfc7517EC = `kty: EC, crv: P-256, x: MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4, y: 4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM`

// TestRFCKeys reads the example key sets of RFC 7517 and RFC 8037 as a policy gives
// them: public keys for signatures are taken, all others refused or left out.
func TestRFCKeys(t *testing.T) {
	tests := []struct {
		name, keys string
		want       string // part of a message, "" = good
		n          int    // keys taken
	}{
		{"RFC 7517 A.1, an encryption key and a signature key", "{" + rfc7517EC + ", use: enc, kid: '1'}, {" + rfc7517RSA + "}", "", 1},
		{"RFC 7517 A.1, the EC key without its use", "{" + rfc7517EC + ", kid: '1'}", "", 1},
		{"RFC 7517 A.2, private keys", "{" + rfc7517EC + ", d: 870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE, kid: '1'}", "found a private key", 0},
		{"RFC 7517 A.3, symmetric keys", "{kty: oct, alg: A128KW, k: GawgguFyGrWKav7AX4VKUg}", `found "A128KW" as alg`, 0},
		{"RFC 7517 A.3, the HMAC key", "{kty: oct, k: AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow, kid: HMAC key used in JWS spec Appendix A.1 example}", "found a symmetric key", 0},
		{"RFC 8037 A.2, the public key", "{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}", "", 1},
		{"RFC 8037 A.1, the private key", "{kty: OKP, crv: Ed25519, d: nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}", "found a private key", 0},
		{"RFC 8037 A.6, a key for key agreement", "{kty: OKP, crv: X25519, kid: Bob, x: 3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08}", "found an OKP key that is not Ed25519", 0},
		{"RFC 8037 A.7, X448", "{kty: OKP, crv: X448, kid: Dave, x: PreoKbDNIPW8_AtZm2_sz22kYnEHvbDU80W0MCfYuXL8PjT7QjKhPKcG3LV67D2uB73BxnvzNgk}", "found an OKP key that is not Ed25519", 0},
	}
	for _, tt := range tests {
		p, diags := readWhole(t, "version: 1\nproviders: {idp: {issuer: i, anyAudience: true, keys: [{jwks: {keys: ["+tt.keys+"]}}]}}")
		var got []string
		for _, d := range diags {
			got = append(got, d.Message)
		}
		if all := strings.Join(got, "; "); tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, all, tt.want)
		}
		if n := len(p.Providers()[0].Keys); n != tt.n {
			t.Errorf("%s: %d keys, want %d", tt.name, n, tt.n)
		}
	}
}
