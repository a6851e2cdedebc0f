package format

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const suiteDir = "../../../shared/testdata/json-schema-test-suite/tests"

// deviations lists the cases of the official suite that are judged otherwise
// on purpose, by format and data, with the reason.
var deviations = map[[2]string]string{}

// TestSuite walks optional/format of every draft of the official suite. The
// groups hold one format each, nothing else.
func TestSuite(t *testing.T) {
	files, _ := filepath.Glob(suiteDir + "/*/optional/format/*.json")
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
			Schema struct{ Format string }
			Tests  []struct {
				Description string
				Data        json.RawMessage
				Valid       bool
			}
		}
		if err := json.Unmarshal(text, &groups); err != nil {
			t.Fatalf("parse %s: %v", file, err)
		}
		for _, g := range groups {
			id, known := Lookup(g.Schema.Format)
			if !known && g.Schema.Format != "unknown" {
				t.Errorf("Lookup(%q) = false, want true (%s)", g.Schema.Format, file)
			}
			for _, c := range g.Tests {
				cases++
				got := check(t, id, c.Data)
				reason, listed := deviations[[2]string{g.Schema.Format, string(c.Data)}]
				switch {
				case got != c.Valid && !listed:
					t.Errorf("%s: check(%s, %s) = %v, want %v (%s)", filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(file)))),
						g.Schema.Format, c.Data, got, c.Valid, c.Description)
				case got == c.Valid && listed:
					t.Errorf("check(%s, %s) agrees with the suite, but is listed: %s", g.Schema.Format, c.Data, reason)
				}
			}
		}
	}
	t.Logf("%d cases", cases)
}

// check judges one JSON value.
func check(t *testing.T, id ID, data json.RawMessage) bool {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("parse %s: %v", data, err)
	}
	switch v := v.(type) {
	case string:
		return CheckString(id, []byte(v))
	case float64:
		return CheckNumber(id, data)
	}
	return true
}
