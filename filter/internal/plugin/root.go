package plugin

import (
	"portcullis/filter/cel"
	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
)

// root is one root context: a plugin configuration and its engine. Several may
// live in a VM; streams name theirs.
type root struct {
	id           uint32
	cfg          config.Config
	engine       Engine // nil until a configuration was good
	ticks        uint64
	timeoutTicks uint64
	ticksPerLog  uint64   // how often the lines about refusals are counted anew
	periodNanos  int64    // between two ticks
	waitTicks    uint64   // how long a request waits for an answer
	ring         *keyring // nil when no provider fetches its keys
	desk         *desk    // nil when no provider is asked about tokens
	meter        *meter   // nil when the table has no limits
	trailers     trailerNames
}

// arenaSlack is room for what a callback is handed beside headers and body: shared
// data, answers of host functions, ranges of the configuration.
const arenaSlack = 24 << 10

// source reads the plugin configuration from the host.
type source struct{ v *VM }

// Range implements config.Source. Each range takes the place of the last.
func (s source) Range(start, max uint32) ([]byte, bool) {
	s.v.arena.Reset()
	b, st := s.v.host.Bytes(abi.BufferPluginConfig, start, max)
	return b, st == abi.StatusOK
}

// Configure reads a plugin configuration of size bytes and makes its engine. What
// is wrong with it is one log line and false; what was loaded before stays.
func (v *VM) Configure(id, size uint32) bool {
	v.begin()
	r := v.root(id)
	if r == nil {
		r = &root{id: id}
		v.roots = append(v.roots, r)
	}
	cfg, err := config.Load(source{v}, size)
	if err != nil {
		return v.bad(err.Error())
	}
	raw, problem := v.table(cfg)
	if problem != "" {
		return v.bad(problem)
	}
	cfg.Table = nil // the engine has it
	opt := engine.Options{
		Store: &v.store, Sig: &v.sig, KeySig: unbudgeted{&v.sig}, Peer: &v.peer,
		MaxBodyBytes: cfg.MaxBodyBytes, MaxResponse: cfg.MaxResponse, MaxHeaders: cfg.MaxHeaders, MaxHeaderBytes: cfg.MaxHeaderBytes,
		MaxPathBytes: cfg.MaxPathBytes, MaxNodes: cfg.MaxNodes, MaxDepth: cfg.MaxDepth,
		MaxTokenBytes: cfg.MaxTokenBytes, TokenCacheBytes: cfg.TokenCacheBytes, Mode: uint8(cfg.Mode),
	}
	if !v.host.Random(opt.Seed[:]) {
		return v.bad("the host gives no random bytes")
	}
	e, problem := v.open(raw, cfg, v.host.Environ(), opt)
	if problem != "" {
		return v.bad(problem)
	}
	v.grow(cfg, e)
	v.metrics.define(v.host)
	period := r.install(cfg, e)
	v.metrics.ticks = v.host.SetTick(period) == abi.StatusOK
	v.sig.budget.limit(v.verifyPercent())
	r.ring.abandon()
	r.ring = v.newKeyring(r, e, period)
	r.desk = v.newDesk(r, e, period)
	v.moveWaits(r)
	v.tellMetrics() // the meter goes
	r.meter = newMeter(v.host, e)
	r.trailers = newTrailerNames(e.Table())
	if announces(e) {
		v.notes.grow(cfg.MaxOpenRequests)
	}
	v.logLoaded(r, len(raw))
	return true
}

// table is the table's bytes: from the configuration or from the module.
func (v *VM) table(cfg *config.Config) (raw []byte, problem string) {
	if cfg.Table != nil {
		return cfg.Table, ""
	}
	n := v.host.Linked()
	if n == 0 {
		return nil, `plugin configuration: no table: want base64 under "table", or a module made by schemagen link`
	}
	raw = make([]byte, n)
	if !v.host.ReadLinked(raw, 0) {
		return nil, "the table linked into the module can't be read"
	}
	return raw, ""
}

