package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite deps.txt and imports.txt")

// banned are packages that no package of the filter may depend on, not even through
// others, but for those in allowed. Figures are bytes of module, measured with a
// minimal filter and Go 1.26.
var banned = []struct{ path, reason string }{
	{"reflect", "code that decides by type at run time, and 60 KB with its users"},
	{"fmt", "747 KB; it initialises the poller, and a collection can then kill the VM on Envoy up to 1.38"},
	{"regexp", "661 KB and allocations; patterns are automata made by schemagen"},
	{"os", "390 KB, the poller, and imports that some hosts lack"},
	{"time", "263 KB; time is a parameter below the plugin"},
	{"net", "no host gives a socket"},
	{"net/http", "2.8 MB"},
	{"net/url", "970 KB"},
	{"encoding/json", "1.4 MB, and it takes duplicate names and invalid UTF-8"},
	{"encoding/binary", "drags reflect into the graph; package le does it"},
	{"math/big", "576 KB and allocations; numbers are package decimal's"},
	{"compress/flate", "tables come as they are, or through the host's uncompress"},
	{"crypto/sha256", "558 KB: with it come os and time; package token/sig has it behind an interface"},
	{"log", "lines go to the host"},
}

// allowed are the edges that the policy makes an exception for.
var allowed = map[string]string{
	"portcullis/filter":           "package main wires the cryptography",
	"portcullis/filter/token/sig": "the only package with crypto/*, which brings os, time and reflect",
}

// generators are packages that write code of the filter. They are no part of the
// module, and TestGenerators holds them out of it.
var generators = map[string]string{
	"portcullis/filter/internal/wasmgen": "makes structured Wasm of Go's kernels",
}

// layers are edges inside the filter that must not be there.
var layers = []struct{ from, to, reason string }{
	{"portcullis/filter/", "portcullis/schemagen", "the module holds no compiler"},
	{"portcullis/filter/", "portcullis/runtime-test", "the host is double entry: neither side may share code with the other"},
	{"portcullis/filter/engine", "portcullis/filter/internal", "the engine knows no host"},
	{"portcullis/filter/engine", "portcullis/filter/config", "the engine knows no plugin configuration"},
	{"portcullis/filter/schema", "portcullis/filter/engine", "stages do not know who calls them"},
	{"portcullis/filter/json", "portcullis/filter/table", "the parser knows no schema"},
	{"portcullis/filter/internal/abi", "portcullis/filter/engine", "the ABI knows bytes and numbers only"},
}

// goList runs go list for the module's target.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, &stderr)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestImportPolicy(t *testing.T) {
	const sep = "|"
	for _, line := range goList(t, "-f", `{{.Name}}`+sep+`{{.ImportPath}}`+sep+`{{join .Deps ","}}`, "./...") {
		part := strings.Split(line, sep)
		name, path, deps := part[0], part[1], strings.Split(part[2], ",")
		if name == "main" && path != "portcullis/filter" || generators[path] != "" {
			continue
		}
		for _, l := range layers {
			for _, d := range deps {
				if strings.HasPrefix(path+"/", l.from) && strings.HasPrefix(d+"/", l.to+"/") {
					t.Errorf("%s depends on %s: %s", path, d, l.reason)
				}
			}
		}
		if allowed[path] != "" {
			continue
		}
		for _, b := range banned {
			if slices.Contains(deps, b.path) {
				t.Errorf("%s depends on %s: %s", path, b.path, b.reason)
			}
		}
	}
}

func TestGenerators(t *testing.T) {
	for _, d := range goList(t, "-deps", ".") {
		if generators[d] != "" {
			t.Errorf("the module holds %s, which %s", d, generators[d])
		}
	}
}

// TestCrypto: cryptography has one way in. crypto/subtle is comparisons, and brings
// nothing with it.
func TestCrypto(t *testing.T) {
	for _, line := range goList(t, "-f", `{{.Name}}|{{.ImportPath}}|{{join .Imports ","}}`, "./...") {
		part := strings.Split(line, "|")
		if part[0] == "main" || part[1] == "portcullis/filter/token/sig" {
			continue
		}
		for _, d := range strings.Split(part[2], ",") {
			if d != "crypto/subtle" && (d == "crypto" || strings.HasPrefix(d, "crypto/")) {
				t.Errorf("%s imports %s: only token/sig may, behind the interface of package token", part[1], d)
			}
		}
	}
}

// golden compares got with a checked-in list.
func golden(t *testing.T, file string, got []string, head string) {
	t.Helper()
	text := head + strings.Join(got, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == text {
		return
	}
	old := strings.Split(string(want), "\n")
	for _, l := range got {
		if !slices.Contains(old, l) {
			t.Errorf("%s lacks %q, which is there now", file, l)
		}
	}
	for _, l := range old {
		if l != "" && l[0] != '#' && !slices.Contains(got, l) {
			t.Errorf("%s has %q, which is gone", file, l)
		}
	}
	t.Errorf("%s differs: look at the change, then go test ./filter -run %s -update", file, t.Name())
}

// TestDeps keeps the list of all packages in the module, so that a new one shows in
// review.
func TestDeps(t *testing.T) {
	var got []string
	for _, tags := range []string{"", "lean"} {
		for _, p := range goList(t, "-deps", "-tags", tags, ".") {
			if tags != "" {
				p = tags + " " + p
			}
			got = append(got, p)
		}
	}
	slices.Sort(got)
	golden(t, "deps.txt", got, "# Packages in the module, and in the lean one (lines that start with \"lean\"). Written by go test ./filter -run TestDeps -update.\n")
}
