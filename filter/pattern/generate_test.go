//go:build !wasm

package pattern

import (
	"testing"

	"portcullis/filter/internal/wasmgen"
)

func TestGenerated(t *testing.T) {
	if err := wasmgen.Check(".", "kernel_wasm.s", "kernel"); err != nil {
		t.Errorf("kernel_wasm.s is stale, run go generate: %v", err)
	}
}
