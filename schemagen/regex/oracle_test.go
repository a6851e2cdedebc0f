package regex

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// TestOracle compares with what a JavaScript engine said of the same patterns
// under the u flag: gen/oracle.js wrote testdata/oracle.json, on Node 20.20.2
// (Unicode 17). PORTCULLIS_REGEX_ORACLE names another file to compare with.
func TestOracle(t *testing.T) {
	file := "testdata/oracle.json"
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
	compiled, texts, tooLarge := 0, 0, 0
	for _, row := range rows {
		var pattern string
		var yes, no []string
		mustUnmarshal(t, row[0], &pattern)
		mustUnmarshal(t, row[1], &yes)
		d, _, err := Compile(pattern, Options{Strict: true})
		var backreference *ErrBackreference
		var large *ErrTooLarge
		switch refused := string(row[1]) == "null"; {
		case refused && err == nil:
			t.Errorf("Compile(%q, strict) compiled, want an error", pattern)
			continue
		case errors.As(err, &large):
			tooLarge++
			continue
		case !refused && err != nil && !errors.As(err, &backreference):
			t.Errorf("Compile(%q, strict) = %v, want none", pattern, err)
			continue
		case err != nil:
			continue
		}
		mustUnmarshal(t, row[2], &no)
		compiled++
		texts += len(yes) + len(no)
		for _, s := range yes {
			if !d.Match(s) {
				t.Errorf("Compile(%q).Match(%q) = false, want true", pattern, s)
			}
		}
		for _, s := range no {
			if d.Match(s) {
				t.Errorf("Compile(%q).Match(%q) = true, want false", pattern, s)
			}
		}
	}
	t.Logf("%d of %d patterns compiled, %d texts, %d too large", compiled, len(rows), texts, tooLarge)
}

func mustUnmarshal(t *testing.T, text json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
}
