package compile

import (
	"fmt"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// schemeSpec is a description with one scheme, whose members follow.
const schemeSpec = `openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /a:
    get: {operationId: a, security: [{s: [r]}]}
  /b:
    get: {operationId: b, security: []}
components:
  securitySchemes:
    s: {%s}
`

// TestSchemes: who is accepted for a scheme, and what is wrong with who is named.
func TestSchemes(t *testing.T) {
	const (
		header = "type: apiKey, in: header, name: K"
		basic  = "type: http, scheme: basic"
		bearer = "type: http, scheme: bearer"
		mutual = "type: mutualTLS"
		acme   = "\nconsumers: {acme: {plan: gold, keys: [{id: k, digest: 'sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a'}]}}"
		limit  = "\nlimits: {l: {requests: 1, per: 1s, by: consumer, planBy: consumer, plans: {gold: {requests: 2, per: 1s}}}}"
	)
	tests := []struct {
		name, scheme, policy string
		want                 string // a part of some finding; "" for none
		ok                   bool   // a table of a strict build
	}{
		{"a key, all consumers", header, "schemes: {s: {consumers: all}}" + acme, "", true},
		{"a key, some", header, "schemes: {s: {consumers: [acme]}}" + acme, "", true},
		{"a key, unbound", header, "", `:10:5: warning: found the security scheme "s" without consumers, wanted some: every API key is refused [security-api-key]`, false},
		{"a key, unbound, the way out", header, "", "give callers keys with schemagen keys new, list them under consumers in the policy, and say under schemes: {s: {consumers: all}}", false},
		{"basic, unbound", basic, "", "[security-basic]", false},
		{"certificates, unbound", mutual, "", "[security-mutual-tls]", false},
		{"a token, unbound", bearer, "", "[security-no-provider]", false},
		{"waived", header, "waive: [{code: security-api-key, reason: r}]", `found the security scheme "s" without consumers (waived)`, true},
		{"an unknown consumer", header, "schemes: {s: {consumers: [acm]}}" + acme, `found the unknown consumer "acm", wanted one that is defined: did you mean "acme"?`, false},
		{"providers of a key", header, "schemes: {s: [p]}", "which takes no token, wanted a bearer, oauth2 or openIdConnect scheme", false},
		{"providers of Authorization", "type: apiKey, in: header, name: Authorization", "schemes: {s: [p]}\nproviders: {p: {issuer: i, anyAudience: true, keys: [{secret: x, alg: HS256}]}}", "", true},
		{"certificates of a key", header, "schemes: {s: {consumers: all, certificates: any}}" + acme, "wanted a scheme of type mutualTLS", false},
		{"consumers of a token", "type: openIdConnect, openIdConnectUrl: 'https://x'", "schemes: {s: {consumers: all}}" + acme, "wanted providers: its tokens are not API keys", false},
		{"a key for a token", bearer, "schemes: {s: {consumers: all}}" + acme, "", true},
		{"certificates", mutual, "schemes: {s: {certificates: any}}", "", true},
		{"consumers with certificates", mutual, "schemes: {s: {consumers: all}}\nconsumers: {a: {certificates: [{dns: a.example}]}}", "", true},
		{"a rule of a consumer and of a scheme", mutual, "schemes: {s: {certificates: [{dns: a.example}]}}\nconsumers: {a: {certificates: [{dns: a.example}]}}", "", true},
		{"a caller that is a proxy", mutual, "schemes: {s: {certificates: [{dns: a.example}], forwardedBy: [{dns: a.example}]}}", "as that of a caller and of a proxy in front", false},
		{"consumers that nothing takes", header, "waive: [{code: security-api-key, reason: r}]" + acme, "found 1 consumers that no operation takes", true},
		{"a scheme that nothing uses", header, "schemes: {s: {consumers: all}, t: {consumers: all}}" + acme, `found who is accepted for the scheme "t", which no operation uses`, true},
		{"a limit by consumer", header, "schemes: {s: {consumers: all}}\noperations: [{operation: a, limits: [l]}]" + acme + limit, "", true},
		{"a limit by nobody", header, "schemes: {s: {consumers: all}}\noperations: [{operation: b, limits: [l]}]" + acme + limit, `found the limit "l" by the consumer for GET /b, wanted an operation that consumers are told by`, true},
		{"a plan that is none", header, "schemes: {s: {consumers: all}}" + strings.Replace(acme, "gold", "gol", 1) + limit, `found the plan "gol" of the consumer "acme", wanted one that a limit with planBy: consumer has: did you mean "gold"?`, false},
		{"a plan that no limit asks for", header, "schemes: {s: {consumers: all}}" + strings.Replace(acme, "gold", "anything", 1), "", true},
		{"in place of the description's", header, "operations: [{operation: '*', security: {consumers: [acme], keyIn: 'query:k'}}]" + acme, "", true},
		{"in place of the description's, an unknown consumer", header, "operations: [{operation: '*', security: {consumers: [acne], keyIn: basic}}]" + acme, `did you mean "acme"?`, false},
		{"in the description", header + ", x-portcullis-consumers: all", "version: 1" + acme, "", true},
		{"in the description, wrong", header + ", x-portcullis-consumer: all", "version: 1" + acme, `did you mean "x-portcullis-consumers"?`, false},
		{"in the description, certificates", mutual + ", x-portcullis-certificates: [{dns: a.b}], x-portcullis-forwarded-by: [{dns: c.d}]", "", "", true},
	}
	for _, tt := range tests {
		policy := "version: 1\n" + strings.TrimPrefix(tt.policy, "version: 1")
		d := dir(t, map[string]string{"api.yaml": fmt.Sprintf(schemeSpec, tt.scheme), "policy.yaml": policy})
		r, err := Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml", Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		if (r.Table != nil) != tt.ok {
			t.Errorf("%s: a table: %v, want %v; findings %v", tt.name, r.Table != nil, tt.ok, r.Diags)
		}
		found := ""
		for _, x := range r.Diags {
			found += x.String() + " " + x.Hint + "\n"
		}
		if tt.want == "" && len(r.Diags) > 0 || !strings.Contains(found, tt.want) {
			t.Errorf("%s: findings %s, want %q", tt.name, found, tt.want)
		}
	}
}

