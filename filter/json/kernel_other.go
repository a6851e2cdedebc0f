//go:build !wasm

package json

func runKernel(s *parseState) { kernel(s) }
