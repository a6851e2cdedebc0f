package requests

import (
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/schemagen/apikey"
	"portcullis/schemagen/compile"
	"portcullis/schemagen/ir"
)

// caller is somebody with a token, a key and a password for every scheme that takes
// one of these. Its secrets are made up for the run.
type caller struct {
	signing *cases.SigningKey
	key     apikey.Key
	scopes  []string
}

const issuer = "https://issuer.test"

// newCaller makes a caller, and the policy that knows it: descriptions are compiled
// once without one, to see what they ask for.
func newCaller(specs []string, seed uint64) (c *caller, policy []byte, err error) {
	res, err := compile.Build(compile.Options{Specs: specs})
	if err != nil {
		return nil, nil, err
	}
	bytes := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1})
	c = &caller{signing: &cases.SigningKey{Kid: "k", Alg: "HS256", Secret: []byte("a secret of the tests, and long enough for it")}}
	if c.key, err = apikey.New(bytes, "test"); err != nil {
		return nil, nil, err
	}
	schemes := map[string]any{}
	for _, a := range res.Build.APIs {
		for _, op := range a.Operations {
			for _, r := range op.Security {
				for _, u := range r.Uses {
					switch u.Scheme.Kind {
					case ir.SchemeBearer:
						schemes[u.Scheme.Name] = map[string]any{"providers": []string{"test"}}
					case ir.SchemeAPIKey, ir.SchemeBasic:
						schemes[u.Scheme.Name] = map[string]any{"consumers": "all"}
					}
					for _, s := range u.Scopes {
						if !slices.Contains(c.scopes, s) {
							c.scopes = append(c.scopes, s)
						}
					}
				}
			}
		}
	}
	consumer := map[string]any{"keys": []any{map[string]any{"id": c.key.ID, "digest": c.key.Digest(nil)}}}
	if len(c.scopes) > 0 {
		consumer["scopes"] = c.scopes
	}
	policy, err = json.Marshal(map[string]any{
		"version":   1,
		"providers": map[string]any{"test": map[string]any{"issuer": issuer, "audiences": []string{"tests"}, "keys": []any{map[string]any{"secret": "test", "alg": "HS256", "kid": "k"}}}},
		"consumers": map[string]any{"tester": consumer},
		"schemes":   schemes,
	})
	return c, policy, err
}

// config is what the plugin has to know of the caller.
func (c *caller) config() map[string]any {
	return map[string]any{"secrets": map[string]any{"test": string(c.signing.Secret)}}
}

// token makes a token with claims in place of the good ones.
func (c *caller) token(now time.Time, claims map[string]any) (string, error) {
	all := map[string]any{"iss": issuer, "aud": "tests", "sub": "tester", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "scope": strings.Join(c.scopes, " ")}
	for k, v := range claims {
		all[k] = v
	}
	return cases.Mint(&cases.Token{Claims: all}, c.signing, now)
}

// able is the first alternative of op that the caller has credentials for; ok is false
// where there is none.
func able(op *ir.Operation) (r ir.Requirement, ok bool) {
	for _, r := range op.Security {
		if !slices.ContainsFunc(r.Uses, func(u ir.SchemeUse) bool { return u.Scheme.Kind == ir.SchemeMutualTLS }) && single(r) {
			return r, true
		}
	}
	return r, false
}

// single reports that no two schemes of r want the same field.
func single(r ir.Requirement) bool {
	seen := map[string]bool{}
	for _, u := range r.Uses {
		at := "authorization"
		if u.Scheme.Kind == ir.SchemeAPIKey && !u.Scheme.InBearer {
			at = u.Scheme.ParamName
		}
		if seen[at] {
			return false
		}
		seen[at] = true
	}
	return true
}

// credentials adds to q what the alternative r asks for. change spoils each.
func (c *caller) credentials(q *cases.Request, r ir.Requirement, now time.Time, change func(kind ir.SchemeKind, text string) string) error {
	add := func(name, value string) {
		q.Headers = append(q.Headers, cases.Header{Name: name, Value: value})
	}
	for _, u := range r.Uses {
		s := u.Scheme
		switch {
		case s.Kind == ir.SchemeBearer:
			text, err := c.token(now, nil)
			if err != nil {
				return err
			}
			add("authorization", "Bearer "+change(s.Kind, text))
		case s.Kind == ir.SchemeBasic:
			add("authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(c.key.ID+":"+change(s.Kind, c.key.Secret))))
		case s.InBearer:
			add("authorization", "Bearer "+change(s.Kind, c.key.Text()))
		case s.In == ir.InHeader:
			add(s.ParamName, change(s.Kind, c.key.Text()))
		case s.In == ir.InCookie:
			text := s.ParamName + "=" + change(s.Kind, c.key.Text())
			for i := range q.Headers {
				if q.Headers[i].Name == "cookie" {
					q.Headers[i].Value += "; " + text
					text = ""
				}
			}
			if text != "" {
				add("cookie", text)
			}
		case s.In == ir.InQuery:
			sep := "?"
			if strings.Contains(q.Path, "?") {
				sep = "&"
			}
			q.Path += sep + encode(s.ParamName) + "=" + encode(change(s.Kind, c.key.Text()))
		}
	}
	return nil
}

func good(_ ir.SchemeKind, text string) string { return text }

// credentialFaults sends base without credentials, and with spoilt ones.
func (m *maker) credentialFaults(base *draft) {
	r, ok := able(m.op)
	if !ok || len(r.Uses) == 0 || !asksWho(m.op) {
		return
	}
	m.send(m.op, base.request("no credentials", false))
	now := m.now()
	expired, err := m.caller.token(now, map[string]any{"exp": now.Add(-time.Hour).Unix()})
	if err != nil {
		return
	}
	other, err := m.caller.token(now, map[string]any{"iss": "https://other.test"})
	if err != nil {
		return
	}
	flip := func(text string) string { // another last character but one: the last has bits that mean nothing
		b := []byte(text)
		at := len(b) - 2
		if b[at] == 'A' {
			b[at] = 'B'
		} else {
			b[at] = 'A'
		}
		return string(b)
	}
	for _, f := range []struct {
		what   string
		change func(ir.SchemeKind, string) string
	}{
		{"a spoilt credential", func(_ ir.SchemeKind, s string) string { return flip(s) }},
		{"an expired token, or a longer key", func(k ir.SchemeKind, s string) string {
			if k == ir.SchemeBearer {
				return expired
			}
			return s + "A"
		}},
		{"another issuer's token, or half a key", func(k ir.SchemeKind, s string) string {
			if k == ir.SchemeBearer {
				return other
			}
			return s[:len(s)/2]
		}},
	} {
		q := base.request(f.what, false)
		if m.caller.credentials(q.Request, r, now, f.change) == nil {
			m.sendAs(m.op, q)
		}
	}
}

// now is the time of the engines, which all have the same.
func (r *runner) now() time.Time {
	if len(r.instances) > 0 {
		if t := r.instances[0].Now(); !t.IsZero() {
			return t
		}
	}
	return time.Now()
}
