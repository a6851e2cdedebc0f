package policy

import (
	"testing"

	"portcullis/schemagen/ir"
)

func TestBodies(t *testing.T) {
	tests := []struct {
		in   string
		want ir.BodyRules
		bad  bool
	}{
		{in: "bodies: {}"},
		{in: "bodies: {undeclared: deny}", want: ir.BodyRules{Closed: true}},
		{in: "bodies: {readOnly: deny}", want: ir.BodyRules{NoReadOnly: true}},
		{in: "bodies: {undeclared: schema, readOnly: deny}", want: ir.BodyRules{NoReadOnly: true}},
		{in: "bodies: deny", bad: true},
		{in: "bodies: {undeclared: pass}", bad: true},
		{in: "bodies: {undeclared: true}", bad: true},
		{in: "bodies: {additional: deny}", bad: true},
	}
	for _, tt := range tests {
		p, diags := readWhole(t, "version: 1\ndefaults: {"+tt.in+"}\n")
		if bad := len(diags) > 0; bad != tt.bad {
			t.Errorf("%s: findings %v, want some: %v", tt.in, diags, tt.bad)
			continue
		}
		if !tt.bad && (p.defaults.bodies == nil || *p.defaults.bodies != tt.want) {
			t.Errorf("%s = %v, want %v", tt.in, p.defaults.bodies, tt.want)
		}
	}
}
