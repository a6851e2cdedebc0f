package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
)

// Profile selects the Envoy release whose imports and quirks are offered.
type Profile string

// The profiles.
const (
	// Envoy140 is Envoy 1.40: poll_oneoff succeeds, every WASI import of proxy-wasm-cpp-host is there.
	Envoy140 Profile = "envoy-1.40"
	// Envoy136 is Envoy 1.36: poll_oneoff answers ENOSYS (52), on which the Go runtime throws when it sleeps, and path_filestat_get is not
	// offered, so that a module that imports it does not load.
	Envoy136 Profile = "envoy-1.36"
)

// FailPolicy says what happens after a trap, as Envoy's failure_policy.
type FailPolicy uint8

// The failure policies.
const (
	// FailClosed answers 503 to every stream of the failed VM, for ever. The zero value.
	FailClosed FailPolicy = iota
	// FailReload answers 503 and makes a new VM for the first stream that starts a second or more after the last failure.
	FailReload
	// FailOpen lets the streams of the failed VM pass.
	FailOpen
)

// DefaultBufferLimit is Envoy's per_connection_buffer_limit_bytes when nothing is configured.
const DefaultBufferLimit = 1 << 20

// Config describes a plugin and the host around it. The zero value of every field but Module is useful.
type Config struct {
	Module []byte // the Wasm binary

	Name, RootID, VMID string            // plugin name, root_id and vm_id, as properties show them
	VMConfig           []byte            // served as buffer 6
	PluginConfig       []byte            // served as buffer 7 during proxy_on_configure
	Env                map[string]string // the VM's environment_variables
	Workers            int               // VMs to start; 0 means 1
	Profile            Profile           // "" means Envoy140

	// AllowOnHeadersStopIteration is the plugin option allow_on_headers_stop_iteration. False turns StopIteration in a header callback into
	// StopAllIterationAndWatermark: the body callback does not come until the stream is continued.
	AllowOnHeadersStopIteration bool
	// BufferFilterBehind puts envoy.filters.http.buffer after the filter: the upstream sees nothing until the request is complete.
	BufferFilterBehind bool
	// BufferLimit is the most bytes the chain buffers of a body; one byte more is a 413 (request) or 500 (response). 0 means 1 MiB.
	BufferLimit int
	// LateBodyCallback models envoy#36989: after the host's own 413 the body callback comes once more for the context that is already gone.
	LateBodyCallback bool

	FailPolicy       FailPolicy
	MemoryLimitBytes int // linear memory a VM may have; 0 means 1 GiB

	Start    time.Time // start of the virtual clock; zero means DefaultStart
	RealTime bool      // use the machine's clock; Advance is then RunDue
	Seed     uint64    // of random_get; each VM has its own stream

	LogLevel   Level                    // what proxy_get_log_level answers; the zero value is trace. Nothing is filtered
	OnLog      func(Log)                // called for every log line as well, under the VM's lock
	Properties func(string) []byte      // host-wide properties by dotted path; nil result = not found
	Clusters   map[string]Responder     // what answers proxy_http_call, by cluster name
	GRPC       map[string]GRPCResponder // what answers proxy_grpc_call, by target
	Foreign    map[string]ForeignFunc
	NoForeign  bool // offer only Foreign, not the built-in verify_signature and others

	Shared *SharedData // nil = a new store
	// BeforeShared is called before each use of the shared data, under the lock of the worker's VM alone. It may wait: tests choose with it
	// in which order VMs come to the store.
	BeforeShared func(worker int)

	Metrics *Metrics // nil = a new store

	Trace     io.Writer // receives the call log when not nil
	TraceWASI bool      // with Trace: WASI calls as well

	// CacheDir is where compiled code is kept between processes: "" means a folder under the user's cache directory, "-" means none.
	CacheDir string
}

// Log is one line a module logged.
type Log struct {
	Worker  int
	Level   Level
	Message string
}

// Host is one module with its configuration and its workers. Its methods may be called from any goroutine.
type Host struct {
	cfg     Config
	clock   Clock
	shared  *SharedData
	metrics *Metrics
	queues  queues

	ctx      context.Context
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	compiled wazero.CompiledModule
	vms      []*VM

	mu        sync.Mutex
	logs      []Log
	failures  []*Failure
	nextToken uint32
}

// ConfigError says that the module refused its configuration: proxy_on_vm_start or proxy_on_configure answered false.
type ConfigError struct {
	Callback string   // which one
	Logs     []string // what the VM logged at level error or above
}

// Error names the callback and repeats the module's own words.
func (e *ConfigError) Error() string {
	msg := "module refused its configuration: " + e.Callback + " answered false"
	if len(e.Logs) > 0 {
		msg += ": " + strings.Join(e.Logs, "; ")
	}
	return msg
}

