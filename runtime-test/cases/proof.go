package cases

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync/atomic"
	"time"
)

// Proof describes a DPoP proof (RFC 9449) to send with the token of a request.
type Proof struct {
	Key    string         `yaml:"key"`
	Alg    string         `yaml:"alg"`
	Header map[string]any `yaml:"header"`
	JWK    map[string]any `yaml:"jwk"`
	Claims map[string]any `yaml:"claims"`
	Origin string         `yaml:"origin"`
	Tamper string         `yaml:"tamper"`
	Twice  string         `yaml:"twice"`
}

// proofs counts, so that no two have the same jti.
var proofs atomic.Int64

// thumbprint is RFC 7638's of the public half.
func (k *SigningKey) thumbprint() (string, error) {
	jwk, err := k.publicMembers()
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(jwk) // names in order, as RFC 7638 section 3 wants them
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// publicMembers is the members of the public half that its thumbprint is of.
func (k *SigningKey) publicMembers() (map[string]any, error) {
	text, err := k.JWK()
	if err != nil {
		return nil, err
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return nil, err
	}
	for _, name := range []string{"kid", "use", "alg"} {
		delete(out, name)
	}
	return out, nil
}

// proof makes the DPoP fields of a request whose token has been sent in authorization.
func (f *File) proof(p *Proof, r *Request, authorization string, now time.Time) ([]Header, error) {
	key, err := f.signingKey(p.Key)
	if err != nil {
		return nil, err
	}
	jwk, err := key.publicMembers()
	if err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	change(jwk, p.JWK)
	_, token, _ := strings.Cut(authorization, " ")
	origin := p.Origin
	if origin == "" {
		origin = r.Scheme + "://" + r.Host
	}
	path, _, _ := strings.Cut(r.Path, "?")
	ath := sha256.Sum256([]byte(token))
	claims := map[string]any{
		"jti": fmt.Sprintf("proof %d of %d", proofs.Add(1), time.Now().UnixNano()), "htm": r.Method, "htu": origin + path, "iat": "+0s",
		"ath": base64.RawURLEncoding.EncodeToString(ath[:]),
	}
	change(claims, p.Claims)
	header := map[string]any{"jwk": jwk, "kid": nil}
	for k, v := range p.Header {
		header[k] = v
	}
	typ := "dpop+jwt"
	t := &Token{Alg: p.Alg, Typ: &typ, Header: header, Claims: claims, Tamper: p.Tamper}
	text, err := Mint(t, key, now)
	if err != nil {
		return nil, err
	}
	switch p.Twice {
	case "fields":
		return []Header{{"dpop", text}, {"dpop", text}}, nil
	case "joined":
		text += ", " + text
	}
	return []Header{{"dpop", text}}, nil
}

// change sets members, and takes those away that are null.
func change(m, changes map[string]any) {
	for k, v := range changes {
		if m[k] = v; v == nil {
			delete(m, k)
		}
	}
}

// checkProof refuses a proof that can't be made.
func (f *File) checkProof(p *Proof) error {
	if p == nil {
		return nil
	}
	if _, ok := f.Keys[p.Key]; !ok {
		return fmt.Errorf("proof: key %q is not among keys", p.Key)
	}
	switch p.Twice {
	case "", "fields", "joined":
	default:
		return fmt.Errorf("proof: twice is %q, want fields or joined", p.Twice)
	}
	return nil
}

// bind is t with the claim that binds it to a key, where it says so.
func (f *File) bind(t *Token) (*Token, error) {
	if t.Bound == "" {
		return t, nil
	}
	key, err := f.signingKey(t.Bound)
	if err != nil {
		return nil, err
	}
	jkt, err := key.thumbprint()
	if err != nil {
		return nil, fmt.Errorf("bound: %w", err)
	}
	out := *t
	out.Claims = maps.Clone(t.Claims)
	out.Claims["cnf"] = map[string]any{"jkt": jkt}
	return &out, nil
}