// TestWaivedKey: without a check the key stays a parameter that may come.
func TestWaivedKey(t *testing.T) {
	d := dir(t, map[string]string{"api.yaml": fmt.Sprintf(schemeSpec, "type: apiKey, in: query, name: api_key"), "policy.yaml": "version: 1\nwaive: [{code: security-api-key, reason: r}]\n"})
	r, err := Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml", Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("%v %v", err, r.Diags)
	}
	op := r.Build.APIs[0].Operations[0]
	if len(op.Params) != 1 || op.Params[0].Name != "api_key" || op.Params[0].In != ir.InQuery || op.Params[0].Required {
		t.Errorf("parameters %+v", op.Params)
	}
}

// TestManySchemes: an operation with more kinds of key than the filter looks for is
// refused.
func TestManySchemes(t *testing.T) {
	for _, n := range []int{8, 9} {
		uses, defs, binds := "", "", ""
		for i := range n {
			uses += fmt.Sprintf("{s%d: []}, ", i)
			defs += fmt.Sprintf("    s%d: {type: apiKey, in: header, name: K%d}\n", i, i)
			binds += fmt.Sprintf("s%d: {consumers: all}, ", i)
		}
		d := dir(t, map[string]string{
			"api.yaml":    "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {security: [" + uses + "]}}}\ncomponents:\n  securitySchemes:\n" + defs,
			"policy.yaml": "version: 1\nconsumers: {a: {}}\nschemes: {" + binds + "}\n",
		})
		r, err := Build(Options{Specs: []string{d + "/api.yaml"}, PolicyPath: d + "/policy.yaml"})
		if err != nil || r.Table == nil {
			t.Fatalf("%v %v", err, r.Diags)
		}
		if want := n > 8; (len(r.Denied) == 1) != want {
			t.Errorf("%d schemes: denied %v, findings %v", n, r.Denied, r.Diags)
		}
		tab, e, _ := table.Open(r.Table)
		if e != table.ErrNone || tab.NumSchemes() != uint32(n) {
			t.Errorf("%d schemes: %v, %d in the table", n, e, tab.NumSchemes())
		}
	}
}
