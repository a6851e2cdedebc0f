// Package hosttest builds the scripted module of package host for tests of the
// packages around it. It needs the Go toolchain.
package hosttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Guest is the scripted module in runtime-test/host/testdata/guest, built anew.
func Guest(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(GuestFile(t))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// GuestFile is the same as a file, which goes with the test.
func GuestFile(t testing.TB) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-w", "-o", out, "portcullis/runtime-test/host/testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build guest: %v\n%s", err, text)
	}
	return out
}
