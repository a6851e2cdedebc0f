package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

const (
	forwardSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /open/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}, {name: x, in: query, schema: {type: string}}]
    get: {operationId: open, responses: {}}
  /a: {get: {security: [{token: []}], responses: {}}}
  /b: {post: {security: [{token: []}], requestBody: {content: {application/json: {}}}, responses: {}}}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
`
	forwardPolicy = `version: 1
providers: {idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}}
schemes: {token: [idp]}
defaults:
  forward:
    headers: {x-user-id: subject, x-user-scopes: scopes, x-roles: 'claim:/a/roles', x-name: 'claim:name'}
    assertion: {secret: s, audience: up, lifetime: 30s}
`
	forwardKey    = "0123456789abcdef0123456789abcdef"
	forwardSecret = "fedcba9876543210fedcba9876543210"
	forwardNow    = 1_700_000_000
)

func forwardEngine(t testing.TB, spec, policy string) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	r, err := compile.Build(compile.Options{Specs: []string{write("api.yaml", spec)}, PolicyPath: write("policy.yaml", policy), Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("%v at %d", e, at)
	}
	values := map[string]string{"k": forwardKey, "s": forwardSecret}
	var secrets [][]byte
	for i := range tab.NumSecrets() {
		secrets = append(secrets, []byte(values[string(tab.Secret(i))]))
	}
	eng, bad := engine.New(tab, engine.Options{Secrets: secrets, Sig: sig.New(), TokenCacheBytes: 1 << 17, Seed: [16]byte{1}})
	if eng == nil {
		t.Fatalf("limit %d", bad)
	}
	return eng
}

// hs256 signs claims.
func hs256(head, claims, key string) string {
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(head)) + "." + b64([]byte(claims))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

func forwardRequest(method, path, claims string) *engine.Request {
	r := request(method, path, nil, nil)
	r.NowNanos = forwardNow * int64(time.Second)
	if claims != "" {
		r.Headers = append(r.Headers, header("authorization", "Bearer "+hs256(`{"alg":"HS256","kid":"k"}`, claims, forwardKey)))
	}
	return r
}

func TestForwardValues(t *testing.T) {
	e := forwardEngine(t, forwardSpec, forwardPolicy)
	const base = `"iss":"i","exp":1800000000`
	long := strings.Repeat("x", 4096)
	tests := []struct {
		name, claims string
		want         string // name=value, joined by "; "
		code         verdict.Code
	}{
		{"nothing but a subject", `{"sub":"ann"}`, "x-user-id=ann", verdict.Allow},
		{"an escaped subject", `{"sub":"\u0061nn \u00e9"}`, "x-user-id=ann %C3%A9", verdict.Allow},
		{"no subject", `{"scope":"a"}`, "x-user-scopes=a", verdict.Allow},
		{"scopes with odd spaces", `{"scope":"  a  b "}`, "x-user-scopes=a b", verdict.Allow},
		{"scopes of an array", `{"scp":["a","b c",""]}`, "x-user-scopes=a b%20c", verdict.Allow},
		{"a path to roles", `{"a":{"roles":["x","y"]}}`, "x-roles=x,y", verdict.Allow},
		{"a role", `{"a":{"roles":"x"}}`, "x-roles=x", verdict.Allow},
		{"a role that looks like two", `{"a":{"roles":"x,y"}}`, "x-roles=x%2Cy", verdict.Allow},
		{"a role that looks encoded", `{"a":{"roles":["x%2Cy"]}}`, "x-roles=x%252Cy", verdict.Allow},
		{"a path that ends early", `{"a":["roles"]}`, "", verdict.Allow},
		{"numbers as they are written", `{"a":{"roles":[1,-2.50,1e400,true,false]}}`, "x-roles=1,-2.50,1e400,true,false", verdict.Allow},
		{"null", `{"name":null}`, "", verdict.Allow},
		{"null in an array", `{"a":{"roles":["x",null]}}`, "", verdict.ForwardValue},
		{"an object", `{"name":{}}`, "", verdict.ForwardValue},
		{"an empty array in an array", `{"name":[[]]}`, "", verdict.ForwardValue},
		{"CR and LF", `{"name":"a\r\nb"}`, "", verdict.ForwardValue},
		{"LF alone", `{"name":"\n"}`, "", verdict.ForwardValue},
		{"NUL", `{"sub":"a\u0000"}`, "", verdict.ForwardValue},
		{"DEL", `{"name":"\u007f"}`, "", verdict.ForwardValue},
		{"tab", `{"name":"a\tb"}`, "", verdict.ForwardValue},
		{"C1 and line separators", `{"name":"\u0085\u2028"}`, "x-name=%C2%85%E2%80%A8", verdict.Allow},
		{"spaces around", `{"name":" a "}`, "x-name=%20a%20", verdict.Allow},
		{"one space", `{"name":" "}`, "x-name=%20", verdict.Allow},
		{"the longest value", `{"name":"` + long + `"}`, "x-name=" + long, verdict.Allow},
		{"one byte more", `{"name":"x` + long + `"}`, "", verdict.ForwardTooLarge},
		{"a value that grows too long", `{"name":"` + strings.Repeat("%", 1366) + `"}`, "", verdict.ForwardTooLarge},
		{"values that are too long together", `{"sub":"` + long[:3000] + `","name":"` + strings.Repeat("%", 1300) + `","a":{"roles":"` + long[:1500] + `"}}`, "", verdict.ForwardTooLarge},
		{"an array of commas", `{"name":[` + strings.Repeat(`"",`, 900) + `""]}`, "x-name=" + strings.Repeat(",", 900), verdict.Allow},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := forwardRequest("GET", "/a", "{"+base+","+tt.claims[1:])
			var d engine.Decision
			e.CheckHeaders(r, &d)
			if d.Code != tt.code {
				t.Fatalf("code = %s, want %s", d.Code.Name(), tt.code.Name())
			}
			if d.Code != verdict.Allow {
				return
			}
			var got []string
			for _, h := range e.Forwarded() {
				if string(h.Name) != "x-portcullis-assertion" {
					got = append(got, string(h.Name)+"="+string(h.Value))
				}
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("forwarded %q, want %q", s, tt.want)
			}
			if n := testing.AllocsPerRun(10, func() { e.CheckHeaders(r, &d) }); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
		})
	}
}

// TestForwardForgets: what one request proved is not the next one's.
func TestForwardForgets(t *testing.T) {
	e := forwardEngine(t, forwardSpec, forwardPolicy)
	var d engine.Decision
	good := forwardRequest("GET", "/a", `{"iss":"i","exp":1800000000,"sub":"ann","scope":"a"}`)
	for _, r := range []*engine.Request{
		forwardRequest("GET", "/open/1", ""), forwardRequest("GET", "/none", ""), forwardRequest("GET", "/a", ""),
		{Headers: []engine.Header{header(":method", "GET")}},
	} {
		e.CheckHeaders(good, &d)
		if d.Code != verdict.Allow || len(e.Forwarded()) != 3 {
			t.Fatalf("a good request: %s, %d fields", d.Code.Name(), len(e.Forwarded()))
		}
		e.CheckHeaders(r, &d)
		for _, h := range e.Forwarded() {
			if string(h.Name) != "x-portcullis-assertion" {
				t.Errorf("%s after it is told %s: %s", r.Headers, h.Name, h.Value)
			} else if claims := assertion(t, h.Value); claims["sub"] != nil {
				t.Errorf("%s after it is asserted for %v", r.Headers, claims["sub"])
			}
		}
	}
}

// assertion verifies an assertion with the standard library.
func assertion(t *testing.T, jws []byte) map[string]any {
	t.Helper()
	parts := strings.Split(string(jws), ".")
	if len(parts) != 3 {
		t.Fatalf("assertion %q", jws)
	}
	mac := hmac.New(sha256.New, []byte(forwardSecret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
		t.Fatalf("assertion %q has a wrong signature", jws)
	}
	decode := func(s string) (m map[string]any) {
		b, err := base64.RawURLEncoding.Strict().DecodeString(s)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil {
			t.Fatalf("assertion %q: %v", jws, err)
		}
		return m
	}
	if h := decode(parts[0]); h["alg"] != "HS256" || h["typ"] != "portcullis+jwt" || len(h["kid"].(string)) != 8 {
		t.Errorf("header %v", h)
	}
	return decode(parts[1])
}

func TestAssertion(t *testing.T) {
	e := forwardEngine(t, forwardSpec, forwardPolicy)
	target := "/open/a%22b?x=%C3%A9\"\\"
	r := forwardRequest("GET", target, "")
	var d engine.Decision
	seen := map[any]bool{}
	for range 3 {
		e.CheckHeaders(r, &d)
		if d.Code != verdict.Allow || len(e.Forwarded()) != 1 {
			t.Fatalf("%s, %d fields", d.Code.Name(), len(e.Forwarded()))
		}
		c := assertion(t, e.Forwarded()[0].Value)
		sum := sha256.Sum256([]byte("GET\nlocalhost\n" + target))
		want := map[string]any{"iss": "portcullis", "aud": "up", "iat": 1.7e9, "exp": 1.7e9 + 30, "htm": "GET", "path": "/open/a%22b", "op": "open",
			"digest": base64.RawURLEncoding.EncodeToString(sum[:])}
		for k, v := range want {
			if c[k] != v {
				t.Errorf("%s = %v, want %v", k, c[k], v)
			}
		}
		if len(c) != len(want)+1 || seen[c["jti"]] || len(c["jti"].(string)) != 22 {
			t.Errorf("claims %v, want jti and those of %v", c, want)
		}
		seen[c["jti"]] = true
	}
	// What does not fit: a path is left out, anything else refuses.
	e.CheckHeaders(forwardRequest("GET", "/open/"+strings.Repeat("a", 2000), ""), &d)
	if c := assertion(t, e.Forwarded()[0].Value); d.Code != verdict.Allow || c["path"] != nil || c["digest"] == nil {
		t.Errorf("a long path: %s, %v", d.Code.Name(), c)
	}
	e.CheckHeaders(forwardRequest("GET", "/a", `{"iss":"i","exp":1800000000,"sub":"`+strings.Repeat("a", 3000)+`"}`), &d)
	if d.Code != verdict.ForwardTooLarge {
		t.Errorf("a long subject: %s, want forward_too_large", d.Code.Name())
	}
	e.CheckHeaders(forwardRequest("GET", "/a", `{"iss":"i","exp":1800000000,"sub":"q\"\\é`+strings.Repeat(`\"`, 900)+`"}`), &d)
	if d.Code == verdict.Allow {
		if got, want := assertion(t, e.Forwarded()[len(e.Forwarded())-1].Value)["sub"], "q\"\\é"+strings.Repeat(`"`, 900); got != want {
			t.Errorf("sub = %q, want %q", got, want)
		}
	}
}

