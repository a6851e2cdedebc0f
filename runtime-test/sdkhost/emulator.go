package sdkhost

import (
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/proxytest"
	"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm/types"

	"portcullis/runtime-test/host"
)

// Start is the time, in seconds since the epoch, at which the emulator's clocks start (2022-01-01 in UTC, wazero's fake clock).
const Start = 1640995200

// ErrRefused says that the module answered false to its start or its configuration.
var ErrRefused = errors.New("module refused its configuration")

// Emulator is the one emulator of the process, with one VM. Its methods must not be called concurrently.
type Emulator struct {
	host  proxytest.HostEmulator
	vm    proxytest.WasmVMContext
	reset func()
	out   io.Writer // of package log before
	dead  error     // a panic of module or emulator: nothing works after it

	looked map[uint32]int // HTTP calls that were looked at, by context: the emulator gives their numbers out again
	// Calls is what answers HTTP calls, by cluster; others are never answered. The emulator itself knows no cluster.
	Calls map[string]CallAnswer
}

// CallAnswer is what an HTTP call is answered with; no headers are no answer.
type CallAnswer struct {
	Headers [][2]string
	Body    []byte
}

var running struct {
	sync.Mutex
	e        *Emulator
	poisoned error // a trap inside the emulator's constructor: its global lock stays taken
}

// New starts an emulator with a module that Rewrite made. There can be only one: New fails while another is open.
func New(module, pluginConfig []byte, properties map[string]string) (*Emulator, error) {
	running.Lock()
	defer running.Unlock()
	if running.e != nil {
		return nil, errors.New("another emulator is open in this process")
	}
	if running.poisoned != nil {
		return nil, fmt.Errorf("no emulator can be made in this process any more: %w", running.poisoned)
	}
	e := &Emulator{out: log.Writer()}
	log.SetOutput(io.Discard) // the emulator logs every call
	err := e.guard("start", func() error { return e.start(module, pluginConfig, properties) })
	if err != nil {
		if e.vm != nil && e.host == nil {
			running.poisoned = err
		}
		e.release()
		return nil, err
	}
	running.e = e
	return e, nil
}

func (e *Emulator) start(module, pluginConfig []byte, properties map[string]string) error {
	vm, err := proxytest.NewWasmVMContext(module)
	if err != nil {
		return err
	}
	e.vm = vm
	opt := proxytest.NewEmulatorOption().WithVMContext(vm).WithPluginConfiguration(pluginConfig)
	for path, v := range properties {
		opt.WithProperty(strings.Split(path, "."), []byte(v))
	}
	e.host, e.reset = proxytest.NewHostEmulator(opt)
	for _, name := range []string{"verify_signature", "uncompress", "compress", "clear_route_cache"} {
		e.host.RegisterForeignFunction(name, foreign(name))
	}
	if e.host.StartVM() != types.OnVMStartStatusOK {
		return fmt.Errorf("%w: proxy_on_vm_start: %s", ErrRefused, strings.Join(e.Logs(), "; "))
	}
	if e.host.StartPlugin() != types.OnPluginStartStatusOK {
		return fmt.Errorf("%w: proxy_on_configure: %s", ErrRefused, strings.Join(e.Logs(), "; "))
	}
	return nil
}

// foreign adapts a function: the emulator can pass on neither a status nor an empty result.
func foreign(name string) func([]byte) []byte {
	return func(args []byte) []byte {
		result, _ := host.Builtin(name)(nil, slices.Clone(args))
		if len(result) == 0 {
			result = []byte{0x08, 0} // a result of false, for verify_signature
		}
		return result
	}
}

// answerCalls answers the calls that the module has sent in the root context and in one of a stream.
func (e *Emulator) answerCalls(id uint32) {
	if e.looked == nil {
		e.looked = map[uint32]int{}
	}
	for again := true; again; {
		again = false
		for _, context := range []uint32{proxytest.PluginContextID, id} {
			calls := e.host.GetCalloutAttributesFromContext(context)
			for _, c := range calls[e.looked[context]:] {
				e.looked[context]++
				if a, ok := e.Calls[c.Upstream]; ok {
					e.host.CallOnHttpCallResponse(c.CalloutID, a.Headers, nil, a.Body)
				}
				again = true
			}
		}
	}
}

// guard turns a panic, which is how the emulator reports a trap, into an error that ends it.
func (e *Emulator) guard(what string, f func() error) (err error) {
	if e.dead != nil {
		return e.dead
	}
	defer func() {
		if p := recover(); p != nil {
			e.dead = fmt.Errorf("%s: %v", what, p)
			err = e.dead
		}
	}()
	return f()
}

