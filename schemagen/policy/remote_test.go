package policy

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/token"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/source"
)

// readWith reads a policy that stands in a folder beside files.
func readWith(t *testing.T, text string, files map[string]string) (*Policy, diag.List) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "policy.yaml")
	doc, err := source.Parse(path, "file://"+path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var diags diag.List
	return Read(doc, &diags), diags
}

// TestDiscoveryFile: metadata names the keys of its own issuer only.
func TestDiscoveryFile(t *testing.T) {
	const policy = "version: 1\nproviders: {p: {issuer: 'https://idp.example', audiences: [a], jwks: {discoveryFile: m.json, cluster: idp}}}"
	tests := []struct{ name, metadata, uri, problem string }{
		{"good", `{"issuer": "https://idp.example", "jwks_uri": "https://keys.example/set"}`, "https://keys.example/set", ""},
		{"of another issuer", `{"issuer": "https://evil.example", "jwks_uri": "https://evil.example/set"}`, "", "wanted that of"},
		{"of an issuer with a slash", `{"issuer": "https://idp.example/", "jwks_uri": "https://keys.example/set"}`, "", "wanted that of"},
		{"without keys", `{"issuer": "https://idp.example"}`, "", "without jwks_uri"},
		{"keys elsewhere", `{"issuer": "https://idp.example", "jwks_uri": "file:///etc/passwd"}`, "", "as the URI of keys"},
		{"keys with a user", `{"issuer": "https://idp.example", "jwks_uri": "https://a@b/set"}`, "", "as the URI of keys"},
		{"no JSON", `{`, "", "found no metadata"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, diags := readWith(t, policy, map[string]string{"m.json": tt.metadata})
			if tt.problem == "" {
				if len(diags) != 0 || p.Providers()[0].Remote.URI != tt.uri {
					t.Errorf("Read = %v, want %s", diags, tt.uri)
				}
				return
			}
			if len(diags) != 1 || !strings.Contains(diags[0].Message, tt.problem) {
				t.Errorf("Read = %v, want a message with %q", diags, tt.problem)
			}
		})
	}
}

func TestDeniedFile(t *testing.T) {
	const policy = "version: 1\nproviders: {p: {issuer: i, audiences: [a], denied: {file: denied.txt}, keys: [{jwk: {kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}}]}}"
	digest := strings.Repeat("aB", 32)
	p, diags := readWith(t, policy, map[string]string{"denied.txt": "# who was robbed\n\njti a b\r\nsha256 " + digest + "\n"})
	if len(diags) != 0 {
		t.Fatal(diags)
	}
	got := p.Providers()[0].Denied
	if len(got) != 2 || got[0] != sha256.Sum256(token.DeniedByID(nil, []byte("i"), []byte("a b"))) || got[1][0] != 0xab {
		t.Errorf("Denied = %x, want the id \"a b\" and the digest", got)
	}
	for _, bad := range []string{"jti", "sha256 ab", "sub alice", digest} {
		if _, diags := readWith(t, policy, map[string]string{"denied.txt": bad}); len(diags) != 1 || !strings.Contains(diags[0].Message, "as a denied token") {
			t.Errorf("%q: %v, want one message", bad, diags)
		}
	}
}
