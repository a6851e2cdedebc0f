package oracle

import (
	"bytes"
	"testing"

	"portcullis/runtime-test/suite"
)

// A short comparison for every run; `runtime-test diff -n` makes longer ones.
func TestDiff(t *testing.T) {
	var out bytes.Buffer
	counts := Diff(&out, Options{Seed: 1, Pairs: 40000, Values: 40, Engines: map[string]suite.Engine{"native": &suite.Native{}}})
	counts.Write(&out, 1)
	t.Logf("%s", out.String())
	if counts.Differences > 0 {
		t.Errorf("found %d differences, wanted none", counts.Differences)
	}
	if counts.Valid < counts.Pairs/20 || counts.Valid > counts.Pairs*19/20 {
		t.Errorf("%d of %d pairs are valid, wanted some of both", counts.Valid, counts.Pairs)
	}
}
