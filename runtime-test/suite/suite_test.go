package suite

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/schemagen/dialect"
)

// officialDir is the copy of the suite that comes with the project's inputs.
const officialDir = "../../../shared/testdata/json-schema-test-suite"

// numOfficial is how many tests that copy has, optional ones included.
const numOfficial = 4432

func official(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(officialDir); err != nil {
		t.Skipf("the official suite is not there: %v", err)
	}
}

// runAll runs a suite and returns how many tests passed; the others fail t.
func runAll(t *testing.T, opts Options) int {
	t.Helper()
	passed := 0
	err := Run(opts, func(o Outcome) {
		if o.Passed {
			passed++
		} else {
			t.Errorf("%s: %s", o.ID(), o.Detail)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return passed
}

// engines are what every test of the suite runs on.
func engines(t *testing.T) map[string]Engine {
	t.Helper()
	wasm, err := NewWasm("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wasm.Close() })
	return map[string]Engine{"reference": Reference{}, "native": &Native{}, "wazero": wasm}
}

func TestOfficialSuite(t *testing.T) {
	official(t)
	for name, engine := range engines(t) {
		t.Run(name, func(t *testing.T) {
			if passed := runAll(t, Options{Dir: officialDir, Optional: true, Engine: engine}); passed != numOfficial {
				t.Errorf("passed = %d, want %d", passed, numOfficial)
			}
		})
	}
}

// The drafts of which no official tests come with the project, and OpenAPI.
func TestOwnSuite(t *testing.T) {
	for name, engine := range engines(t) {
		t.Run(name, func(t *testing.T) {
			if passed := runAll(t, Options{Dir: "testdata", Engine: engine}); passed < 200 {
				t.Errorf("passed = %d, want over 200", passed)
			}
		})
	}
}

// Draft 7 adds to draft 6 and takes nothing away, so the tests of the one hold
// for the other, but for those about what a later draft knows.
func TestDraft6AsDraft7(t *testing.T) {
	official(t)
	dir := t.TempDir()
	translate(t, dir, "draft6", "draft7", func(file string, text string) string {
		return strings.ReplaceAll(text, "draft-06/schema", "draft-07/schema")
	})
	for _, engine := range []Engine{Reference{}, &Native{}} {
		if passed := runAll(t, Options{Dir: dir, Draft: "draft7", Optional: true, Engine: engine}); passed < 1200 {
			t.Errorf("%T: passed = %d, want over 1200", engine, passed)
		}
	}
}

// 2019-09 differs from 2020-12 in how arrays are described, in dynamic
// references and in what contains evaluates; the rest must hold for both.
func TestDraft202012As201909(t *testing.T) {
	official(t)
	dir := t.TempDir()
	translate(t, dir, "draft2020-12", "draft2019-09", func(file string, text string) string {
		switch filepath.Base(file) {
		case "dynamicRef.json", "vocabulary.json", "prefixItems.json", "format-assertion.json", "cross-draft.json":
			return "" // about the difference itself
		}
		return olderArrays(t, strings.NewReplacer(
			"#/prefixItems/", "#/items/", "draft/2020-12/", "draft/2019-09/", "localhost:1234/draft2020-12/", "localhost:1234/draft2019-09/",
		).Replace(text))
	})
	for _, engine := range []Engine{Reference{}, &Native{}} {
		runOlder(t, Options{Dir: dir, Draft: "draft2019-09", Optional: true, Engine: engine})
	}
}

func runOlder(t *testing.T, opts Options) {
	t.Helper()
	skipped, passed := 0, 0
	err := Run(opts, func(o Outcome) {
		switch {
		case o.Passed:
			passed++
		case differsIn201909(o):
			skipped++
		default:
			t.Errorf("%s: %s", o.ID(), o.Detail)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if passed < 2000 || skipped != 8 { // a test that starts to pass is to leave the list
		t.Errorf("passed, skipped = %d, %d, want over 2000 and 8", passed, skipped)
	}
}

// differsIn201909 lists the groups of 2020-12 whose outcome 2019-09 changes.
func differsIn201909(o Outcome) bool {
	for _, part := range []string{
		"unevaluatedItems depends on adjacent contains", // contains evaluates since 2020-12
		"unevaluatedItems depends on multiple nested contains",
		"unevaluatedItems and contains interact to control item dependency relationship",
		"unevaluatedItems with minContains = 0",
		"unevaluatedItems with $dynamicRef", // not a keyword
		"unevaluatedProperties with $dynamicRef",
	} {
		if strings.Contains(o.Group, part) {
			return true
		}
	}
	return false
}

// translate writes the tests of one draft as those of another, and the remotes
// beside them.
func translate(t *testing.T, dir, from, to string, change func(file, text string) string) {
	t.Helper()
	base := filepath.Join(officialDir, "tests", from)
	err := filepath.WalkDir(base, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(base, path)
		if err != nil {
			return err
		}
		if text := change(rel, string(data)); text != "" {
			return write(filepath.Join(dir, "tests", to, rel), text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "remotes"), os.DirFS(filepath.Join(officialDir, "remotes"))); err != nil {
		t.Fatal(err)
	}
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// olderArrays turns prefixItems and items into items and additionalItems
// wherever both could stand, in schemas only.
func olderArrays(t *testing.T, text string) string {
	t.Helper()
	var groups []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &groups); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		dec := json.NewDecoder(strings.NewReader(string(g["schema"])))
		dec.UseNumber()
		var schema any
		if err := dec.Decode(&schema); err != nil {
			t.Fatal(err)
		}
		older(schema)
		raw, err := json.Marshal(schema)
		if err != nil {
			t.Fatal(err)
		}
		g["schema"] = raw
	}
	out, err := json.Marshal(groups)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func older(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			older(item)
		}
	case map[string]any:
		for _, item := range v {
			older(item)
		}
		prefix, ok := v["prefixItems"].([]any)
		if !ok {
			return
		}
		delete(v, "prefixItems")
		if rest, ok := v["items"]; ok {
			v["additionalItems"] = rest
		}
		v["items"] = prefix
	}
}

func mustDialect(t *testing.T, name string) dialect.Dialect {
	t.Helper()
	d, ok := dialect.ByName(name)
	if !ok {
		t.Fatalf("no dialect %s", name)
	}
	return d
}
