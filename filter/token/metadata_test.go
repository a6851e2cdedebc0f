//go:build !lean

package token_test

import (
	"strings"
	"testing"

	"portcullis/filter/token"
)

func TestReadMetadata(t *testing.T) {
	const origin = "https://idp.example"
	long := strings.Repeat("x", token.MaxKeysURI)
	tests := []struct {
		name, doc, uri string
		problem        token.MetadataProblem
	}{
		{"good", `{"jwks_uri":"https://idp.example/keys?v=1","issuer":"https://issuer.example","x":[{}]}`, "https://idp.example/keys?v=1", token.MetadataGood},
		{"escapes", `{"jwks_uri":"https:\/\/idp.example\/\u006beys","issuer":"https:\/\/issuer.example"}`, "https://idp.example/keys", token.MetadataGood},
		{"empty", ``, "", token.MetadataJSON},
		{"cut", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k`, "", token.MetadataJSON},
		{"two issuers", `{"issuer":"https://issuer.example","issuer":"https://evil.example","jwks_uri":"https://idp.example/k"}`, "", token.MetadataJSON},
		{"two issuers by an escape", `{"issuer":"https://issuer.example","\u0069ssuer":"https://evil.example","jwks_uri":"https://idp.example/k"}`, "", token.MetadataJSON},
		{"array", `[]`, "", token.MetadataForm},
		{"string", `"issuer"`, "", token.MetadataForm},
		{"no issuer", `{"jwks_uri":"https://idp.example/k"}`, "", token.MetadataForm},
		{"no keys", `{"issuer":"https://issuer.example"}`, "", token.MetadataForm},
		{"keys in a list", `{"issuer":"https://issuer.example","jwks_uri":["https://idp.example/k"]}`, "", token.MetadataForm},
		{"issuer null", `{"issuer":null,"jwks_uri":"https://idp.example/k"}`, "", token.MetadataForm},
		{"another issuer", `{"issuer":"https://evil.example","jwks_uri":"https://idp.example/k"}`, "", token.MetadataIssuer},
		{"issuer with a slash", `{"issuer":"https://issuer.example/","jwks_uri":"https://idp.example/k"}`, "", token.MetadataIssuer},
		{"issuer in capitals", `{"issuer":"https://ISSUER.example","jwks_uri":"https://idp.example/k"}`, "", token.MetadataIssuer},
		{"issuer with more", `{"issuer":"https://issuer.example\u0000","jwks_uri":"https://idp.example/k"}`, "", token.MetadataIssuer},
		{"elsewhere", `{"issuer":"https://issuer.example","jwks_uri":"https://evil.example/k"}`, "", token.MetadataURI},
		{"host that begins so", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example.evil/k"}`, "", token.MetadataURI},
		{"host as a user", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example@evil.example/k"}`, "", token.MetadataURI},
		{"another port", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example:8443/k"}`, "", token.MetadataURI},
		{"another scheme", `{"issuer":"https://issuer.example","jwks_uri":"http://idp.example/k"}`, "", token.MetadataURI},
		{"file", `{"issuer":"https://issuer.example","jwks_uri":"file:///etc/passwd"}`, "", token.MetadataURI},
		{"no path", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example"}`, "", token.MetadataURI},
		{"relative", `{"issuer":"https://issuer.example","jwks_uri":"/keys"}`, "", token.MetadataURI},
		{"header injection", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k\r\nx: y"}`, "", token.MetadataURI},
		{"no ASCII", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/\u00e9"}`, "", token.MetadataURI},
		{"fragment", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k#x"}`, "", token.MetadataURI},
		{"long", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/` + long + `"}`, "", token.MetadataURI},
		{"deep", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k","x":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`, "", token.MetadataJSON},
		{"many values", `{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k","x":[` + strings.Repeat("1,", token.SetNodes) + `1]}`, "", token.MetadataJSON},
	}
	r := newSetReader()
	scratch := make([]byte, 0, token.MaxKeysURI)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			uri, problem := r.ReadMetadata(scratch, []byte(tt.doc), []byte(issuer), []byte(origin))
			if string(uri) != tt.uri || problem != tt.problem {
				t.Errorf("ReadMetadata = %q, %d, want %q, %d", uri, problem, tt.uri, tt.problem)
			}
		})
	}
	doc := []byte(tests[1].doc)
	if n := testing.AllocsPerRun(100, func() { r.ReadMetadata(scratch, doc, []byte(issuer), []byte(origin)) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzReadMetadata: whatever is found is on the origin.
func FuzzReadMetadata(f *testing.F) {
	f.Add([]byte(`{"issuer":"https://issuer.example","jwks_uri":"https://idp.example/k"}`))
	f.Add([]byte(`{"issuer":"https:\/\/issuer.example","jwks_uri":"https:\/\/idp.example\/k\u003f"}`))
	r := newSetReader()
	scratch := make([]byte, 0, token.MaxKeysURI)
	f.Fuzz(func(t *testing.T, doc []byte) {
		uri, problem := r.ReadMetadata(scratch, doc, []byte(issuer), []byte("https://idp.example"))
		if (problem == token.MetadataGood) != strings.HasPrefix(string(uri), "https://idp.example/") {
			t.Errorf("ReadMetadata(%q) = %q, %d", doc, uri, problem)
		}
	})
}
