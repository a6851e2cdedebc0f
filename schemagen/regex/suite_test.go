package regex

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const suiteDir = "../../../shared/testdata/json-schema-test-suite/tests"

// TestSuite runs the official suite's tests of expressions whose schema is one
// pattern or one patternProperties, which is all of them.
func TestSuite(t *testing.T) {
	var files []string
	for _, name := range []string{"pattern.json", "patternProperties.json", "optional/ecmascript-regex.json", "optional/non-bmp-regex.json"} {
		found, _ := filepath.Glob(filepath.Join(suiteDir, "*", filepath.FromSlash(name)))
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skipf("no test suite in %s", suiteDir)
	}
	cases := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("read the suite: %v", err)
		}
		var groups []struct {
			Schema struct {
				Pattern              *string
				PatternProperties    map[string]any
				AdditionalProperties *bool
			}
			Tests []struct {
				Description string
				Data        any
				Valid       bool
			}
		}
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatalf("parse %s: %v", file, err)
		}
		for _, g := range groups {
			for _, c := range g.Tests {
				switch data := c.Data.(type) {
				case string:
					if g.Schema.Pattern != nil {
						cases++
						expectMatch(t, *g.Schema.Pattern, data, c.Valid)
					}
				case map[string]any:
					// Closed objects: a name is allowed if its pattern matches.
					if g.Schema.AdditionalProperties == nil || len(g.Schema.PatternProperties) != 1 || len(data) != 1 {
						continue
					}
					for p := range g.Schema.PatternProperties {
						for name := range data {
							cases++
							expectMatch(t, p, name, c.Valid)
						}
					}
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

func expectMatch(t *testing.T, pattern, text string, want bool) {
	t.Helper()
	d, _, err := Compile(pattern, Options{Strict: true})
	if err != nil {
		t.Errorf("Compile(%q, strict) = %v, want none", pattern, err)
		return
	}
	if got := d.Match(text); got != want {
		t.Errorf("Compile(%q).Match(%q) = %v, want %v", pattern, text, got, want)
	}
}
