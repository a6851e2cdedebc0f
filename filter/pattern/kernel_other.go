//go:build !wasm

package pattern

func run(blob []byte, state uint32, chunk []byte) uint32 { return kernel(blob, state, chunk) }
