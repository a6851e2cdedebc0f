package host

import "strconv"

// Status is proxy_status_t (spec v0.2.1, "Types"). The numbers missing from the specification's list are those that hosts use and the
// specification does not name.
type Status uint32

// The results a host call can have.
const (
	StatusOK                   Status = 0
	StatusNotFound             Status = 1
	StatusBadArgument          Status = 2
	StatusSerializationFailure Status = 3
	StatusParseFailure         Status = 4
	StatusInvalidMemoryAccess  Status = 6
	StatusEmpty                Status = 7
	StatusCasMismatch          Status = 8
	StatusInternalFailure      Status = 10
	StatusBrokenConnection     Status = 11
	StatusUnimplemented        Status = 12
)

var statusNames = map[Status]string{
	StatusOK: "ok", StatusNotFound: "not_found", StatusBadArgument: "bad_argument", StatusSerializationFailure: "serialization_failure",
	StatusParseFailure: "parse_failure", StatusInvalidMemoryAccess: "invalid_memory_access", StatusEmpty: "empty",
	StatusCasMismatch: "cas_mismatch", StatusInternalFailure: "internal_failure", StatusBrokenConnection: "broken_connection",
	StatusUnimplemented: "unimplemented",
}

// String returns the specification's name in lower case.
func (s Status) String() string {
	if n, ok := statusNames[s]; ok {
		return n
	}
	return "status_" + strconv.Itoa(int(s))
}

// Level is proxy_log_level_t.
type Level uint32

// The log levels, least urgent first.
const (
	LevelTrace Level = iota
	LevelDebug
	LevelInfo
	LevelWarn
	LevelError
	LevelCritical
)

var levelNames = [...]string{"trace", "debug", "info", "warn", "error", "critical"}

// String returns the level's name in lower case.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "level_" + strconv.Itoa(int(l))
}

// The results of a header callback as Envoy reads them. The specification knows only the first two (proxy_action_t).
const (
	headersContinue        = 0
	headersStop            = 1
	headersStopAllBuffer   = 3
	headersStopAllWatermrk = 4
)

// The results of a body callback as Envoy reads them.
const (
	dataContinue      = 0
	dataStopBuffer    = 1
	dataStopWatermark = 2
	dataStopNoBuffer  = 3
)

// proxy_buffer_type_t.
const (
	bufferRequestBody  = 0
	bufferResponseBody = 1
	bufferDownstream   = 2
	bufferUpstream     = 3
	bufferCallBody     = 4
	bufferGrpcMessage  = 5
	bufferVMConfig     = 6
	bufferPluginConfig = 7
	bufferForeignArgs  = 8
	bufferTypeMax      = 8
)

// proxy_map_type_t.
const (
	mapRequestHeaders   = 0
	mapRequestTrailers  = 1
	mapResponseHeaders  = 2
	mapResponseTrailers = 3
	mapGrpcInitial      = 4
	mapGrpcTrailing     = 5
	mapCallHeaders      = 6
	mapCallTrailers     = 7
	mapTypeMax          = 7
)

var mapNames = [...]string{"request_headers", "request_trailers", "response_headers", "response_trailers", "grpc_initial_metadata",
	"grpc_trailing_metadata", "call_headers", "call_trailers"}

var bufferNames = [...]string{"request_body", "response_body", "downstream", "upstream", "call_body", "grpc_message", "vm_configuration",
	"plugin_configuration", "foreign_arguments"}

// proxy_stream_type_t.
const (
	streamRequest  = 0
	streamResponse = 1
	streamTypeMax  = 3
)

// MetricType is proxy_metric_type_t.
type MetricType uint32

// The kinds of metric. The kind is also in the low two bits of every metric id, as in Envoy.
const (
	MetricCounter   MetricType = 0
	MetricGauge     MetricType = 1
	MetricHistogram MetricType = 2
)

// WASI errno values that occur here (wasi_snapshot_preview1, errno).
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoFault   = 21
	errnoInval   = 28
	errnoNoent   = 44
	errnoNosys   = 52
	errnoNotdir  = 54
	errnoNotsup  = 58
)

// Limits of proxy-wasm-cpp-host: larger serialized maps are read as empty maps, larger random requests are refused.
const (
	pairsMaxBytes  = 1 << 20
	pairsMaxCount  = 1024
	randomMaxBytes = 64 << 10
	wasmPageBytes  = 64 << 10
)
