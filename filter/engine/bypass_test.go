package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

// TestAllowEncoded: a body that passes unread is no body for an expression, least of
// all the one that was read before it.
func TestAllowEncoded(t *testing.T) {
	e := allowEngine(t, "true", "true", `body.owner == claims.sub`)
	r := request("POST", "/orders/1", []string{bearer(claimsWith(`,"sub":"ada"`)), "content-type: application/json"}, nil)
	r.NowNanos, r.EndStream = 1e18, false
	var d engine.Decision
	for i, tt := range []struct {
		encoded bool
		body    string
		want    verdict.Code
	}{
		{false, `{"owner":"ada"}`, verdict.Allow},
		{true, "\x1f\x8b" + `{"owner":"bob"}`, verdict.AuthorizeDeny},
		{false, `{"owner":"bob"}`, verdict.AuthorizeDeny},
	} {
		if e.CheckHeaders(r, &d); d.Code != verdict.NeedBody {
			t.Fatalf("headers: %s", d.Code.Name())
		}
		d.Encoded, r.Body = tt.encoded, []byte(tt.body)
		if e.CheckBody(r, &d); d.Code != tt.want {
			t.Errorf("%d: %q with encoded = %t: %s, want %s", i, tt.body, tt.encoded, d.Code.Name(), tt.want.Name())
		}
	}
}

const preflightSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
security: [{token: []}]
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /s: {get: {responses: {'101': {description: s}}}, delete: {responses: {}}}
  /off: {get: {responses: {}}}
`

// TestPreflightOnly: nobody who calls a request a preflight gets more past than one.
func TestPreflightOnly(t *testing.T) {
	tests := []struct {
		path string
		more []string
		end  bool
		want verdict.Code
	}{
		{"/s", nil, true, verdict.Allow},
		{"/s", nil, false, verdict.NeedBody},
		{"/s", []string{"upgrade: websocket"}, false, verdict.RequestUpgrade},
		{"/s", []string{"upgrade: websocket"}, true, verdict.RequestUpgrade},
		{"/s", []string{"x-http-method-override: DELETE"}, true, verdict.RequestOverride},
		{"/s", []string{"x_http_method: DELETE"}, true, verdict.RequestOverride},
		{"/s", []string{"x-original-url: /admin"}, false, verdict.RequestOverride},
		{"/s?_method=DELETE", nil, true, verdict.Allow}, // frameworks read it in a POST
	}
	for _, preflight := range []string{"preflight: pass", "cors: {origins: ['https://a.example']}"} {
		e := preflightEngine(t, preflight)
		for _, tt := range tests {
			req := request("OPTIONS", tt.path, append([]string{"origin: https://a.example", "access-control-request-method: GET"}, tt.more...), nil)
			req.EndStream = tt.end
			want := tt.want
			if preflight[0] == 'c' && want != verdict.RequestUpgrade {
				want = verdict.Allow // answered whatever comes: the upstream does not see it
			}
			var d engine.Decision
			if e.CheckHeaders(req, &d); d.Code != want {
				t.Errorf("%s, %s %q = %s, want %s", preflight, tt.path, tt.more, d.Code.Name(), want.Name())
			}
		}
	}
}

func preflightEngine(t *testing.T, preflight string) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	spec, policy := filepath.Join(dir, "api.yaml"), filepath.Join(dir, "policy.yaml")
	os.WriteFile(spec, []byte(preflightSpec), 0o600)
	os.WriteFile(policy, []byte(`version: 1
