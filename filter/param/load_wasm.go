package param

import "unsafe"

// load64 is the load of load.go. Go's compiler does not join byte loads for
// WebAssembly, so this one reads the word at once, after the same check.
//
//wasmgen:load 8
func load64(b []byte, i uint64) uint64 {
	w := b[i : i+8 : i+8]
	return *(*uint64)(unsafe.Pointer(&w[0]))
}

// store64 is the store of load.go.
//
//wasmgen:store 8
func store64(b []byte, i, v uint64) {
	w := b[i : i+8 : i+8]
	*(*uint64)(unsafe.Pointer(&w[0])) = v
}
