//go:build !wasm

package schema

import (
	"testing"

	"portcullis/filter/internal/wasmgen"
)

func TestKernelIsCurrent(t *testing.T) {
	if err := wasmgen.Check(".", "kernel_wasm.s", "kernel"); err != nil {
		t.Error(err)
	}
}
