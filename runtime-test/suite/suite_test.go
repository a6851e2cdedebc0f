package suite

import (
	"os"
	"testing"
)

// officialDir is the copy of the suite that comes with the project's inputs.
const officialDir = "../../../shared/testdata/json-schema-test-suite"

func TestOfficialSuite(t *testing.T) {
	if _, err := os.Stat(officialDir); err != nil {
		t.Skipf("the official suite is not there: %v", err)
	}
	passed := 0
	err := Run(Options{Dir: officialDir, Optional: true, Engine: Reference{}}, func(o Outcome) {
		if o.Passed {
			passed++
		} else {
			t.Errorf("%s: %s", o.ID(), o.Detail)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d passed", passed)
}
