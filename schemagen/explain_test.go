package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestExplainAndDiff(t *testing.T) {
	dir := t.TempDir()
	tbl := filepath.Join(dir, "shop.tbl")
	if code, _, stderr := command("build", "-o", tbl, "-policy", "../examples/shop/policy.yaml", "../examples/shop/shop.yaml"); code != 0 {
		t.Fatal(stderr)
	}
	old := write(t, dir, "old.yaml", "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {get: {}}}\n")
	more := write(t, dir, "new.yaml", "openapi: 3.1.0\ninfo: {title: A}\npaths: {/a: {get: {}}, /b: {get: {}}}\n")
	bad := write(t, dir, "bad.yaml", broken)
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"list", []string{"explain", "-table", tbl}, 0, "POST /orders "},
		{"one", []string{"explain", "-table", tbl, "POST /orders"}, 0, "required; string, 1 to 120 characters"},
		{"two words", []string{"explain", "-table", tbl, "POST", "/orders"}, 0, "who has a bearer token from login or machines"},
		{"by id", []string{"explain", "-table", tbl, "signUp"}, 0, "POST /users"},
		{"unknown", []string{"explain", "-table", tbl, "GET /nope"}, 1, "found no operation"},
		{"no table", []string{"explain", "GET /nope"}, 2, "found no -table"},
		{"not a table", []string{"explain", "-table", old}, 1, "read the table"},
		{"format", []string{"explain", "-table", tbl, "-format", "x"}, 2, "found -format"},
		{"too many", []string{"explain", "-table", tbl, "a", "b", "c"}, 2, "found 3 arguments"},
		{"diff same", []string{"diff", tbl, tbl}, 0, "0 differences, 0 of which"},
		{"diff adds", []string{"diff", old, more}, 0, "the operation is new"},
		{"diff breaks", []string{"diff", more, old}, 1, "the operation is gone"},
		{"diff table and description", []string{"diff", tbl, old}, 1, "POST /orders"},
		{"diff missing", []string{"diff", old, old + "x"}, 1, "read "},
		{"diff broken", []string{"diff", old, bad}, 1, "bad.yaml"},
		{"diff usage", []string{"diff", old}, 2, "found 1 arguments"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := command(tt.args...)
			if code != tt.code || !strings.Contains(stdout+stderr, tt.want) {
				t.Errorf("%v = %d, want %d with %q:\n%s%s", tt.args, code, tt.code, tt.want, stdout, stderr)
			}
		})
	}
	var doc []struct {
		Operation string
		Body      struct {
			MediaTypes []struct{ Must []struct{ At, Text string } }
		}
	}
	_, stdout, _ := command("explain", "-table", tbl, "-format", "json", "placeOrder")
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || len(doc) != 1 || len(doc[0].Body.MediaTypes[0].Must) < 20 {
		t.Errorf("explain -format json: %v in %s", err, stdout)
	}
	var changes struct {
		Breaking bool
		Changes  []struct{ Effect, Operation string }
	}
	_, stdout, _ = command("diff", "-format", "json", more, old)
	if err := json.Unmarshal([]byte(stdout), &changes); err != nil || !changes.Breaking || len(changes.Changes) != 1 || changes.Changes[0].Operation != "GET /b" {
		t.Errorf("diff -format json: %v in %s", err, stdout)
	}
}