func (e *Emulator) release() {
	if e.reset != nil {
		e.reset()
	}
	if e.vm != nil {
		e.vm.Close()
	}
	log.SetOutput(e.out)
}

// Close ends the emulator, so that another can be made.
func (e *Emulator) Close() error {
	running.Lock()
	defer running.Unlock()
	if running.e != e {
		return nil
	}
	running.e = nil
	e.release()
	return nil
}

// Request is a request for the emulator.
type Request struct {
	Headers   [][2]string // pseudo-headers included
	EndStream bool        // no body follows
	Chunks    [][]byte
	Trailers  [][2]string
	Open      bool // the end of the body is not delivered
}

// Reply is what became of it.
type Reply struct {
	Local   bool // the module answered
	Status  int
	Headers [][2]string
	Body    []byte

	Passed        bool // the module let the whole request go
	BeforeVerdict bool // the headers went before the end had come
	Forwarded     [][2]string
	ForwardedBody []byte
}

// Do runs a request through the module's request callbacks and ends its context.
func (e *Emulator) Do(r Request) (reply Reply, err error) {
	err = e.guard("request", func() error {
		id := e.host.InitializeHttpContext()
		defer e.host.CompleteHttpContext(id)
		reply = e.request(id, r)
		return nil
	})
	return reply, err
}

func (e *Emulator) request(id uint32, r Request) Reply {
	var reply Reply
	action := e.host.CallOnRequestHeaders(id, r.Headers, r.EndStream)
	if action == types.ActionPause && len(e.Calls) > 0 {
		e.answerCalls(id)
		action = e.host.GetCurrentHttpStreamAction(id)
	}
	if e.local(id, &reply) {
		return reply
	}
	reply.BeforeVerdict = action == types.ActionContinue && !r.EndStream
	if reply.BeforeVerdict {
		reply.Forwarded = e.host.GetCurrentRequestHeaders(id)
	}
	chunks := r.Chunks
	if len(chunks) == 0 && !r.EndStream && len(r.Trailers) == 0 && !r.Open {
		chunks = [][]byte{nil}
	}
	for i, c := range chunks {
		action = e.host.CallOnRequestBody(id, c, i == len(chunks)-1 && len(r.Trailers) == 0 && !r.Open)
		if e.local(id, &reply) {
			return reply
		}
		if action == types.ActionContinue {
			reply.ForwardedBody = append(reply.ForwardedBody, e.host.GetCurrentRequestBody(id)...)
		}
	}
	if len(r.Trailers) > 0 {
		held := action == types.ActionPause
		action = e.host.CallOnRequestTrailers(id, r.Trailers)
		if e.local(id, &reply) {
			return reply
		}
		if held && action == types.ActionContinue {
			reply.ForwardedBody = append(reply.ForwardedBody, e.host.GetCurrentRequestBody(id)...)
		}
	}
	reply.Passed = action == types.ActionContinue && !r.Open
	if reply.Passed && !reply.BeforeVerdict {
		reply.Forwarded = e.host.GetCurrentRequestHeaders(id)
	}
	return reply
}

// local copies a local response out of the module's memory, where the emulator leaves it.
func (e *Emulator) local(id uint32, reply *Reply) bool {
	sent := e.host.GetSentLocalResponse(id)
	if sent == nil {
		return false
	}
	reply.Local, reply.Status, reply.Body = true, int(sent.StatusCode), slices.Clone(sent.Data)
	for _, h := range sent.Headers {
		reply.Headers = append(reply.Headers, [2]string{strings.Clone(h[0]), strings.Clone(h[1])})
	}
	return true
}

// Tick runs proxy_on_tick once.
func (e *Emulator) Tick() error {
	return e.guard("tick", func() error { e.host.Tick(); return nil })
}

// Metric returns a counter's or gauge's value, 0 when there is none.
func (e *Emulator) Metric(name string) int64 {
	if v, err := e.host.GetCounterMetric(name); err == nil {
		return int64(v)
	}
	v, _ := e.host.GetGaugeMetric(name)
	return int64(v)
}

// Logs returns the module's log lines, by level: the emulator keeps no order between levels.
func (e *Emulator) Logs() []string {
	var out []string
	for _, lines := range [][]string{e.host.GetTraceLogs(), e.host.GetDebugLogs(), e.host.GetInfoLogs(), e.host.GetWarnLogs(),
		e.host.GetErrorLogs(), e.host.GetCriticalLogs()} {
		for _, l := range lines {
			out = append(out, strings.Clone(l))
		}
	}
	return out
}
