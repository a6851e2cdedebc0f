package host

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// VM is one worker: an instance of the module with its root context.
//
// Invariants: mu is held during every callback; current is nil outside callbacks; after a failure no callback runs until a reload.
type VM struct {
	host  *Host
	index int

	mu        sync.Mutex
	mod       api.Module
	functions map[string]api.Function
	alloc     api.Function
	rand      *rand.Rand

	contexts  map[uint32]*vmContext
	root      *vmContext
	nextID    uint32
	current   *vmContext
	effective uint32          // 0 = none
	allowed   map[string]bool // nil = no restriction; else the only calls that do not trap
	phase     string          // what the restriction is for
	stopNext  bool            // a local reply was sent in this callback
	after     []func()        // actions deferred to the end of the callback
	deferred  []func()        // actions deferred to the end of the public method

	tickNanos, tickAt int64 // 0 = no ticks
	calls             []*httpCall
	metricIDs         map[uint32]*metric
	nextMetric        [3]uint32
	failure           *Failure
	failedAt          int64
	polls             int // poll_oneoff calls in the present callback
	depth             int // of the call log
}

// vmContext is a context as the module knows it: the VM's (id 0), the root's (id 1) or a stream's.
type vmContext struct {
	id     uint32
	root   *vmContext // nil for the root itself
	stream *Stream

	config    bool // proxy_on_configure is running: the plugin configuration can be read
	call      *httpCall
	foreign   []byte
	statusMsg string
}

// Failure is a trap of a VM, or a call it may not make.
type Failure struct {
	Worker    int
	Callback  string   // the export that was running
	Cause     string   // first line of the reason
	Functions []string // the guest's stack, innermost first
	Err       error
}

// Error returns worker, callback, cause and the innermost functions in one line.
func (f *Failure) Error() string {
	at := f.Functions
	if len(at) > 6 {
		at = at[:6]
	}
	msg := fmt.Sprintf("vm %d failed in %s: %s", f.Worker, f.Callback, f.Cause)
	if len(at) > 0 {
		msg += " at " + strings.Join(at, " < ")
	}
	return msg
}

// Unwrap returns the engine's error.
func (f *Failure) Unwrap() error { return f.Err }

type vmKey struct{}

// errRestricted unwinds a guest that makes a call its phase does not allow.
var errRestricted = errors.New("restricted call")

// start instantiates the module and runs the callbacks that precede the first stream. The caller holds mu.
func (v *VM) start() error {
	h := v.host
	v.contexts = map[uint32]*vmContext{0: {}}
	v.functions = map[string]api.Function{}
	v.metricIDs = map[uint32]*metric{}
	v.nextMetric = [3]uint32{uint32(MetricCounter), uint32(MetricGauge), uint32(MetricHistogram)}
	v.nextID, v.root, v.current, v.effective, v.failure = 1, nil, nil, 0, nil
	v.after, v.deferred, v.calls, v.tickNanos = nil, nil, nil, 0
	v.rand = rand.New(rand.NewPCG(h.cfg.Seed, uint64(v.index)+1))

	errorsBefore := len(h.Logs())
	ctx := context.WithValue(h.ctx, vmKey{}, v)
	v.current = v.contexts[0]
	v.restrict("start-up", startAllowed)
	v.trace("==> instantiate")
	mod, err := h.runtime.InstantiateModule(ctx, h.compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return v.fail("instantiate", err)
	}
	v.mod, v.current = mod, nil
	v.alloc = v.function("malloc")
	if v.alloc == nil {
		v.alloc = v.function("proxy_on_memory_allocate")
	}
	if v.alloc == nil {
		return v.fail("instantiate", errors.New("module exports neither malloc nor proxy_on_memory_allocate"))
	}
	boot := []string{"_start"}
	if v.function("_initialize") != nil {
		boot = []string{"_initialize", "main"}
	}
	for _, name := range boot {
		f := v.function(name)
		if f == nil {
			continue
		}
		args := make([]uint64, len(f.Definition().ParamTypes())) // main may take argc and argv
		if _, ok := v.callback(v.contexts[0], name, nil, args...); !ok {
			return v.failure
		}
	}
	v.restrict("", nil)

	root := &vmContext{id: v.nextID}
	v.nextID++
	v.contexts[root.id], v.root = root, root
	if _, ok := v.callback(root, "proxy_on_context_create", names("context", "parent"), uint64(root.id), 0); !ok {
		return v.failure
	}
	if r, ok := v.callback(root, "proxy_on_vm_start", names("context", "size"), uint64(root.id), uint64(len(h.cfg.VMConfig))); !ok {
		return v.failure
	} else if r == 0 && v.function("proxy_on_vm_start") != nil {
		return &ConfigError{"proxy_on_vm_start", v.errorsSince(errorsBefore)}
	}
	root.config = true
	r, ok := v.callback(root, "proxy_on_configure", names("context", "size"), uint64(root.id), uint64(len(h.cfg.PluginConfig)))
	root.config = false
	if !ok {
		return v.failure
	}
	if r == 0 && v.function("proxy_on_configure") != nil {
		return &ConfigError{"proxy_on_configure", v.errorsSince(errorsBefore)}
	}
	return nil
}

