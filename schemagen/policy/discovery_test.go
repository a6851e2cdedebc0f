package policy

import (
	"strings"
	"testing"
)

func TestDiscovery(t *testing.T) {
	tests := []struct{ name, issuer, discovery, uri, origin, cluster, problem string }{
		{"openid", "https://idp.example", "{cluster: idp}", "https://idp.example/.well-known/openid-configuration", "https://idp.example", "idp", ""},
		{"openid, with a path", "https://idp.example/a/b", "{cluster: idp}", "https://idp.example/a/b/.well-known/openid-configuration", "https://idp.example", "idp", ""},
		{"openid, with a slash", "https://idp.example/a/", "{cluster: idp}", "https://idp.example/a/.well-known/openid-configuration", "https://idp.example", "idp", ""},
		{"oauth", "https://idp.example:8443", "{cluster: idp, metadata: oauth}", "https://idp.example:8443/.well-known/oauth-authorization-server", "https://idp.example:8443", "idp", ""},
		{"oauth, with a path", "https://idp.example/a/b", "{cluster: idp, metadata: oauth}", "https://idp.example/.well-known/oauth-authorization-server/a/b", "https://idp.example", "idp", ""},
		{"keys elsewhere", "https://accounts.example", "{cluster: idp, keysOrigin: 'https://www.keys.example', keysCluster: keys}", "https://accounts.example/.well-known/openid-configuration", "https://www.keys.example", "keys", ""},
		{"uri", "a name", "{cluster: idp, uri: 'http://10.0.0.1:80/x'}", "http://10.0.0.1:80/x", "http://10.0.0.1:80", "idp", ""},
		{"issuer that is no URI", "a name", "{cluster: idp}", "", "", "", "without uri"},
		{"issuer with a query", "https://idp.example/a?b", "{cluster: idp}", "", "", "", "without uri"},
		{"two places", "https://idp.example", "{cluster: idp, metadata: oauth, uri: 'https://a/b'}", "", "", "", "with uri and metadata"},
		{"a form that is none", "https://idp.example", "{cluster: idp, metadata: saml}", "", "", "", "metadata"},
		{"no cluster", "https://idp.example", "{}", "", "", "", "cluster"},
		{"cluster without origin", "https://idp.example", "{cluster: idp, keysCluster: keys}", "", "", "", "keysCluster without keysOrigin"},
		{"origin with a path", "https://idp.example", "{cluster: idp, keysOrigin: 'https://a/b'}", "", "", "", "as keysOrigin"},
		{"origin with a user", "https://idp.example", "{cluster: idp, keysOrigin: 'https://a@b'}", "", "", "", "as keysOrigin"},
		{"origin of a file", "https://idp.example", "{cluster: idp, keysOrigin: 'file://b'}", "", "", "", "as keysOrigin"},
		{"keys too", "https://idp.example", "{cluster: idp}, jwks: {cluster: idp, uri: 'https://a/b'}", "", "", "", "2 of keys, jwks and discovery"},
		{"stale before it is old", "https://idp.example", "{cluster: idp, refresh: 1h, maxStale: 1m}", "", "", "", "count for less time"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "version: 1\nproviders: {p: {issuer: '" + tt.issuer + "', audiences: [a], discovery: " + tt.discovery + "}}"
			p, diags := readWith(t, text, nil)
			if tt.problem != "" {
				if len(diags) == 0 || !strings.Contains(diags[0].Message, tt.problem) || diags[0].Line == 0 {
					t.Errorf("Read = %v, want a message with %q", diags, tt.problem)
				}
				return
			}
			if len(diags) != 0 {
				t.Fatal(diags)
			}
			if r := p.Providers()[0].Remote; r.URI != tt.uri || r.KeysOrigin != tt.origin || r.KeysCluster != tt.cluster || r.Cluster != "idp" || len(r.Algorithms) != 10 {
				t.Errorf("Read = %+v, want %s, %s by %s", r, tt.uri, tt.origin, tt.cluster)
			}
		})
	}
}
