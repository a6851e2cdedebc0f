package host

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDoubleEntry holds the host apart from the filter: what it shared with it, it could not find wrong.
func TestDoubleEntry(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range strings.Fields(string(out)) {
		if strings.HasPrefix(p, "portcullis/") && p != "portcullis/runtime-test/host" {
			t.Errorf("the host imports %s", p)
		}
	}
}
