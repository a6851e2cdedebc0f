// Package abi binds Proxy-Wasm 0.2.1 to Go: the host calls, the memory that the
// host writes into, and the serialized header map. It follows the ABI
// specification v0.2.1 (proxy-wasm/spec, abi-versions/v0.2.1).
//
// It knows bytes and numbers only: what a request is and what is answered is the
// plugin's business. It refuses to trust what it is handed: every pointer, length
// and count that comes from the host is checked against the arena before use.
//
// Invariants: no function of this package allocates from the Go heap after
// configuration, and Allocate never does, because it runs inside a host call: a
// collection there could move the stack that the host is about to write to.
//
// The wasip1 build has the real host ([VM]); elsewhere the package holds the same
// types, so that the plugin is tested natively against a host made in Go.
package abi

// Status is what a host call answers (proxy_status_t).
type Status uint32

// Statuses, numbered by the ABI.
const (
	StatusOK                   Status = 0
	StatusNotFound             Status = 1
	StatusBadArgument          Status = 2
	StatusSerializationFailure Status = 3
	StatusParseFailure         Status = 4
	StatusBadExpression        Status = 5
	StatusInvalidMemoryAccess  Status = 6
	StatusEmpty                Status = 7
	StatusCasMismatch          Status = 8
	StatusResultMismatch       Status = 9
	StatusInternalFailure      Status = 10
	StatusBrokenConnection     Status = 11
	StatusUnimplemented        Status = 12
)

// Action is what a stream callback answers (proxy_action_t).
type Action uint32

// Actions. Pause in a header callback is StopIteration or StopAllIteration,
// as the proxy is configured; in a body callback it buffers.
const (
	Continue Action = 0
	Pause    Action = 1
)

// Level is a log level (proxy_log_level_t).
type Level uint32

// Levels, numbered by the ABI.
const (
	LevelTrace    Level = 0
	LevelDebug    Level = 1
	LevelInfo     Level = 2
	LevelWarn     Level = 3
	LevelError    Level = 4
	LevelCritical Level = 5
)

// Buffer names a byte buffer of the host (proxy_buffer_type_t).
type Buffer uint32

// Buffers that the plugin reads.
const (
	BufferRequestBody  Buffer = 0
	BufferResponseBody Buffer = 1
	BufferCallBody     Buffer = 4 // body of an HTTP call's response
	BufferGRPC         Buffer = 5 // message that a gRPC call received
	BufferVMConfig     Buffer = 6
	BufferPluginConfig Buffer = 7
)

// Map names a header map of the host (proxy_map_type_t).
type Map uint32

// Maps that the plugin reads.
const (
	MapRequestHeaders   Map = 0
	MapRequestTrailers  Map = 1
	MapResponseHeaders  Map = 2
	MapResponseTrailers Map = 3
	MapCallHeaders      Map = 6 // of an HTTP call's response
)

// Metric is the kind of a metric (proxy_metric_type_t).
type Metric uint32

// Metric kinds.
const (
	MetricCounter Metric = 0
	MetricGauge   Metric = 1
)

// Host is what the plugin needs of a Proxy-Wasm host. Byte slices that it returns
// lie in the arena: they are valid until the arena is reset, which the plugin
// does at the start of each callback. Slices that it is given are only read, and
// only during the call.
type Host interface {
	// Log writes one line (proxy_log).
	Log(level Level, line []byte)
	// NowNanos is Unix time in nanoseconds, 0 when the host has no clock
	// (proxy_get_current_time_nanoseconds). It may stand still or step back.
	NowNanos() int64
	// Pairs is the serialized header map m (proxy_get_header_map_pairs); see [Pairs].
	Pairs(m Map) ([]byte, Status)
	// Replace sets the header field name of map m to value, whether it is there or
	// not (proxy_replace_header_map_value).
	Replace(m Map, name, value string) Status
	// Set is Replace with a value that the caller has put together.
	Set(m Map, name string, value []byte) Status
	// SetField is Set with a name out of a table.
	SetField(m Map, name, value []byte) Status
	// Remove takes every value of the header field name from map m
	// (proxy_remove_header_map_value).
	Remove(m Map, name []byte) Status
	// Bytes is at most max bytes of a buffer from start (proxy_get_buffer_bytes).
	Bytes(b Buffer, start, max uint32) ([]byte, Status)
	// Reply answers the current request (proxy_send_local_response). headers is a
	// serialized map as [AppendPairs] makes it; grpc is a gRPC status, or -1.
	Reply(status uint32, details, body, headers []byte, grpc int32) Status
	// Resume lets the current, paused request go on (proxy_continue_stream).
	Resume() Status
	// SetContext makes id the current context (proxy_set_effective_context).
	SetContext(id uint32) Status
	// SetTick asks for a tick every so many milliseconds
	// (proxy_set_tick_period_milliseconds).
	SetTick(millis uint32) Status
	// DefineMetric makes or finds a metric by name (proxy_define_metric).
	DefineMetric(kind Metric, name string) (id uint32, st Status)
	// AddMetric adds by to a metric (proxy_increment_metric). A counter takes
	// by > 0 only.
	AddMetric(id uint32, by int64) Status
	// RecordMetric sets a gauge (proxy_record_metric).
	RecordMetric(id uint32, value uint64) Status
	// SharedGet reads a value of the shared data (proxy_get_shared_data).
	SharedGet(key []byte) (value []byte, cas uint32, st Status)
	// SharedSet writes a value when cas is still its number, or always when cas is
	// 0 (proxy_set_shared_data). Hosts ignore the cas of a key that is absent.
	SharedSet(key, value []byte, cas uint32) Status
	// CallForeign calls a function of the host by name
	// (proxy_call_foreign_function).
	CallForeign(name string, args []byte) ([]byte, Status)
	// HTTPCall sends a request to a cluster of the host (proxy_http_call). headers is
	// a serialized map with :method, :path and :authority. The answer comes to the
	// root context under the token: also when there is none, then without header
	// fields.
	HTTPCall(cluster, headers, body []byte, timeoutMs uint32) (token uint32, st Status)
	// GRPCCall calls a unary method (proxy_grpc_call). service is what the host takes
	// for a gRPC service: Envoy a cluster's name or a serialized GrpcService; metadata
	// is a serialized map or empty. StatusUnimplemented in the lean module.
	GRPCCall(service []byte, name, method string, metadata, message []byte, timeoutMs uint32) (token uint32, st Status)
	// Property is a property of the host; path elements are separated by NUL
	// (proxy_get_property).
	Property(path string) ([]byte, Status)
	// SetProperty sets a property of the current stream that filters and access logs of
	// the host can read (proxy_set_property); on Envoy filter state by the name wasm.
	// and path.
	SetProperty(path, value string) Status
	// Environ is the VM's environment: entries NAME=VALUE, each ended by NUL
	// (WASI environ_get). It may allocate: configuration time only. The slice is
	// the caller's.
	Environ() []byte
	// Random fills dst with random bytes (WASI random_get).
	Random(dst []byte) bool
	// Linked is the size of the table that was linked into the module, 0 when
	// there is none; ReadLinked copies len(dst) bytes of it, from off.
	Linked() uint32
	ReadLinked(dst []byte, off uint32) bool
}
