package policy

import (
	"strings"
	"testing"
)

// provider is the text of a policy with one provider.
func provider(more string) string {
	return "version: 1\nproviders: {p: {issuer: i, anyAudience: true, keys: [{jwk: {kty: OKP, crv: Ed25519, x: 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo}}], " + more + "}}\n"
}

func TestBindingFindings(t *testing.T) {
	tests := []struct{ more, want string }{
		{"bound: certificate", ""},
		{"bound: any", ""},
		{"bound: dpop", "no dpop"},
		{"bound: mtls", `found "mtls" as bound, wanted one of any, certificate, dpop, optional`},
		{"bound: dpop, dpop: {origins: ['https://api.example.com']}", ""},
		{"dpop: {origins: ['HTTPS://API.example.com:443/', 'https://[::1]:8443']}", ""},
		{"dpop: {}", "origins"},
		{"dpop: {origins: []}", "empty array"},
		{"dpop: {origins: [api.example.com]}", "wanted https://"},
		{"dpop: {origins: ['https://api.example.com/v1']}", "wanted https://"},
		{"dpop: {origins: ['https://u@api.example.com']}", "wanted https://"},
		{"dpop: {origins: ['https://api.example.com:x']}", "wanted https://"},
		{"dpop: {origins: ['https://api.example.com:0443']}", "wanted https://"},
		{"dpop: {origins: ['https://*.example.com?']}", "wanted https://"},
		{"dpop: {origins: ['ftp://api.example.com']}", "wanted https://"},
		{"dpop: {origins: ['https://a', 'HTTPS://A:443']}", "again in origins"},
		{"dpop: {origins: ['https://a'], maxAge: 11m}", "maxAge"},
		{"dpop: {origins: ['https://a'], maxAge: 0s}", "maxAge"},
		{"dpop: {origins: ['https://a'], future: 61s}", "future"},
		{"dpop: {origins: ['https://a'], algorithms: [HS256]}", "public keys"},
		{"dpop: {origins: ['https://a'], algorithms: [none]}", "wanted one of"},
		{"dpop: {origins: ['https://a'], algorithms: []}", "at least one"},
		{"dpop: {origins: ['https://a'], remembered: 511}", "512 to 262144"},
		{"dpop: {origins: ['https://a'], remembered: 512, maxAge: 10m, future: 0s, algorithms: [ES256]}", ""},
	}
	for _, tt := range tests {
		diags := readPolicy(t, provider(tt.more))
		if tt.want == "" && len(diags) > 0 || tt.want != "" && (len(diags) == 0 || !strings.Contains(diags[0].Message, tt.want)) {
			t.Errorf("Read(%q) = %v, want %q", tt.more, diags, tt.want)
		}
	}
}

func TestOrigin(t *testing.T) {
	for text, want := range map[string]string{
		"https://a": "https://a", "HTTPS://A:443/": "https://a", "http://a:80": "http://a", "http://a:443": "http://a:443", "https://a:": "https://a",
		"https://[::1]": "https://[::1]", "https://[::1]:1": "https://[::1]:1", "https://a::1": "", "https://": "", "https:///": "", "a": "", "https://a:999999": "",
	} {
		if got, ok := origin(text); got != want || ok != (want != "") {
			t.Errorf("origin(%q) = %q, %v, want %q", text, got, ok, want)
		}
	}
}
