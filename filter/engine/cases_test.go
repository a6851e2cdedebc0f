package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

// corpus is the case files of examples/openapi, as far as an engine needs them.
type corpus struct {
	Cases []struct {
		Name    string
		Spec    string
		Request struct {
			Method, Path string
			Headers      []string
			Body         *string
		}
		Expect struct{ Valid bool }
	}
}

// engineOf compiles a description under the profile openapi.
func engineOf(t testing.TB, spec string) *engine.Engine {
	t.Helper()
	r, err := compile.Build(compile.Options{Specs: []string{spec}, Profile: compile.ProfileOpenAPI})
	if err != nil || r.Table == nil {
		t.Fatalf("compile %s: %v %v", spec, err, r)
	}
	tab, e, at := table.Open(r.Table)
	if e != table.ErrNone {
		t.Fatalf("%s: %v at %d", spec, e, at)
	}
	eng, bad := engine.New(tab, engine.Options{})
	if eng == nil {
		t.Fatalf("limit %d", bad)
	}
	return eng
}

func header(name, value string) engine.Header {
	return engine.Header{Name: []byte(name), Value: []byte(value)}
}

// request makes what a proxy would show of a request.
func request(method, path string, headers []string, body *string) *engine.Request {
	r := &engine.Request{EndStream: body == nil || *body == ""}
	r.Headers = []engine.Header{header(":method", method), header(":path", path), header(":authority", "localhost"), header(":scheme", "https")}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		r.Headers = append(r.Headers, header(strings.ToLower(name), strings.TrimSpace(value)))
	}
	if body != nil {
		r.Body = []byte(*body)
		r.Headers = append(r.Headers, header("content-length", fmt.Sprint(len(r.Body))))
	}
	return r
}

func judge(e *engine.Engine, r *engine.Request, d *engine.Decision) {
	e.CheckHeaders(r, d)
	if d.Code == verdict.NeedBody {
		e.CheckBody(r, d)
	}
}

// TestCasesDoNotAllocate judges every request of examples/openapi, good and
// bad: each style, each kind of body, without an allocation.
func TestCasesDoNotAllocate(t *testing.T) {
	files, _ := filepath.Glob("../../examples/openapi/cases/*.yaml")
	if len(files) == 0 {
		t.Fatal("found no case files")
	}
	engines := map[string]*engine.Engine{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nspecs:") {
			continue // not of the form that names a description in each case
		}
		var c corpus
		if err := yaml.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		for _, tc := range c.Cases {
			e := engines[tc.Spec]
			if e == nil {
				e = engineOf(t, filepath.Join(filepath.Dir(file), tc.Spec))
				engines[tc.Spec] = e
			}
			r := request(tc.Request.Method, tc.Request.Path, tc.Request.Headers, tc.Request.Body)
			var d engine.Decision
			answer := make([]byte, 0, 64<<10)
			n := testing.AllocsPerRun(5, func() {
				judge(e, r, &d)
				if d.Code != verdict.Allow {
					answer = e.AppendProblem(answer[:0], &d, true)
				}
			})
			if n != 0 {
				t.Errorf("%s: %v allocations", tc.Name, n)
			}
			if got := d.Code == verdict.Allow; got != tc.Expect.Valid {
				t.Errorf("%s: %s, want valid = %v", tc.Name, d.Code.Name(), tc.Expect.Valid)
			}
			if d.Code == verdict.Internal {
				t.Errorf("%s: %s", tc.Name, d.Code.Name())
			}
		}
	}
}

// TestRulesDoNotAllocate judges the requests of the case files that have a policy:
// what policies decide about paths, methods, ambiguities, codings and browsers.
func TestRulesDoNotAllocate(t *testing.T) {
	for _, file := range []string{"openapi/cases/rules.yaml", "openapi/cases/ambiguous.yaml", "openapi/cases/browser.yaml", "hostile/cases/hostile.yaml"} {
		path := filepath.Join("../../examples", file)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var c struct {
			Specs  []string
			Policy yaml.Node
			Cases  []struct {
				Name    string
				Request struct {
					Method, Path string
					Headers      map[string]any
					Body         *string
				}
			}
		}
		if err := yaml.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		policy, err := yaml.Marshal(&c.Policy)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), "policy.yaml")
		if err := os.WriteFile(name, policy, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := compile.Build(compile.Options{Specs: []string{filepath.Join(filepath.Dir(path), c.Specs[0])}, PolicyPath: name, Strict: true})
		if err != nil || r.Table == nil {
			t.Fatalf("compile %s: %v %v", file, err, r.Diags)
		}
		tab, _, _ := table.Open(r.Table)
		e, _ := engine.New(tab, engine.Options{})
		judged := 0
		for _, tc := range c.Cases {
			if tc.Request.Path == "" {
				continue
			}
			method := tc.Request.Method
			if method == "" {
				method = "GET"
				if tc.Request.Body != nil {
					method = "POST"
				}
			}
			req := request(method, tc.Request.Path, nil, tc.Request.Body)
			for k, v := range tc.Request.Headers {
				req.Headers = append(req.Headers, header(strings.ToLower(k), fmt.Sprint(v)))
			}
			var d engine.Decision
			answer := make([]byte, 0, 64<<10)
			if n := testing.AllocsPerRun(3, func() {
				judge(e, req, &d)
				if d.Code != verdict.Allow {
					answer = e.AppendProblem(answer[:0], &d, true)
				}
			}); n != 0 {
				t.Errorf("%s: %s: %v allocations", file, tc.Name, n)
			}
			if d.Code == verdict.Internal {
				t.Errorf("%s: %s: %s", file, tc.Name, d.Code.Name())
			}
			judged++
		}
		if judged < 20 {
			t.Errorf("%s: %d requests were judged, want more", file, judged)
		}
	}
}
