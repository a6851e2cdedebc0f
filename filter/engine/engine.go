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
	Peer    Peer           // who sent the request; nil: nobody knows
	Sig     token.Verifier // signatures; nil: every token is refused
	KeySig  token.Verifier // tells which fetched keys can be used; nil: Sig
	Secrets [][]byte       // values of the table's secrets, in its order
	// PreviousSecrets is the values that are being replaced, nil entries where
	// there is none.
	PreviousSecrets [][]byte
	Seed            [16]byte // random; keys every hash that callers could attack

	MaxBodyBytes   uint32 // default 1 MiB
	MaxResponse    uint32 // bytes of a response's body that is judged; default 1 MiB
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
	def(&o.MaxResponse, 1<<20)
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
	sets    []*token.KeySet // by provider; nil where no provider fetches its keys
	reader  token.SetReader
	wants   uint32 // provider whose keys the last request wanted, table.NoIndex
	asks    uint32 // provider that has to be asked about its token, table.NoIndex
	inquiry []byte // that token
	lim     limiter
	// inspector settles how deep requests are looked at.
	inspector inspector
	allow     *authorizer // nil: the table has no expressions
	shown     credentials
	proofs    *prover // nil: no provider accepts DPoP proofs
	// certKinds has a bit for each kind of credential in the table.
	certKinds uint32
	enforces  bool       // an operation's mode is enforce
	known     bool       // the last request's credentials were judged and are good
	fwd       *forwarder // nil where no upstream is told who calls

	captures   [table.MaxCaptures][]byte // of the last path, as they came
	head       problemHead               // of the last refusal's code
	failed     *json.Tape                // the tape that the last failure is about
	authorized bool                      // the last request carried a good token
	unknown    []byte                    // name of the undeclared parameter that was refused
}

// maxScratch bounds the strings with escapes that can be looked into: a longer one
// is refused with body_budget. Without escapes a string is judged in place.
//
// It also bounds the text of an urlencoded form, which has to be decoded: a larger
// one is refused with body_too_large. Parts of multipart bodies are judged in place.
const maxScratch = 256 << 10

// maxFields bounds the parts of a multipart body, and the fields of a form with
// arrays or objects in it: one with more is refused with body_nodes.
const maxFields = 2048

// New makes an engine for t. When a limit of t can't be decided exactly it
// returns nil and the limit's index.
func New(t *table.Table, opt Options) (e *Engine, badLimit int) {
	opt.defaults()
	e = &Engine{t: t, opt: opt, certKinds: certificateKinds(t)}
	for i := uint32(0); i < t.NumOps() && !e.enforces; i++ {
		e.enforces = t.Op(i).Mode() == table.ModeEnforce
	}
	if ok, bad := e.lim.init(t, &opt); !ok {
		return nil, bad
	}
	if !e.inspector.init(t, &opt) {
		return nil, 0 // the table's bounds make it impossible
	}
	e.head.text = make([]byte, 0, headRoom)
	e.path = route.NewPath(int(opt.MaxPathBytes))
	e.parser = json.NewParser(int(opt.MaxNodes), int(opt.MaxDepth))
	e.allow = newAuthorizer(t, e.parser)
	e.params = param.New(decoderLimits(t, &opt), e.parser)
	e.tape.Nodes = make([]json.Node, 0, opt.MaxNodes)
	e.initKeys()
	body := opt.MaxBodyBytes
	if t.JudgesResponses() {
		body = max(body, opt.MaxResponse)
	}
	e.machine = schema.NewMachine(schema.Limits{Nodes: int(opt.MaxNodes), Scratch: int(min(body, maxScratch)), Seed: seed(&opt),
		NoMarks: !schema.Marks(&t.Schema), Borrow: e.parser.Lend})
	e.tokens = token.NewChecker(token.Options{Verifier: opt.Sig, Secrets: opt.Secrets, Previous: opt.PreviousSecrets, Sets: e.sets, Denies: t.NumDenied() != 0, Introspects: t.NumIntrospections() != 0, MaxTokenBytes: opt.MaxTokenBytes, CacheBytes: opt.TokenCacheBytes, Seed: opt.Seed})
	e.fwd = newForwarder(t, &e.opt)
	e.proofs = newProver(t, &e.opt)
	return e, 0
}

// decoderLimits sizes what parameters are decoded in, and forms where the table
// has any.
func decoderLimits(t *table.Table, o *Options) param.Limits {
	l := param.Limits{TextBytes: int(2*o.MaxHeaderBytes + 3*o.MaxPathBytes), Values: 1024, Nodes: 2048, Depth: int(o.MaxDepth), Seed: seed(o)}
	for i := uint32(0); i < t.NumMedia(); i++ {
		switch t.Media(i).Kind() {
		case table.BodyForm:
			l.TextBytes = max(l.TextBytes, int(min(o.MaxBodyBytes, maxScratch)))
			l.Values = maxFields
		case table.BodyMultipart:
			l.Values = maxFields
		}
	}
	return l
}

