package format

import (
	"encoding/json"
	"os"
	"testing"
)

// TestRegexOracle compares with which patterns a JavaScript engine took under
// the u flag, in the data that schemagen/regex is tested with.
func TestRegexOracle(t *testing.T) {
	file := "../../schemagen/regex/testdata/oracle.json"
	if other := os.Getenv("PORTCULLIS_REGEX_ORACLE"); other != "" {
		file = other
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read the oracle's answers: %v", err)
	}
	var rows [][]json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatalf("parse the oracle's answers: %v", err)
	}
	for _, row := range rows {
		var pattern string
		if err := json.Unmarshal(row[0], &pattern); err != nil {
			t.Fatalf("parse %s: %v", row[0], err)
		}
		want := string(row[1]) != "null"
		if got := CheckString(Regex, []byte(pattern)); got != want {
			t.Errorf("CheckString(regex, %q) = %v, want %v", pattern, got, want)
		}
	}
}
