package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	fine = "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get: {operationId: a}\n"
	// gappy has one thing that no version can enforce.
	gappy = fine + "  /b:\n    get: {parameters: [{$ref: '#/nope'}]}\n"
	// shared has a schema that nothing can enforce, which an operation reaches.
	shared = fine + "  /c:\n    post: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/S'}}}}}\n" +
		"components: {schemas: {S: {type: string, pattern: '(a)\\1'}}}\n"
	broken = fine + "  /a:\n    get: {}\n"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func command(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, env{stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	good, gap, bad := write(t, dir, "good.yaml", fine), write(t, dir, "gap.yaml", gappy), write(t, dir, "bad.yaml", broken)
	policy := write(t, dir, "policy.yaml", "version: 1\napis: [{spec: good.yaml, name: named}]\n")
	share := write(t, dir, "shared.yaml", shared)
	out := filepath.Join(dir, "api.tbl")
	tests := []struct {
		name   string
		args   []string
		code   int
		table  bool   // written
		stderr string // holds
	}{
		{"good", []string{"build", "-o", out, good}, 0, true, "1 operation, 0 of them denied"},
		{"two", []string{"build", "-o", out, "-strict=false", good, gap}, 0, true, "operation"},
		{"policy alone", []string{"build", "-o", out, "-policy", policy}, 0, true, "1 operation"},
		{"no output", []string{"build", good}, 0, false, "not written"},
		{"strict", []string{"build", "-o", out, gap}, 1, false, "gap.yaml:7:24: error: found the reference \"#/nope\" to nothing"},
		{"lenient", []string{"build", "-o", out, "-strict=false", gap}, 0, true, "gap.yaml:7:24: warning: found the reference"},
		{"a schema", []string{"build", "-o", out, "-strict=false", share}, 0, true, "\nPOST /c can't be enforced for a schema that it reaches [pattern-backreference]\n2 operations, 1 of them denied"},
		{"broken", []string{"build", "-o", out, bad}, 1, false, `bad.yaml:6:3: error: found the name "/a" again, wanted it once: the first is at line 4 column 3`},
		{"missing file", []string{"build", "-o", out, filepath.Join(dir, "nope.yaml")}, 1, false, "found no file"},
		{"missing folder", []string{"build", "-o", filepath.Join(dir, "no", "x.tbl"), good}, 1, false, "write "},
		{"no spec", []string{"build", "-o", out}, 2, false, "found no description, wanted at least one"},
		{"unknown flag", []string{"build", "-nope"}, 2, false, "-nope"},
		{"bad resource", []string{"build", "-resource", "x", good}, 2, false, "wanted URI=FILE"},
		{"bad format", []string{"build", "-format", "xml", good}, 2, false, `found -format "xml", wanted text or json`},
		{"help", []string{"build", "-help"}, 0, false, "EXAMPLES"},
		{"no command", nil, 2, false, ""},
		{"unknown command", []string{"biuld"}, 2, false, `found the command "biuld", wanted one of`},
		{"dump nothing", []string{"dump"}, 2, false, "wanted one table"},
		{"dump no table", []string{"dump", good}, 1, false, "read the table"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			os.Remove(out)
			code, _, stderr := command(tt.args...)
			if code != tt.code || !strings.Contains(stderr, tt.stderr) {
				t.Errorf("run(%q) = %d with %q, want %d with %q", tt.args, code, stderr, tt.code, tt.stderr)
			}
			_, err := os.Stat(out)
			if (err == nil) != tt.table {
				t.Errorf("run(%q): the table is there: %v, want %v", tt.args, err == nil, tt.table)
			}
			left, _ := filepath.Glob(filepath.Join(dir, ".*"))
			if len(left) > 0 {
				t.Errorf("run(%q) left %v behind", tt.args, left)
			}
		})
	}
}

func TestBuildKeepsOldTable(t *testing.T) {
	dir := t.TempDir()
	out := write(t, dir, "api.tbl", "old")
	if code, _, _ := command("build", "-o", out, write(t, dir, "bad.yaml", broken)); code != 1 {
		t.Errorf("code = %d, want 1", code)
	}
	if data, _ := os.ReadFile(out); string(data) != "old" {
		t.Errorf("a failed build left %q, want the old table", data)
	}
}

func TestBuildJSON(t *testing.T) {
	dir := t.TempDir()
	code, stdout, stderr := command("build", "-format", "json", "-strict=false", write(t, dir, "gap.yaml", gappy))
	var doc struct {
		OK         bool
		Operations int
		Denied     []string
		Findings   []struct {
			Code, Severity, Pointer string
			Unenforceable           bool
			Line, Column            int
			Operations              []string
		}
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if code != 0 || stderr != "" || !doc.OK || doc.Operations != 2 || len(doc.Denied) != 1 || doc.Denied[0] != "GET /b" {
		t.Errorf("code %d, stderr %q, %+v", code, stderr, doc)
	}
	if f := doc.Findings; len(f) != 1 || f[0].Code != "ref-dangling" || !f[0].Unenforceable || f[0].Line != 7 || f[0].Pointer != "/paths/~1b/get/parameters/0" {
		t.Errorf("findings %+v", f)
	}
}

func TestDump(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "api.tbl")
	if code, _, stderr := command("build", "-o", out, "../examples/shop/shop.yaml", "-policy", "x"); code == 0 {
		t.Errorf("flags after arguments: %s", stderr)
	}
	if code, _, stderr := command("build", "-o", out, "-policy", "../examples/shop/policy.yaml", "../examples/shop/shop.yaml"); code != 0 {
		t.Fatalf("build: %s", stderr)
	}
	code, stdout, stderr := command("dump", "-programs", out)
	for _, want := range []string{"provider login", "limit password-reset: 10 per 1s", "host shop.example.com", "/v1/users/search GET=", "security token(bearer login machines)", "programs\n"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("dump lacks %q (code %d, %s)", want, code, stderr)
		}
	}
	if _, stdout, _ := command("dump", "-match", "GET /health", out); strings.Count(stdout, "    id ") != 1 {
		t.Errorf("dump -match: %s, want one operation", stdout)
	}
}
