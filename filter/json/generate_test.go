//go:build !wasm

package json

import (
	"testing"

	"portcullis/filter/internal/wasmgen"
)

func TestKernelIsCurrent(t *testing.T) {
	if err := wasmgen.Check(".", "kernel_wasm.s", "kernel", "scanStrings"); err != nil {
		t.Error(err)
	}
}
