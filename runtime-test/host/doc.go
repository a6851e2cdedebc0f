// Package host is a Proxy-Wasm 0.2.1 host on wazero that behaves like Envoy where Envoy's behaviour can be seen from inside a module or from
// either side of the filter chain.
//
// It exists so that the filter can be judged by something that was not written from the filter: every constant of the ABI is written here a
// second time from the specification (proxy-wasm/spec, abi-versions/v0.2.1), and nothing of portcullis/filter is imported.
//
// The parts:
//
//	Host     one loaded module with its configuration: workers, clock, shared data, metrics, logs, clusters
//	VM       one worker: one instance of the module with its root context. Envoy has one per thread
//	Stream   one HTTP request through the chain [filter] ([buffer]) [router], both directions
//	Peer     what stands at either end of a stream: the client and the upstream
//
// What it models of Envoy: the four header and four body results and what each does to the chain, StopAllIterationAndWatermark in place of
// StopIteration unless AllowOnHeadersStopIteration, total buffered bodies, the buffer limit and its 413, local replies that run through the
// filter's own response callbacks, deferred continue and reply calls, effective contexts, restricted calls during start-up and allocation,
// header maps that vanish once headers have passed, shared data versions, metric ids, and the WASI functions of two releases (Profile).
// What it leaves out: gRPC calls, HTTP framing, path normalisation, header limits, network filters. A test that needs those needs Envoy.
//
// Time is virtual unless Config.RealTime is set: it starts at Config.Start and moves only in Host.Advance, which fires ticks and HTTP call
// answers in order. Randomness comes from Config.Seed. Two runs of the same calls are therefore the same byte for byte, including the call log.
//
// Invariants: a VM runs one callback at a time under its own lock; Peers are called under that lock and must not call the stream back.
package host
