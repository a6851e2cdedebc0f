//go:build lean

package abi

// HasGRPC says whether this module can make gRPC calls.
const HasGRPC = false

// GRPCCall implements [Host]: this module has no gRPC.
func (VM) GRPCCall(service []byte, name, method string, metadata, message []byte, timeoutMs uint32) (uint32, Status) {
	return 0, StatusUnimplemented
}
