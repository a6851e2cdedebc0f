package abi

import "unsafe"

// Imports. Everything passed is a pointer to a package variable, to the arena or to
// a slice of the heap; out-parameters are package variables. A local would either
// escape (one allocation a call) or, under noescape, be moved with its stack while
// the host holds its address.

//go:wasmimport env proxy_log
func proxyLog(level uint32, p unsafe.Pointer, n uint32) uint32

//go:wasmimport env proxy_get_current_time_nanoseconds
func proxyGetCurrentTimeNanoseconds(out unsafe.Pointer) uint32

//go:wasmimport env proxy_get_header_map_pairs
func proxyGetHeaderMapPairs(m uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_replace_header_map_value
func proxyReplaceHeaderMapValue(m uint32, k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32) uint32

//go:wasmimport env proxy_remove_header_map_value
func proxyRemoveHeaderMapValue(m uint32, k unsafe.Pointer, kn uint32) uint32

//go:wasmimport env proxy_get_buffer_bytes
func proxyGetBufferBytes(b, start, max uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_send_local_response
func proxySendLocalResponse(status uint32, d unsafe.Pointer, dn uint32, b unsafe.Pointer, bn uint32, h unsafe.Pointer, hn uint32, grpc int32) uint32

//go:wasmimport env proxy_continue_stream
func proxyContinueStream(stream uint32) uint32

//go:wasmimport env proxy_set_effective_context
func proxySetEffectiveContext(id uint32) uint32

//go:wasmimport env proxy_set_tick_period_milliseconds
func proxySetTickPeriodMilliseconds(millis uint32) uint32

//go:wasmimport env proxy_define_metric
func proxyDefineMetric(kind uint32, p unsafe.Pointer, n uint32, out unsafe.Pointer) uint32

//go:wasmimport env proxy_increment_metric
func proxyIncrementMetric(id uint32, by int64) uint32

//go:wasmimport env proxy_record_metric
func proxyRecordMetric(id uint32, value uint64) uint32

//go:wasmimport env proxy_get_shared_data
func proxyGetSharedData(k unsafe.Pointer, kn uint32, p, n, cas unsafe.Pointer) uint32

//go:wasmimport env proxy_set_shared_data
func proxySetSharedData(k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32, cas uint32) uint32

//go:wasmimport env proxy_call_foreign_function
func proxyCallForeignFunction(f unsafe.Pointer, fn uint32, a unsafe.Pointer, an uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_http_call
func proxyHTTPCall(c unsafe.Pointer, cn uint32, h unsafe.Pointer, hn uint32, b unsafe.Pointer, bn uint32, t unsafe.Pointer, tn uint32, millis uint32, out unsafe.Pointer) uint32

//go:wasmimport env proxy_get_property
func proxyGetProperty(k unsafe.Pointer, kn uint32, p, n unsafe.Pointer) uint32

//go:wasmimport env proxy_set_property
func proxySetProperty(k unsafe.Pointer, kn uint32, v unsafe.Pointer, vn uint32) uint32

//go:wasmimport wasi_snapshot_preview1 environ_sizes_get
func environSizesGet(count, size unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 environ_get
func environGet(list, buf unsafe.Pointer) uint32

//go:wasmimport wasi_snapshot_preview1 random_get
func randomGet(buf unsafe.Pointer, n uint32) uint32

// linkedRead copies n bytes, from off, of the linked table to dst and returns n;
// with n = 0 it returns the table's size. In a module without a table it returns 0
// and copies nothing. See linked_wasip1.s.
//
//go:noescape
func linkedRead(dst unsafe.Pointer, off, n uint32) uint32

// firstArena is the arena until the configuration is known: one range of it, and
// what else a callback may be handed meanwhile.
var firstArena [24 << 10]byte

// arena and out are what the host writes into, by address.
var (
	arena = Arena{buf: firstArena[:]}
	out   struct {
		ptr, size, cas, id uint32
		nanos              uint64
	}
)

// Allocate is proxy_on_memory_allocate: the address of n bytes, or 0. It runs inside
// a host call and touches nothing but the arena.
func Allocate(n uint32) uint32 {
	off, ok := arena.Allocate(n)
	if !ok {
		return 0
	}
	return base() + off
}

// base is the arena's address in linear memory.
func base() uint32 { return uint32(uintptr(unsafe.Pointer(unsafe.SliceData(arena.buf)))) }

// VM is the host that this module runs in. There is one; its zero value is ready.
type VM struct{}

var _ Host = VM{}

// Arena is the memory that the host writes into.
func (VM) Arena() *Arena { return &arena }

// result is what the last host call handed over.
func result(st uint32) ([]byte, Status) {
	if st != 0 {
		return nil, Status(st)
	}
	if out.size == 0 {
		return nil, StatusOK
	}
	// A pointer below the arena wraps to an offset beyond its end.
	b, ok := arena.Slice(out.ptr-base(), out.size)
	if !ok {
		return nil, StatusInvalidMemoryAccess
	}
	return b, StatusOK
}

func clearOut() { out.ptr, out.size, out.cas, out.id = 0, 0, 0, 0 }

func data(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func text(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

// Log implements [Host].
func (VM) Log(level Level, line []byte) { proxyLog(uint32(level), data(line), uint32(len(line))) }

// NowNanos implements [Host].
func (VM) NowNanos() int64 {
	out.nanos = 0
	if proxyGetCurrentTimeNanoseconds(unsafe.Pointer(&out.nanos)) != 0 {
		return 0
	}
	return int64(out.nanos)
}

// Pairs implements [Host].
func (VM) Pairs(m Map) ([]byte, Status) {
	clearOut()
	return result(proxyGetHeaderMapPairs(uint32(m), unsafe.Pointer(&out.ptr), unsafe.Pointer(&out.size)))
}

// Replace implements [Host].
func (VM) Replace(m Map, name, value string) Status {
	return Status(proxyReplaceHeaderMapValue(uint32(m), text(name), uint32(len(name)), text(value), uint32(len(value))))
}

// Set implements [Host].
func (VM) Set(m Map, name string, value []byte) Status {
	return Status(proxyReplaceHeaderMapValue(uint32(m), text(name), uint32(len(name)), data(value), uint32(len(value))))
}

// SetField implements [Host].
func (VM) SetField(m Map, name, value []byte) Status {
	return Status(proxyReplaceHeaderMapValue(uint32(m), data(name), uint32(len(name)), data(value), uint32(len(value))))
}

// Remove implements [Host].
func (VM) Remove(m Map, name []byte) Status {
	return Status(proxyRemoveHeaderMapValue(uint32(m), data(name), uint32(len(name))))
}

// Bytes implements [Host].
func (VM) Bytes(b Buffer, start, max uint32) ([]byte, Status) {
	clearOut()
	return result(proxyGetBufferBytes(uint32(b), start, max, unsafe.Pointer(&out.ptr), unsafe.Pointer(&out.size)))
}

// Reply implements [Host].
func (VM) Reply(status uint32, details, body, headers []byte, grpc int32) Status {
	return Status(proxySendLocalResponse(status, data(details), uint32(len(details)), data(body), uint32(len(body)),
		data(headers), uint32(len(headers)), grpc))
}

// Resume implements [Host].
func (VM) Resume() Status { return Status(proxyContinueStream(0)) }

// SetContext implements [Host].
func (VM) SetContext(id uint32) Status { return Status(proxySetEffectiveContext(id)) }

// SetTick implements [Host].
func (VM) SetTick(millis uint32) Status { return Status(proxySetTickPeriodMilliseconds(millis)) }

// DefineMetric implements [Host].
func (VM) DefineMetric(kind Metric, name string) (uint32, Status) {
	clearOut()
	st := proxyDefineMetric(uint32(kind), text(name), uint32(len(name)), unsafe.Pointer(&out.id))
	return out.id, Status(st)
}

// AddMetric implements [Host].
func (VM) AddMetric(id uint32, by int64) Status { return Status(proxyIncrementMetric(id, by)) }

// RecordMetric implements [Host].
func (VM) RecordMetric(id uint32, value uint64) Status { return Status(proxyRecordMetric(id, value)) }

// SharedGet implements [Host].
func (VM) SharedGet(key []byte) ([]byte, uint32, Status) {
	clearOut()
	b, st := result(proxyGetSharedData(data(key), uint32(len(key)), unsafe.Pointer(&out.ptr), unsafe.Pointer(&out.size), unsafe.Pointer(&out.cas)))
	return b, out.cas, st
}

// SharedSet implements [Host].
func (VM) SharedSet(key, value []byte, cas uint32) Status {
	return Status(proxySetSharedData(data(key), uint32(len(key)), data(value), uint32(len(value)), cas))
}

// CallForeign implements [Host].
func (VM) CallForeign(name string, args []byte) ([]byte, Status) {
	clearOut()
	return result(proxyCallForeignFunction(text(name), uint32(len(name)), data(args), uint32(len(args)),
		unsafe.Pointer(&out.ptr), unsafe.Pointer(&out.size)))
}

// noPairs is a serialized map without pairs: some hosts read four bytes of it whatever
// its length says.
var noPairs [4]byte

// HTTPCall implements [Host].
func (VM) HTTPCall(cluster, headers, body []byte, timeoutMs uint32) (uint32, Status) {
	clearOut()
	st := proxyHTTPCall(data(cluster), uint32(len(cluster)), data(headers), uint32(len(headers)), data(body), uint32(len(body)),
		unsafe.Pointer(&noPairs), uint32(len(noPairs)), timeoutMs, unsafe.Pointer(&out.id))
	return out.id, Status(st)
}

// Property implements [Host].
func (VM) Property(path string) ([]byte, Status) {
	clearOut()
	return result(proxyGetProperty(text(path), uint32(len(path)), unsafe.Pointer(&out.ptr), unsafe.Pointer(&out.size)))
}

// SetProperty implements [Host].
func (VM) SetProperty(path, value string) Status {
	return Status(proxySetProperty(text(path), uint32(len(path)), text(value), uint32(len(value))))
}

// Environ implements [Host].
func (VM) Environ() []byte {
	clearOut()
	if environSizesGet(unsafe.Pointer(&out.id), unsafe.Pointer(&out.size)) != 0 || out.size == 0 {
		return nil
	}
	// WASI writes one 32-bit address an entry; only the text is of use.
	list := make([]uint32, out.id)
	buf := make([]byte, out.size)
	if environGet(unsafe.Pointer(unsafe.SliceData(list)), data(buf)) != 0 {
		return nil
	}
	return buf
}

// Random implements [Host].
func (VM) Random(dst []byte) bool { return randomGet(data(dst), uint32(len(dst))) == 0 }

// Linked implements [Host].
func (VM) Linked() uint32 { return linkedRead(nil, 0, 0) }

// ReadLinked implements [Host].
func (VM) ReadLinked(dst []byte, off uint32) bool {
	n := uint32(len(dst))
	// The copy traps when it leaves the table, so it is checked here.
	if uint64(off)+uint64(n) > uint64(linkedRead(nil, 0, 0)) {
		return false
	}
	return n == 0 || linkedRead(data(dst), off, n) == n
}
