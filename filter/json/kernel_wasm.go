package json

// kernelAsm is kernel, translated.
//
//go:noescape
func kernelAsm(s *parseState)

// scanStringsAsm is scanStrings, translated.
//
//go:noescape
func scanStringsAsm(src []byte, nodes []Node) uint64

func runKernel(s *parseState) { kernelAsm(s) }

func runScanStrings(src []byte, nodes []Node) uint64 { return scanStringsAsm(src, nodes) }
