package policy

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"portcullis/filter/token"
	"portcullis/filter/token/sig"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

var algs = map[string]ir.Alg{
	"HS256": ir.AlgHS256, "HS384": ir.AlgHS384, "HS512": ir.AlgHS512,
	"RS256": ir.AlgRS256, "RS384": ir.AlgRS384, "RS512": ir.AlgRS512,
	"PS256": ir.AlgPS256, "PS384": ir.AlgPS384, "PS512": ir.AlgPS512,
	"ES256": ir.AlgES256, "ES384": ir.AlgES384, "ES512": ir.AlgES512,
	"EdDSA": ir.AlgEdDSA,
}

// Bounds of RSA keys: RFC 7518 section 3.3, and what a worker can verify in
// reasonable time.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

func (p *Policy) readProviders(n *source.Node, into map[string]*ir.Provider) {
	p.dec.mapping(n, "providers", func(name string, n *source.Node) {
		p.name(n, name, "the name of a provider")
		if old, ok := into[name]; ok && p.givesWay("provider", name, n, old.Loc.Node) {
			return
		}
		into[name] = p.readProvider(name, n)
	})
}

const defaultSkewSeconds = 60

func (p *Policy) readProvider(name string, n *source.Node) *ir.Provider {
	d := p.dec
	v := &ir.Provider{Name: name, SkewSeconds: defaultSkewSeconds, Loc: loc(n)}
	anyAudience, parent := false, n
	d.object(n, "a provider", fields{
		"issuer":         func(n *source.Node) { v.Issuer = d.str(n, "issuer") },
		"audiences":      func(n *source.Node) { v.Audiences = d.strs(n, "audiences", 1) },
		"anyAudience":    func(n *source.Node) { anyAudience = d.onlyTrue(n, "anyAudience") },
		"skew":           func(n *source.Node) { v.SkewSeconds = p.seconds(n, "skew", 0, 600) },
		"maxAge":         func(n *source.Node) { v.MaxAgeSeconds = p.seconds(n, "maxAge", 1, 366*86400) },
		"requiredClaims": func(n *source.Node) { v.RequiredClaims = d.strs(n, "requiredClaims", 0) },
		"tokenTypes": func(n *source.Node) {
			for _, t := range d.strs(n, "tokenTypes", 1) {
				v.TokenTypes = append(v.TokenTypes, strings.TrimPrefix(strings.ToLower(t), "application/"))
			}
		},
		"scopeClaim": func(n *source.Node) { v.ScopeClaim = d.str(n, "scopeClaim") },
		"keys": func(n *source.Node) {
			d.array(n, "keys", func(n *source.Node) { v.Keys = append(v.Keys, p.readKey(n)...) })
			if len(n.Items) == 0 {
				d.errorf(n, "policy-value", "found no keys, wanted at least one")
			}
		},
		"denied":        func(*source.Node) {},
		"jwks":          func(n *source.Node) { v.Remote = p.readRemote(n, parent.Str("issuer")) },
		"discovery":     func(n *source.Node) { v.Remote = p.readDiscovery(n, parent.Str("issuer")) },
		"introspection": func(n *source.Node) { v.Introspection = p.readIntrospection(n) },
		"bound":         func(n *source.Node) { v.Bound = oneOf(d, n, "bound", bounds) },
		"dpop":          func(n *source.Node) { v.Proofs = p.readProofs(n) },
	}, "issuer")
	v.Denied = p.readDenied(n.Get("denied"), v.Issuer)
	if n.Kind == source.Object {
		p.checkIntrospection(n, v)
	}
	if n.Kind == source.Object && anyAudience == (v.Audiences != nil) {
		d.errorf(n, "policy-missing", "found a provider with both or neither of audiences and anyAudience, wanted one of them")
	}
	if v.Bound == ir.BoundProof && n.Get("dpop") == nil {
		d.errorf(n.Get("bound"), "policy-missing", "found tokens that must be bound to DPoP keys and no dpop, wanted it: its origins are what proofs are made for")
	}
	for i, k := range v.Keys {
		for _, other := range v.Keys[:i] {
			if other.ID == k.ID && other.Alg == k.Alg {
				d.errorf(k.Loc.Node, "policy-key", "found a second %s key with the kid %q, wanted one", algName(k.Alg), k.ID)
			}
		}
	}
	return v
}

func (p *Policy) seconds(n *source.Node, what string, lo, hi uint64) uint32 {
	return uint32(p.dec.duration(n, what, lo*1e9, hi*1e9) / 1e9)
}