// grow makes the VM's scratch large enough for cfg beside what it holds already.
// e's table says what of it is needed.
func (v *VM) grow(cfg *config.Config, e Engine) {
	headers := cfg.MaxHeaderBytes + cfg.MaxHeaders*10 + 4 // as serialized
	body := cfg.MaxBodyBytes
	if e.JudgesResponses() {
		body = max(body, cfg.MaxResponse)
		v.watches.grow(cfg.MaxOpenRequests)
	}
	size := headers + body + 1 + arenaSlack
	if e.Waits() {
		size = max(size+token.MaxSetBytes, maxKeyDocument+headers+arenaSlack)
	}
	v.arena.Grow(size)
	v.streams.grow(cfg.MaxOpenRequests)
	v.held.grow(cfg.MaxHeldRequests)
	if e.Waits() {
		v.waits.grow(cfg.MaxWaitingRequests)
	}
	// What the requests of one root need there is for every slot, whoever asked for it.
	if (len(v.more) > 0 || needsMore(e.Table())) && len(v.more) < len(v.held.slots) {
		more := make([]heldMore, len(v.held.slots))
		copy(more, v.more)
		v.more = more
	}
	if t := e.Table(); (len(v.kept) > 0 || t != nil && engine.KeepsForBody(t)) && len(v.kept) < len(v.held.slots) {
		kept := make([]cel.Kept, len(v.held.slots))
		copy(kept, v.kept)
		v.kept = kept
	}
	if uint32(len(v.headers)) < cfg.MaxHeaders {
		v.headers = make([]engine.Header, cfg.MaxHeaders)
	}
}

// needsMore reports whether held requests of t need more than the usual.
func needsMore(t *table.Table) bool {
	if t == nil || t.NumLimits() > 0 || t.NumInspections() > 0 {
		return true
	}
	for i := uint32(0); i < t.NumMedia(); i++ {
		if t.Media(i).Kind() == table.BodyMultipart {
			return true
		}
	}
	return false
}

// install makes e the root's engine and returns the tick period in milliseconds.
// A request waits at least the configured time and at most one period more.
func (r *root) install(cfg *config.Config, e Engine) (periodMs uint32) {
	periodMs = min(max(cfg.BodyTimeoutMs/10, 10), 1000)
	r.ticksPerLog = 1
	if e.Waits() {
		usual := periodMs
		periodMs = min(periodMs, max(cfg.WaitTimeoutMs/10, 10), 200)
		r.ticksPerLog = uint64(max(usual/periodMs, 1))
	}
	r.cfg, r.engine, r.periodNanos = *cfg, e, int64(periodMs)*1e6
	r.timeoutTicks = uint64((cfg.BodyTimeoutMs + periodMs - 1) / periodMs)
	r.waitTicks = uint64((cfg.WaitTimeoutMs + periodMs - 1) / periodMs)
	return periodMs
}

// verifyPercent is the share of the worker's time for checks of signatures: the least
// that its configurations say.
func (v *VM) verifyPercent() uint32 {
	least := uint32(100)
	for _, r := range v.roots {
		if r.engine != nil {
			least = min(least, r.cfg.VerifyPercent)
		}
	}
	return least
}

// bad logs why a configuration is refused.
func (v *VM) bad(why string) bool {
	v.host.Log(abi.LevelError, []byte(logPrefix+why))
	return false
}

// openEngine is the Opener of the filter.
func openEngine(raw []byte, cfg *config.Config, environ []byte, opt engine.Options) (Engine, string) {
	t, bad, off := table.Open(raw)
	if bad != table.ErrNone {
		b := text.Append(text.Append(nil, "table refused: "), bad.String())
		b = text.Uint(text.Append(b, " (at byte "), uint64(off))
		b = text.Uint(text.Append(b, " of "), uint64(len(raw)))
		return nil, string(text.Byte(b, ')'))
	}
	if problem := secrets(t, cfg, environ, &opt); problem != "" {
		return nil, problem
	}
	if problem := fleetProblem(t, opt.Secrets); problem != "" {
		return nil, problem
	}
	e, limit := engine.New(t, opt)
	if e == nil {
		b := text.Quote(text.Append(nil, "table refused: limit "), string(t.Limit(uint32(limit)).Name))
		return nil, string(text.Append(b, " can't be counted exactly"))
	}
	return e, ""
}