func (v *VM) errorsSince(n int) []string {
	var out []string
	for _, l := range v.host.Logs()[n:] {
		if l.Worker == v.index && l.Level >= LevelError {
			out = append(out, l.Message)
		}
	}
	return out
}

// shutdown ends the root context.
func (v *VM) shutdown() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mod == nil {
		return
	}
	if v.failure == nil && v.root != nil {
		if r, ok := v.callback(v.root, "proxy_on_done", names("context"), uint64(v.root.id)); ok && (r != 0 || v.function("proxy_on_done") == nil) {
			v.callback(v.root, "proxy_on_delete", names("context"), uint64(v.root.id))
		}
	}
	v.mod.Close(v.host.ctx)
	v.mod = nil
}

func names(n ...string) []string { return n }

func (v *VM) function(name string) api.Function {
	f, ok := v.functions[name]
	if !ok {
		f = v.mod.ExportedFunction(name)
		v.functions[name] = f
	}
	return f
}

// outcome is how a callback ended.
type outcome struct {
	result  uint64
	missing bool // the module does not export it
	stop    bool // a local reply was sent: the iteration stops whatever the result
	ok      bool // the VM has not failed
}

// callback is call for those who don't care about a stop.
func (v *VM) callback(c *vmContext, name string, argNames []string, args ...uint64) (result uint64, ok bool) {
	o := v.call(c, name, argNames, args...)
	return o.result, o.ok
}

// call runs an export in a context. Deferred actions run before it returns, as Envoy's DeferAfterCallActions.
func (v *VM) call(c *vmContext, name string, argNames []string, args ...uint64) outcome {
	if v.failure != nil {
		return outcome{}
	}
	f := v.function(name)
	if f == nil {
		return outcome{missing: true, ok: true}
	}
	var result uint64
	saved, savedEffective := v.current, v.effective
	v.current, v.effective, v.polls = c, 0, 0
	v.traceCallback(name, argNames, args)
	v.depth++
	results, err := f.Call(context.WithValue(v.host.ctx, vmKey{}, v), args...)
	v.depth--
	v.current, v.effective = saved, savedEffective
	if err != nil {
		v.fail(name, err)
	} else if len(results) > 0 {
		result = results[0] & 0xffffffff
		v.trace("<== %d", result)
	} else {
		v.trace("<==")
	}
	stop := v.stopNext
	v.stopNext = false
	v.settle()
	return outcome{result: result, stop: stop, ok: v.failure == nil}
}

// settle runs the actions that the callback deferred. Whether the callback stopped the iteration must have been read before.
func (v *VM) settle() {
	if v.current != nil {
		return // an inner callback: the outer one will
	}
	for len(v.after) > 0 {
		f := v.after[0]
		v.after = v.after[1:]
		f()
	}
}

// fail records a trap and marks the VM.
func (v *VM) fail(callback string, err error) error {
	f := &Failure{Worker: v.index, Callback: callback, Err: err}
	f.Cause, f.Functions = splitTrap(err)
	v.trace("!!! %s", f.Error())
	v.failure, v.failedAt, v.tickNanos, v.calls = f, v.host.clock.Now(), 0, nil
	v.host.mu.Lock()
	v.host.failures = append(v.host.failures, f)
	v.host.mu.Unlock()
	v.host.log(v.index, LevelCritical, f.Error())
	return f
}

