package policy

import (
	"fmt"
	"strings"
	"testing"
)

// TestInspect: what can't work is refused, with what was found, what was wanted and
// where.
func TestInspect(t *testing.T) {
	tests := []struct {
		inspect string
		want    string // part of a message; "" = good
	}{
		{"deep", ""},
		{"{}", ""},
		{"{level: headers, sensitive: true, raise: []}", ""},
		{"{raise: [{when: anonymous, to: body}, {when: sensitive, to: deep}, {when: {sample: 0.000001%}, to: deep}, {when: {refusals: 1000, within: 1d}, to: parameters}]}", ""},
		{"{raise: [{when: {sample: 5%}, to: body}, {when: {sample: 99.999999%}, to: deep}]}", ""},
		{"everything", `2:12 found "everything" as inspect, wanted one of body, deep, headers, parameters`},
		{"{depth: deep}", `found the unknown name "depth" in inspect`},
		{"{level: 3}", "found 3 as level"},
		{"{sensitive: yes please}", `found "yes please" as sensitive, wanted true or false`},
		{"{raise: {when: anonymous}}", "found an object as raise, wanted an array"},
		{"{raise: [{to: body}]}", `found a rule of raise without "when"`},
		{"{raise: [{when: anonymous}]}", `found a rule of raise without "to"`},
		{"{raise: [{when: anonymous, to: headers}]}", `found "headers" as to, wanted one of body, deep, parameters`},
		{"{raise: [{when: strangers, to: body}]}", `2:31 found "strangers" as when, wanted one of anonymous, sensitive`},
		{"{raise: [{when: {sample: 5%, refusals: 3, within: 1m}, to: body}]}", "found neither one of sample and refusals with within"},
		{"{raise: [{when: {refusals: 3}, to: body}]}", "found neither one of sample and refusals with within"},
		{"{raise: [{when: {within: 1m}, to: body}]}", "found neither one of sample and refusals with within"},
		{"{raise: [{when: {refusals: 0, within: 1m}, to: body}]}", "found 0 as refusals, wanted a whole number from 1 to 1000"},
		{"{raise: [{when: {refusals: 3, within: 500ms}, to: body}]}", `found "500ms" as within`},
		{"{raise: [{when: {refusals: 3, within: 2d}, to: body}]}", `found "2d" as within`},
		{"{raise: [{when: {sample: 0%}, to: body}]}", `found "0%" as sample, wanted a percentage above 0% and under 100%`},
		{"{raise: [{when: {sample: 100%}, to: body}]}", `found "100%" as sample`},
		{"{raise: [{when: {sample: 0.05}, to: body}]}", "found 0.05 as sample"},
		{"{raise: [{when: {sample: 1e1%}, to: body}]}", `found "1e1%" as sample`},
		{"{raise: [{when: anonymous, to: body}, {when: anonymous, to: deep}]}", "found a second rule of raise for the same thing"},
		{"{raise: [{when: {refusals: 1, within: 1m}, to: body}, {when: {refusals: 2, within: 1m}, to: body}, {when: {refusals: 3, within: 1m}, to: deep}]}", "found 3 rules of raise that count refusals, wanted at most 2"},
		{"{raise: [" + strings.Repeat("{when: {sample: 1%}, to: body}, ", 9) + "]}", "found 9 rules of raise, wanted at most 8"},
	}
	for _, tt := range tests {
		diags := readPolicy(t, "version: 1\ndefaults: {inspect: "+tt.inspect+"}")
		var got []string
		for _, d := range diags {
			got = append(got, fmt.Sprintf("%d:%d %s", d.Line, d.Col, d.Message))
		}
		if all := strings.Join(got, "; "); tt.want == "" && all != "" || !strings.Contains(all, tt.want) {
			t.Errorf("inspect: %s: %q, want %q", tt.inspect, all, tt.want)
		}
	}
}