providers: {idp: {issuer: i, audiences: [a], keys: [{alg: HS256, secret: s}]}}
schemes: {token: [idp]}
defaults: {`+preflight+`}
operations: [{operation: 'GET /s', upgrade: [websocket]}, {operation: 'GET /off', mode: off}]
`), 0o600)
	r, err := compile.Build(compile.Options{Specs: []string{spec}, PolicyPath: policy, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r)
	}
	tab, _, _ := table.Open(r.Table)
	e, _ := engine.New(tab, engine.Options{Sig: sig.New(), Secrets: [][]byte{allowSecret}})
	return e
}

// TestOverrideUnjudged: an operation that nobody judges can't become one that is.
func TestOverrideUnjudged(t *testing.T) {
	e := preflightEngine(t, "preflight: deny")
	for name, want := range map[string]verdict.Code{"x-other": verdict.Allow, "x-original-url": verdict.RequestOverride, "x.original_url": verdict.RequestOverride, "x~http.method~override": verdict.RequestOverride, "x_http_method": verdict.RequestOverride} {
		var d engine.Decision
		if e.CheckHeaders(request("GET", "/off", []string{name + ": /s"}, nil), &d); d.Code != want {
			t.Errorf("%s = %s, want %s", name, d.Code.Name(), want.Name())
		}
		if enforced := d.Mode == table.ModeEnforce; enforced != (want != verdict.Allow) {
			t.Errorf("%s: mode %d", name, d.Mode)
		}
	}
}

// TestOverrideMonitored: an operation whose refusals are only counted can't become one
// that is enforced, by a field, the query or a form.
func TestOverrideMonitored(t *testing.T) {
	const spec = `openapi: 3.1.0
info: {title: t, version: '1'}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /a:
    delete: {security: [{token: []}], responses: {}}
    post: {requestBody: {content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {x: {type: string}}}}}}, responses: {}}
`
	const policy = `version: 1
providers: {idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}}
schemes: {token: [idp]}
`
	const one, all = "operations: [{operation: 'POST /a', mode: monitor, unknownQuery: pass}]\n", "defaults: {unknownQuery: pass}\nmode: monitor\n"
	tests := []struct {
		name, policy, path, header, form string
		code                             verdict.Code
		mode                             uint8
	}{
		{"a field", one, "/a", "x-http-method-override: DELETE", "", verdict.RequestOverride, table.ModeEnforce},
		{"a field in another spelling", one, "/a", "x_http_method: DELETE", "", verdict.RequestOverride, table.ModeEnforce},
		{"another target", one, "/a", "x-rewrite-url: /b", "", verdict.RequestOverride, table.ModeEnforce},
		{"the query", one, "/a?_method=DELETE", "x-y: z", "", verdict.RequestOverride, table.ModeEnforce},
		{"a form", one, "/a", "x-y: z", "_method=DELETE", verdict.RequestOverride, table.ModeEnforce},
		{"something else is wrong", one, "/a", "x-y: z", "x=1&x=2", verdict.BodyDuplicateName, table.ModeMonitor},
		{"a field, nothing is enforced", all, "/a", "x-http-method-override: DELETE", "", verdict.RequestOverride, table.ModeMonitor},
		{"a form, nothing is enforced", all, "/a", "x-y: z", "_method=DELETE", verdict.RequestOverride, table.ModeMonitor},
	}
	for _, tt := range tests {
		e := forwardEngine(t, spec, policy+tt.policy)
		r := request("POST", tt.path, []string{tt.header, "content-type: application/x-www-form-urlencoded"}, nil)
		r.EndStream = false
		var d engine.Decision
		if e.CheckHeaders(r, &d); d.Code == verdict.NeedBody {
			r.Body, r.EndStream = []byte(tt.form), true
			e.CheckBody(r, &d)
		}
		if d.Code != tt.code || d.Mode != tt.mode {
			t.Errorf("%s: %s in mode %d, want %s in mode %d", tt.name, d.Code.Name(), d.Mode, tt.code.Name(), tt.mode)
		}
	}
}

// TestOtherPreflight: an OPTIONS operation is judged, whatever a request that looks
// like a preflight says that it is about.
func TestOtherPreflight(t *testing.T) {
	for asked, want := range map[string]verdict.Code{"GET": verdict.Allow, "POST": verdict.TokenMissing, "PUT": verdict.TokenMissing} {
		e := forwardEngine(t, `openapi: 3.1.0