func TestIsIdentity(t *testing.T) {
	e := forwardEngine(t, forwardSpec, forwardPolicy)
	tests := []struct {
		name string
		want bool
	}{
		{"x-user-id", true}, {"X-User-Id", true}, {"x_user_id", true}, {"X_USER-ID", true}, {"x.user.id", true}, {"x-user~id", true}, {"x!user+id", true},
		{"x-user-id2", false}, {"xuser-id", false}, {"x-user-i", false}, {"", false}, {"-x-user-id", false}, {"x-user-ïd", false},
		{"x-portcullis-assertion", true}, {"x_portcullis_assertion", true}, {"X-PORTCULLIS-ANYTHING", true}, {"x-portcullis-", false}, {"x-portcullis", false},
		{"x-roles", true}, {"x-name", true}, {"authorization", false},
	}
	for _, tt := range tests {
		if got := e.IsIdentity([]byte(tt.name)); got != tt.want {
			t.Errorf("IsIdentity(%q) = %v, want %v", tt.name, got, tt.want)
		}
	}
	none := engineOf(t, "../../examples/openapi/spec31.yaml")
	if none.Forwards() || none.IsIdentity([]byte("x-user-id")) || none.Forwarded() != nil {
		t.Error("a table without forward rules forwards")
	}
}

// BenchmarkForward is a known token with three values told, and with an assertion
// besides.
func BenchmarkForward(b *testing.B) {
	assertion := "    assertion: {secret: s, audience: up, lifetime: 30s}\n"
	for _, tt := range []struct{ name, policy string }{
		{"nothing", forwardPolicy[:strings.Index(forwardPolicy, "defaults:")]},
		{"headers", strings.Replace(forwardPolicy, assertion, "", 1)},
		{"headers and assertion", forwardPolicy},
	} {
		b.Run(tt.name, func(b *testing.B) {
			e := forwardEngine(b, forwardSpec, tt.policy)
			r := forwardRequest("GET", "/a", `{"iss":"i","exp":1800000000,"sub":"ann","scope":"read write","a":{"roles":["editor","author"]}}`)
			var d engine.Decision
			b.ReportAllocs()
			for b.Loop() {
				e.CheckHeaders(r, &d)
			}
			if d.Code != verdict.Allow {
				b.Fatal(d.Code.Name())
			}
		})
	}
}
