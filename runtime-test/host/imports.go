package host

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero/api"
)

// kind says how a parameter of a host call is passed and how the call log shows it.
type kind uint8

const (
	kU32    kind = iota // i32
	kI32                // i32, shown signed
	kI64                // i64, shown signed
	kU64                // i64
	kMap                // i32, proxy_map_type_t
	kBuf                // i32, proxy_buffer_type_t
	kLevel              // i32, proxy_log_level_t
	kStr                // i32 pointer, i32 size
	kPairs              // i32 pointer, i32 size of a serialized map
	kPtr                // i32, never shown
	kOutStr             // i32 pointer to a pointer, i32 pointer to a size
	kOutU32             // i32 pointer
	kOutU64             // i32 pointer
)

type param struct {
	name string
	kind kind
}

// hostFunc is one function of module env: double entry of spec v0.2.1, "Functions exposed by the host".
type hostFunc struct {
	name   string
	params []param
	fn     func(v *VM, a []uint64) Status
}

func p(name string, k kind) param { return param{name, k} }

func (f *hostFunc) types() []api.ValueType {
	var out []api.ValueType
	for _, p := range f.params {
		switch p.kind {
		case kI64, kU64:
			out = append(out, api.ValueTypeI64)
		case kStr, kPairs, kOutStr:
			out = append(out, api.ValueTypeI32, api.ValueTypeI32)
		default:
			out = append(out, api.ValueTypeI32)
		}
	}
	return out
}

// hostFuncs returns module env.
func hostFuncs() []hostFunc {
	return []hostFunc{
		{"proxy_log", []param{p("level", kLevel), p("message", kStr)}, hostLog},
		{"proxy_get_log_level", []param{p("level", kOutU32)}, hostGetLogLevel},
		{"proxy_get_current_time_nanoseconds", []param{p("time", kOutU64)}, hostTime},
		{"proxy_set_tick_period_milliseconds", []param{p("period", kU32)}, hostSetTick},
		{"proxy_set_effective_context", []param{p("context", kU32)}, hostSetEffective},
		{"proxy_done", nil, hostDone},
		{"proxy_get_status", []param{p("code", kOutU32), p("message", kOutStr)}, hostGetStatus},

		{"proxy_get_buffer_bytes", []param{p("buffer", kBuf), p("start", kU32), p("max", kU32), p("data", kOutStr)}, hostGetBuffer},
		{"proxy_set_buffer_bytes", []param{p("buffer", kBuf), p("start", kU32), p("size", kU32), p("data", kStr)}, hostSetBuffer},
		{"proxy_get_buffer_status", []param{p("buffer", kBuf), p("length", kOutU32), p("flags", kOutU32)}, hostBufferStatus},

		{"proxy_get_header_map_size", []param{p("map", kMap), p("size", kOutU32)}, hostMapSize},
		{"proxy_get_header_map_pairs", []param{p("map", kMap), p("pairs", kOutStr)}, hostGetPairs},
		{"proxy_set_header_map_pairs", []param{p("map", kMap), p("pairs", kPairs)}, hostSetPairs},
		{"proxy_get_header_map_value", []param{p("map", kMap), p("key", kStr), p("value", kOutStr)}, hostGetValue},
		{"proxy_add_header_map_value", []param{p("map", kMap), p("key", kStr), p("value", kStr)}, hostAddValue},
		{"proxy_replace_header_map_value", []param{p("map", kMap), p("key", kStr), p("value", kStr)}, hostReplaceValue},
		{"proxy_remove_header_map_value", []param{p("map", kMap), p("key", kStr)}, hostRemoveValue},

		{"proxy_continue_stream", []param{p("stream", kU32)}, hostContinue},
		{"proxy_close_stream", []param{p("stream", kU32)}, hostCloseStream},
		{"proxy_send_local_response", []param{p("status", kU32), p("details", kStr), p("body", kStr), p("headers", kPairs),
			p("grpc_status", kI32)}, hostSendLocal},

		{"proxy_http_call", []param{p("cluster", kStr), p("headers", kPairs), p("body", kStr), p("trailers", kPairs), p("timeout", kU32),
			p("token", kOutU32)}, hostHTTPCall},
		{"proxy_grpc_call", []param{p("service", kStr), p("name", kStr), p("method", kStr), p("metadata", kPairs), p("message", kStr),
			p("timeout", kU32), p("token", kOutU32)}, hostGRPCCall},
		{"proxy_grpc_stream", []param{p("service", kStr), p("name", kStr), p("method", kStr), p("metadata", kPairs), p("token", kOutU32)},
			hostUnimplemented},
		{"proxy_grpc_send", []param{p("token", kU32), p("message", kStr), p("end", kU32)}, hostUnimplemented},
		{"proxy_grpc_cancel", []param{p("token", kU32)}, hostUnimplemented},
		{"proxy_grpc_close", []param{p("token", kU32)}, hostUnimplemented},

		{"proxy_get_shared_data", []param{p("key", kStr), p("value", kOutStr), p("cas", kOutU32)}, hostGetShared},
		{"proxy_set_shared_data", []param{p("key", kStr), p("value", kStr), p("cas", kU32)}, hostSetShared},
		{"proxy_register_shared_queue", []param{p("name", kStr), p("queue", kOutU32)}, hostRegisterQueue},
		{"proxy_resolve_shared_queue", []param{p("vm", kStr), p("name", kStr), p("queue", kOutU32)}, hostResolveQueue},
		{"proxy_enqueue_shared_queue", []param{p("queue", kU32), p("value", kStr)}, hostEnqueue},
		{"proxy_dequeue_shared_queue", []param{p("queue", kU32), p("value", kOutStr)}, hostDequeue},

		{"proxy_define_metric", []param{p("type", kU32), p("name", kStr), p("metric", kOutU32)}, hostDefineMetric},
		{"proxy_increment_metric", []param{p("metric", kU32), p("offset", kI64)}, hostIncrementMetric},
		{"proxy_record_metric", []param{p("metric", kU32), p("value", kU64)}, hostRecordMetric},
		{"proxy_get_metric", []param{p("metric", kU32), p("value", kOutU64)}, hostGetMetric},

		{"proxy_get_property", []param{p("path", kStr), p("value", kOutStr)}, hostGetProperty},
		{"proxy_set_property", []param{p("path", kStr), p("value", kStr)}, hostSetProperty},
		{"proxy_call_foreign_function", []param{p("name", kStr), p("arguments", kStr), p("results", kOutStr)}, hostForeign},
	}
}