// readKey reads one entry of keys, which may hold a whole set.
func (p *Policy) readKey(n *source.Node) (out []*ir.Key) {
	d := p.dec
	sources := 0
	var alg ir.Alg
	if a := n.Get("alg"); a != nil {
		alg = oneOf(d, a, "alg", algs)
	}
	kid := n.Str("kid")
	from := func(read func(n *source.Node) []*ir.Key) func(*source.Node) {
		return func(n *source.Node) {
			sources++
			out = append(out, read(n)...)
		}
	}
	d.object(n, "a key", fields{
		"alg":  func(*source.Node) {},
		"kid":  func(n *source.Node) { d.str(n, "kid") },
		"jwks": from(func(n *source.Node) []*ir.Key { return p.jwks(n, alg) }),
		"jwk":  from(func(n *source.Node) []*ir.Key { return p.jwk(n, alg, kid) }),
		"jwksFile": from(func(n *source.Node) []*ir.Key {
			data, path, ok := p.readFile(n, "jwksFile")
			if !ok {
				return nil
			}
			doc, err := source.Parse(path, n.Doc.URI, data)
			if err != nil {
				d.errorf(n, "policy-file", "found no key set: %v", err)
				return nil
			}
			return p.jwks(doc.Root, alg)
		}),
		"pem": from(func(n *source.Node) []*ir.Key { return p.pem(n, []byte(d.str(n, "pem")), alg, kid) }),
		"pemFile": from(func(n *source.Node) []*ir.Key {
			data, _, ok := p.readFile(n, "pemFile")
			if !ok {
				return nil
			}
			return p.pem(n, data, alg, kid)
		}),
		"secret": from(func(n *source.Node) []*ir.Key {
			name := d.str(n, "secret")
			p.name(n, name, "the name of a secret")
			if alg == 0 || alg > ir.AlgHS512 {
				d.errorf(n, "policy-key", "found a secret without alg HS256, HS384 or HS512, wanted one of them")
			}
			return []*ir.Key{{ID: kid, Alg: alg, Secret: name, Loc: loc(n)}}
		}),
	})
	if sources != 1 && n.Kind == source.Object {
		d.errorf(n, "policy-key", "found %d sources of a key, wanted one of jwks, jwksFile, jwk, pem, pemFile, secret", sources)
	}
	return out
}

func (p *Policy) jwks(n *source.Node, alg ir.Alg) (out []*ir.Key) {
	keys := n.Get("keys")
	if keys == nil || keys.Kind != source.Array || len(keys.Items) == 0 {
		p.dec.errorf(n, "policy-key", "found a key set without keys, wanted an array of them")
		return nil
	}
	for _, k := range keys.Items {
		if !verifies(k) {
			continue
		}
		out = append(out, p.jwk(k, alg, "")...)
	}
	if len(out) == 0 {
		p.dec.errorf(n, "policy-key", "found a key set without a key that verifies signatures, wanted one")
	}
	return out
}

// verifies reports a JWK that may check signatures, as far as it says what it
// is for (RFC 7517 sections 4.2 and 4.3).
func verifies(n *source.Node) bool {
	if use := n.Get("use"); use != nil && (use.Kind != source.String || use.Text != "sig") {
		return false
	}
	ops := n.Get("key_ops")
	return ops == nil || ops.Kind == source.Array && slices.ContainsFunc(ops.Items, func(o *source.Node) bool {
		return o.Kind == source.String && o.Text == "verify"
	})
}

// jwk reads a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037).
func (p *Policy) jwk(n *source.Node, alg ir.Alg, kid string) []*ir.Key {
	if own := n.Str("kid"); own != "" {
		kid = own
	}
	if own := n.Get("alg"); own != nil {
		alg = oneOf(p.dec, own, "alg", algs)
		if alg == 0 {
			return nil
		}
	}
	if !verifies(n) {
		p.dec.errorf(n, "policy-key", "found a key whose use or key_ops say that it verifies no signatures, wanted use sig and key_ops verify, or neither")
		return nil
	}
	if n.Get("d") != nil {
		p.dec.errorf(n, "policy-key", "found a private key, wanted a public one: take it out of the policy and replace it")
		return nil
	}
	key, err := publicKey(n)
	if err != nil {
		p.dec.errorf(n, "policy-key", "%v", err)
		return nil
	}
	return p.public(n, key, alg, kid)
}

