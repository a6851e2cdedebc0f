package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/schemagen/compile"
)

// secretTable is a table that needs secrets for an HS key and for assertions.
func secretTable(t *testing.T) *table.Table {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"api.yaml": "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {security: [{token: []}], responses: {}}}}\n" +
			"components: {securitySchemes: {token: {type: http, scheme: bearer}}}\n",
		"policy.yaml": "version: 1\nproviders: {idp: {issuer: i, anyAudience: true, keys: [{secret: key, alg: HS256, kid: k}]}}\nschemes: {token: [idp]}\n" +
			"defaults: {forward: {assertion: {secret: key-previous, audience: a}}}\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{Specs: []string{filepath.Join(dir, "api.yaml")}, PolicyPath: filepath.Join(dir, "policy.yaml"), Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, bad, _ := table.Open(r.Table)
	if bad != table.ErrNone {
		t.Fatal(bad)
	}
	return tab
}

// TestSecrets: a value that is missing or too short fails the load in one line that
// names the secret and never shows it; of two values both are taken.
func TestSecrets(t *testing.T) {
	tab := secretTable(t)
	long, other, short := strings.Repeat("a", 32), strings.Repeat("b", 40), strings.Repeat("s3cret", 5)
	value := map[string]string{"key": long, "key-previous": other}
	tests := []struct {
		name, key, assertion, environ string
		want                          string // part of the problem; "": none
		previous                      string // of key
	}{
		{"both", `"` + long + `"`, `"` + other + `"`, "", "", ""},
		{"two values", `["` + long + `","` + other + `"]`, `"` + other + `"`, "", "", other},
		{"one is missing", `"` + long + `"`, "", "", `the table needs the secret "key-previous": neither "secrets" nor the environment variable PORTCULLIS_SECRET_KEY_PREVIOUS has it`, ""},
		{"too short to verify", `"` + short + `"`, `"` + other + `"`, "", `the secret "key" can't be used: the secret is shorter`, ""},
		{"too short to sign", `"` + long + `"`, `"` + short + `"`, "", `the secret "key-previous" can't be used: the secret is shorter`, ""},
		{"the previous one too short", `["` + long + `","` + short + `"]`, `"` + other + `"`, "", `the previous value of the secret "key" can't be used: the secret is shorter`, ""},
		{"out of the environment", "", "", "PORTCULLIS_SECRET_KEY=" + long + "\x00PORTCULLIS_SECRET_KEY_PREVIOUS=" + other + "\x00", "", ""},
		// What is another secret's value is nobody's previous one.
		{"a secret that is called so", `"` + long + `"`, "", "PORTCULLIS_SECRET_KEY_PREVIOUS=" + other + "\x00", "", ""},
		{"not ours", "", "", "PORTCULLIS_SECRET_KEY=" + short + "\x00PORTCULLIS_SECRET_KEY_PREVIOUS=" + other + "\x00", `the secret "key" can't be used`, ""},
	}
	for _, tt := range tests {
		var members []string
		if tt.key != "" {
			members = append(members, `"key":`+tt.key)
		}
		if tt.assertion != "" {
			members = append(members, `"key-previous":`+tt.assertion)
		}
		h := newFakeHost()
		h.arena.Grow(72 << 10)
		h.config = `{"secrets":{` + strings.Join(members, ",") + `}}`
		cfg, err := config.Load(source{&VM{host: h, arena: h.arena}}, uint32(len(h.config)))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var opt engine.Options
		got := secrets(tab, cfg, []byte(tt.environ), &opt)
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		if strings.Contains(got, long) || strings.Contains(got, other) || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %q shows a secret", tt.name, got)
		}
		if tt.want != "" {
			continue
		}
		for i := range tab.NumSecrets() {
			name := string(tab.Secret(i))
			if string(opt.Secrets[i]) != value[name] {
				t.Errorf("%s: %s = %q, want %q", tt.name, name, opt.Secrets[i], value[name])
			}
			if name == "key" && string(opt.PreviousSecrets[i]) != tt.previous {
				t.Errorf("%s: previous = %q, want %q", tt.name, opt.PreviousSecrets[i], tt.previous)
			}
		}
	}
}
