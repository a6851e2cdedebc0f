package schema

import "unsafe"

// load64 is the load of load.go. Go's compiler does not join byte loads for
// WebAssembly, so this one reads the word at once, after the same check.
//
//wasmgen:load 8
func load64(b []byte, i uint64) uint64 {
	w := b[i : i+8 : i+8]
	return *(*uint64)(unsafe.Pointer(&w[0]))
}

// load32 is load64 for 4 bytes.
//
//wasmgen:load 4
func load32(b []byte, i uint64) uint64 {
	w := b[i : i+4 : i+4]
	return uint64(*(*uint32)(unsafe.Pointer(&w[0])))
}
