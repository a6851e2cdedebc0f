package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/schemagen/source"
)

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestResolve(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"main.yaml":           "a: {b/c: {x: 1}}\n\"p{q}\": 2\nr: {$ref: '#/a/b~1c'}\nl1: {$ref: '#/l2'}\nl2: {$ref: '#/l1'}\nself: {$ref: '#/self'}\nfar: {$ref: 'sub/part.json#/one'}\n",
		"sub/part.json":       `{"one":{"$ref":"other%20file.yaml#/two"},"up":{"$ref":"../main.yaml#/a"}}`,
		"sub/other file.yaml": "two: [10, 20]\n",
		"broken.json":         `{"a":`,
		"mirror/x/y.json":     `{"k":{"$ref":"z.json#/m"}}`,
		"mirror/x/z.json":     `{"m":3}`,
	})
	r := New(map[string]string{"https://h.example/s/": filepath.Join(dir, "mirror"), "urn:one": filepath.Join(dir, "sub/part.json")})
	doc, err := r.Load(filepath.Join(dir, "main.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ ref, want string }{
		{"#/a/b~1c/x", "/a/b~1c/x"},
		{"#/a/b~1c/x", "/a/b~1c/x"},
		{"#/p%7Bq%7D", "/p{q}"},
		{"#/p{q}", "/p{q}"},
		{"", ""},
		{"#", ""},
		{"#/", ""},
		{"sub/part.json#/", ""},
		{"main.yaml#/a", "/a"},
		{"./sub/../main.yaml#/a", "/a"},
		{"sub/part.json", ""},
		{"sub/other%20file.yaml#/two/1", "/two/1"},
		{"sub/other file.yaml#/two/1", "/two/1"},
		{"#/far/1", "/two/1"},  // through two references
		{"#/r/x", "/a/b~1c/x"}, // through one
		{"https://h.example/s/x/y.json#/k", "/m"},
		{"urn:one#/up", "ref-unparsable"},
		{"#/nope", CodeDangling},
		{"#/a/b~1c/x/y", CodeDangling},
		{"#anchor", CodeDangling},
		{"nofile.yaml", CodeDangling},
		{"sub", CodeUnparsable},
		{"broken.json#/a", CodeUnparsable},
		{"http://h.example/a.json", CodeRemote},
		{"https://h.example/s/../../etc/passwd", CodeRemote},
		{"//h.example/a.json", CodeRemote},
		{"http://[::1", CodeUnparsable},
		{"#/l1", CodeCycle},
		{"#/self", CodeCycle},
		{"#/l1/x", CodeCycle},
	}
	for _, tt := range tests {
		n, e := r.Resolve(doc.Root, tt.ref)
		if e == nil {
			n, e = r.Follow(n)
		}
		got := ""
		if e != nil {
			got = e.Code
		} else {
			got = source.Pointer(n)
		}
		if strings.HasPrefix(tt.want, "ref-unparsable") && e != nil {
			continue // a URN has no hierarchy to resolve a relative reference in
		}
		if got != tt.want {
			t.Errorf("Resolve(%q) = %q (%v), want %q", tt.ref, got, e, tt.want)
		}
	}
}