func publicKey(n *source.Node) (any, error) {
	number := func(name string) (*big.Int, error) {
		b, err := base64.RawURLEncoding.Strict().DecodeString(n.Str(name))
		if err != nil || len(b) == 0 {
			return nil, fmt.Errorf("found no base64url number %q in a key, wanted one", name)
		}
		return new(big.Int).SetBytes(b), nil
	}
	switch kty := n.Str("kty"); kty {
	case "RSA":
		mod, err := number("n")
		if err != nil {
			return nil, err
		}
		e, err := number("e")
		if err != nil {
			return nil, err
		}
		if !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 || e.Bit(0) == 0 {
			return nil, fmt.Errorf("found an RSA key with the exponent %v, wanted an odd one from 3 to 2147483647", e)
		}
		return &rsa.PublicKey{N: mod, E: int(e.Int64())}, nil
	case "EC":
		curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
		curve, ok := curves[n.Str("crv")]
		if !ok {
			return nil, fmt.Errorf("found an EC key on the curve %q, wanted P-256, P-384 or P-521", n.Str("crv"))
		}
		point := []byte{4}
		for _, name := range []string{"x", "y"} {
			v, err := number(name)
			if err != nil {
				return nil, err
			}
			size := (curve.Params().BitSize + 7) / 8
			if v.BitLen() > size*8 {
				return nil, fmt.Errorf("found an EC key whose %s is too long for its curve", name)
			}
			point = append(point, v.FillBytes(make([]byte, size))...)
		}
		key, err := ecdsa.ParseUncompressedPublicKey(curve, point)
		if err != nil {
			return nil, fmt.Errorf("found an EC key that is no point of its curve, wanted one")
		}
		return key, nil
	case "OKP":
		b, err := base64.RawURLEncoding.Strict().DecodeString(n.Str("x"))
		if n.Str("crv") != "Ed25519" || err != nil || len(b) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("found an OKP key that is not Ed25519 with 32 bytes, wanted one")
		}
		return ed25519.PublicKey(b), nil
	case "oct":
		return nil, fmt.Errorf("found a symmetric key, wanted a public one: name a secret of the plugin configuration instead, for a table holds no secrets")
	default:
		return nil, fmt.Errorf("found the key type %q, wanted RSA, EC or OKP", kty)
	}
}

func (p *Policy) pem(n *source.Node, data []byte, alg ir.Alg, kid string) []*ir.Key {
	block, rest := pem.Decode(data)
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		p.dec.errorf(n, "policy-key", "found no single PEM block, wanted one public key or certificate")
		return nil
	}
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	default:
		err = fmt.Errorf("found a PEM block %s, wanted PUBLIC KEY, RSA PUBLIC KEY or CERTIFICATE", block.Type)
	}
	if err != nil {
		p.dec.errorf(n, "policy-key", "%v", err)
		return nil
	}
	return p.public(n, key, alg, kid)
}

// public makes the table's form of a key, and pins its algorithm.
func (p *Policy) public(n *source.Node, key any, alg ir.Alg, kid string) []*ir.Key {
	var fit []ir.Alg
	switch k := key.(type) {
	case *rsa.PublicKey:
		fit = []ir.Alg{ir.AlgRS256, ir.AlgRS384, ir.AlgRS512, ir.AlgPS256, ir.AlgPS384, ir.AlgPS512}
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			p.dec.errorf(n, "policy-key", "found an RSA key of %d bits, wanted %d to %d", bits, minRSABits, maxRSABits)
			return nil
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			fit = []ir.Alg{ir.AlgES256}
		case elliptic.P384():
			fit = []ir.Alg{ir.AlgES384}
		case elliptic.P521():
			fit = []ir.Alg{ir.AlgES512}
		}
	case ed25519.PublicKey:
		fit = []ir.Alg{ir.AlgEdDSA}
	}
	if len(fit) == 0 {
		p.dec.errorf(n, "policy-key", "found a key of a kind that no algorithm uses, wanted RSA, P-256, P-384, P-521 or Ed25519")
		return nil
	}
	if alg == 0 {
		alg = fit[0]
	}
	for _, a := range fit {
		if a != alg {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			p.dec.errorf(n, "policy-key", "encode the key: %v", err)
			return nil
		}
		// The filter has the last word on what it can use: weak exponents, small
		// orders and the like.
		if problem := sig.CheckKey(token.Alg(alg), der); problem != "" {
			p.dec.errorf(n, "policy-key", "found a key that can't be used: %s", problem)
			return nil
		}
		return []*ir.Key{{ID: kid, Alg: alg, SPKI: der, Loc: loc(n)}}
	}
	p.dec.errorf(n, "policy-key", "found a key that can't be used with %s, wanted its algorithm", algName(alg))
	return nil
}

func algName(a ir.Alg) string {
	for name, v := range algs {
		if v == a {
			return name
		}
	}
	return "no algorithm"
}
