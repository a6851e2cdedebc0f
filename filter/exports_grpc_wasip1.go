//go:build !lean

package main

// What Envoy alone calls, for the answers of package abi's GRPCCall.

//go:wasmexport proxy_on_grpc_receive
func onGRPCReceive(id, token, size uint32) { vm.GRPCReceive(id, token, size) }

//go:wasmexport proxy_on_grpc_close
func onGRPCClose(id, token, status uint32) { vm.GRPCClose(id, token, status) }
