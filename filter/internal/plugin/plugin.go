// Package plugin decides when a request is judged and what is answered: it keeps
// the streams of one VM, holds requests until their bodies are there, asks the
// engine, and turns verdicts into answers, counters and log lines.
//
// It never decides whether a request is let through; that is the engine's word.
// It fails closed: a stream it does not know, a body it can't read, a table it does
// not have are refused. It never traps: every callback takes any id in any order.
// After configuration it allocates nothing.
//
// A stream goes one way:
//
//	create -> open --headers--> passed ----------------------> delete
//	                 |  |                     ^
//	                 |  +--> held --body------+
//	                 |        |  |
//	                 |        |  +--tick: timeout--+
//	                 +--------+--> decided <-------+
//
// A request whose headers ask for an answer from outside is waiting between open and
// what follows from them; what comes of its body meanwhile pauses.
//
// In passed every callback continues, in open, waiting, held and decided every callback of
// the request pauses. Nothing leads out of passed and decided.
package plugin

import (
	"portcullis/filter/cel"
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// Engine is what the plugin asks of the engine; *engine.Engine is one.
type Engine interface {
	CheckHeaders(r *engine.Request, d *engine.Decision)
	CheckBody(r *engine.Request, d *engine.Decision)
	MaxBody(d *engine.Decision) uint32
	Waits() bool
	JudgesResponses() bool
	ResponseMode(d *engine.Decision) uint8
	CheckResponseHeaders(r *engine.Response, d *engine.Decision)
	CheckResponseBody(r *engine.Response, d *engine.Decision)
	ResponseTrailerAllowed(op uint32, status uint16, name []byte) bool
	MaxResponse() uint32
	AppendProblem(dst []byte, d *engine.Decision, full bool) []byte
	AppendReason(dst []byte, d *engine.Decision) []byte
	Table() *table.Table
	forwarding
}

// Options is what a VM is made of.
type Options struct {
	Host  abi.Host
	Arena *abi.Arena
	// Sig does the cryptography that the host does not.
	Sig token.Verifier
	// Open makes an engine from a table; nil is the real one. Tests bring their own.
	Open Opener
}

// Opener makes an engine from a table's bytes, or says in one line why it can't.
type Opener func(raw []byte, cfg *config.Config, environ []byte, opt engine.Options) (e Engine, problem string)

// VM is the plugin of one Proxy-Wasm VM: all its root contexts and streams.
//
// Invariants: now, headers, req and d belong to the callback that runs and hold
// nothing that outlives it.
type VM struct {
	host  abi.Host
	arena *abi.Arena
	open  Opener
	store store
	peer  peer
	sig   verifier

	roots   []*root
	streams streams
	held    pool[held]
	more    []heldMore // by slot; empty where no table needs it
	kept    []cel.Kept // the same, of expressions over the body
	waits   pool[waiting]
	askers  [numWaits]asker // by kind of wait; nil where nobody can be asked
	watches pool[watch]
	notes   pool[note]
	metrics metrics
	log     logger
	reply   replier

	// rerouted is set once the callback has changed header fields that routes may
	// depend on, noReroute when the host has no way to choose a route again.
	rerouted, noReroute bool

	// sawBody is set by the VM's first body callback: from then on a body that does
	// not come is the client's doing, not the proxy's set-up.
	sawBody bool

	headers []engine.Header // scratch: len is the most fields any root accepts
	req     engine.Request
	resp    engine.Response
	d       engine.Decision
}

// New makes a VM. It makes no host call: modules are initialised at a time when
// hosts allow none.
func New(o Options) *VM {
	v := &VM{host: o.Host, arena: o.Arena, open: o.Open}
	if v.open == nil {
		v.open = openEngine
	}
	v.store.host, v.peer.host = o.Host, o.Host
	v.askers[engine.WaitLimits] = &limitAsker{v: v}
	v.sig = newVerifier(o.Host, o.Sig)
	v.askers[engine.WaitKeys] = keyAsker{v}
	v.askers[engine.WaitIntrospection] = introspectionAsker{v}
	v.log.init()
	v.reply.init()
	return v
}

// begin starts a callback in which something is judged: what the last one was handed
// is gone. v.resp is set anew by whoever judges a response.
func (v *VM) begin() {
	v.arena.Reset()
	v.req, v.rerouted = engine.Request{}, false
}

// ContextCreate makes a root context (parent 0) or a stream.
func (v *VM) ContextCreate(id, parent uint32) {
	if parent == 0 {
		v.roots = append(v.roots, &root{id: id})
		return
	}
	// A stream that finds no room is unknown from here on, and what is unknown is
	// refused.
	v.streams.add(id, parent)
}

// VMStart accepts any VM configuration: there is none.
func (v *VM) VMStart(id, size uint32) bool { return true }

// Done says that the context may be deleted. A stream that is done is no longer
// in flight.
func (v *VM) Done(id uint32) bool {
	if c := v.streams.find(id); c != nil {
		if c.state == stateWaiting {
			v.dropWait(c)
			c.state = stateDecided // an answer would go nowhere
		}
		c.leave()
	} else if v.root(id) != nil {
		v.tellMetrics()
		v.metrics.ticks = false // until there is another root there may be none
	}
	return true
}

// Delete forgets a context.
func (v *VM) Delete(id uint32) {
	if c := v.streams.find(id); c != nil {
		if c.state == stateHeld {
			v.held.free(c.held)
		}
		if c.state == stateWaiting {
			v.dropWait(c)
		}
		if c.flags&flagWatched != 0 {
			v.watches.free(c.held)
		}
		c.leave()
		v.dropNote(c)
		v.streams.remove(id)
		return
	}
	for i, r := range v.roots {
		if r.id == id {
			v.roots = append(v.roots[:i], v.roots[i+1:]...)
			return
		}
	}
}

// root finds a root context; nil is none.
func (v *VM) root(id uint32) *root {
	for _, r := range v.roots {
		if r.id == id {
			return r
		}
	}
	return nil
}

// own makes v.d the plugin's own decision: one that no engine took part in, or
// whose request it no longer has.
func (v *VM) own(code verdict.Code, mode uint8, op uint32) {
	v.d.Kept.Clear()
	v.d.Finding = engine.Finding{Code: code, Mode: mode, Op: op, Media: table.NoIndex, Param: table.NoIndex,
		Limit: table.NoIndex, CORS: table.NoIndex, Provider: table.NoIndex, Consumer: table.NoIndex}
}
