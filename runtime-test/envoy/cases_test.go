package envoy

import (
	"path/filepath"
	"testing"

	"portcullis/runtime-test/cases"
)

// runFile runs the cases of a file on one version and returns the results.
func runFile(t *testing.T, version, path string) (*cases.File, []cases.Result) {
	t.Helper()
	e := &Engine{Binary: binary(t, version), Module: module(t)}
	f, err := cases.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	r := cases.Runner{Engines: []cases.Engine{e}}
	results, err := r.Run(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	for _, res := range results {
		if !res.Passed {
			t.Errorf("%s:%d %s: %q", filepath.Base(res.File), res.Line, res.Case, res.Wrong)
		}
	}
	return f, results
}

// TestEnvoyCases runs the examples' cases on the older Envoys; on the newest they
// are run with the other engines, by `runtime-test run`. Those of examples/openapi
// are about the engine's reading of requests, which no version changes, and need
// methods that old ones refuse to parse.
func TestEnvoyCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root(t), "examples", "shop", "cases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no case files of the shop: %v", err)
	}
	each(t, func(t *testing.T, version string) {
		if version == newest {
			return // runtime-test run -engine envoy runs the cases on this one
		}
		for _, f := range files {
			name, example := filepath.Base(f), filepath.Base(filepath.Dir(filepath.Dir(f)))
			if name != "hold.yaml" && example != "openapi" { // hold.yaml is TestEnvoyHold's
				t.Run(example+"/"+name, func(t *testing.T) { runFile(t, version, f) })
			}
		}
	})
}

// TestEnvoyHold shows the four ways in which a filter and a proxy can be set up to
// hold headers: one lets the upstream see a refused request, and is the documented
// misuse; three are safe.
func TestEnvoyHold(t *testing.T) {
	type way struct {
		hold                string
		stopIteration, buff bool
	}
	rows := []struct {
		name string
		way  way
		seen bool // by the upstream, of a refused request
		code string
	}{
		{"headers go on, nothing behind", way{"buffer", false, false}, true, "body_invalid"},
		{"headers stop, the proxy allows it", way{"stop", true, false}, false, "body_invalid"},
		{"headers go on, the buffer filter is behind", way{"buffer", false, true}, false, "body_invalid"},
		{"headers stop, the proxy makes that a stop of everything", way{"stop", false, false}, false, "body_unjudged"},
	}
	each(t, func(t *testing.T, version string) {
		f, results := runFile(t, version, filepath.Join(root(t), "examples", "shop", "cases", "hold.yaml"))
		ran := map[string]bool{}
		for _, r := range results {
			ran[r.Case] = true
		}
		for _, row := range rows {
			shown := false
			for i := range f.Cases {
				c := &f.Cases[i]
				s := cases.Setup{Config: c.Config}
				if c.Host != nil {
					s.Host = *c.Host
				}
				if !ran[c.Name] || c.Expect == nil || c.Expect.Code != row.code || (way{s.Hold(), s.StopIteration(), s.BufferFilter()}) != row.way {
					continue
				}
				if n := c.Expect.Upstream.Requests; n != nil && (*n > 0) == row.seen {
					shown = true
				}
			}
			if !shown {
				t.Errorf("no case of hold.yaml shows: %s", row.name)
			}
		}
	})
}
