package main

import (
	"context"
	"strings"
	"testing"

	"portcullis/runtime-test/host/hosttest"
)

// TestCommandLine holds exit codes and what is said.
func TestCommandLine(t *testing.T) {
	wasm := hosttest.GuestFile(t)
	file := "cases/testdata/guest.yaml"
	tests := []struct {
		name string
		args []string
		code int
		want string // in output or errors
	}{
		{"nothing", nil, exitUsage, "SUBCOMMANDS"},
		{"help", []string{"-h"}, exitOK, "SUBCOMMANDS"},
		{"help of run", []string{"run", "-help"}, exitOK, "EXAMPLES"},
		{"unknown command", []string{"walk"}, exitUsage, `unknown command "walk", want one of run`},
		{"unknown flag", []string{"run", "-fast", "x"}, exitUsage, "flag provided but not defined"},
		{"no files", []string{"run"}, exitUsage, "no case files"},
		{"missing file", []string{"run", "-module", wasm, "nothing.yaml"}, exitUsage, "no such file"},
		{"unknown engine", []string{"run", "-engine", "nginx", file}, exitUsage, `engine "nginx" is unknown`},
		{"passing cases", []string{"run", "-module", wasm, "-case", "^accept$", "-v", file}, exitOK, "1 passed, 0 failed\n"},
		{"failing cases", []string{"run", "-module", wasm, "-engine", "wazero,proxytest", "-case", "^(accept|fails: want accept)$", file}, exitFindings, "2 passed, 2 failed\n"},
		{"json", []string{"run", "-module", wasm, "-case", "^accept$", "-format", "json", file}, exitOK, `"case":"accept","engine":"wazero","passed":true`},
		{"token", []string{"token", file, "alice"}, exitOK, "ey"},
		{"unknown token", []string{"token", file, "bob"}, exitUsage, `"bob" is not among tokens`},
		{"serve without table", []string{"serve", "-upstream", "http://x"}, exitUsage, "either -table or -spec"},
		{"serve without upstream", []string{"serve", "-table", "x"}, exitUsage, "want a URL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			code := execute(context.Background(), tt.args, &out, &out)
			if code != tt.code || !strings.Contains(out.String(), tt.want) {
				t.Errorf("runtime-test %q = %d, want %d and %q:\n%s", tt.args, code, tt.code, tt.want, out.String())
			}
		})
	}
}
