package cases

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/limit"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/runtime-test/host"
)

// Native judges with filter/engine in this process: no module, no host, no plugin. What differs between it and the others is the fault
// of what stands between the engine and the wire.
type Native struct{}

// Name is native.
func (Native) Name() string { return "native" }

// Load opens the table and makes an engine as the plugin does.
func (Native) Load(_ context.Context, s Setup) (Instance, error) {
	cfgText, err := json.Marshal(s.Config) // the table is not repeated in base64 here
	if err != nil {
		return nil, err
	}
	cfg, bad := config.Load(textSource(cfgText), uint32(len(cfgText)))
	if bad != nil {
		return nil, fmt.Errorf("%w: %s", ErrRefusedLoad, bad.Error())
	}
	t, terr, off := table.Open(s.Table)
	if terr != table.ErrNone {
		return nil, fmt.Errorf("%w: table: %v at byte %d", ErrRefusedLoad, terr, off)
	}
	opt := engine.Options{
		Store: &memoryStore{host.NewSharedData()}, Sig: sig.New(), MaxBodyBytes: cfg.MaxBodyBytes, MaxResponse: cfg.MaxResponse, MaxHeaders: cfg.MaxHeaders,
		MaxHeaderBytes: cfg.MaxHeaderBytes, MaxPathBytes: cfg.MaxPathBytes, MaxNodes: cfg.MaxNodes, MaxDepth: cfg.MaxDepth,
		MaxTokenBytes: cfg.MaxTokenBytes, TokenCacheBytes: cfg.TokenCacheBytes, Mode: uint8(cfg.Mode),
	}
	for i := range t.NumSecrets() {
		value, ok := cfg.Secret(t.Secret(i), nil)
		if !ok {
			return nil, fmt.Errorf("%w: the table needs the secret %q", ErrRefusedLoad, t.Secret(i))
		}
		previous, _ := cfg.PreviousSecret(t.Secret(i), nil)
		opt.Secrets, opt.PreviousSecrets = append(opt.Secrets, value), append(opt.PreviousSecrets, previous)
	}
	e, badLimit := engine.New(t, opt)
	if e == nil {
		return nil, fmt.Errorf("%w: limit %d can't be counted exactly", ErrRefusedLoad, badLimit)
	}
	return &nativeInstance{e: e, cfg: cfg, now: host.DefaultStart, calls: s.Calls}, nil
}

// textSource is a configuration at hand.
type textSource []byte

// Range implements config.Source.
func (s textSource) Range(start, most uint32) ([]byte, bool) {
	if uint64(start) >= uint64(len(s)) {
		return nil, false
	}
	return s[start:min(uint64(start)+uint64(most), uint64(len(s)))], true
}

// memoryStore is limit.Store over the test host's shared data, which has the semantics of Envoy's.
type memoryStore struct{ d *host.SharedData }

// Get implements limit.Store.
func (m *memoryStore) Get(key []byte) ([]byte, uint32, limit.Status) {
	v, cas, ok := m.d.Get(string(key))
	if !ok {
		return nil, 0, limit.NotFound
	}
	return v, cas, limit.OK
}

// Set implements limit.Store.
func (m *memoryStore) Set(key, value []byte, cas uint32) limit.Status {
	if m.d.Set(string(key), value, cas) == host.StatusCasMismatch {
		return limit.Mismatch
	}
	return limit.OK
}

type nativeInstance struct {
	e     *engine.Engine
	cfg   *config.Config
	now   time.Time
	calls map[string]Call
}

func (n *nativeInstance) Now() time.Time                { return n.now }
func (n *nativeInstance) Advance(d time.Duration) error { n.now = n.now.Add(d); return nil }
func (n *nativeInstance) Close() error                  { return nil }

func (n *nativeInstance) Metrics([]string) (map[string]int64, error) {
	return nil, unsupported("count metrics without a plugin")
}

func (n *nativeInstance) Logs() ([]string, error) {
	return nil, unsupported("log without a plugin")
}

