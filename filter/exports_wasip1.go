package main

import (
	"portcullis/filter/internal/abi"
	"portcullis/filter/internal/plugin"
	"portcullis/filter/token/sig"
)

// vm is this module's plugin: with the arena and the out-parameters of package abi
// the only state the filter has outside of it.
var vm = plugin.New(plugin.Options{Host: abi.VM{}, Arena: abi.VM{}.Arena(), Sig: sig.New()})

// Proxy-Wasm ABI v0.2.1, "Functions exposed by the Wasm module".

//go:wasmexport proxy_abi_version_0_2_1
func abiVersion() {}

//go:wasmexport proxy_on_memory_allocate
func onMemoryAllocate(size uint32) uint32 { return abi.Allocate(size) }

//go:wasmexport proxy_on_context_create
func onContextCreate(id, parent uint32) { vm.ContextCreate(id, parent) }

//go:wasmexport proxy_on_vm_start
func onVMStart(id, size uint32) uint32 { return truth(vm.VMStart(id, size)) }

//go:wasmexport proxy_on_configure
func onConfigure(id, size uint32) uint32 {
	setGCPercent(gcConfiguring)
	good := vm.Configure(id, size)
	finishCollection(8 << 20)
	setGCPercent(gcServing)
	return truth(good)
}

//go:wasmexport proxy_on_tick
func onTick(id uint32) {
	vm.Tick(id)
	finishCollection(256 << 10)
}

//go:wasmexport proxy_on_request_headers
func onRequestHeaders(id, num, end uint32) uint32 {
	return uint32(vm.RequestHeaders(id, num, end != 0))
}

//go:wasmexport proxy_on_request_body
func onRequestBody(id, size, end uint32) uint32 { return uint32(vm.RequestBody(id, size, end != 0)) }

//go:wasmexport proxy_on_request_trailers
func onRequestTrailers(id, num uint32) uint32 { return uint32(vm.RequestTrailers(id, num)) }

//go:wasmexport proxy_on_response_headers
func onResponseHeaders(id, num, end uint32) uint32 {
	return uint32(vm.ResponseHeaders(id, num, end != 0))
}

//go:wasmexport proxy_on_response_body
func onResponseBody(id, size, end uint32) uint32 { return uint32(vm.ResponseBody(id, size, end != 0)) }

//go:wasmexport proxy_on_response_trailers
func onResponseTrailers(id, num uint32) uint32 { return uint32(vm.ResponseTrailers(id, num)) }

//go:wasmexport proxy_on_http_call_response
func onHTTPCallResponse(id, token, headers, body, _ uint32) {
	vm.HTTPCallResponse(id, token, headers, body)
}

//go:wasmexport proxy_on_done
func onDone(id uint32) uint32 { return truth(vm.Done(id)) }

//go:wasmexport proxy_on_delete
func onDelete(id uint32) { vm.Delete(id) }

func truth(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