// New loads a module and starts its workers: instantiate, _initialize, proxy_on_context_create, proxy_on_vm_start, proxy_on_configure.
// The error is a *ConfigError when the module refused, a *Failure when it trapped, and says which imports are missing when it did not load.
func New(ctx context.Context, cfg Config) (*Host, error) {
	h, err := load(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for i := range max(cfg.Workers, 1) {
		v := &VM{host: h, index: i}
		h.vms = append(h.vms, v)
		v.mu.Lock()
		err := v.start()
		v.mu.Unlock()
		if err != nil {
			h.Close()
			return nil, fmt.Errorf("start worker %d: %w", i, err)
		}
	}
	return h, nil
}

// load compiles the module and registers the imports, without starting a VM.
func load(ctx context.Context, cfg Config) (*Host, error) {
	if cfg.Profile == "" {
		cfg.Profile = Envoy140
	}
	if cfg.Profile != Envoy140 && cfg.Profile != Envoy136 {
		return nil, fmt.Errorf("unknown host profile %q, want %q or %q", cfg.Profile, Envoy140, Envoy136)
	}
	if cfg.BufferLimit <= 0 {
		cfg.BufferLimit = DefaultBufferLimit
	}
	if cfg.MemoryLimitBytes <= 0 {
		cfg.MemoryLimitBytes = 1 << 30
	}
	if cfg.Start.IsZero() {
		cfg.Start = DefaultStart
	}
	h := &Host{cfg: cfg, ctx: ctx, shared: cfg.Shared, metrics: cfg.Metrics}
	if h.shared == nil {
		h.shared = NewSharedData()
	}
	if h.metrics == nil {
		h.metrics = NewMetrics()
	}
	h.queues.byName, h.queues.byID = map[string]uint32{}, map[uint32]*queue{}
	h.clock.real = cfg.RealTime
	h.clock.Set(cfg.Start.UnixNano())

	rc := wazero.NewRuntimeConfig().WithMemoryLimitPages(uint32((cfg.MemoryLimitBytes + wasmPageBytes - 1) / wasmPageBytes))
	if dir := cacheDir(cfg.CacheDir); dir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(dir)
		if err == nil { // a cache that can't be opened only costs time
			h.cache = cache
			rc = rc.WithCompilationCache(cache)
		}
	}
	h.runtime = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := h.registerImports(); err != nil {
		h.Close()
		return nil, err
	}
	compiled, err := h.runtime.CompileModule(ctx, cfg.Module)
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("compile module: %w", err)
	}
	h.compiled = compiled
	if missing := h.missing(); len(missing) > 0 {
		h.Close()
		return nil, fmt.Errorf("module does not load on profile %s: missing imports %s", cfg.Profile, strings.Join(missing, ", "))
	}
	if _, ok := compiled.ExportedFunctions()["proxy_abi_version_0_2_1"]; !ok {
		h.Close()
		return nil, errors.New("module has no export proxy_abi_version_0_2_1: missing or unknown Proxy-Wasm ABI version")
	}
	return h, nil
}

// missing lists the module's imports that this profile does not offer.
func (h *Host) missing() []string {
	var out []string
	for _, f := range h.compiled.ImportedFunctions() {
		mod, name, _ := f.Import()
		if !h.offers(mod, name) {
			out = append(out, mod+"."+name)
		}
	}
	sort.Strings(out)
	return out
}

func cacheDir(dir string) string {
	switch dir {
	case "-":
		return ""
	case "":
		base, err := os.UserCacheDir()
		if err != nil {
			return ""
		}
		return filepath.Join(base, "portcullis", "wazero")
	}
	return dir
}

// Close ends the workers: proxy_on_done and proxy_on_delete on each root context, then the runtime.
func (h *Host) Close() error {
	for _, v := range h.vms {
		v.shutdown()
	}
	err := h.runtime.Close(h.ctx)
	if h.cache != nil {
		err = errors.Join(err, h.cache.Close(h.ctx))
	}
	return err
}

// Workers returns the number of VMs.
func (h *Host) Workers() int { return len(h.vms) }

// VM returns worker i.
func (h *Host) VM(i int) *VM { return h.vms[i] }

// Shared returns the shared data store.
func (h *Host) Shared() *SharedData { return h.shared }

// Metrics returns the metric store.
func (h *Host) Metrics() *Metrics { return h.metrics }

// Clock returns the clock.
func (h *Host) Clock() *Clock { return &h.clock }

// Now returns the host's time.
func (h *Host) Now() time.Time { return time.Unix(0, h.clock.Now()).UTC() }

// Logs returns a copy of all log lines so far.
func (h *Host) Logs() []Log {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Log(nil), h.logs...)
}

// Failures returns the traps so far, oldest first.
func (h *Host) Failures() []*Failure {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]*Failure(nil), h.failures...)
}

// maxLogs bounds what a long-running host remembers; the oldest half is dropped beyond it.
const maxLogs = 1 << 16

func (h *Host) log(worker int, level Level, message string) {
	l := Log{worker, level, message}
	h.mu.Lock()
	if len(h.logs) >= maxLogs {
		h.logs = append([]Log(nil), h.logs[maxLogs/2:]...)
	}
	h.logs = append(h.logs, l)
	h.mu.Unlock()
	if h.cfg.OnLog != nil {
		h.cfg.OnLog(l)
	}
}

// Advance moves the virtual clock by d and fires every tick and HTTP call answer that falls due on the way, in the order of their times.
// Advance(0) fires what is due now.
func (h *Host) Advance(d time.Duration) {
	target := h.clock.Now() + int64(d)
	// An event that schedules another one for the same instant for ever would hang; a real host would spin as well.
	for {
		var first *VM
		at := target + 1
		for _, v := range h.vms {
			if due, ok := v.nextDue(); ok && due < at {
				first, at = v, due
			}
		}
		if first == nil {
			break
		}
		if !h.clock.real && at > h.clock.Now() {
			h.clock.Set(at)
		}
		first.fireDue(at)
	}
	if !h.clock.real && target > h.clock.Now() {
		h.clock.Set(target)
	}
}

// RunDue fires what is due at the current time. A host on the machine's clock calls it every few milliseconds.
func (h *Host) RunDue() { h.Advance(0) }
