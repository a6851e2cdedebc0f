package wasmgen

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSubsetIsCurrent(t *testing.T) {
	if err := Check("subset", "subset_wasm.s", "arith", "narrow", "flow", "choose", "memory", "calls", "many"); err != nil {
		t.Error(err)
	}
}

func TestCheckStale(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.go", "package a\n\nfunc f(x uint64) uint64 { return x + 1 }\n")
	if err := Check(dir, "a_wasm.s", "f"); err == nil {
		t.Error("Check of a missing file = nil, want an error")
	}
	text, err := Generate(dir, "f")
	if err != nil {
		t.Fatal(err)
	}
	write("a_wasm.s", string(text))
	if err := Check(dir, "a_wasm.s", "f"); err != nil {
		t.Errorf("Check = %v, want nil", err)
	}
	write("a.go", "package a\n\nfunc f(x uint64) uint64 { return x + 2 }\n")
	if err := Check(dir, "a_wasm.s", "f"); err == nil || !strings.Contains(err.Error(), "stale") {
		t.Errorf("Check = %v, want stale", err)
	}
	if _, err := Generate(dir, "g"); err == nil || !strings.Contains(err.Error(), "no function g") {
		t.Errorf("Generate(g) = %v, want no function", err)
	}
}

// TestRefusals has what must not be translated, and the reason given.
func TestRefusals(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"shift", "return x << x", "shift count"},
		{"shift constant", "return x << 64", "shift count 64"},
		{"division", "return x / y", "divisor"},
		{"division by minus one", "return uint64(int64(x) / -1)", "divisor"},
		{"float", "return uint64(float64(x))", "not a scalar"},
		{"recursion", "return f(x, y)", "recursion"},
		{"call", "return uint64(cap(b))", "cap is outside"},
		{"function value", "g := h; return g(x)", "not a local variable"},
		{"make", "c := make([]byte, 1); return uint64(c[0])", "not a slice"},
		{"string", `return uint64("abc"[x])`, "only slices"},
		{"pointer store", "q.next = q; return 0", "collector"},
		{"package variable", "return counter", "not a local variable"},
		{"defer", "defer h(x); return 0", "DeferStmt"},
		{"goto", "goto end\nend:\n return 0", "outside the subset"},
		{"range over slice", "for range b { x++ }; return x", "not a scalar"},
		{"fallthrough", "switch x { case 1: fallthrough; default: x++ }; return x", "outside the subset"},
		{"method", "return q.get()", "outside the subset"},
		{"composite", "s := []byte{1}; return uint64(s[0])", "not a slice"},
		{"undefined", "return nothing", "undefined"},
	}
	for _, test := range tests {
		dir := t.TempDir()
		src := "package a\n\ntype node struct { next *node; v uint64 }\n\nfunc (n *node) get() uint64 { return n.v }\n\nvar counter uint64\n\n" +
			"func h(x uint64) uint64 { return x }\n\nvar b []byte\nvar q *node\n\nfunc f(x, y uint64) uint64 { return run(x, y, b, q) }\n\n" +
			"func run(x, y uint64, b []byte, q *node) uint64 {\n" + test.body + "\n}\n"
		if test.name == "recursion" {
			src = "package a\n\nfunc run(x, y uint64) uint64 {\n\treturn f(x, y)\n}\n\nfunc f(x, y uint64) uint64 {\n\treturn run(x, y)\n}\n"
		}
		if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Generate(dir, "run")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: Generate = %v, want an error with %q", test.name, err, test.want)
		} else if !strings.Contains(err.Error(), "a.go:") {
			t.Errorf("%s: error %q has no position", test.name, err)
		}
	}
}
