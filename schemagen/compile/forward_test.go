package compile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/dump"
	"portcullis/schemagen/explain"
)

const forwardSpec = `openapi: 3.1.0
info: {title: t, version: '1'}
paths:
  /a:
    get:
      parameters:
      - {name: X-User-Id, in: header, required: true, schema: {type: string}}
      - {name: X-Other, in: header, schema: {type: string}}
      responses: {}
  /b: {get: {security: [{key: []}], responses: {}}}
  /c: {get: {parameters: [{name: x_portcullis-a, in: header, schema: {type: string}}], responses: {}}}
components: {securitySchemes: {key: {type: apiKey, in: query, name: k}}}
`

func forwardBuild(t *testing.T, policy string, strict bool) *Result {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"api.yaml": forwardSpec, "policy.yaml": "version: 1\n" + policy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Build(Options{Specs: []string{filepath.Join(dir, "api.yaml")}, PolicyPath: filepath.Join(dir, "policy.yaml"), Strict: strict})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestForwardFindings: what identity headers take away from a description or a limit
// is a finding, with its place.
func TestForwardFindings(t *testing.T) {
	const forward = "defaults: {forward: {headers: {x_user_id: subject}}}\n"
	tests := []struct {
		name, policy string
		want         []string // parts of findings
	}{
		{"a header parameter that is set", forward, []string{"[forward-parameter]", `the header parameter "x-user-id", which the policy sets`, `"x_portcullis-a"`, "api.yaml:7:"}},
		{"a limit by it", forward + "limits: {l: {requests: 1, per: 1s, by: 'header:X-User-Id'}}\n", []string{`found the limit "l" by a header that the policy sets`, "policy.yaml:3:"}},
		{"a cost by it", forward + "limits: {l: {requests: 1, per: 1s, cost: 'header:x.user.id'}}\n", []string{`found the limit "l" by a header that the policy sets`}},
		{"a key that can't be removed", "defaults: {forward: {credentials: remove, headers: {x-a: subject}}}\n", []string{"[forward-credentials]", `an API key in the query (scheme "key")`}},
		{"nothing forwarded", "", nil},
	}
	for _, tt := range tests {
		r := forwardBuild(t, tt.policy, true)
		all := ""
		for _, d := range r.Diags {
			all += d.String() + "\n"
		}
		for _, want := range tt.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: %s\nwant %q", tt.name, all, want)
			}
		}
		if tt.want == nil && strings.Contains(all, "forward") {
			t.Errorf("%s: %s", tt.name, all)
		}
	}
}

// TestForwardCredentials: an operation whose credentials can't be kept from the upstream
// is refused where the policy says that they are, unless that is waived.
func TestForwardCredentials(t *testing.T) {
	const keys = "schemes: {key: {consumers: all}}\nconsumers: {c: {keys: [{id: k1, digest: 'sha256:1111111111111111111111111111111111111111111111111111111111111111'}]}}\n"
	tests := []struct {
		name, policy string
		built, deny  bool // by a strict build; GET /b by one that is not
	}{
		{"kept", "defaults: {forward: {headers: {x-a: subject}}}\n", true, false},
		{"removed", "defaults: {forward: {credentials: remove, headers: {x-a: subject}}}\n", false, true},
		{"removed, and waived", "defaults: {forward: {credentials: remove, headers: {x-a: subject}}, waive: [{code: forward-credentials, reason: the upstream has them anyway}]}\n", true, false},
	}
	for _, tt := range tests {
		policy := tt.policy + keys
		found := false
		for _, d := range forwardBuild(t, policy, true).Diags {
			found = found || d.Code == "forward-credentials" && d.Unenforceable
		}
		if found == tt.built {
			t.Errorf("%s: found what can't be enforced %v, want %v", tt.name, found, !tt.built)
		}
		for _, a := range forwardBuild(t, policy, false).Build.APIs {
			for _, op := range a.Operations {
				if op.Path == "/b" && op.Deny != tt.deny {
					t.Errorf("%s: GET /b denied %v, want %v", tt.name, op.Deny, tt.deny)
				}
			}
		}
	}
}

// TestForwardWaived: a waived parameter is left out of the judgement, and the table
// says what the upstream is told.
func TestForwardWaived(t *testing.T) {
	r := forwardBuild(t, `defaults:
  forward: {headers: {x-user-id: subject, x-c: 'claim:/a/b~1c', x-t: 'attribute:tier'}, credentials: replace, assertion: {secret: s, audience: up}}
  waive: [{code: forward-parameter, reason: set here}, {code: security-api-key, reason: not now}]
`, false)
	if r.Table == nil {
		t.Fatalf("no table: %v", r.Diags)
	}
	tab, bad, _ := table.Open(r.Table)
	if bad != table.ErrNone {
		t.Fatal(bad)
	}
	for _, a := range r.Build.APIs {
		for _, op := range a.Operations {
			if op.Path == "/a" && (op.Deny || len(op.Params) != 1 || op.Params[0].Name != "x-other") {
				t.Errorf("GET /a: denied %v, parameters %v, want x-other alone", op.Deny, op.Params)
			}
		}
	}
	var out strings.Builder
	if err := dump.Table(&out, tab, dump.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, op := range explain.Read(tab).Find("GET /a") {
		op.Write(&out)
	}
	for _, want := range []string{
		"credentials replaced", "forward x-user-id: subject", "forward x-c: claim:/a/b~1c", "forward x-t: attribute:tier", "assertion authorization: iss portcullis aud up 60s secret s",
		"what the upstream is told", "x-user-id: subject; what a request brings", "authorization: an assertion for up, good for 60s, signed with the secret s", "credentials in header fields do not arrive",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
