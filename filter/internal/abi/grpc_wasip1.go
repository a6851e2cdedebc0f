//go:build !lean

package abi

import "unsafe"

// gRPC is a file of its own so that the lean module does not import what hosts other
// than Envoy lack: a missing import fails the load.

// HasGRPC says whether this module can make gRPC calls.
const HasGRPC = true

//go:wasmimport env proxy_grpc_call
func proxyGRPCCall(s unsafe.Pointer, sn uint32, n unsafe.Pointer, nn uint32, m unsafe.Pointer, mn uint32, md unsafe.Pointer, mdn uint32, b unsafe.Pointer, bn uint32, millis uint32, out unsafe.Pointer) uint32

// GRPCCall implements [Host].
func (VM) GRPCCall(service []byte, name, method string, metadata, message []byte, timeoutMs uint32) (uint32, Status) {
	clearOut()
	if len(metadata) == 0 {
		metadata = noPairs[:]
	}
	st := proxyGRPCCall(data(service), uint32(len(service)), text(name), uint32(len(name)), text(method), uint32(len(method)),
		data(metadata), uint32(len(metadata)), data(message), uint32(len(message)), timeoutMs, unsafe.Pointer(&out.id))
	return out.id, Status(st)
}
