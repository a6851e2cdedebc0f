package main

import (
	"os"

	"portcullis/runtime-test/cases"
)

// module returns the binary at path, or builds the filter.
func module(path string) ([]byte, error) {
	if path != "" {
		return os.ReadFile(path)
	}
	return cases.Module()
}
