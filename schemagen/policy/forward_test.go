package policy

import (
	"strings"
	"testing"
)

// TestForward: what can't work is refused, with what was found and wanted.
func TestForward(t *testing.T) {
	tests := []struct {
		forward string
		want    string // part of a message; "" = good
	}{
		{"{}", ""},
		{"{headers: {X-User-Id: subject, x-c: 'claim:/a/b~1c'}, credentials: remove}", ""},
		{"{headers: {x-a: consumer, x-b: plan, x-c: 'attribute:tier', x-d: provider, x-e: issuer, x-f: scopes}}", ""},
		{"{credentials: replace, assertion: {secret: s, audience: a}}", ""},
		{"{assertion: {secret: s, audience: a, header: x-proof, issuer: i, lifetime: 1h}}", ""},
		{"{headers: {x-a: body}}", `found "body" as the source of a header`},
		{"{headers: {x-a: 'claim:'}}", `found "claim:" as the source`},
		{"{headers: {x-a: 'claim:/a~2'}}", `as the source of a header`},
		{"{headers: {x-a: 'attribute:'}}", `as the source of a header`},
		{"{headers: {x-a: 1}}", `found 1 as the source of a header`},
		{"{headers: {'x a': subject}}", `found "x a" as a header`},
		{"{headers: {'': subject}}", `found "" as a header`},
		{"{headers: {':path': subject}}", `found ":path" as a header`},
		{"{headers: {\"x\\r\\ny\": subject}}", `as a header, wanted at most 64`},
		{"{headers: {Authorization: subject}}", `"authorization" as a header, which proxies and servers read`},
		{"{headers: {content_length: subject}}", `"content_length" as a header, which proxies and servers read`},
		{"{headers: {x_forwarded-for: subject}}", `"x_forwarded-for" as a header, whose kind proxies set`},
		{"{headers: {x-user-id: subject, X_User_Id: issuer}}", `found the headers "x-user-id" and "x_user_id", which some readers take for one`},
		{"{credentials: drop}", `found "drop" as credentials, wanted one of keep, remove, replace`},
		{"{credentials: replace}", `found credentials "replace" without an assertion`},
		{"{credentials: replace, assertion: {secret: s, audience: a, header: x-a}}", `wanted one of them: the assertion stands in Authorization`},
		{"{assertion: {secret: s}}", `found an assertion without "audience"`},
		{"{assertion: {audience: a}}", `found an assertion without "secret"`},
		{"{assertion: {secret: 's s', audience: a}}", `as the name of a secret`},
		{"{assertion: {secret: s, audience: a, lifetime: 500ms}}", `as lifetime, wanted`},
		{"{assertion: {secret: s, audience: a, lifetime: 1500ms}}", `wanted whole seconds`},
		{"{assertion: {secret: s, audience: a, lifetime: 2h}}", `as lifetime, wanted`},
		{"{assertion: {secret: s, audience: " + strings.Repeat("a", 257) + "}}", `found 257 bytes as audience, wanted at most 256`},
		{"{assertion: {secret: s, audience: a, header: cookie}}", `found "cookie" as a header`},
		{"{headers: {x-proof: subject}, assertion: {secret: s, audience: a, header: x_proof}}", `for the assertion and for the caller's "x-proof"`},
		{"[]", "wanted an object"},
	}
	for _, tt := range tests {
		diags := readPolicy(t, "version: 1\ndefaults: {forward: "+tt.forward+"}")
		var got []string
		for _, d := range diags {
			got = append(got, d.Message)
		}
		if all := strings.Join(got, "; "); tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
			t.Errorf("forward: %s: %q, want %q", tt.forward, all, tt.want)
		}
	}
}