// allocateAllowed is what a module may call inside proxy_on_memory_allocate.
var allocateAllowed = map[string]bool{
	"env.proxy_log": true, "wasi_snapshot_preview1.fd_write": true, "wasi_snapshot_preview1.clock_time_get": true,
	"wasi_snapshot_preview1.poll_oneoff": true,
}

// startAllowed is what a module may call during instantiation, _initialize and main: logging and WASI.
var startAllowed = startSet()

func startSet() map[string]bool {
	set := map[string]bool{"env.proxy_log": true}
	for _, f := range wasiFuncs() {
		// Seeking, reading, opening, closing, yielding and exiting are not on the list of proxy-wasm-cpp-host.
		switch f.name {
		case "fd_seek", "fd_read", "fd_close", "path_open", "sched_yield", "proc_exit":
		default:
			set["wasi_snapshot_preview1."+f.name] = true
		}
	}
	return set
}

// offers reports whether this profile has an import.
func (h *Host) offers(module, name string) bool {
	switch module {
	case "env":
		for _, f := range hostFuncs() {
			if f.name == name {
				return true
			}
		}
	case "wasi_snapshot_preview1":
		for _, f := range wasiFuncs() {
			if f.name == name {
				return h.cfg.Profile != Envoy136 || !f.newer
			}
		}
	}
	return false
}

