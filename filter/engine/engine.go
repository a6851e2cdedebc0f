// Package engine decides whether a request is let through: the stages, in the
// order in which they are asked, stand in CheckHeaders and CheckBody.
//
// It knows no host and no clock. The plugin feeds it in a proxy; tests, fuzzers
// and native programs feed it directly. It allocates nothing after New, keeps
// nothing of a request between calls, and answers a contradiction in itself
// with verdict.Internal: closed.
package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/limit"
	"portcullis/filter/param"
	"portcullis/filter/route"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// Options is what an Engine needs besides its table. Zero limits take the
// defaults.
type Options struct {
	Store   limit.Store    // shared data; nil: limits count in this engine alone
	Sig     token.Verifier // signatures; nil: every token is refused
	Secrets [][]byte       // values of the table's secrets, in its order
	// PreviousSecrets is the values that are being replaced, nil entries where
	// there is none.
	PreviousSecrets [][]byte
	Seed            [16]byte // random; keys every hash that callers could attack

	MaxBodyBytes   uint32 // default 1 MiB
	MaxHeaders     uint32 // fields; default 128
	MaxHeaderBytes uint32 // names and values together; default 64 KiB
	MaxPathBytes   uint32 // default 8 KiB
	MaxNodes       uint32 // values and names of a body; default 64 Ki
	MaxDepth       uint32 // default 64
	MaxTokenBytes  uint32 // default 8 KiB
	// TokenCacheBytes bounds the memory of verified tokens; 0 keeps none.
	TokenCacheBytes uint32
	Mode            uint8 // table.ModeMonitor or ModeOff weaken every operation's mode
}

func (o *Options) defaults() {
	def := func(p *uint32, v uint32) {
		if *p == 0 {
			*p = v
		}
	}
	def(&o.MaxBodyBytes, 1<<20)
	def(&o.MaxHeaders, 128)
	def(&o.MaxHeaderBytes, 64<<10)
	def(&o.MaxPathBytes, 8<<10)
	def(&o.MaxNodes, 64<<10)
	def(&o.MaxDepth, 64)
	def(&o.MaxTokenBytes, 8<<10)
	if o.Mode == 0 {
		o.Mode = table.ModeEnforce
	}
}

// Engine judges requests by one table, one at a time.
type Engine struct {
	t   *table.Table
	opt Options

	path    *route.Path
	match   route.Match
	params  *param.Decoder
	parser  *json.Parser
	tape    json.Tape // of the last body
	machine *schema.Machine
	tokens  *token.Checker
	limits  *limit.Limiter
	charges [limit.MaxCharges]limit.Charge
	outcome limit.Outcome

	failed      *json.Tape // the tape that the last failure is about
	authorized  bool       // the last request carried a good token
	identityBuf []byte     // whom a limit counts
	unknown     []byte     // name of the undeclared parameter that was refused
}

// maxScratch bounds the strings with escapes that can be looked into: a longer one
// is refused with body_budget. Without escapes a string is judged in place.
const maxScratch = 256 << 10

// New makes an engine for t. When a limit of t can't be decided exactly it
// returns nil and the limit's index.
func New(t *table.Table, opt Options) (e *Engine, badLimit int) {
	opt.defaults()
	e = &Engine{t: t, opt: opt}
	if e.limits, badLimit = newLimiter(t, &opt); e.limits == nil {
		return nil, badLimit
	}
	textBytes := int(opt.MaxHeaderBytes + opt.MaxPathBytes)
	e.path = route.NewPath(int(opt.MaxPathBytes))
	e.params = param.New(2*textBytes, 1024)
	e.parser = json.NewParser(int(opt.MaxNodes), int(opt.MaxDepth))
	e.tape.Nodes = make([]json.Node, 0, opt.MaxNodes)
	e.machine = schema.NewMachine(schema.Limits{Nodes: int(opt.MaxNodes), Scratch: int(min(opt.MaxBodyBytes, maxScratch)), Seed: seed(&opt)})
	e.tokens = token.NewChecker(token.Options{Verifier: opt.Sig, Secrets: opt.Secrets, Previous: opt.PreviousSecrets, MaxTokenBytes: opt.MaxTokenBytes, CacheBytes: opt.TokenCacheBytes, Seed: opt.Seed})
	e.identityBuf = make([]byte, 0, opt.MaxTokenBytes)
	return e, 0
}

func seed(o *Options) (s uint64) {
	for _, c := range o.Seed[:8] {
		s = s<<8 | uint64(c)
	}
	return s
}

// Table is the table that the engine judges by.
func (e *Engine) Table() *table.Table { return e.t }

// CheckHeaders judges everything that comes before the body. d.Code is Allow,
// NeedBody, or the reason of refusal.
func (e *Engine) CheckHeaders(r *Request, d *Decision) {
	d.reset()
	d.Mode = e.opt.Mode
	e.failed, e.unknown = nil, nil
	d.Code = e.headers(r, d)
}

// headers is the stages, in order. Limits come after the token so that whoever
// holds no credential can't use up other callers' rate.
func (e *Engine) headers(r *Request, d *Decision) verdict.Code {
	if code := e.request(r, d); code != verdict.Allow {
		return code
	}
	if code := e.route(r, d); code != verdict.Allow {
		return code
	}
	op := e.t.Op(d.Op)
	if d.Mode == table.ModeOff {
		return verdict.Allow
	}
	if op.Flags()&table.OpFlagDeny != 0 {
		return verdict.OperationUnenforceable
	}
	if code := e.identify(r, op, d); code != verdict.Allow {
		return code
	}
	if code := e.limit(r, op, d); code != verdict.Allow {
		return code
	}
	if op.Inspect() < table.InspectParameters {
		return verdict.Allow
	}
	if code := e.parameters(r, op, d); code != verdict.Allow {
		return code
	}
	if op.Inspect() < table.InspectBody {
		return verdict.Allow
	}
	return e.announced(r, op, d)
}

