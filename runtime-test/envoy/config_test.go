package envoy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"portcullis/runtime-test/cases"
)

// toolDir is where schemagenOnce builds; "" as long as no test has needed it.
var toolDir string

var schemagenOnce = sync.OnceValues(func() (string, error) {
	dir, err := cases.Root()
	if err != nil {
		return "", err
	}
	if toolDir, err = os.MkdirTemp("", "schemagen"); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(toolDir, "schemagen"), "./schemagen")
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return string(text), err
	}
	return filepath.Join(toolDir, "schemagen"), nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if toolDir != "" {
		os.RemoveAll(toolDir)
	}
	os.Exit(code)
}

// schemagen runs the command and returns what it printed.
func schemagen(t *testing.T, args ...string) string {
	t.Helper()
	p, err := schemagenOnce()
	if err != nil {
		t.Fatalf("build schemagen: %v\n%s", err, p)
	}
	cmd := exec.Command(p, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("schemagen %q: %v\n%s", args, err, &errs)
	}
	return string(out)
}

const (
	goodReset = `{"email":"ada@example.com"}`
	badReset  = `{"email":1}`
)

// judges wants a running proxy to tell good from bad, and nothing of the bad to
// reach the upstream.
func judges(t *testing.T, p *Process, up *Upstream) {
	t.Helper()
	before := up.Total()
	for _, r := range []struct {
		raw    []byte
		status int
		code   string
	}{
		{message("GET", "/v1/products?page=2", ""), 200, ""},
		{message("GET", "/v1/products?page=two", ""), 400, "param_invalid"},
		{message("POST", "/v1/password-resets", goodReset), 200, ""},
		{message("POST", "/v1/password-resets", badReset), 400, "body_invalid"},
	} {
		a, err := ask(p.Address, r.raw)
		if err != nil || a.status != r.status || a.code != r.code || a.up != (r.code == "") {
			t.Errorf("%.40q: %v (%v), want %d %s", r.raw, a, err, r.status, r.code)
		}
	}
	if got := up.Total() - before; got != 2 {
		t.Errorf("the upstream saw %d requests, want the 2 good ones", got)
	}
}

// TestEnvoyConfig takes the command line's way: build, config or link, and what it
// printed goes into Envoy untouched.
func TestEnvoyConfig(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		envoy, wasm, dir := binary(t, version), module(t), t.TempDir()
		shop := filepath.Join(root(t), "examples", "shop")
		table, linked, resource := filepath.Join(dir, "shop.tbl"), filepath.Join(dir, "shop.wasm"), filepath.Join(dir, "ecds.yaml")
		schemagen(t, "build", "-o", table, "-policy", filepath.Join(shop, "policy.yaml"), filepath.Join(shop, "shop.yaml"))
		schemagen(t, "link", "-module", wasm, "-table", table, "-o", linked)
		plugin := `{"secrets":{"machines":"0123456789abcdef0123456789abcdef"}}`
		write := func(text string) {
			if err := os.WriteFile(resource, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		tests := []struct {
			name string
			args []string
			ecds []string // made first, into the resource file
		}{
			{"hold stop", []string{"-module", wasm, "-table", table, "-plugin", plugin}, nil},
			{"hold buffer", []string{"-module", wasm, "-table", table, "-plugin", plugin, "-hold", "buffer"}, nil},
			{"linked", []string{"-module", linked, "-plugin", plugin}, nil},
			{"ecds", []string{"-ecds", resource}, []string{"-module", wasm, "-table", table, "-plugin", plugin}},
			{"ecds with hold buffer", []string{"-ecds", resource, "-hold", "buffer"}, []string{"-module", wasm, "-table", table, "-plugin", plugin, "-hold", "buffer"}},
		}
		for _, tt := range tests {
			if version == oldest && tt.name != "hold stop" && tt.name != "ecds" {
				continue // every start takes seconds of CPU
			}
			t.Run(tt.name, func(t *testing.T) {
				up := startUpstream(t)
				if tt.ecds != nil {
					write(schemagen(t, append([]string{"config", "-target", "envoy-ecds"}, tt.ecds...)...))
				}
				config := schemagen(t, append([]string{"config", "-target", "envoy", "-bootstrap", "-listen", "127.0.0.1:0",
					"-admin", "127.0.0.1:0", "-upstream", up.Address}, tt.args...)...)
				if out, err := Validate(envoy, config); err != nil {
					t.Fatalf("envoy --mode validate: %v\n%s", err, tail(out, 10))
				}
				judges(t, run(t, Options{Binary: envoy, Config: config}), up)
			})
		}
	})
}
