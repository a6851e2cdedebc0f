//go:build !wasm

package param

import (
	"testing"

	"portcullis/filter/internal/wasmgen"
)

func TestKernelIsCurrent(t *testing.T) {
	if err := wasmgen.Check(".", "kernel_wasm.s", "formKernel"); err != nil {
		t.Error(err)
	}
}
