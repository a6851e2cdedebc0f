//go:build !wasm

package pattern

func run(blob []byte, state uint32, chunk []byte) uint32 {
	return uint32(kernel(blob, uint64(state), chunk))
}
