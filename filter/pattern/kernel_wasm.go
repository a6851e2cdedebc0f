package pattern

// kernelAsm is kernel, translated.
//
//go:noescape
func kernelAsm(blob []byte, state uint32, chunk []byte) uint32

func run(blob []byte, state uint32, chunk []byte) uint32 { return kernelAsm(blob, state, chunk) }
