package param

// formKernelAsm is formKernel, translated.
//
//go:noescape
func formKernelAsm(s *formState)

func runForm(s *formState) { formKernelAsm(s) }
