//go:build !wasm

package param

func runForm(s *formState) { formKernel(s) }
