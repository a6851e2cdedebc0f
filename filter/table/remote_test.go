package table

import "testing"

func TestSplitURI(t *testing.T) {
	tests := []struct{ uri, scheme, authority, path string }{
		{"https://idp.example/keys", "https", "idp.example", "/keys"},
		{"http://127.0.0.1:80/", "http", "127.0.0.1:80", "/"},
		{"https://a/b/c?d=e/f:g@h", "https", "a", "/b/c?d=e/f:g@h"},
		{"https://[::1]:8/x", "https", "[::1]:8", "/x"},
		{uri: ""},
		{uri: "https"},
		{uri: "https:"},
		{uri: "https://"},
		{uri: "https:///x"},
		{uri: "https://a"},
		{uri: "https://a?b/c"},
		{uri: "https://a@b/c"},
		{uri: "https://a/b#c"},
		{uri: "HTTPS://a/b"},
		{uri: "ftp://a/b"},
		{uri: "://a/b"},
		{uri: "x/https://a/b"},
	}
	for _, tt := range tests {
		s, a, p := SplitURI([]byte(tt.uri))
		if string(s) != tt.scheme || string(a) != tt.authority || string(p) != tt.path {
			t.Errorf("SplitURI(%q) = %q, %q, %q, want %q, %q, %q", tt.uri, s, a, p, tt.scheme, tt.authority, tt.path)
		}
	}
}
