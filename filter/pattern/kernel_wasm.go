package pattern

// kernelAsm is kernel, translated.
//
//go:noescape
func kernelAsm(blob []byte, state uint64, chunk []byte) uint64

func run(blob []byte, state uint32, chunk []byte) uint32 {
	return uint32(kernelAsm(blob, uint64(state), chunk))
}