info: {title: t, version: '1'}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /o:
    options: {security: [{token: []}], responses: {}}
    get: {responses: {}}
    post: {responses: {}}
    put: {responses: {}}
`, `version: 1
providers: {idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}}
schemes: {token: [idp]}
defaults: {cors: {origins: ['https://a.example']}}
operations: [{operation: 'POST /o', mode: "off"}, {operation: 'PUT /o', mode: monitor}]
`)
		var d engine.Decision
		e.CheckHeaders(request("OPTIONS", "/o", []string{"origin: https://a.example", "access-control-request-method: " + asked}, nil), &d)
		if d.Code != want || d.Mode != table.ModeEnforce {
			t.Errorf("OPTIONS about %s = %s, mode %d, want %s", asked, d.Code.Name(), d.Mode, want.Name())
		}
	}
}

// TestDoubtfulHost: a host in a spelling that some readers take for one that the policy
// names is not let through as another one, nor judged by what any host has.
func TestDoubtfulHost(t *testing.T) {
	const spec = `openapi: 3.1.0
info: {title: t, version: '1'}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /a: {get: {security: [{token: []}], responses: {}}}
`
	const any = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /{x}: {get: {parameters: [{name: x, in: path, required: true, schema: {type: string}}], responses: {}}}
`
	dir := t.TempDir()
	for name, text := range map[string]string{"api.yaml": spec, "any.yaml": any} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const provider = `version: 1
providers: {idp: {issuer: i, anyAudience: true, keys: [{secret: k, alg: HS256, kid: k}]}}
schemes: {token: [idp]}
`
	const named = "apis: [{spec: api.yaml, hosts: [api.example, '*.api.example', 'api.example:8443']}"
	for _, set := range []struct {
		policy string
		other  verdict.Code // of a host that nobody takes for the API's
		mode   uint8
	}{
		{named + "]\nunknown: pass\n", verdict.RouteHostUnknown, table.ModeOff},
		{named + "]\nunknown: monitor\n", verdict.RouteHostUnknown, table.ModeMonitor},
		{named + "]\n", verdict.RouteHostUnknown, table.ModeEnforce},
		{named + ", {spec: any.yaml, hosts: ['*']}]\n", verdict.Allow, table.ModeEnforce},
	} {
		path := filepath.Join(dir, "policy.yaml")
		if err := os.WriteFile(path, []byte(provider+set.policy), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := compile.Build(compile.Options{PolicyPath: path})
		if err != nil || r.Table == nil {
			t.Fatalf("compile: %v %v", err, r.Diags)
		}
		tab, _, _ := table.Open(r.Table)
		e, _ := engine.New(tab, engine.Options{})
		check := func(host string, want verdict.Code, mode uint8) {
			t.Helper()
			r := request("GET", "/a", nil, nil)
			r.Headers[2] = header(":authority", host)
			var d engine.Decision
			if e.CheckHeaders(r, &d); d.Code != want || d.Mode != mode {
				t.Errorf("%q, host %q: %s in mode %d, want %s in mode %d", set.policy, host, d.Code.Name(), d.Mode, want.Name(), mode)
			}
		}
		for _, host := range []string{"api.example", "API.example:443", "x.api.example", "api.example:8443"} {
			check(host, verdict.TokenMissing, table.ModeEnforce)
		}
		for _, host := range []string{"api.example.", "Api.Example.:443", "x.api.example.", "api.example..", "api.example:", "api.example.:", "api.example:x", "api.example:000443", "api.example:65536", "api.example:1:8443"} {
			check(host, verdict.RouteHostUnknown, table.ModeEnforce)
		}
		for _, host := range []string{"other.example", "other.example.", "other.example:x", "", ".", ":", "[::1]", "[::1]:", "api.example.other"} {
			check(host, set.other, set.mode)
		}
	}
}
