//go:build !wasm

package json

func runKernel(s *parseState) { kernel(s) }

func runScanStrings(src []byte, nodes []Node) uint64 { return scanStrings(src, nodes) }