func seed(o *Options) (s uint64) {
	for _, c := range o.Seed[:8] {
		s = s<<8 | uint64(c)
	}
	return s
}

// Waits reports whether CheckHeaders may answer NeedAnswer.
func (e *Engine) Waits() bool {
	return e.sets != nil || len(e.lim.fleet.services) > 0 || e.t.NumIntrospections() > 0
}

// Table is the table that the engine judges by.
func (e *Engine) Table() *table.Table { return e.t }

// CheckHeaders judges everything that comes before the body. d.Code is Allow,
// NeedBody, NeedAnswer, or the reason of refusal. After NeedAnswer it is called again
// for the same request with what was answered in r.Answers.
func (e *Engine) CheckHeaders(r *Request, d *Decision) {
	d.reset()
	d.Mode = e.opt.Mode
	e.failed, e.unknown, e.lim.hits, e.known = nil, nil, 0, false
	e.authorized = false
	e.shown.begin() // nobody, until it is known who
	code := e.headers(r, d)
	e.strict(d, code)
	d.Code = e.forward(r, d, code)
	if d.Code == verdict.NeedAnswer && d.Wait.For != WaitLimits {
		e.lim.hits = 0 // found again when it is judged again
	}
	e.CountRefusal(r.NowNanos, d)
	if d.Entered && d.Mode == table.ModeEnforce && d.Code != verdict.Allow && d.Code != verdict.NeedBody && d.Code != verdict.NeedAnswer {
		d.Entered = false
		e.lim.gates.Leave(d.Op)
	}
}

// headers is the stages, in order. Limits come after the token so that whoever
// holds no credential can't use up other callers' rate. A rate limit service is asked
// last: nothing that is refused without it waits for it.
func (e *Engine) headers(r *Request, d *Decision) verdict.Code {
	if code := e.request(r, d); code != verdict.Allow {
		return code
	}
	if code := e.route(r, d); code != verdict.Allow {
		return code
	}
	if d.Mode == table.ModeOff {
		return verdict.Allow
	}
	if d.Preflight {
		if d.CORS != table.NoIndex {
			return e.answerPreflight(r, e.t.Op(d.Op), d)
		}
		return e.preflight(r, e.t.Op(d.Op), d)
	}
	op := e.t.Op(d.Op)
	d.begin(op)
	if op.Flags()&table.OpFlagDeny != 0 {
		return verdict.OperationUnenforceable
	}
	if code := e.overridden(r, op, d); code != verdict.Allow {
		return code
	}
	if code := e.guard(r, op, d); code != verdict.Allow {
		return code
	}
	if code := e.identify(r, op, d); code != verdict.Allow {
		e.blame(r, op, d, code)
		e.lacking(op, d, code)
		return code
	}
	e.known = true
	e.inspect(r, op, d)
	if code := e.limit(r, op, d); code != verdict.Allow {
		return code
	}
	code := e.content(r, op, d)
	if op.Expr() != table.NoIndex && (code == verdict.Allow || code == verdict.NeedBody) {
		code = e.authorize(r, op, d, code)
	}
	if d.fleet && (code == verdict.Allow || code == verdict.NeedBody) {
		code = e.askFleet(r, op, d, code)
	}
	return code
}

// content judges the parameters and what the header fields say of the body, as
// deep as the request is looked at.
func (e *Engine) content(r *Request, op table.Op, d *Decision) verdict.Code {
	if d.Risk.Level == table.InspectDeep {
		if code := e.relaxed(r, op, d); code != verdict.Allow {
			return code
		}
	}
	if d.Risk.Level < table.InspectBody {
		if code := e.framing(r, d); code != verdict.Allow {
			return code
		}
	}
	if d.Risk.Level < table.InspectParameters {
		e.allow.begin(e.t, op)
		return verdict.Allow
	}
	if code := e.parameters(r, op, d); code != verdict.Allow {
		return code
	}
	if d.Risk.Level < table.InspectBody {
		return verdict.Allow
	}
	return e.announced(r, op, d)
}

// request refuses what must not even be looked at.
func (e *Engine) request(r *Request, d *Decision) verdict.Code {
	if uint32(len(r.Headers)) > e.opt.MaxHeaders {
		return verdict.RequestHeadersTooMany
	}
	code, size := r.scan()
	if size > e.opt.MaxHeaderBytes {
		return verdict.RequestHeadersTooLarge
	}
	if code == verdict.Allow {
		code = r.fields.transfer()
	}
	if code == verdict.Allow {
		code = r.fields.connects()
	}
	if code != verdict.Allow {
		d.Part = verdict.PartHeader
	}
	return code
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
