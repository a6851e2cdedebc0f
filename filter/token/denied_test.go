//go:build !lean

package token_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
)

// TestDenied: a token on the list is refused whatever is done to its signature, and
// nobody else is.
func TestDenied(t *testing.T) {
	es := makeKeys()["ES256"]
	tok := func(changes map[string]any) string { return mint(es, changes) }
	stolen, other := tok(map[string]any{"jti": "b"}), tok(map[string]any{"jti": "c"})
	signed := stolen[:strings.LastIndexByte(stolen, '.')]
	p := trusting(map[string]*private{"ES256": es})
	p.Denied = [][32]byte{
		sha256.Sum256([]byte(signed)), sha256.Sum256([]byte(signed)),
		sha256.Sum256(token.DeniedByID(nil, []byte(issuer), []byte("a"))),
		sha256.Sum256(token.DeniedByID(nil, []byte(issuer), []byte("é\""))),
		sha256.Sum256(token.DeniedByID(nil, []byte("https://another.example"), []byte("d"))),
	}
	for i := range 100 {
		p.Denied = append(p.Denied, sha256.Sum256([]byte{byte(i)}))
	}
	tab, s := open(t, p)
	if tab.NumDenied() != 104 {
		t.Fatalf("NumDenied = %d, want each once", tab.NumDenied())
	}
	// The other good signature: s in place of n - s.
	raw, err := base64.RawURLEncoding.DecodeString(stolen[len(signed)+1:])
	if err != nil {
		t.Fatal(err)
	}
	n := es.key.(*ecdsa.PrivateKey).Params().N
	copy(raw[32:], new(big.Int).Sub(n, new(big.Int).SetBytes(raw[32:])).FillBytes(make([]byte, 32)))
	tests := []struct {
		name, token string
		want        verdict.Code
	}{
		{"by jti", tok(map[string]any{"jti": "a"}), verdict.TokenDenied},
		{"by jti, another token", tok(map[string]any{"jti": "a", "sub": "bob"}), verdict.TokenDenied},
		{"by jti in other letters", compact(es, headerOf(es), strings.Replace(claimSet(map[string]any{"jti": "a"}), `"jti":"a"`, `"\u006ati":"\u0061"`, 1)), verdict.TokenDenied},
		{"by jti beyond ASCII", tok(map[string]any{"jti": "é\""}), verdict.TokenDenied},
		{"by digest", stolen, verdict.TokenDenied},
		{"by digest, with its other signature", signed + "." + b64(raw), verdict.TokenDenied},
		{"another jti", other, verdict.Allow},
		{"no jti", tok(nil), verdict.Allow},
		{"jti is no text", tok(map[string]any{"jti": 1}), verdict.Allow},
		{"another issuer's jti", tok(map[string]any{"jti": "d"}), verdict.Allow},
		{"expired, and on the list", tok(map[string]any{"jti": "a", "exp": nowSec - 100}), verdict.TokenExpired},
		{"forged, and on the list", withoutSignature(stolen) + b64(make([]byte, 64)), verdict.TokenSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := token.NewChecker(token.Options{Verifier: sig.New(), Denies: true, CacheBytes: 1 << 20})
			for range 3 { // a denied token never gets into the cache
				if got := c.Check(tab, s, []byte(tt.token), now); got != tt.want || c.Accepted() != (tt.want == verdict.Allow) {
					t.Errorf("Check = %s, accepted %v, want %s", got.Name(), c.Accepted(), tt.want.Name())
				}
			}
		})
	}
}