// request refuses what must not even be looked at.
func (e *Engine) request(r *Request, d *Decision) verdict.Code {
	if uint32(len(r.Headers)) > e.opt.MaxHeaders {
		return verdict.RequestHeadersTooMany
	}
	size := uint32(0)
	for i := range r.Headers {
		size += uint32(len(r.Headers[i].Name) + len(r.Headers[i].Value))
	}
	if size > e.opt.MaxHeaderBytes {
		return verdict.RequestHeadersTooLarge
	}
	code, _ := r.scan()
	if code != verdict.Allow {
		d.Part = verdict.PartHeader
	}
	return code
}

// route finds the operation and with it the mode.
func (e *Engine) route(r *Request, d *Decision) verdict.Code {
	d.Part = verdict.PartPath
	if code := e.path.Parse(r.fields.path, 0); code != verdict.Allow {
		return code
	}
	op, out := route.Find(e.t, r.fields.authority, r.fields.method, e.path, &e.match)
	if out != route.Found {
		// The actions and the modes are numbered alike: deny and enforce,
		// monitor, pass and off.
		d.Mode = max(d.Mode, e.t.Unknown())
	}
	switch out {
	case route.NoHost:
		return verdict.RouteHostUnknown
	case route.NoPath:
		return verdict.RouteNotFound
	case route.NoMethod:
		d.Methods = e.match.Methods
		return verdict.RouteMethodNotAllowed
	}
	d.Op, d.Part = op, verdict.PartNone
	d.Mode = max(d.Mode, e.t.Op(op).Mode())
	if len(r.fields.upgrade) != 0 && e.t.Op(op).Flags()&table.OpFlagUpgrade == 0 {
		d.Part = verdict.PartHeader
		return verdict.RequestUpgrade
	}
	return verdict.Allow
}

// parameters decodes and judges the operation's parameters in the order of the
// description.
func (e *Engine) parameters(r *Request, op table.Op, d *Decision) verdict.Code {
	p := e.params
	if code := p.Begin(e.t, op); code != verdict.Allow {
		return code
	}
	p.Path(e.match.Captures[:e.match.N])
	code, name, unknown := p.Query(e.path.Query, op.UnknownQuery())
	if d.Unknown = uint32(unknown); code != verdict.Allow {
		d.Part = verdict.PartQuery
		if d.Param = e.paramNamed(op, table.InQuery, name); d.Param == table.NoIndex {
			e.unknown = name
		}
		return code
	}
	if code := e.fieldParameters(r, op, d); code != verdict.Allow {
		return code
	}
	params := op.Params()
	for i := uint32(0); i < params.Count; i++ {
		code, skip := p.Value(i)
		if code == verdict.Allow && skip {
			continue
		}
		rec := e.t.Param(params.Start + i)
		if code == verdict.Allow {
			code = e.judge(rec.Entry(), &p.Tape, verdict.ParamInvalid, d)
			if code == verdict.ParamInvalid && p.AsString(i) {
				code = e.judge(rec.Entry(), &p.Tape, verdict.ParamInvalid, d)
			}
		}
		if code != verdict.Allow {
			d.Param, d.Part = params.Start+i, partOf(rec.In())
			return code
		}
	}
	return verdict.Allow
}

// fieldParameters collects header and cookie parameters.
func (e *Engine) fieldParameters(r *Request, op table.Op, d *Decision) verdict.Code {
	headers, cookies := e.params.Has(table.InHeader), e.params.Has(table.InCookie)
	if !headers && !cookies {
		return verdict.Allow
	}
	for i := range r.Headers {
		h := &r.Headers[i]
		if headers {
			if code := e.params.Header(h.Name, h.Value); code != verdict.Allow {
				d.Part, d.Param = verdict.PartHeader, e.paramNamed(op, table.InHeader, h.Name)
				return code
			}
		}
		if cookies && string(h.Name) == "cookie" {
			if code, name := e.params.Cookie(h.Value); code != verdict.Allow {
				d.Part, d.Param = verdict.PartCookie, e.paramNamed(op, table.InCookie, name)
				return code
			}
		}
	}
	return verdict.Allow
}

// paramNamed is the record of a declared parameter, NoIndex for others.
func (e *Engine) paramNamed(op table.Op, in uint8, name []byte) uint32 {
	r := op.Params()
	for i := r.Start; i < r.End(); i++ {
		if p := e.t.Param(i); p.In() == in && string(p.Name()) == string(name) {
			return i
		}
	}
	return table.NoIndex
}

func partOf(in uint8) verdict.Part {
	switch in {
	case table.InPath:
		return verdict.PartPath
	case table.InQuery, table.InQuerystring:
		return verdict.PartQuery
	case table.InHeader:
		return verdict.PartHeader
	case table.InCookie:
		return verdict.PartCookie
	}
	return verdict.PartNone
}

// judge runs a schema over the first value of tape; bad is the code of a
// violation.
func (e *Engine) judge(entry uint32, tape *json.Tape, bad verdict.Code, d *Decision) verdict.Code {
	d.Failed = false
	if entry == table.NoIndex {
		return verdict.Allow
	}
	switch e.machine.Validate(e.t, entry, tape, 0) {
	case schema.StatusValid:
		return verdict.Allow
	case schema.StatusInvalid:
		if f := e.machine.Failures(); len(f) > 0 {
			d.Failed, d.failure, e.failed = true, f[0], tape
		}
		return bad
	case schema.StatusBudget:
		return verdict.BodyBudget
	}
	return verdict.Internal
}
