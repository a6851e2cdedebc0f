//go:build !wasip1

package abi

// HasGRPC says whether this module can make gRPC calls.
const HasGRPC = true
