package engine_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

const allowSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
security: [{token: []}]
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /users/{userId}:
    parameters: [{name: userId, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getUser
      responses: {}
  /orders/{id}:
    post:
      operationId: order
      parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: f, in: query, style: deepObject, explode: true, schema: {type: object, additionalProperties: {type: string}}}
      requestBody:
        content:
          application/json: &m {schema: {type: object, properties: {owner: {type: string}, total: {type: number}, items: {type: array, items: {type: string}}}}}
          application/x-www-form-urlencoded: *m
          multipart/form-data: *m
          text/plain: {schema: {type: string, minLength: 1}}
      responses: {}
  /numbers/{n}:
    get:
      operationId: number
      security: [{}, {token: []}]
      parameters:
      - {name: n, in: path, required: true, schema: {type: integer}}
      - {name: q, in: query, allowEmptyValue: true, schema: {type: number}}
      - {name: ids, in: query, schema: {type: array, items: {type: integer}}}
      - {name: X-Tenant, in: header, schema: {type: string}}
      - {name: j, in: query, content: {application/json: {schema: {type: object}}}}
      - {name: c, in: cookie, schema: {type: [string, integer], maxLength: 3}}
      - {name: deep, in: query, style: deepObject, explode: true, schema: {type: object, properties: {a: {type: integer}, b: {type: string}}}}
      responses: {}
`

const allowPolicy = `version: 1
apis: [{spec: api.yaml}]
providers: {idp: {issuer: i, audiences: [a], keys: [{alg: HS256, secret: s}]}}
schemes: {token: [idp]}
operations:
- {operation: getUser, allow: {cel: EXPR, message: only your own}}
- {operation: number, allow: EXPR2}
- {operation: order, allow: EXPR3}
`

var allowSecret = []byte("0123456789abcdef0123456789abcdef")

// allowEngine compiles allowSpec with these expressions.
func allowEngine(t testing.TB, user, number, order string) *engine.Engine {
	t.Helper()
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	dir := t.TempDir()
	for name, text := range map[string]string{"api.yaml": allowSpec,
		"policy.yaml": strings.NewReplacer("EXPR2", quote(number), "EXPR3", quote(order), "EXPR", quote(user)).Replace(allowPolicy)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{PolicyPath: filepath.Join(dir, "policy.yaml"), Strict: true})
	if err != nil || r.Table == nil {
		t.Fatal(err, r.Diags)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("%v at %d", e, at)
	}
	eng, _ := engine.New(tab, engine.Options{Sig: sig.New(), Secrets: [][]byte{allowSecret}, TokenCacheBytes: 64 << 10})
	return eng
}

// bearer signs claims.
func bearer(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims))
	m := hmac.New(sha256.New, allowSecret)
	m.Write([]byte(signed))
	return "authorization: Bearer " + signed + "." + enc(m.Sum(nil))
}

// claimsWith is claims that the provider accepts, and more.
func claimsWith(more string) string { return `{"iss":"i","aud":"a","exp":4000000000` + more + `}` }

func TestAllow(t *testing.T) {
	const own = `claims.sub == path.userId || 'admin' in claims.roles`
	tests := []struct {
		name, expr, claims, path string
		want                     verdict.Code
	}{
		{"own", own, `,"sub":"ada"`, "/users/ada", verdict.Allow},
		{"own, escaped in the claim", own, `,"sub":"\u0061da"`, "/users/ada", verdict.Allow},
		{"own, escaped in the path", own, `,"sub":"a d"`, "/users/a%20d", verdict.Allow},
		{"another's", own, `,"sub":"ada"`, "/users/bob", verdict.AuthorizeDeny},
		{"a prefix of it", own, `,"sub":"ada"`, "/users/adam", verdict.AuthorizeDeny},
		{"other case", own, `,"sub":"ada"`, "/users/Ada", verdict.AuthorizeDeny},
		{"with a NUL behind", own, `,"sub":"ada\u0000"`, "/users/ada", verdict.AuthorizeDeny},
		{"admin", own, `,"sub":"root","roles":["x","admin"]`, "/users/bob", verdict.Allow},
		{"roles that are a string", own, `,"sub":"root","roles":"admin"`, "/users/bob", verdict.AuthorizeDeny},
		{"roles that are a map with such a member", own, `,"sub":"root","roles":{"admin":false}`, "/users/bob", verdict.Allow},
		{"a role in a list in the list", own, `,"roles":[["admin"]]`, "/users/bob", verdict.AuthorizeDeny},
		{"no roles, not own", own, `,"sub":"ada"`, "/users/bob", verdict.AuthorizeDeny},
		{"no sub, admin", own, `,"roles":["admin"]`, "/users/bob", verdict.Allow},
		{"nothing", own, ``, "/users/bob", verdict.AuthorizeDeny},
		{"not, of a claim that is missing", `!claims.banned`, ``, "/users/bob", verdict.AuthorizeDeny},
		{"differs from a claim that is missing", `claims.banned != true`, ``, "/users/bob", verdict.AuthorizeDeny},
		{"true", `true`, ``, "/users/bob", verdict.Allow},
		{"false", `false`, ``, "/users/bob", verdict.AuthorizeDeny},
		{"the operation", `operation.id == 'getUser' && operation.method == 'GET'`, ``, "/users/bob", verdict.Allow},
		{"large identifiers that one double stands for", `claims.a == claims.b`, `,"a":9007199254740993,"b":9007199254740992`, "/users/bob", verdict.AuthorizeDeny},
		{"large identifiers that are the same", `claims.a == claims.b`, `,"a":9007199254740993,"b":9007199254740993`, "/users/bob", verdict.Allow},
		{"numbers that no double holds", `claims.a == claims.b`, `,"a":1e400,"b":1e400`, "/users/bob", verdict.AuthorizeDeny},
		{"work without end", `claims.l.all(a, claims.l.all(b, claims.l.all(c, claims.l.all(d, claims.l.all(e, a + 0.0 + b + c + d + e > -1.0)))))`,
			`,"l":[` + strings.Repeat("1,", 40) + `1]`, "/users/bob", verdict.AuthorizeDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := allowEngine(t, tt.expr, "true", "true")
			r := request("GET", tt.path, []string{bearer(claimsWith(tt.claims))}, nil)
			r.NowNanos = 1e18
			var d engine.Decision
			answer := make([]byte, 0, 4096)
			n := testing.AllocsPerRun(20, func() {
				judge(e, r, &d)
				answer = e.AppendProblem(answer[:0], &d, true)
			})
			if d.Code != tt.want {
				t.Errorf("%s with %s: %s, want %s", tt.path, tt.claims, d.Code.Name(), tt.want.Name())
			}
			if n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
			if d.Code == verdict.AuthorizeDeny && (!strings.Contains(string(answer), `"detail":"security: only your own"`) || strings.Contains(string(answer), "claims")) {
				t.Errorf("answer %s, want the message and nothing of the expression", answer)
			}
		})
	}
}

// TestAllowParameters: parameters are bound by place and name, with the types that
// the description gives them.
func TestAllowParameters(t *testing.T) {
	tests := []struct {
		expr, path string
		headers    []string
		want       verdict.Code
	}{
		{`path.n == 5`, "/numbers/5", nil, verdict.Allow},
		{`path.n % 2 == 1`, "/numbers/5", nil, verdict.Allow},
		{`path.n > 9223372036854775806`, "/numbers/9223372036854775807", nil, verdict.Allow},
		{`path.n > 0`, "/numbers/9223372036854775808", nil, verdict.AuthorizeDeny},
		{`!has(query.q)`, "/numbers/5", nil, verdict.Allow},
		{`!has(query.q)`, "/numbers/5?q=", nil, verdict.Allow},
		{`has(query.q) && query.q == 1.5`, "/numbers/5?q=1.5", nil, verdict.Allow},
		{`!has(query.q) || query.q < 2.0`, "/numbers/5?q=2", nil, verdict.AuthorizeDeny},
		{`has(query.ids) && query.ids.all(x, x <= path.n)`, "/numbers/5?ids=4&ids=5", nil, verdict.Allow},
		{`has(query.ids) && query.ids.all(x, x <= path.n)`, "/numbers/5?ids=4&ids=6", nil, verdict.AuthorizeDeny},
		{"has(header.`x-tenant`) && header['X-Tenant'] == 'a'", "/numbers/5", []string{"x-tenant: a"}, verdict.Allow},
		{"has(header.`x-tenant`) && header['X-Tenant'] == 'a'", "/numbers/5", []string{"x-tenant: b"}, verdict.AuthorizeDeny},
		{`has(query.deep) && query.deep.a == 7 && query.deep.b == '1'`, "/numbers/5?deep[a]=7&deep[b]=1", nil, verdict.Allow},
		{`has(query.deep) && has(query.deep.b)`, "/numbers/5?deep[a]=7", nil, verdict.AuthorizeDeny},
		{"has(query.j) && has(query.deep) && has(header.`x-tenant`) && query.j.a == 'x\u00e9' && query.j.b[1].c == 2 && query.deep.b == 'y' && header['x-tenant'] == 't' && path.n == 5",
			"/numbers/5?deep[b]=y&j=%7B%22a%22:%22x%5Cu00e9%22,%22b%22:[1,%7B%22c%22:2%7D]%7D&ids=1", []string{"x-tenant: t"}, verdict.Allow},
		{"has(query.j) && has(query.deep) && query.j.b[1].c == 3", "/numbers/5?deep[b]=y&j=%7B%22b%22:[1,%7B%22c%22:2%7D]%7D", nil, verdict.AuthorizeDeny},
		{`has(cookie.c) && cookie.c == 12`, "/numbers/5", []string{"cookie: c=12"}, verdict.Allow},
		{`has(cookie.c) && cookie.c == '12x'`, "/numbers/5", []string{"cookie: c=12x"}, verdict.Allow},
		{`has(cookie.c) && cookie.c == '12'`, "/numbers/5", []string{"cookie: c=12"}, verdict.AuthorizeDeny},
		{`size(claims) == 0`, "/numbers/5", nil, verdict.Allow},
		{`size(claims) == 0`, "/numbers/5", []string{bearer(claimsWith(""))}, verdict.AuthorizeDeny},
	}
	for _, tt := range tests {
		t.Run(tt.expr+" "+tt.path, func(t *testing.T) {
			e := allowEngine(t, "true", tt.expr, "true")
			r := request("GET", tt.path, tt.headers, nil)
			r.NowNanos = 1e18
			var d engine.Decision
			if n := testing.AllocsPerRun(20, func() { judge(e, r, &d) }); n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
			if d.Code != tt.want {
				t.Errorf("%s for %s: %s, want %s", tt.expr, tt.path, d.Code.Name(), tt.want.Name())
			}
		})
	}
}

// TestAllowBody: what depends on the body is judged with it; what it needs of the
// caller and the parameters is kept until then.
func TestAllowBody(t *testing.T) {
	const own = `body.owner == claims.sub && path.id != ''`
	jsonType := "content-type: application/json"
	tests := []struct {
		name, expr, claims, path, contentType, body string
		want                                        verdict.Code
	}{
		{"own", own, `,"sub":"ada"`, "/orders/1", jsonType, `{"owner":"ada"}`, verdict.Allow},
		{"own, escaped", own, `,"sub":"a\u0064a"`, "/orders/1", jsonType, `{"owner":"\u0061da"}`, verdict.Allow},
		{"another's", own, `,"sub":"ada"`, "/orders/1", jsonType, `{"owner":"bob"}`, verdict.AuthorizeDeny},
		{"nobody's", own, `,"sub":"ada"`, "/orders/1", jsonType, `{}`, verdict.AuthorizeDeny},
		{"an owner that is null, and no sub", own, ``, "/orders/1", jsonType, `{"total":1}`, verdict.AuthorizeDeny},
		{"no body", own, `,"sub":"ada"`, "/orders/1", "", "", verdict.AuthorizeDeny},
		{"no body that is asked for", `body == null || body.owner == claims.sub`, `,"sub":"ada"`, "/orders/1", "", "", verdict.Allow},
		{"no member of no body", `!has(body.owner)`, ``, "/orders/1", "", "", verdict.Allow},
		{"a form", own, `,"sub":"ada"`, "/orders/1", "content-type: application/x-www-form-urlencoded", `owner=%61da&total=1.5`, verdict.Allow},
		{"a form of another's", own, `,"sub":"ada"`, "/orders/1", "content-type: application/x-www-form-urlencoded", `owner=ad&total=1.5`, verdict.AuthorizeDeny},
		{"a multipart body", own, `,"sub":"ada"`, "/orders/1", "content-type: multipart/form-data; boundary=X",
			"--X\r\nContent-Disposition: form-data; name=\"owner\"\r\n\r\nada\r\n--X--\r\n", verdict.Allow},
		{"text", `body == claims.sub`, `,"sub":"ada"`, "/orders/1", "content-type: text/plain", `ada`, verdict.Allow},
		{"text, but of a member", own, `,"sub":"ada"`, "/orders/1", "content-type: text/plain", `{"owner":"ada"}`, verdict.AuthorizeDeny},
		{"an invalid body", own, `,"sub":"ada"`, "/orders/1", jsonType, `{"owner":1}`, verdict.BodyInvalid},
		{"a list of claims", `body.items.all(i, i in claims.mine)`, `,"mine":["a","b\"c"]`, "/orders/1", jsonType, `{"items":["a","b\"c"]}`, verdict.Allow},
		{"not in a list of claims", `body.items.all(i, i in claims.mine)`, `,"mine":["a","b\"c"]`, "/orders/1", jsonType, `{"items":["a","b"]}`, verdict.AuthorizeDeny},
		{"a parameter that holds quotes", `has(query.f) && body.owner == query.f.a`, ``, "/orders/1?f[a]=%22%5C%01x", jsonType, `{"owner":"\"\\\u0001x"}`, verdict.Allow},
		{"more of claims than is kept", `body.items.all(i, i in claims.mine)`, `,"mine":["` + strings.Repeat("a", 2000) + `"]`, "/orders/1", jsonType, `{"items":[]}`, verdict.AuthorizeDeny},
		{"all of nothing", `body.items.all(i, i in claims.mine)`, ``, "/orders/1", jsonType, `{"items":[]}`, verdict.Allow},
		{"a number of the body against a claim", `body.total <= claims.limit`, `,"limit":100`, "/orders/1", jsonType, `{"total":100.0}`, verdict.Allow},
		{"a larger one", `body.total <= claims.limit`, `,"limit":100`, "/orders/1", jsonType, `{"total":100.00000000000001421}`, verdict.AuthorizeDeny},
		{"numbers beside each other", `body.l.all(a, body.l.all(b, a * b > 0.0))`, ``, "/orders/1", jsonType, `{"l":[` + strings.Repeat("1.5,", 29) + `1.5]}`, verdict.Allow},
		{"numbers of a thousand digits beside each other", `body.l.all(a, body.l.all(b, a * b > 0.0))`, ``, "/orders/1", jsonType,
			`{"l":[` + strings.Repeat("1."+strings.Repeat("5", 1000)+",", 29) + `1.5]}`, verdict.AuthorizeDeny},
		{"one that is too large", `body.total >= 0.0`, ``, "/orders/1", jsonType, `{"total":1e999}`, verdict.AuthorizeDeny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := allowEngine(t, "true", "true", tt.expr)
			headers := []string{bearer(claimsWith(tt.claims))}
			if tt.contentType != "" {
				headers = append(headers, tt.contentType)
			}
			var body *string
			if tt.body != "" {
				body = &tt.body
			}
			r := request("POST", tt.path, headers, body)
			r.NowNanos = 1e18
			// Another caller's request comes between the headers and the body.
			other := request("POST", "/orders/2", []string{bearer(claimsWith(`,"sub":"bob","mine":["x"],"limit":1e9`)), jsonType, "content-length: 2"}, nil)
			other.NowNanos, other.EndStream = 1e18, false
			var d, od engine.Decision
			n := testing.AllocsPerRun(20, func() {
				e.CheckHeaders(r, &d)
				e.CheckHeaders(other, &od)
				if d.Code == verdict.NeedBody {
					e.CheckBody(r, &d)
				}
			})
			if d.Code != tt.want {
				t.Errorf("%s: %s, want %s", tt.expr, d.Code.Name(), tt.want.Name())
			}
			if n != 0 {
				t.Errorf("%v allocations, want 0", n)
			}
		})
	}
}

// TestAllowEarly: a body that can't change the answer is not waited for.
func TestAllowEarly(t *testing.T) {
	const expr = `claims.sub == path.id && body.owner == claims.sub || body.total < 0.0 && 'admin' in claims.roles`
	for _, tt := range []struct {
		claims string
		want   verdict.Code
	}{
		{`,"sub":"ada","roles":[]`, verdict.NeedBody},
		{`,"sub":"bob","roles":["admin"]`, verdict.NeedBody},
		{`,"sub":"bob","roles":[]`, verdict.AuthorizeDeny},
		{`,"sub":"bob"`, verdict.NeedBody}, // an error so far, and an error then
	} {
		e := allowEngine(t, "true", "true", expr)
		r := request("POST", "/orders/ada", []string{bearer(claimsWith(tt.claims)), "content-type: application/json", "content-length: 9"}, nil)
		r.NowNanos, r.EndStream = 1e18, false
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code != tt.want {
			t.Errorf("with %s before the body: %s, want %s", tt.claims, d.Code.Name(), tt.want.Name())
		}
	}
}

// BenchmarkAllow judges a request with a token that was seen before, with and without
// an expression.
func BenchmarkAllow(b *testing.B) {
	for _, expr := range []string{"true", `claims.sub == path.userId || 'admin' in claims.roles`, `'admin' in claims.roles || claims.sub == path.userId`} {
		b.Run(expr, func(b *testing.B) {
			e := allowEngine(b, expr, "true", "true")
			r := request("GET", "/users/ada", []string{bearer(claimsWith(`,"sub":"ada","roles":["a","b"]`))}, nil)
			r.NowNanos = 1e18
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
