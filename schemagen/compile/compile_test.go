package compile

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/filter/table"
	"portcullis/schemagen/diag"
)

// dir writes files into a fresh folder.
func dir(t *testing.T, files map[string]string) string {
	t.Helper()
	d := t.TempDir()
	for name, text := range files {
		path := filepath.Join(d, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

const spec = `openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /users/{id}:
    get:
      operationId: getUser
      tags: [users]
      security: [{token: [read]}]
      parameters: [{name: id, in: path, required: true, schema: {type: string, minLength: 1}}]
    post:
      operationId: changeUser
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      security: [{token: []}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
  /open:
    get: {operationId: open, security: []}
    post:
      security: []
      requestBody: {content: {application/xml: {schema: {type: object}}}}
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
`

const jwk = `{kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}`

// good is a policy for spec that leaves nothing to find.
const good = `version: 1
apis: [{spec: api.yaml, hosts: [API.example.com, '*.example.org:8443'], basePath: /v1/}]
providers:
  idp: {issuer: https://idp.example, audiences: [a], keys: [{jwk: ` + jwk + `}]}
schemes: {token: [idp]}
limits: {slow: {requests: 10, per: 1m, by: 'path:id'}}
operations:
- {operation: getUser, limits: [slow], maxBodyBytes: 9}
- {operation: 'POST /open', mediaTypes: {application/xml: pass}}
`

func build(t *testing.T, policy string, strict bool) *Result {
	t.Helper()
	d := dir(t, map[string]string{"api.yaml": spec, "policy.yaml": policy})
	o := Options{Specs: []string{filepath.Join(d, "api.yaml")}, Strict: strict}
	if policy != "" {
		o.PolicyPath = filepath.Join(d, "policy.yaml")
	}
	r, err := Build(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Diags {
		r.Diags[i].File = filepath.Base(r.Diags[i].File)
		r.Diags[i].Message = strings.ReplaceAll(r.Diags[i].Message, d+"/", "")
	}
	return r
}

func TestBuild(t *testing.T) {
	r := build(t, good, true)
	for _, d := range r.Diags {
		if d.Severity != diag.Note {
			t.Errorf("finding %v, want none", d)
		}
	}
	if r.Table == nil {
		t.Fatal("no table")
	}
	if _, err, at := table.Open(r.Table); err != table.ErrNone {
		t.Fatalf("Open = %v at %d", err, at)
	}
	api := r.Build.APIs[0]
	if len(api.Mounts) != 2 || api.Mounts[0].Host != "api.example.com" || api.Mounts[0].BasePath != "/v1" || api.Mounts[1].Port != 8443 {
		t.Errorf("Mounts = %+v", api.Mounts)
	}
	if op := api.Operations[0]; len(op.Limits) != 1 || op.Limits[0].Burst != 10 || op.Security[0].Uses[0].Scheme.Providers[0].Name != "idp" {
		t.Errorf("GET /users/{id} = %+v", op)
	}
}

// TestStrict: what can't be enforced leaves no table in a strict build, and
// denies in a lenient one.
func TestStrict(t *testing.T) {
	const withoutMedia = "- {operation: 'POST /open', mediaTypes: {application/xml: pass}}\n"
	policy := strings.Replace(good, withoutMedia, "", 1)
	if r := build(t, policy, true); r.Table != nil {
		t.Error("strict: found a table, want none")
	}
	r := build(t, policy, false)
	if r.Table == nil || len(r.Denied) != 1 || r.Denied[0].Path != "/open" {
		t.Errorf("lenient: denied %v, want POST /open", r.Denied)
	}
	waived := policy + "waive: [{code: body-opaque, reason: the upstream checks it}]\n"
	if r := build(t, waived, true); r.Table == nil || len(r.Denied) != 0 {
		t.Errorf("waived: denied %v, want none; findings %v", r.Denied, r.Diags)
	}
	other := policy + "waive: [{code: body-text, reason: x}]\n"
	if r := build(t, other, true); r.Table != nil {
		t.Error("another code waived: found a table, want none")
	}
	if r := build(t, "", true); r.Table != nil {
		t.Error("no provider: found a table, want none")
	}
}

// TestPolicyErrors: each defect is one line with its place.
func TestPolicyErrors(t *testing.T) {
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the good policy has no %q", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	tests := []struct{ name, policy, want string }{
		{"broken YAML", "version: 1\napis: [\n", "policy.yaml:"},
		{"empty", "", ""},
		{"no version", "mode: enforce\n", `policy.yaml:1:1: error: found the policy without "version", wanted it [policy-missing]`},
		{"version", change("version: 1", "version: 2"), `policy.yaml:1:1: error: found the version 2, wanted 1 [policy-version]`},
		{"unknown key", change("limits: {slow", "limit: {slow"), `policy.yaml:6:1: error: found the unknown name "limit" in the policy: did you mean "limits"? [policy-unknown-name]`},
		{"unknown key in a rule", change("maxBodyBytes", "maxBodybyte"), `policy.yaml:8:40: error: found the unknown name "maxBodybyte" in a rule: did you mean "maxBodyBytes"? [policy-unknown-name]`},
		{"limit of 0", change("requests: 10", "requests: 0"), `policy.yaml:6:17: error: found 0 as requests, wanted a whole number from 1 to 1000000000 [policy-value]`},
		{"limit of -1", change("requests: 10", "requests: -1"), `found -1 as requests, wanted`},
		{"limit of 1.5", change("requests: 10", "requests: 1.5"), `found 1.5 as requests, wanted`},
		{"window of 0", change("per: 1m", "per: 0s"), `found "0s" as per, wanted a whole number with ms, s, m, h or d, from 1ms to 31d`},
		{"window too long", change("per: 1m", "per: 999999999d"), `found "999999999d" as per, wanted`},
		{"window without unit", change("per: 1m", "per: 60"), `found 60 as per, wanted`},
		{"limit by nothing", change("by: 'path:id'", "by: user"), `found "user" as by, wanted operation, group, subject`},
		{"limit by a missing parameter", change("by: 'path:id'", "by: 'path:uid'"), `policy.yaml:8:24: error: found the limit "slow" by path:uid for GET /users/{id}, wanted a parameter that the path has [policy-limit-key]`},
		{"unknown limit", change("limits: [slow]", "limits: [slov]"), `found the unknown limit "slov", wanted one that is defined: did you mean "slow"? [policy-unknown-limit]`},
		{"unknown provider", change("token: [idp]", "token: [ipd]"), `policy.yaml:5:11: error: found the unknown provider "ipd", wanted one that is defined: did you mean "idp"? [policy-unknown-provider]`},
		{"unmatched rule", change("operation: getUser", "operation: getUsr"), `policy.yaml:8:4: error: found a rule for the operation "getUsr", wanted one that a description has: did you mean "getUser"? [policy-unmatched]`},
		{"unmatched method", change("'POST /open'", "'PUT /open'"), `found a rule for the operation "PUT /open", wanted one that a description has: did you mean "GET /open"? [policy-unmatched]`},
		{"unmatched tag", change("operation: getUser", "tag: usres"), `found a rule for the tag "usres", wanted one that a description has: did you mean "users"? [policy-unmatched]`},
		{"neither operation nor tag", change("operation: getUser, ", ""), `found a rule with both or neither of operation and tag`},
		{"unmatched API", change("spec: api.yaml", "spec: apo.yaml"), `found an API for apo.yaml, which is not among the descriptions of the build`},
		{"no provider", change("schemes: {token: [idp]}\n", ""), `warning: found the security scheme "token" without a provider, wanted one: every token is refused [security-no-provider]`},
		{"bad host", change("API.example.com", "'https://x'"), `found "https://x" as a host, wanted NAME`},
		{"bad port", change("org:8443", "org:0"), `found "*.example.org:0" as a host, wanted NAME`},
		{"bad base path", change("/v1/", "/v1/../x"), `found "/v1/../x" as basePath, wanted a path`},
		{"audience", change("audiences: [a], ", ""), `found a provider with both or neither of audiences and anyAudience`},
		{"private key", change("kty: OKP", "d: AA, kty: OKP"), `found a private key, wanted a public one`},
		{"symmetric key", change("kty: OKP", "kty: oct"), `found a symmetric key, wanted a public one`},
		{"short key", change("11qYAYK", "11q"), `found an OKP key that is not Ed25519 with 32 bytes`},
		{"wrong algorithm", change("keys: [{jwk", "keys: [{alg: RS256, jwk"), `found a key that can't be used with RS256, wanted its algorithm`},
		{"no source of a key", change("{jwk: "+jwk+"}", "{kid: x}"), `found 0 sources of a key, wanted one of`},
		{"secret without algorithm", change("{jwk: "+jwk+"}", "{secret: s}"), `found a secret without alg HS256, HS384 or HS512`},
		{"missing key file", change("{jwk: "+jwk+"}", "{jwksFile: nope.json}"), `found no readable file nope.json, wanted one`},
		{"mode", change("version: 1", "version: 1\nmode: on"), `found "on" as mode, wanted one of enforce, monitor, off`},
		{"waiver without reason", good + "waive: [{code: body-opaque}]\n", `found a waiver without "reason", wanted it`},
		{"public with providers", change("limits: [slow]", "security: {public: true, providers: [idp]}"), `found security that is none or several of public, with providers and with consumers`},
		{"body of 0", change("maxBodyBytes: 9", "maxBodyBytes: 0"), `found 0 as maxBodyBytes, wanted a whole number from 1 to 4294967295`},
		{"depth", change("maxBodyBytes: 9", "maxDepth: 0"), `found 0 as maxDepth, wanted a whole number from 1 to 65535`},
		{"allow", change("maxBodyBytes: 9", "allow: 'claims.sub == path.ident'"), `error: found path.ident, wanted a parameter that the operation declares (1:19 of the expression) [allow-name]`},
		{"allow of another type", change("maxBodyBytes: 9", "allow: 'claims.sub'"), `error: found an expression of type dyn, wanted bool (1:7 of the expression) [allow-type]`},
		{"allow over parameters that nobody judges", change("maxBodyBytes: 9", "inspect: headers, allow: \"path.id == 'x'\""), `error: found path.id, wanted an expression without parameters: inspect: headers judges no parameters (1:5 of the expression) [allow-name]`},
		{"allow over a body that nobody judges", change("maxBodyBytes: 9", "inspect: parameters, allow: \"body == null\""), `error: found body, wanted an expression without it: inspect: parameters judges no body (1:1 of the expression) [allow-name]`},
		{"allow over a body that is not declared", change("maxBodyBytes: 9", "allow: \"body == null\""), `error: found body, wanted an expression without it: the operation has none (1:1 of the expression) [allow-name]`},
		{"allow over a body that passes unread", good + "- {operation: 'POST /open', allow: \"body != null\"}\n", `error: found an expression over the body, which may be application/xml that passes unread, wanted one without it [allow-body]`},
		{"allow over a body whose coding nobody reads", good + "- {operation: 'POST /open', contentEncodings: [gzip], allow: \"body != null\"}\n", `error: found an expression over the body beside contentEncodings, whose bodies pass unread, wanted one without it [allow-body]`},
		{"allow over claims of nobody", good + "- {operation: open, allow: \"claims.a == 1\"}\n- {operation: getUser, maxDepth: 0}\n", `warning: found claims or consumer of a public operation, wanted security for it: nobody is ever known there (1:1 of the expression) [allow-public]`},
		{"allow with a long message", change("maxBodyBytes: 9", "allow: {cel: 'true', message: "+strings.Repeat("x", 201)+"}"), `found a message of 201 characters, wanted at most 200`},
		{"allow without an expression", change("maxBodyBytes: 9", "allow: {message: x}"), `found allow without "cel", wanted it`},
		{"allow with a time", change("maxBodyBytes: 9", "allow: {cel: 'timestamp(claims.t) == timestamp(claims.u)', message: no}"), `warning: found timestamp(), wanted what the filter evaluates`},
		{"not an object", "- 1\n", `policy.yaml:1:1: error: found an array as the policy, wanted an object [policy-type]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.policy == "" {
				return
			}
			r := build(t, tt.policy, true)
			if r.Table != nil {
				t.Error("found a table, want none")
			}
			for _, d := range r.Diags {
				if strings.Contains(d.String(), tt.want) {
					return
				}
			}
			t.Errorf("findings %v, want %q", r.Diags, tt.want)
		})
	}
}

// TestPolicySettings: what rules and descriptions set reaches operations, the
// stronger over the weaker.
func TestPolicySettings(t *testing.T) {
	d := dir(t, map[string]string{
		"api.yaml": strings.Replace(spec, "  /open:\n", "  /open:\n    x-portcullis-max-depth: 7\n    x-portcullis-mode: monitor\n", 1) +
			"x-portcullis-defaults: {maxDepth: 9, unknownQuery: monitor}\nx-portcullis-hosts: [spec.example]\nx-portcullis-base-path: /spec\n" +
			"x-portcullis-limits: {own: {requests: 1, per: 1s}}\nx-portcullis-schemes: {token: [idp]}\n" +
			"x-portcullis-providers:\n  idp: {issuer: i, anyAudience: true, keys: [{jwk: " + jwk + "}]}\n",
		"policy.yaml": "version: 1\ndefaults: {inspect: deep, maxDepth: 3}\noperations:\n- {operation: '*', limits: [own], mediaTypes: {application/xml: deny}}\n" +
			"- {operation: [open], mode: 'off', limits: []}\n",
	})
	r, err := Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml", Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.Table == nil {
		t.Fatalf("no table: %v", r.Diags)
	}
	api := r.Build.APIs[0]
	if m := api.Mounts[0]; len(api.Mounts) != 1 || m.Host != "spec.example" || m.BasePath != "/spec" {
		t.Errorf("Mounts = %v", api.Mounts)
	}
	want := map[string][5]int{ // mode, inspect, depth, limits, unknown query
		"GET /users/{id}":  {1, 4, 9, 1, 2},
		"POST /users/{id}": {1, 4, 9, 1, 2},
		"GET /open":        {3, 4, 7, 0, 2},
		"POST /open":       {2, 4, 7, 1, 2},
	}
	for _, op := range api.Operations {
		name := op.Method + " " + op.Path
		got := [5]int{int(op.Mode), int(op.Inspect), int(op.MaxDepth), len(op.Limits), int(op.UnknownQuery)}
		if got != want[name] {
			t.Errorf("%s: mode, inspect, depth, limits, unknown query = %v, want %v", name, got, want[name])
		}
	}
}

func TestExtensionErrors(t *testing.T) {
	tests := []struct{ old, new, want string }{
		{"components:", "x-portcullis-limit: {}\ncomponents:", `found the unknown name "x-portcullis-limit" in the root of the description: did you mean "x-portcullis-limits"?`},
		{"operationId: open", "x-portcullis-hosts: [a], operationId: open", `found the unknown name "x-portcullis-hosts" in an operation`},
		{"scheme: bearer", "scheme: bearer, x-portcullis-mode: 'off'", `found the unknown name "x-portcullis-mode" in a security scheme`},
		{"schema: {type: string, min", "x-portcullis-limits: [a], schema: {type: string, min", `found x-portcullis-limits where it means nothing`},
		{"title: T", "title: T, x-portcullis-mode: 'off'", `found x-portcullis-mode where it means nothing`},
		{"operationId: open", "x-portcullis-limits: [none], operationId: open", `found the unknown limit "none", wanted one that is defined`},
	}
	for _, tt := range tests {
		if !strings.Contains(spec, tt.old) {
			t.Fatalf("the description has no %q", tt.old)
		}
		d := dir(t, map[string]string{"api.yaml": strings.Replace(spec, tt.old, tt.new, 1)})
		r, err := Build(Options{Specs: []string{d + "/api.yaml"}})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range r.Diags {
			found = found || f.Severity == diag.Error && strings.HasPrefix(f.Message, tt.want)
		}
		if !found || r.Table != nil {
			t.Errorf("%s: findings %v, want the error %q", tt.new, r.Diags, tt.want)
		}
	}
}

// TestOperationServers: an operation may answer elsewhere than its API, unless
// the policy says where.
func TestOperationServers(t *testing.T) {
	text := strings.Replace(spec, "operationId: open,", "operationId: open, servers: [{url: https://files.example/up}],", 1)
	d := dir(t, map[string]string{"api.yaml": text, "policy.yaml": good})
	r, err := Build(Options{Specs: []string{d + "/api.yaml"}})
	if err != nil || r.Table == nil {
		t.Fatalf("no table: %v %v", err, r.Diags)
	}
	for _, op := range r.Build.APIs[0].Operations {
		want := op.ID == "open"
		if got := len(op.Mounts) == 1 && op.Mounts[0].BasePath == "/up"; got != want {
			t.Errorf("%s %s: Mounts = %v", op.Method, op.Path, op.Mounts)
		}
	}
	r, err = Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml", Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("no table: %v %v", err, r.Diags)
	}
	for _, op := range r.Build.APIs[0].Operations {
		if op.Mounts != nil {
			t.Errorf("%s %s: Mounts = %v, want the policy's", op.Method, op.Path, op.Mounts)
		}
	}
}

// TestSameBytes: the folder and the run do not show in the table.
func TestSameBytes(t *testing.T) {
	var first []byte
	for range 3 {
		r := build(t, good, true)
		if first == nil {
			first = r.Table
		}
		if !bytes.Equal(first, r.Table) {
			t.Fatal("the same input gave other bytes")
		}
	}
	if r := build(t, strings.Replace(good, "requests: 10", "requests: 11", 1), true); bytes.Equal(first, r.Table) {
		t.Error("another policy gave the same bytes")
	}
}

// TestSpecs builds every shared description leniently, with the operations
// that an independent walker counted.
func TestSpecs(t *testing.T) {
	const folder = "../../../shared/testdata/specs"
	files, _ := filepath.Glob(folder + "/*.*")
	if len(files) == 0 {
		t.Skip("skipped: ../shared/testdata/specs is not there")
	}
	files = append(files, folder+"/multi-file/main.yaml")
	counted := operationCounts(t, folder+"/manifest.json")
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".md") || name == "manifest.json" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			r, err := Build(Options{Specs: []string{file}})
			if err != nil {
				t.Fatal(err)
			}
			if r.Table == nil {
				for _, d := range r.Diags {
					if d.Severity == diag.Error {
						t.Errorf("%v", d)
					}
				}
				t.Fatal("no table")
			}
			t.Logf("%d operations, %d denied, %d findings, %d bytes, %v", r.NumOperations(), len(r.Denied), len(r.Diags), len(r.Table), time.Since(start).Round(time.Millisecond))
			if want, ok := counted[name]; ok && r.NumOperations()+unroutable(r) != want {
				t.Errorf("%d operations and %d that can't be routed, want %d", r.NumOperations(), unroutable(r), want)
			}
			if name == "github--api.github.com.json" {
				if d := time.Since(start); d > 10*time.Second {
					t.Errorf("took %v, want at most 10 s", d)
				}
				if len(r.Table) > 2<<20 {
					t.Errorf("table of %d bytes, want at most 2 MiB", len(r.Table))
				}
			}
		})
	}
}

// unroutable is the operations whose path no request can have: they are
// findings and nothing else.
func unroutable(r *Result) (n int) {
	for _, d := range r.Diags {
		if d.Code == "path-query" || d.Code == "path-template" {
			n++
		}
	}
	return n
}

// operationCounts is the operations of each description by another walker.
func operationCounts(t *testing.T, path string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		File       string
		Operations int
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, r := range rows {
		out[r.File] = r.Operations
	}
	return out
}

// FuzzBuild: whatever stands in a description or a policy, a build ends with
// findings or a table that verifies.
func FuzzBuild(f *testing.F) {
	seeds, _ := filepath.Glob("../openapi/testdata/*.in.yaml")
	for _, file := range seeds {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte(good))
	}
	f.Add([]byte(spec), []byte(good))
	f.Fuzz(func(t *testing.T, spec, policy []byte) {
		d := t.TempDir()
		if os.WriteFile(d+"/api.yaml", spec, 0o644) != nil || os.WriteFile(d+"/policy.yaml", policy, 0o644) != nil {
			t.Skip("skipped: no room for files")
		}
		watch := time.AfterFunc(20*time.Second, func() { panic("the build hangs") })
		defer watch.Stop()
		r, err := Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Table == nil && len(r.Diags) == 0 {
			t.Fatal("no table and no finding")
		}
	})
}
