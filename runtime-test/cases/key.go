package cases

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

// SigningKey is a key that can mint tokens.
type SigningKey struct {
	Kid    string
	Alg    string        // what its kind implies; RS256 for RSA, HS256 for a secret
	Signer crypto.Signer // nil for a secret
	Secret []byte
}

// signingKey loads or makes a key of the file.
func (f *File) signingKey(name string) (*SigningKey, error) {
	k, ok := f.Keys[name]
	if !ok {
		return nil, fmt.Errorf("key %q is not among keys", name)
	}
	out := &SigningKey{Kid: k.Kid}
	switch {
	case k.Secret != "":
		out.Secret, out.Alg = []byte(k.Secret), "HS256"
		return out, nil
	case k.File != "":
		text, err := os.ReadFile(f.abs(k.File))
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		if out.Signer, err = parsePrivateKey(text); err != nil {
			return nil, fmt.Errorf("key %s: %s: %w", name, k.File, err)
		}
	default:
		signer, err := generate(name, k.Generate)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", name, err)
		}
		out.Signer, out.Alg = signer, k.Generate
		return out, nil
	}
	switch key := out.Signer.(type) {
	case *rsa.PrivateKey:
		out.Alg = "RS256"
	case *ecdsa.PrivateKey:
		out.Alg = curveAlg[key.Curve.Params().Name]
	case ed25519.PrivateKey:
		out.Alg = "EdDSA"
	}
	return out, nil
}

var curveAlg = map[string]string{"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}

func parsePrivateKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block found")
	}
	if k, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
		return k, nil
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("PEM block %q holds no private key: %w", block.Type, err)
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("found a %T, want a key that signs", k)
	}
	return s, nil
}

var generated sync.Map // name + alg -> crypto.Signer; RSA takes a moment

// generate makes the same key for the same name every time. It is for tests: whoever knows the name has the key.
func generate(name, alg string) (crypto.Signer, error) {
	id := alg + " " + name
	if k, ok := generated.Load(id); ok {
		return k.(crypto.Signer), nil
	}
	seed := sha256.Sum256([]byte("test key " + id))
	random := rand.NewChaCha8(seed)
	var key crypto.Signer
	var err error
	switch alg {
	case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
		key, err = generateRSA(random)
	case "ES256":
		key, err = generateEC(random, elliptic.P256())
	case "ES384":
		key, err = generateEC(random, elliptic.P384())
	case "ES512":
		key, err = generateEC(random, elliptic.P521())
	case "EdDSA":
		key = ed25519.NewKeyFromSeed(seed[:])
	default:
		return nil, fmt.Errorf("generate: found %q, want an algorithm of RFC 7518 with a public key", alg)
	}
	if err != nil {
		return nil, err
	}
	generated.Store(id, key)
	return key, nil
}

func generateEC(random io.Reader, curve elliptic.Curve) (crypto.Signer, error) {
	size := (curve.Params().BitSize + 7) / 8
	d := make([]byte, size)
	for {
		if _, err := io.ReadFull(random, d); err != nil {
			return nil, err
		}
		if size == 66 {
			d[0] &= 1 // P-521
		}
		if k, err := ecdsa.ParseRawPrivateKey(curve, d); err == nil {
			return k, nil
		}
	}
}

// generateRSA makes a 2048-bit key from a stream of bytes. crypto/rsa takes its randomness from the system alone.
func generateRSA(random io.Reader) (crypto.Signer, error) {
	e := big.NewInt(65537)
	one := big.NewInt(1)
	prime := func() (*big.Int, error) {
		b := make([]byte, 128)
		for {
			if _, err := io.ReadFull(random, b); err != nil {
				return nil, err
			}
			b[0] |= 0xc0 // the product of two such has 2048 bits
			b[127] |= 1
			p := new(big.Int).SetBytes(b)
			if !p.ProbablyPrime(20) {
				continue
			}
			if new(big.Int).GCD(nil, nil, new(big.Int).Sub(p, one), e).Cmp(one) == 0 {
				return p, nil
			}
		}
	}
	p, err := prime()
	if err != nil {
		return nil, err
	}
	q, err := prime()
	if err != nil {
		return nil, err
	}
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	k.Precompute()
	return k, k.Validate()
}

// JWK returns the public half as a JSON Web Key (RFC 7517, RFC 8037).
func (k *SigningKey) JWK() (string, error) {
	m := map[string]string{"use": "sig", "alg": k.Alg}
	if k.Kid != "" {
		m["kid"] = k.Kid
	}
	if k.Signer == nil {
		return "", errors.New("a secret has no public half")
	}
	b64 := base64.RawURLEncoding.EncodeToString
	switch pub := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"], m["e"] = "RSA", b64(pub.N.Bytes()), b64(big.NewInt(int64(pub.E)).Bytes())
	case *ecdsa.PublicKey:
		raw, err := pub.Bytes() // 4 || X || Y
		if err != nil {
			return "", err
		}
		size := (len(raw) - 1) / 2
		m["kty"], m["crv"], m["x"], m["y"] = "EC", pub.Curve.Params().Name, b64(raw[1:1+size]), b64(raw[1+size:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", b64(pub)
	}
	text, err := json.Marshal(m)
	return string(text), err
}

// PEM returns the public half as a SubjectPublicKeyInfo.
func (k *SigningKey) PEM() (string, error) {
	if k.Signer == nil {
		return "", errors.New("a secret has no public half")
	}
	der, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), nil
}

// expand replaces ${jwk:NAME}, ${pem:NAME}, ${secret:NAME} and ${dir} in a text.
func (f *File) expand(text string) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "${")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		ref, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", fmt.Errorf("found ${%.20s without an end", rest)
		}
		val, err := f.reference(ref)
		if err != nil {
			return "", err
		}
		out.WriteString(val)
		text = after
	}
}

func (f *File) reference(ref string) (string, error) {
	if ref == "dir" {
		return filepath.Abs(filepath.Dir(f.Path))
	}
	kind, name, _ := strings.Cut(ref, ":")
	switch kind {
	case "jwk", "pem", "secret":
	default:
		return "", fmt.Errorf("found ${%s}, want ${jwk:NAME}, ${pem:NAME}, ${secret:NAME} or ${dir}", ref)
	}
	k, err := f.signingKey(name)
	if err != nil {
		return "", err
	}
	switch kind {
	case "jwk":
		return k.JWK()
	case "pem":
		return k.PEM()
	}
	return string(k.Secret), nil
}

// expandNode is expand for every scalar of a YAML tree. A scalar that is a ${jwk:NAME} and nothing else becomes a mapping.
func (f *File) expandNode(n *yaml.Node) (*yaml.Node, error) {
	out := *n
	out.Content = nil
	for _, c := range n.Content {
		e, err := f.expandNode(c)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, e)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "${") {
		return &out, nil
	}
	text, err := f.expand(n.Value)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", n.Line, err)
	}
	out.Value = text
	if strings.HasPrefix(n.Value, "${jwk:") && strings.HasSuffix(n.Value, "}") {
		var doc yaml.Node
		if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
			return nil, err
		}
		return doc.Content[0], nil
	}
	return &out, nil
}

// expandValues is expand for every text of a decoded value.
func (f *File) expandValues(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return f.expand(v)
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			x, err := f.expandValues(e)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	case []any:
		var out []any
		for _, e := range v {
			x, err := f.expandValues(e)
			if err != nil {
				return nil, err
			}
			out = append(out, x)
		}
		return out, nil
	}
	return v, nil
}