// splitTrap takes the cause and the guest's function names out of a wazero error.
func splitTrap(err error) (cause string, functions []string) {
	head, stack, _ := strings.Cut(err.Error(), "wasm stack trace:")
	cause, _, _ = strings.Cut(strings.TrimSpace(head), "\n")
	for _, line := range strings.Split(stack, "\n") {
		line = strings.TrimSpace(line)
		if name, _, ok := strings.Cut(line, "("); ok && name != "" && !strings.HasPrefix(line, "0x") {
			functions = append(functions, strings.TrimPrefix(name, "."))
		}
	}
	return cause, functions
}

// Failed returns the failure that stopped the VM, or nil.
func (v *VM) Failed() *Failure {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failure
}

// MemoryBytes returns the size of the linear memory. It never shrinks.
func (v *VM) MemoryBytes() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mod == nil || v.mod.Memory() == nil {
		return 0
	}
	return int(v.mod.Memory().Size())
}

// Export calls an export that is not part of the ABI, in the root context: what a test build adds, such as its allocation counters.
func (v *VM) Export(name string, args ...uint64) ([]uint64, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failure != nil {
		return nil, v.failure
	}
	f := v.function(name)
	if f == nil {
		return nil, fmt.Errorf("module has no export %q", name)
	}
	v.current = v.root
	results, err := f.Call(context.WithValue(v.host.ctx, vmKey{}, v), args...)
	v.current = nil
	if err != nil {
		return nil, v.fail(name, err)
	}
	v.settle()
	return results, nil
}

// Memory returns a copy of n bytes of linear memory at off, or false when they are out of range.
func (v *VM) Memory(off, n uint32) ([]byte, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mod == nil {
		return nil, false
	}
	b, ok := v.mod.Memory().Read(off, n)
	return append([]byte(nil), b...), ok
}

// Contexts returns how many stream contexts the host has not deleted.
func (v *VM) Contexts() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, c := range v.contexts {
		if c.stream != nil {
			n++
		}
	}
	return n
}

// TickPeriodMillis returns the tick period the module asked for; 0 is none.
func (v *VM) TickPeriodMillis() int64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tickNanos / 1e6
}

// restrict makes every call but those in allowed trap; nil lifts it.
func (v *VM) restrict(phase string, allowed map[string]bool) (savedPhase string, savedAllowed map[string]bool) {
	savedPhase, savedAllowed = v.phase, v.allowed
	v.phase, v.allowed = phase, allowed
	return
}

// context returns the context that host calls act on: the effective one if it still exists, else the one that runs.
func (v *VM) context() *vmContext {
	if v.effective != 0 {
		if c := v.contexts[v.effective]; c != nil {
			return c
		}
	}
	return v.current
}

func (c *vmContext) rootContext() *vmContext {
	if c.root != nil {
		return c.root
	}
	return c
}

// unlock runs what the public method deferred and releases the VM.
func (v *VM) unlock() {
	for len(v.deferred) > 0 {
		f := v.deferred[0]
		v.deferred = v.deferred[1:]
		f()
	}
	v.mu.Unlock()
}

// reload makes a new instance after a failure, when the policy and the backoff of a second allow it.
func (v *VM) reload() {
	if v.failure == nil || v.host.cfg.FailPolicy != FailReload || v.host.clock.Now()-v.failedAt < 1e9 {
		return
	}
	if v.mod != nil {
		v.mod.Close(v.host.ctx)
	}
	if err := v.start(); err != nil && v.failure == nil {
		v.fail("reload", err)
	}
}

// nextDue returns the time of the VM's earliest tick or call answer.
func (v *VM) nextDue() (at int64, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failure != nil {
		return 0, false
	}
	if v.tickNanos > 0 {
		at, ok = v.tickAt, true
	}
	for _, c := range v.calls {
		if !ok || c.due < at {
			at, ok = c.due, true
		}
	}
	return at, ok
}

// fireDue runs one thing that is due at or before at: call answers before ticks.
func (v *VM) fireDue(at int64) {
	v.mu.Lock()
	defer v.unlock()
	for i, c := range v.calls {
		if c.due <= at {
			v.calls = append(v.calls[:i:i], v.calls[i+1:]...)
			v.answer(c)
			return
		}
	}
	if v.tickNanos > 0 && v.tickAt <= at {
		v.tickAt = at + v.tickNanos
		v.callback(v.root, "proxy_on_tick", names("context"), uint64(v.root.id))
	}
}
