package lower

import "testing"

// The examples of RFC 3986 section 5.4, then what descriptions have.
func TestResolveURI(t *testing.T) {
	const base = "http://a/b/c/d;p?q"
	tests := []struct{ base, ref, want string }{
		{base, "g:h", "http://a/b/c/g:h"}, // one letter is taken as a file name, not a scheme
		{base, "g", "http://a/b/c/g"}, {base, "./g", "http://a/b/c/g"},
		{base, "g/", "http://a/b/c/g/"}, {base, "/g", "http://a/g"}, {base, "//g", "http://g"},
		{base, "?y", "http://a/b/c/d;p?y"}, {base, "g?y", "http://a/b/c/g?y"}, {base, "#s", "http://a/b/c/d;p?q#s"},
		{base, "g#s", "http://a/b/c/g#s"}, {base, ";x", "http://a/b/c/;x"}, {base, "", "http://a/b/c/d;p?q"},
		{base, ".", "http://a/b/c/"}, {base, "./", "http://a/b/c/"}, {base, "..", "http://a/b/"},
		{base, "../g", "http://a/b/g"}, {base, "../..", "http://a/"}, {base, "../../g", "http://a/g"},
		{base, "../../../g", "http://a/g"}, {base, "/./g", "http://a/g"}, {base, "/../g", "http://a/g"},
		{base, "g.", "http://a/b/c/g."}, {base, "..g", "http://a/b/c/..g"}, {base, "./g/.", "http://a/b/c/g/"},
		{base, "g/../h", "http://a/b/c/h"}, {base, "g?y/../x", "http://a/b/c/g?y/../x"},
		{"urn:uuid:1", "#/a", "urn:uuid:1#/a"}, {"urn:x:y?=q", "#a", "urn:x:y?=q#a"}, {"urn:x:y", "urn:z:w#a", "urn:z:w#a"},
		{"file:///a/b.yaml", "../c d.yaml#/x y", "file:///c d.yaml#/x y"}, {"file:///a/b.yaml", "file:///c:/d.json", "file:///c:/d.json"},
		{"", "a.json#b", "a.json#b"}, {"http://localhost:1234", "a.json", "http://localhost:1234/a.json"},
		{"http://localhost:1234/", "baseUriChange/", "http://localhost:1234/baseUriChange/"},
	}
	for _, tt := range tests {
		if got := resolveURI(tt.base, tt.ref); got != tt.want {
			t.Errorf("resolveURI(%q, %q) = %q, want %q", tt.base, tt.ref, got, tt.want)
		}
	}
}

func TestUnescapePercent(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", ""}, {"%25", "%"}, {"a%22b", `a"b`}, {"%", "%"}, {"%2", "%2"}, {"%zz", "%zz"}, {"%7B%7d", "{}"},
	}
	for _, tt := range tests {
		if got := unescapePercent(tt.in); got != tt.want {
			t.Errorf("unescapePercent(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
