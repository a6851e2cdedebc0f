// Package verify is how a function in Go tells a request that Portcullis has judged
// from one that went around it. verify.py and verify.mjs do the same.
package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// Claims is what an assertion says. Sub is who calls, "" for nobody in particular.
type Claims struct {
	Aud, Sub, Provider, Consumer, Op, Digest, Mode string
	Iat, Exp                                       int64
}

// Assertion verifies the assertion of a request: made with one of the secrets (two
// while they are being changed), for audience, not expired, in no monitor mode, and
// for this method, host and request target (path and query).
func Assertion(jws, audience, method, host, target string, now time.Time, secrets ...string) (c Claims, err error) {
	b64 := base64.RawURLEncoding.Strict()
	input, mac, _ := cutLast(jws)
	head, body, _ := strings.Cut(input, ".")
	good := slices.ContainsFunc(secrets, func(secret string) bool {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(input))
		return hmac.Equal([]byte(b64.EncodeToString(h.Sum(nil))), []byte(mac))
	})
	if raw, err := b64.DecodeString(head); !good || err != nil || !strings.HasPrefix(string(raw), `{"alg":"HS256","typ":"portcullis+jwt",`) {
		return c, errors.New("no assertion of ours")
	}
	raw, err := b64.DecodeString(body)
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return c, errors.New("no claims")
	}
	sum := sha256.Sum256([]byte(method + "\n" + host + "\n" + target))
	if t := now.Unix(); c.Aud != audience || t >= c.Exp || t < c.Iat-60 || c.Mode != "" || c.Digest != b64.EncodeToString(sum[:]) {
		return c, errors.New("not for this request")
	}
	return c, nil
}

func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
