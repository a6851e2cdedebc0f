package policy

import (
	"strings"
	"testing"
)

// digest is one of nothing in particular.
var digest = strings.Repeat("0a", 32)

// TestConsumers is what the schema can't say.
func TestConsumers(t *testing.T) {
	key := func(id string) string { return "{id: " + id + ", digest: 'sha256:" + digest + "'}" }
	tests := []struct{ text, want string }{
		{"consumers: {a: {keys: [" + key("k") + ", " + key("k") + "]}}", "found the key id \"k\" again"},
		{"consumers: {a: {keys: [" + key("k") + "]}, b: {keys: [" + key("k") + "]}}", "found the key id \"k\" again"},
		{"consumers: {a: {keys: [" + key("k") + "]}, b: {keys: [" + key("K") + "]}}", ""},
		{"consumers: {a: {keys: [{id: k, digest: 'hmac-sha256:" + digest + "'}]}}", "no keyPepper"},
		{"consumers: {a: {keys: [{id: k, digest: '$2y$05$abcdefghijklmnopqrstuv'}]}}", "made by bcrypt"},
		{"consumers: {a: {keys: [{id: k, digest: 'alice:$apr1$x$y'}]}}", "made by htpasswd's MD5"},
		{"consumers: {a: {keys: [{id: k, digest: 'user:{SHA}aaaa'}]}}", "htpasswd's SHA-1"},
		{"consumers: {a: {keys: [{id: k, digest: pcl_goldKey00001_RljoqqI0XVUBVUdYdNA4DQ9I05EdN5}]}}", "found no digest of a key"},
		{"consumers: {a: {keys: [{id: k, digest: 'sha256:" + digest + "', expires: 2027-02-30}]}}", "wanted a time"},
		{"consumers: {a: {certificates: [{dns: A.example}]}, b: {certificates: [{dns: a.example.}]}}", "found the certificate \"a.example\" again"},
		{"schemes: {a: {certificates: [{uri: 'spiffe://a/b*'}]}}", "wanted a URI such as"},
		{"schemes: {a: {certificates: [{uri: 'spiffe://a/../*'}]}}", "wanted a URI such as"},
		{"schemes: {a: {certificates: [{uri: 'spiffe://a/%2e/*'}]}}", "wanted a URI such as"},
		{"schemes: {a: {certificates: [{dns: '*.com'}]}}", "wanted a DNS name"},
	}
	for _, tt := range tests {
		diags := readPolicy(t, "version: 1\n"+tt.text)
		got := ""
		for _, d := range diags {
			got += d.Message + "\n"
			if strings.Contains(d.Message, "RljoqqI0") {
				t.Errorf("Read(%q) repeats what may be a key: %s", tt.text, d.Message)
			}
		}
		if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
			t.Errorf("Read(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}
