package cases

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// hashes of the algorithms of RFC 7518 section 3.1, by the size in their names.
var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// Mint makes a compact JWS (RFC 7515 section 3.1) from a token of a file, relative to now.
func Mint(t *Token, key *SigningKey, now time.Time) (string, error) {
	alg := t.Alg
	if alg == "" {
		alg = key.Alg
	}
	header := map[string]any{"alg": alg, "typ": "JWT"}
	if key.Kid != "" {
		header["kid"] = key.Kid
	}
	setOrDrop(header, "kid", t.Kid)
	setOrDrop(header, "typ", t.Typ)
	for k, v := range t.Header {
		if v == nil {
			delete(header, k)
		} else {
			header[k] = v
		}
	}
	claims := map[string]any{}
	for k, v := range t.Claims {
		if text, ok := v.(string); ok && (strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-")) {
			if d, err := time.ParseDuration(text); err == nil {
				v = now.Add(d).Unix()
			}
		}
		claims[k] = v
	}
	h, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("token header: %w", err)
	}
	c, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("token claims: %w", err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64(h) + "." + b64(c)
	sig, err := sign(alg, key, []byte(input))
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	switch t.Tamper {
	case "signature":
		if len(sig) == 0 {
			sig = []byte{0}
		}
		sig[len(sig)/2] ^= 1
	case "payload":
		claims["tampered"] = true
		c, _ = json.Marshal(claims)
		input = b64(h) + "." + b64(c)
	case "header":
		header["tampered"] = true
		h, _ = json.Marshal(header)
		input = b64(h) + "." + b64(c)
	}
	return input + "." + b64(sig), nil
}

func setOrDrop(m map[string]any, name string, v *string) {
	switch {
	case v == nil:
	case *v == "":
		delete(m, name)
	default:
		m[name] = *v
	}
}

// sign makes the signature of an algorithm with whatever key it is given: a test may want HS256 over an RSA key's public PEM.
func sign(alg string, key *SigningKey, input []byte) ([]byte, error) {
	if alg == "none" {
		return nil, nil
	}
	if alg == "EdDSA" {
		if key.Signer == nil {
			return nil, fmt.Errorf("EdDSA with a secret")
		}
		return key.Signer.Sign(nil, input, crypto.Hash(0))
	}
	if len(alg) != 5 || hashes[alg[2:]] == 0 {
		return nil, fmt.Errorf("algorithm %q is unknown, want one of RFC 7518 section 3.1, EdDSA or none", alg)
	}
	hash := hashes[alg[2:]]
	if alg[:2] == "HS" {
		secret := key.Secret
		if secret == nil {
			text, err := key.PEM()
			if err != nil {
				return nil, err
			}
			secret = []byte(text)
		}
		mac := hmac.New(hash.New, secret)
		mac.Write(input)
		return mac.Sum(nil), nil
	}
	if key.Signer == nil {
		return nil, fmt.Errorf("%s with a secret", alg)
	}
	sum := hash.New()
	sum.Write(input)
	digest := sum.Sum(nil)
	switch alg[:2] {
	case "RS":
		return key.Signer.Sign(nil, digest, hash)
	case "PS":
		return key.Signer.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	case "ES":
		der, err := key.Signer.Sign(nil, digest, hash)
		if err != nil {
			return nil, err
		}
		return joseECDSA(der, map[string]int{"256": 32, "384": 48, "512": 66}[alg[2:]])
	}
	return nil, fmt.Errorf("algorithm %q is unknown", alg)
}

// joseECDSA turns a DER signature into r || s (RFC 7518 section 3.4).
func joseECDSA(der []byte, size int) ([]byte, error) {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		return nil, fmt.Errorf("signature of an ES algorithm: %w", err)
	}
	if rs.R.BitLen() > 8*size || rs.S.BitLen() > 8*size {
		return nil, fmt.Errorf("the key's curve is not the algorithm's")
	}
	out := make([]byte, 2*size)
	rs.R.FillBytes(out[:size])
	rs.S.FillBytes(out[size:])
	return out, nil
}

// MintNamed makes a token of the file.
func (f *File) MintNamed(name string, now time.Time) (string, error) {
	t, ok := f.Tokens[name]
	if !ok {
		return "", fmt.Errorf("token %q is not among tokens", name)
	}
	if t.Raw != nil {
		return *t.Raw, nil
	}
	key, err := f.signingKey(t.Key)
	if err != nil {
		return "", err
	}
	return Mint(&t, key, now)
}

// MintWith makes a token with a key of the file; header and claims are as a Token has
// them.
func (f *File) MintWith(key string, header, claims map[string]any, now time.Time) (string, error) {
	k, err := f.signingKey(key)
	if err != nil {
		return "", err
	}
	return Mint(&Token{Header: header, Claims: claims}, k, now)
}

// PublicJWK is the public half of a key of the file as a JSON Web Key.
func (f *File) PublicJWK(key string) (string, error) {
	k, err := f.signingKey(key)
	if err != nil {
		return "", err
	}
	return k.JWK()
}