// Do asks the engine as the plugin would.
func (n *nativeInstance) Do(r *Request) (*Outcome, error) {
	if r.Reset || r.Stall > 0 {
		return nil, unsupported("stall or reset a request without a plugin")
	}
	req := engine.Request{EndStream: r.endsWithHeaders(), NowNanos: n.now.UnixNano()}
	for _, h := range r.wireHeaders() {
		req.Headers = append(req.Headers, engine.Header{Name: []byte(h.Name), Value: []byte(h.Value)})
	}
	var d engine.Decision
	n.e.CheckHeaders(&req, &d)
	if d.Code == verdict.NeedAnswer && d.Wait.For == engine.WaitIntrospection {
		n.introspect(&req, &d)
	}
	if d.Code == verdict.NeedAnswer {
		req.Answers.Late, req.Answers.Limits, req.Answers.Proved = true, d.LimitsAsked(), d.Proved // there is nobody to ask
		n.e.CheckHeaders(&req, &d)
	}
	if d.Code == verdict.NeedBody {
		req.Body = slices.Concat(r.Chunks...)
		if declared := r.contentLength(); declared >= 0 && declared != len(req.Body) {
			d.Code, d.Part = verdict.BodyLength, verdict.PartBody
		} else {
			n.e.CheckBody(&req, &d)
		}
	}
	if d.Code == verdict.Allow || d.Mode != table.ModeEnforce {
		up := Upstream{Requests: 1, Body: slices.Concat(r.Chunks...), Trailers: r.Trailers}
		for _, h := range r.wireHeaders() {
			up.Headers = append(up.Headers, Header{h.Name, h.Value})
		}
		if !n.judgeResponse(r, &d) {
			return &Outcome{Answered: true, FromUpstream: true, Answer: r.Answer, Upstream: up}, nil
		}
		return n.refusal(&d, up), nil
	}
	return n.refusal(&d, Upstream{}), nil
}

// introspect asks the cluster of the token's provider, whose answer is what the file says, and judges the request again.
func (n *nativeInstance) introspect(req *engine.Request, d *engine.Decision) {
	provider := d.Wait.Index
	_, sum := n.e.Inquiry()
	own := *sum
	in, _ := n.e.Table().Introspection(provider)
	call, ok := n.calls[string(in.Cluster)]
	req.Answers.Introspections++
	switch status := call.response().Headers; {
	case !ok || call.Reset || status[0].Value != "200":
		req.Answers.Introspection = verdict.IntrospectionUnavailable
	default:
		req.Answers.Introspection = n.e.Introspected(provider, &own, []byte(call.Body), req.NowNanos)
	}
	n.e.CheckHeaders(req, d)
	n.e.ForgetIntrospected()
}

// refusal is the answer of the filter for what the engine refuses.
func (n *nativeInstance) refusal(d *engine.Decision, up Upstream) *Outcome {
	body := n.e.AppendProblem(nil, d, n.cfg.ErrorDetail == config.DetailFull)
	return &Outcome{Answered: true, Upstream: up, Answer: Answer{Status: int(d.Code.Status()), Body: body,
		Headers: []Header{{"content-type", "application/problem+json"}}}}
}

// judgeResponse asks the engine about the upstream's answer as the plugin would, and reports whether it must not leave.
func (n *nativeInstance) judgeResponse(r *Request, d *engine.Decision) bool {
	if d.Mode = n.e.ResponseMode(d); d.Mode == 0 {
		return false
	}
	resp := engine.Response{EndStream: len(r.Answer.Body) == 0 || r.Method == "HEAD", Head: r.Method == "HEAD", Body: r.Answer.Body}
	resp.Headers = append(resp.Headers, engine.Header{Name: []byte(":status"), Value: strconv.AppendInt(nil, int64(r.Answer.Status), 10)})
	for _, h := range r.Answer.Headers {
		resp.Headers = append(resp.Headers, engine.Header{Name: []byte(h.Name), Value: []byte(h.Value)})
	}
	n.e.CheckResponseHeaders(&resp, d)
	if d.Code == verdict.NeedBody {
		n.e.CheckResponseBody(&resp, d)
	}
	return d.Code != verdict.Allow && d.Mode == table.ModeEnforce
}

// contentLength is what the request declares, -1 when that is nothing or no number.
func (r *Request) contentLength() int {
	for _, h := range r.Headers {
		if h.Name == "content-length" {
			if v, err := strconv.Atoi(h.Value); err == nil {
				return v
			}
		}
	}
	return -1
}
