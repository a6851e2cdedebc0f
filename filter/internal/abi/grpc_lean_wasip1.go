//go:build lean

package abi

// GRPCCall implements [Host]: this module has no gRPC.
func (VM) GRPCCall(service []byte, name, method string, metadata, message []byte, timeoutMs uint32) (uint32, Status) {
	return 0, StatusUnimplemented
}