// registerImports makes the host modules env and wasi_snapshot_preview1.
func (h *Host) registerImports() error {
	env := h.runtime.NewHostModuleBuilder("env")
	for _, f := range hostFuncs() {
		full, types := "env."+f.name, f.types()
		env.NewFunctionBuilder().WithName(f.name).WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			v := ctx.Value(vmKey{}).(*VM)
			v.enter(mod, full)
			mask(stack, types)
			if h.cfg.Trace == nil {
				stack[0] = uint64(f.fn(v, stack))
				return
			}
			args := append([]uint64(nil), stack...)
			v.traceCall(&f, args)
			st := f.fn(v, stack)
			v.traceReturn(&f, args, st)
			stack[0] = uint64(st)
		}), types, []api.ValueType{api.ValueTypeI32}).Export(f.name)
	}
	if _, err := env.Instantiate(h.ctx); err != nil {
		return fmt.Errorf("register module env: %w", err)
	}

	wasi := h.runtime.NewHostModuleBuilder("wasi_snapshot_preview1")
	for _, f := range wasiFuncs() {
		if h.cfg.Profile == Envoy136 && f.newer {
			continue
		}
		full := "wasi_snapshot_preview1." + f.name
		var params, results []api.ValueType
		for _, c := range f.params {
			if c == 'I' {
				params = append(params, api.ValueTypeI64)
			} else {
				params = append(params, api.ValueTypeI32)
			}
		}
		if f.name != "proc_exit" {
			results = []api.ValueType{api.ValueTypeI32}
		}
		wasi.NewFunctionBuilder().WithName(f.name).WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			v := ctx.Value(vmKey{}).(*VM)
			v.enter(mod, full)
			mask(stack, params)
			errno := f.fn(v, stack)
			if h.cfg.TraceWASI {
				v.trace("--> wasi.%s = %d", f.name, errno)
			}
			if len(results) > 0 {
				stack[0] = uint64(errno)
			}
		}), params, results).Export(f.name)
	}
	if _, err := wasi.Instantiate(h.ctx); err != nil {
		return fmt.Errorf("register module wasi_snapshot_preview1: %w", err)
	}
	return nil
}

// mask clears what the engine leaves in the upper half of a 32-bit argument.
func mask(stack []uint64, types []api.ValueType) {
	for i, t := range types {
		if t == api.ValueTypeI32 {
			stack[i] &= 0xffffffff
		}
	}
}

// enter traps a call that the present phase does not allow. A module's start section runs before its instance is known.
func (v *VM) enter(mod api.Module, full string) {
	if v.mod == nil {
		v.mod = mod
	}
	if v.allowed != nil && !v.allowed[full] {
		panic(fmt.Errorf("%w: %s is not allowed during %s", errRestricted, full, v.phase))
	}
}

// str reads a pointer and size pair of arguments. A size of 0 is an empty slice whatever the pointer.
func (v *VM) str(ptr, size uint64) ([]byte, bool) {
	if uint32(size) == 0 {
		return []byte{}, true
	}
	return v.mod.Memory().Read(uint32(ptr), uint32(size))
}

func (v *VM) putU32(ptr uint64, value uint32) bool {
	return v.mod.Memory().WriteUint32Le(uint32(ptr), value)
}

func (v *VM) putU64(ptr uint64, value uint64) bool {
	return v.mod.Memory().WriteUint64Le(uint32(ptr), value)
}

// allocate asks the module for memory. The module may only log there.
func (v *VM) allocate(size int) (addr uint32, ok bool) {
	phase, allowed := v.restrict("proxy_on_memory_allocate", allocateAllowed)
	results, err := v.alloc.Call(context.WithValue(v.host.ctx, vmKey{}, v), uint64(size))
	v.restrict(phase, allowed)
	if err != nil {
		panic(fmt.Errorf("proxy_on_memory_allocate(%d): %w", size, err))
	}
	addr = uint32(results[0])
	if addr == 0 {
		return 0, false
	}
	if _, ok := v.mod.Memory().Read(addr, uint32(size)); !ok {
		return 0, false
	}
	return addr, true
}

