package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/schemagen/apikey"
)

func keys(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(append([]string{"keys"}, args...), env{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs})
	return code, out.String(), errs.String()
}

func TestKeys(t *testing.T) {
	code, out, _ := keys("", "new", "-consumer", "acme", "-plan", "gold", "-scopes", "a:b, c", "-expires", "90d", "-note", "the \"first\"", "-format", "json")
	var e keyEntry
	if err := json.Unmarshal([]byte(out), &e); code != 0 || err != nil {
		t.Fatalf("keys new: %d, %v: %s", code, err, out)
	}
	if e.Consumer != "acme" || e.Plan != "gold" || len(e.Scopes) != 2 || e.Scopes[1] != "c" || e.Expires == "" || e.Key != e.ID+"_"+e.Secret || e.Note != `the "first"` {
		t.Errorf("keys new = %+v", e)
	}
	// What it makes hash gives the same entry for, without the key.
	code, out, _ = keys(e.Key+"\n\n"+e.ID+":"+e.Secret+"\n", "hash", "-format", "json")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 2 || lines[0] != lines[1] || !strings.Contains(lines[0], e.Digest) || strings.Contains(out, e.Secret) {
		t.Errorf("keys hash: %d: %s", code, out)
	}
	for _, tt := range []struct {
		name, stdin string
		args        []string
		code        int
		stderr      string
	}{
		{"help", "", []string{"new", "-help"}, 0, "EXAMPLES"},
		{"help of both", "", []string{"-help"}, 0, "SUBCOMMANDS"},
		{"no command", "", nil, 2, "USAGE"},
		{"another command", "", []string{"list"}, 2, "wanted new or hash"},
		{"a format", "", []string{"new", "-format", "xml"}, 2, "wanted text, yaml or json"},
		{"a consumer", "", []string{"new", "-consumer", "a b"}, 2, "wanted at most 64 letters"},
		{"a prefix", "", []string{"new", "-prefix", "_"}, 2, "found the prefix"},
		{"none", "", []string{"new", "-n", "0"}, 2, "wanted 1 to 1000"},
		{"past", "", []string{"new", "-expires", "2001-01-01"}, 2, "which is past"},
		{"no time", "", []string{"new", "-expires", "soon"}, 2, "wanted a time such as"},
		{"no pepper", "", []string{"new", "-pepper", "not-there"}, 2, "PORTCULLIS_SECRET_NOT_THERE"},
		{"an argument", "", []string{"hash", e.Key}, 2, "standard input"},
		{"no key", "", []string{"hash"}, 1, "found no key"},
		{"a password", "hunter2\n", []string{"hash"}, 1, "line 1: found no key"},
		{"half a key", e.Key[:len(e.Key)-2] + "\n", []string{"hash"}, 1, "checksum is wrong"},
	} {
		code, out, errs := keys(tt.stdin, tt.args...)
		if code != tt.code || !strings.Contains(errs, tt.stderr) {
			t.Errorf("%s: %d %q, want %d with %q", tt.name, code, errs, tt.code, tt.stderr)
		}
		if strings.Contains(out+errs, e.Secret[:20]) {
			t.Errorf("%s shows the secret: %s%s", tt.name, out, errs)
		}
	}
}

// TestKeysFile: keys go to a file for their owner, and what is printed has none.
func TestKeysFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	code, out, _ := keys("", "new", "-n", "2", "-key-file", path)
	data, err := os.ReadFile(path)
	if code != 0 || err != nil {
		t.Fatal(code, err)
	}
	lines := strings.Fields(string(data))
	if len(lines) != 2 {
		t.Fatalf("file = %q", data)
	}
	for _, l := range lines {
		k, err := apikey.Parse(l)
		if err != nil || strings.Contains(out, k.Secret) || !strings.Contains(out, k.Digest(nil)) {
			t.Errorf("%v, output %s", err, out)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if code, _, errs := keys("", "new", "-key-file", path); code != 1 || !strings.Contains(errs, "exists") {
		t.Errorf("over a file that is there: %d %s", code, errs)
	}
}

// TestKeysBuild: what the command prints is a policy.
func TestKeysBuild(t *testing.T) {
	t.Setenv("PORTCULLIS_SECRET_KEYS", "a pepper of more than enough bytes")
	dir := t.TempDir()
	spec := write(t, dir, "spec.yaml", "openapi: 3.0.3\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get: {security: [{k: []}]}\ncomponents: {securitySchemes: {k: {type: apiKey, in: header, name: K}}}\n")
	_, out, _ := keys("", "new", "-consumer", "acme", "-plan", "gold", "-scopes", "a:b", "-expires", "2099-01-01", "-pepper", "keys", "-note", "x: y")
	policy := write(t, dir, "policy.yaml", "version: 1\nkeyPepper: keys\nschemes: {k: {consumers: all}}\n"+out)
	code, _, errs := command("build", "-o", filepath.Join(dir, "api.tbl"), "-policy", policy, spec)
	if code != 0 {
		t.Errorf("build: %d %s\n%s", code, errs, out)
	}
}
