package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/requests"
)

// sampled is the descriptions of the sample: each kind of body and parameter, and credentials.
var sampled = []struct {
	spec        string
	credentials bool
	valid       int
	faults      int
}{
	{"requests/testdata/styles.yaml", false, 4, 30},
	{"requests/testdata/bodies.yaml", false, 4, 30},
	{"../examples/partners/spec.yaml", true, 2, 12},
	{"../examples/shop/shop.yaml", true, 2, 12},
}

// sample sends generated requests to an engine and holds it to every verdict.
func sample(t *testing.T, e cases.Engine) {
	sent := 0
	for _, s := range sampled {
		r, err := requests.Run(context.Background(), requests.Options{
			Specs: []string{filepath.FromSlash(s.spec)}, Engines: []cases.Engine{e}, Valid: s.valid, Faults: s.faults, Seed: 11, Credentials: s.credentials,
			OnWrong: func(w requests.Wrong) {
				t.Errorf("%s: %s: got %s, want %s: %s\n%s", w.Operation, w.What, w.Got, w.Expected, w.Request, w.Answer)
			},
		})
		if err != nil {
			t.Fatalf("%s: %v", s.spec, err)
		}
		sent += r.Passed + r.Failed
	}
	t.Logf("%d requests", sent)
	if sent < 500 {
		t.Errorf("%d requests were sent, want some hundreds", sent)
	}
}

// TestRequestsWazero and TestRequestsEnvoy: what generated requests are answered natively, they are answered by the module too.
func TestRequestsWazero(t *testing.T) { sample(t, &cases.Wazero{Module: filterModule(t)}) }

func TestRequestsEnvoy(t *testing.T) {
	root, err := cases.Root()
	if err != nil {
		t.Fatal(err)
	}
	binary, err := envoy.Find(root, envoy.Versions[0])
	if err != nil {
		if os.Getenv("PORTCULLIS_ENVOY") == "required" {
			t.Fatalf("Envoy is required here: %v", err)
		}
		t.Skipf("skipped: %v", err)
	}
	module := filepath.Join(t.TempDir(), "filter.wasm")
	if err := os.WriteFile(module, filterModule(t), 0o644); err != nil {
		t.Fatal(err)
	}
	sample(t, &envoy.Engine{Binary: binary, Module: module})
}
