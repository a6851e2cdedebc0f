package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// build runs build.sh in the checkout at dir and returns the module it makes.
func build(t *testing.T, dir, what string) []byte {
	t.Helper()
	out := t.TempDir()
	cmd := exec.Command("./build.sh", what)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "OUT="+out)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build.sh %s: %v\n%s", what, err, b)
	}
	files, err := filepath.Glob(filepath.Join(out, "*.wasm"))
	if err != nil || len(files) != 1 {
		t.Fatalf("build.sh %s made %v (%v), want one module", what, files, err)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestReproducible: the same sources in another folder, and settings of the caller that
// have nothing to do with the module, give the same bytes.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the module twice")
	}
	first := build(t, "..", "full")
	copied := filepath.Join(t.TempDir(), "elsewhere")
	for _, dir := range []string{"filter"} {
		if err := os.CopyFS(filepath.Join(copied, dir), os.DirFS(filepath.Join("..", dir))); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"build.sh", "go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join("..", f))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(copied, f), b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "-tags=lean -ldflags=-s")
	t.Setenv("GOWASM", "satconv")
	second := build(t, copied, "full")
	if !bytes.Equal(first, second) {
		t.Errorf("two builds differ: %d and %d bytes", len(first), len(second))
	}
}

// hostOffers are the WASI functions that every host the project names has: the list of
// ngx_wasm_module, the shortest. All of Envoy 1.36 and later have these too.
var hostOffers = []string{
	"args_get", "args_sizes_get", "clock_time_get", "environ_get", "environ_sizes_get", "fd_close", "fd_fdstat_get", "fd_fdstat_set_flags",
	"fd_prestat_get", "fd_prestat_dir_name", "fd_read", "fd_seek", "fd_write", "path_open", "proc_exit", "random_get", "sched_yield", "poll_oneoff",
}

// hostLacks are Proxy-Wasm functions that ngx_wasm_module does not have.
var hostLacks = []string{"proxy_done", "proxy_close_stream", "proxy_get_log_level", "proxy_grpc_call", "proxy_grpc_stream", "proxy_resolve_shared_queue"}

// envoyOnly are functions of hostLacks that the full module imports all the same: what
// they are for only Envoy can do. Hosts without them load the lean module.
var envoyOnly = []string{"proxy_grpc_call"}

// TestImports keeps the list of the module's imports: one that a host lacks means that
// the module does not load there.
func TestImports(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the modules")
	}
	ctx := t.Context()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	var got []string
	for _, what := range []string{"full", "lean"} {
		module := build(t, "..", what)
		checkSize(t, what, module)
		m, err := r.CompileModule(ctx, module)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range m.ImportedFunctions() {
			module, name, _ := f.Import()
			switch {
			case module == "wasi_snapshot_preview1" && !slices.Contains(hostOffers, name):
				t.Errorf("%s imports %s.%s, which a host that the project names does not have", what, module, name)
			case module == "env" && slices.Contains(hostLacks, name) && (what != "full" || !slices.Contains(envoyOnly, name)):
				t.Errorf("%s imports %s, which ngx_wasm_module does not have", what, name)
			case module != "env" && module != "wasi_snapshot_preview1":
				t.Errorf("%s imports %s.%s: no host has such a module", what, module, name)
			}
			got = append(got, what+" "+module+"."+name)
		}
		for name, f := range m.ExportedFunctions() {
			if strings.HasPrefix(name, "portcullis_budget") {
				t.Errorf("%s exports %s, which is for tests", what, name)
			}
			got = append(got, what+" export "+name+signature(f))
		}
	}
	slices.Sort(got)
	got = slices.Compact(got)
	golden(t, "imports.txt", got, "# Imports and exports of the modules that build.sh makes. Written by go test ./filter -run TestImports -update.\n")
}

// sizes are the most bytes of each module, as it is and compressed as gzip -9 does:
// Envoy compiles all of it before it is ready, and takes memory for it. Measured on
// 2026-11-25: 6.89 and 1.98 MB, 5.02 and 1.45 MB. The bars are 5.2 and 1.5 MB, 3.1 MB for
// lean; filter/RATIONALE.md says what they are missed by. When a budget trips, look at
// what was added by function, largest first (the name section has them): a package of
// the standard library that came along, a literal that is built by code, a generic
// function in many copies. What is found to be needed raises the budget, with its size
// in the commit.
var sizes = map[string]struct{ raw, compressed int }{
	"full": {6_950_000, 1_990_000},
	"lean": {5_060_000, 1_460_000},
}

func checkSize(t *testing.T, what string, module []byte) {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(module); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes, compressed %d", what, len(module), b.Len())
	if most := sizes[what]; len(module) > most.raw || b.Len() > most.compressed {
		t.Errorf("%s is %d bytes, compressed %d, want at most %d and %d", what, len(module), b.Len(), most.raw, most.compressed)
	}
}

func signature(f api.FunctionDefinition) string {
	s := "("
	for _, p := range f.ParamTypes() {
		s += api.ValueTypeName(p) + " "
	}
	s = strings.TrimSuffix(s, " ") + ")"
	for _, p := range f.ResultTypes() {
		s += " " + api.ValueTypeName(p)
	}
	return s
}
