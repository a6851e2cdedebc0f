package json

// kernelAsm is kernel, translated.
//
//go:noescape
func kernelAsm(s *parseState)

func runKernel(s *parseState) { kernelAsm(s) }
