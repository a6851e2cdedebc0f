package schema

// kernelAsm is kernel, translated.
//
//go:noescape
func kernelAsm(s *state)

func runKernel(s *state) { kernelAsm(s) }
