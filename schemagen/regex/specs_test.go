package regex

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const specsDir = "../../../shared/testdata/specs"

// specPatterns returns every pattern of the API descriptions, sorted.
func specPatterns(t testing.TB) []string {
	t.Helper()
	if _, err := os.Stat(specsDir); err != nil {
		t.Skipf("no API descriptions to take patterns from: %v", err)
	}
	found := make(map[string]bool)
	err := filepath.WalkDir(specsDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var doc any
		switch filepath.Ext(path) {
		case ".json":
			err = json.Unmarshal(text, &doc)
		case ".yaml", ".yml":
			err = yaml.Unmarshal(text, &doc)
		}
		if err != nil {
			return err
		}
		collectPatterns(doc, found)
		return nil
	})
	if err != nil {
		t.Fatalf("walk %s: %v", specsDir, err)
	}
	list := make([]string, 0, len(found))
	for p := range found {
		list = append(list, p)
	}
	sort.Strings(list)
	return list
}

func collectPatterns(v any, found map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, sub := range v {
			if s, ok := sub.(string); ok && key == "pattern" {
				found[s] = true
			}
			if m, ok := sub.(map[string]any); ok && key == "patternProperties" {
				for p := range m {
					found[p] = true
				}
			}
			collectPatterns(sub, found)
		}
	case map[any]any:
		for _, sub := range v {
			collectPatterns(sub, found)
		}
	case []any:
		for _, sub := range v {
			collectPatterns(sub, found)
		}
	}
}

// notCompiled lists the patterns of the descriptions that do not compile, each
// with the reason. One that starts to compile fails the test.
var notCompiled = map[string]string{}

func TestCompileSpecPatterns(t *testing.T) {
	list := specPatterns(t)
	total, largest := 0, 0
	for _, p := range list {
		d, _, err := Compile(p, Options{})
		want, listed := notCompiled[p]
		switch {
		case err == nil && listed:
			t.Errorf("Compile(%q) compiled, but is listed with %q", p, want)
		case err != nil && (!listed || !strings.Contains(err.Error(), want)):
			var e *ErrSyntax
			t.Errorf("Compile(%q) = %v (syntax: %v), want none", p, err, errors.As(err, &e))
		}
		if err == nil {
			total += d.Size()
			largest = max(largest, d.Size())
		}
	}
	t.Logf("%d patterns, %d bytes in all, largest %d bytes", len(list), total, largest)
}
