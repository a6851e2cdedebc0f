package policy

import (
	"strings"
	"testing"
)

// TestFleetFindings: what can't work is told with what was found and wanted.
func TestFleetFindings(t *testing.T) {
	const one, two = "rateLimitServices: {a: {cluster: c}}\n", "rateLimitServices: {a: {cluster: c, secret: k}, b: {cluster: c, callers: plain}}\n"
	tests := []struct{ text, want string }{
		{"limits: {l: {requests: 1, per: 1s, scope: fleet}}", "0 rateLimitServices, wanted one there"},
		{two + "limits: {l: {requests: 1, per: 1s, scope: fleet}}", "2 rateLimitServices, wanted one there, or service to name it"},
		{two + "limits: {l: {requests: 1, per: 1s, scope: fleet, service: c}}", `found the rate limit service "c", wanted one that`},
		{one + "limits: {l: {requests: 1, per: 1s, service: a}}", "a limit that is not of the fleet"},
		{one + "limits: {l: {requests: 1, per: 1s, scope: fleet, by: subject}}", `no secret in the rate limit service "a"`},
		{one + "limits: {l: {requests: 1, per: 10s, scope: fleet}}", `found "10s" as per of a limit of the fleet, wanted 1s, 1m, 1h or 1d`},
		{one + "limits: {l: {requests: 1, per: 1s, scope: fleet, count: failures}}", "counts failures"},
		{one + "limits: {l: {requests: 1, per: 1s, scope: fleet, cost: items}}", "by the items of a body"},
		{one + "limits: {l: {requests: 1, per: 1s, scope: fleet}}", ""},
		{one + "limits: {l: {requests: 1, per: 60s, scope: fleet, by: group}}", ""},
		{two + "limits: {l: {requests: 1, per: 1s, scope: fleet, service: b, by: address}}", ""},
	}
	for _, tt := range tests {
		diags := readPolicy(t, "version: 1\n"+tt.text)
		if tt.want == "" {
			if len(diags) > 0 {
				t.Errorf("Read(%q) = %v, want nothing", tt.text, diags)
			}
			continue
		}
		if len(diags) != 1 || !strings.Contains(diags[0].Message, tt.want) {
			t.Errorf("Read(%q) = %v, want %q", tt.text, diags, tt.want)
		}
	}
}