// give copies data into memory of the module and writes address and size where the module wants them. Empty data is address 0, size 0,
// and no allocation.
func (v *VM) give(data []byte, ptrPtr, sizePtr uint64) Status {
	var addr uint32
	if len(data) > 0 {
		a, ok := v.allocate(len(data))
		if !ok || !v.mod.Memory().Write(a, data) {
			return StatusInvalidMemoryAccess
		}
		addr = a
	}
	if !v.putU32(ptrPtr, addr) || !v.putU32(sizePtr, uint32(len(data))) {
		return StatusInvalidMemoryAccess
	}
	return StatusOK
}

// trace writes a line of the call log.
func (v *VM) trace(format string, args ...any) {
	if w := v.host.cfg.Trace; w != nil {
		line := fmt.Sprintf(format, args...)
		fmt.Fprintf(w, "%d %s%s\n", v.index, strings.Repeat("    ", v.depth), line)
	}
}

func (v *VM) traceCallback(name string, argNames []string, args []uint64) {
	if v.host.cfg.Trace == nil {
		return
	}
	var b strings.Builder
	for i, n := range argNames {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s=%d", n, args[i])
	}
	v.trace("==> %s(%s)", name, b.String())
}

// traceCall writes a host call with its inputs; results are not addresses, so that two runs can be compared.
func (v *VM) traceCall(f *hostFunc, a []uint64) {
	var parts []string
	for _, p := range f.params {
		switch p.kind {
		case kU32:
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, uint32(a[0])))
		case kI32:
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, int32(a[0])))
		case kI64:
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, int64(a[0])))
		case kU64:
			parts = append(parts, fmt.Sprintf("%s=%d", p.name, a[0]))
		case kMap:
			parts = append(parts, p.name+"="+pick(mapNames[:], a[0]))
		case kBuf:
			parts = append(parts, p.name+"="+pick(bufferNames[:], a[0]))
		case kLevel:
			parts = append(parts, p.name+"="+Level(a[0]).String())
		case kStr, kPairs:
			b, ok := v.str(a[0], a[1])
			switch {
			case !ok:
				parts = append(parts, p.name+"=<out of range>")
			case p.kind == kPairs:
				parts = append(parts, fmt.Sprintf("%s=%q", p.name, ParsePairs(b)))
			default:
				parts = append(parts, p.name+"="+show(b))
			}
		}
		a = a[p.width():]
	}
	v.trace("--> %s(%s)", f.name, strings.Join(parts, ", "))
	v.depth++
}

// traceReturn writes the status and what the module was given.
func (v *VM) traceReturn(f *hostFunc, a []uint64, st Status) {
	v.depth--
	parts := []string{st.String()}
	for _, p := range f.params {
		if st == StatusOK {
			switch p.kind {
			case kOutU32:
				n, _ := v.mod.Memory().ReadUint32Le(uint32(a[0]))
				parts = append(parts, fmt.Sprintf("%s=%d", p.name, n))
			case kOutU64:
				n, _ := v.mod.Memory().ReadUint64Le(uint32(a[0]))
				parts = append(parts, fmt.Sprintf("%s=%d", p.name, n))
			case kOutStr:
				addr, _ := v.mod.Memory().ReadUint32Le(uint32(a[0]))
				size, _ := v.mod.Memory().ReadUint32Le(uint32(a[1]))
				b, _ := v.str(uint64(addr), uint64(size))
				if p.name == "pairs" {
					parts = append(parts, fmt.Sprintf("%s=%q", p.name, ParsePairs(b)))
				} else {
					parts = append(parts, p.name+"="+show(b))
				}
			}
		}
		a = a[p.width():]
	}
	v.trace("<-- %s", strings.Join(parts, " "))
}

func (p param) width() int {
	switch p.kind {
	case kStr, kPairs, kOutStr:
		return 2
	}
	return 1
}

func pick(names []string, i uint64) string {
	if i < uint64(len(names)) {
		return names[i]
	}
	return fmt.Sprint(i)
}

// show quotes a value, shortened: a table of a megabyte in a log helps nobody.
func show(b []byte) string {
	const most = 256
	if len(b) > most {
		return fmt.Sprintf("%q...(%d bytes)", b[:most], len(b))
	}
	return fmt.Sprintf("%q", b)
}

// le64 is how Envoy passes integer properties.
func le64(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }
