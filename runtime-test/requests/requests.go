package requests

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/schemagen/compile"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Options say what to make requests of and for.
type Options struct {
	Specs  []string
	Policy string // path; "": strict, with nobody asked who he is
	// Credentials, without a policy: callers are asked who they are, as the
	// descriptions say, and have a token, a key or a password of the test's own.
	Credentials bool
	Engines     []cases.Engine
	Valid       int // valid requests for each operation
	Faults      int // faulty ones for each operation, at most
	Seed        uint64
	Match       string // only operations whose "METHOD /path" holds this
	// OnWrong is told each wrong verdict. May be nil.
	OnWrong func(Wrong)
}

// Wrong is a verdict that is not the expected one.
type Wrong struct {
	Engine    string `json:"engine"`
	Operation string `json:"operation"`
	What      string `json:"what"` // the fault, or that there is none
	Expected  string `json:"expected"`
	Got       string `json:"got"`
	Request   string `json:"request"`
	Answer    string `json:"answer,omitempty"`
}

// Report is what became of a run.
type Report struct {
	Operations int            // that requests were made for
	Denied     int            // operations that refuse everything, checked with one request
	Valid      int            // requests without a fault, per engine
	Faults     int            // requests with one
	Harmless   int            // changed requests that are still valid
	Passed     int            // verdicts, of all engines
	Failed     int            //
	Ungenerate map[string]int // what could not be generated, by reason
	Bare       []string       // operations that no valid request could be made for
}

// request is one request with what is expected.
type request struct {
	*cases.Request
	what  string
	valid bool
}

// Run makes the requests and sends them.
func Run(ctx context.Context, o Options) (*Report, error) {
	policy := o.Policy
	var who *caller
	var err error
	if policy == "" {
		dir, err := os.MkdirTemp("", "requests")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		policy = filepath.Join(dir, "policy.yaml")
		text := []byte("version: 1\ndefaults: {security: {public: true}}\n")
		if o.Credentials {
			if who, text, err = newCaller(o.Specs, o.Seed); err != nil {
				return nil, err
			}
		}
		if err := os.WriteFile(policy, text, 0o600); err != nil {
			return nil, err
		}
	}
	res, err := compile.Build(compile.Options{Specs: o.Specs, PolicyPath: policy})
	if err != nil {
		return nil, err
	}
	if res.Table == nil {
		for _, d := range res.Diags {
			if d.Severity == 3 {
				return nil, fmt.Errorf("compile: %s", d)
			}
		}
		return nil, errors.New("compile: no table")
	}
	r := &runner{Options: o, build: res.Build, caller: who, Report: Report{Ungenerate: map[string]int{}}}
	config := map[string]any{}
	if who != nil {
		config = who.config()
	}
	r.index()
	for _, e := range o.Engines {
		inst, err := e.Load(ctx, cases.Setup{Table: res.Table, Config: config, Dir: "."})
		if err != nil {
			return nil, fmt.Errorf("engine %s: %w", e.Name(), err)
		}
		r.instances = append(r.instances, instance{e.Name(), inst})
	}
	for _, a := range res.Build.APIs {
		for _, op := range a.Operations {
			if o.Match == "" || strings.Contains(op.Method+" "+op.Path, o.Match) {
				r.operation(a, op)
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
		}
	}
	for _, i := range r.instances {
		err = errors.Join(err, i.Close())
	}
	return &r.Report, err
}

type instance struct {
	name string
	cases.Instance
}

type runner struct {
	Options
	Report
	build     *ir.Build
	instances []instance
	routes    []route
	judge     judge
	caller    *caller // nil: nobody has credentials
}

func (r *runner) cannot(reason string) { r.Ungenerate[reason]++ }

// operation makes and sends the requests of one operation.
func (r *runner) operation(a *ir.API, op *ir.Operation) {
	name := op.Method + " " + op.Path
	switch {
	case op.Mode != ir.ModeEnforce || a.Mode != ir.ModeEnforce:
		r.cannot("an operation that does not enforce")
		return
	case asksWho(op) && !r.able(op):
		r.cannot("an operation that asks who calls")
		return
	}
	hash := uint64(14695981039346656037)
	for _, c := range []byte(name) { // so that operations don't depend on each other
		hash = (hash ^ uint64(c)) * 1099511628211
	}
	m := &maker{runner: r, api: a, op: op, rand: rand.New(rand.NewPCG(r.Seed, hash))}
	if op.Deny {
		r.Denied++
		if q, err := m.valid(); err == nil {
			q.what, q.valid = "an operation that can't be enforced", false
			r.send(op, q)
		}
		return
	}
	r.Operations++
	made := 0
	reasons := map[string]bool{}
	var base *draft
	for try := 0; made < r.Options.Valid && try < 8*r.Options.Valid+16; try++ {
		d, err := m.draft(made == 0 && try > 4)
		if err != nil {
			reasons[err.Error()] = true
			continue
		}
		made++
		base = d
		r.send(op, d.request("valid", true))
	}
	if base == nil {
		r.Bare = append(r.Bare, name+": "+strings.Join(slices.Sorted(maps.Keys(reasons)), ", "))
		for reason := range reasons {
			r.cannot(reason)
		}
		return
	}
	if r.caller != nil {
		m.credentialFaults(base)
	}
	faults := m.faults(base)
	m.rand.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	for i, q := range faults {
		if i >= r.Options.Faults {
			break
		}
		r.send(op, q)
	}
}

// asksWho reports whether nobody may call op without credentials.
func asksWho(op *ir.Operation) bool {
	if len(op.Security) == 0 {
		return false
	}
	return !slices.ContainsFunc(op.Security, func(s ir.Requirement) bool { return len(s.Uses) == 0 })
}

// The plugin's limits, which requests of descriptions keep by chance only.
const (
	maxPath  = 8 << 10
	maxField = 32 << 10
	maxBody  = 1 << 20
)

// able reports whether the run has credentials for op.
func (r *runner) able(op *ir.Operation) bool {
	_, ok := able(op)
	return r.caller != nil && ok
}

// send sends q, with the credentials that op asks for, to every engine and compares.
func (r *runner) send(op *ir.Operation, q *request) {
	if req, ok := able(op); ok && r.caller != nil && q.what != "no credentials" {
		if err := r.caller.credentials(q.Request, req, r.now(), good); err != nil {
			r.cannot("credentials: " + err.Error())
			return
		}
	}
	r.sendAs(op, q)
}

// sendAs is send without more credentials than q has.
func (r *runner) sendAs(op *ir.Operation, q *request) {
	size := 0
	for _, h := range q.Headers {
		size += len(h.Name) + len(h.Value)
	}
	if len(q.Path) > maxPath || size > maxField || len(q.Chunks) > 0 && len(q.Chunks[0]) > maxBody {
		r.cannot("a request above the plugin's limits")
		return
	}
	switch {
	case q.what == "valid":
		r.Report.Valid++
	case q.valid:
		r.Harmless++
	default:
		r.Report.Faults++
	}
	want := "refuse"
	if q.valid {
		want = "accept"
	}
	for _, i := range r.instances {
		if len(op.Limits) > 0 {
			if err := i.Advance(24 * time.Hour); err != nil {
				r.cannot("an operation with limits, on an engine whose clock can't be moved")
				continue
			}
		}
		out, err := i.Do(q.Request)
		got, answer := "", ""
		if err != nil {
			got = "error: " + err.Error()
		} else if got = out.Verdict(); got == "refuse" {
			answer = string(out.Answer.Body)
		}
		if got == want {
			r.Passed++
			continue
		}
		r.Failed++
		if r.OnWrong != nil {
			r.OnWrong(Wrong{i.name, op.Method + " " + op.Path, q.what, want, got, show(q.Request), answer})
		}
	}
}

// show writes a request for people.
func show(q *cases.Request) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s)", q.Method, q.Path, q.Host)
	for _, h := range q.Headers {
		fmt.Fprintf(&b, "\n%s: %s", h.Name, h.Value)
	}
	for _, c := range q.Chunks {
		text := string(c)
		if len(text) > 2000 {
			text = text[:2000] + "..."
		}
		b.WriteString("\n" + text)
	}
	return b.String()
}

// maker makes the requests of one operation.
type maker struct {
	*runner
	api  *ir.API
	op   *ir.Operation
	rand *rand.Rand
}

// draft is a valid request whose parts can be changed.
type draft struct {
	m      *maker
	mount  ir.Mount
	values map[*ir.Param]*source.Node // of the parameters that are there
	goals  map[*source.Node][]*ir.Schema
	media  *ir.Media // nil: no body
	body   *source.Node
	// What faults change.
	method      string
	query       []string // more fields
	dropped     *ir.Param
	contentType string
	bodyText    *string
}

func (m *maker) valid() (*request, error) {
	d, err := m.draft(true)
	if err != nil {
		return nil, err
	}
	return d.request("valid", true), nil
}

// draft makes a valid request; small: with what is required alone.
func (m *maker) draft(small bool) (*draft, error) {
	d := &draft{m: m, values: map[*ir.Param]*source.Node{}, goals: map[*source.Node][]*ir.Schema{}, method: m.op.Method}
	mounts := m.op.Mounts
	if mounts == nil {
		mounts = m.api.Mounts
	}
	d.mount = mounts[m.rand.IntN(len(mounts))]
	for _, p := range m.op.Params {
		if !p.Required && (small || m.rand.IntN(3) == 0) {
			continue
		}
		v, err := m.param(d, p)
		if err != nil {
			if !p.Required {
				m.cannot("optional parameter: " + err.Error())
				continue
			}
			return nil, err
		}
		d.values[p] = v
	}
	if err := m.body(d, small); err != nil {
		return nil, err
	}
	if m.otherRoute(d.path(), m.op) {
		return nil, cannot("a path that another template matches too")
	}
	return d, nil
}

// httpFields is header fields whose values the filter, or HTTP, goes by.
var httpFields = []string{"host", "content-length", "content-encoding", "transfer-encoding", "connection", "upgrade", "expect", "te", "trailer", "cookie", "content-type", "authorization"}

// param makes a value of a parameter.
func (m *maker) param(d *draft, p *ir.Param) (*source.Node, error) {
	if p.In == ir.InHeader && slices.Contains(httpFields, p.Name) {
		return nil, cannot("a header that HTTP itself gives a meaning")
	}
	var last error = cannot("a parameter that its style can't carry")
	for range 40 {
		g := &generator{Rand: m.rand, goals: d.goals, plain: true}
		var v *source.Node
		var err error
		if p.Schema == nil {
			v = str(g.word(1, 8))
		} else if v, err = g.value([]*ir.Schema{p.Schema}, 0); err != nil {
			last = err
			continue
		}
		if !fits(p, v) || clash(m.op, p, v) {
			continue
		}
		if _, err := fragments(p, v); err != nil {
			last = err
			continue
		}
		valid, sure := m.judge.valid(p.Schema, v)
		if !sure {
			last = cannot("a pattern that is too hard")
			continue
		}
		if valid {
			return v, nil
		}
		last = cannot("a value that keywords leave no easy way to")
	}
	return nil, last
}

// body makes the body of d.
func (m *maker) body(d *draft, small bool) error {
	b := m.op.Body
	if b == nil || !b.Required && (small || m.rand.IntN(4) == 0) {
		return nil
	}
	var last error = cannot("a body of a media type that is refused")
	for _, i := range m.rand.Perm(len(b.Media)) {
		media := b.Media[i]
		if media.Kind == ir.BodyForm {
			if last = m.formBody(d, media); last == nil {
				return nil
			}
			continue
		}
		switch media.Kind {
		case ir.BodyMultipart, ir.BodyText, ir.BodyBinary, ir.BodyNDJSON:
			if last = m.otherBody(d, media); last == nil {
				return nil
			}
			continue
		case ir.BodyOpaque:
			if media.Action == ir.ActionPass {
				last = cannot("a body that passes unread")
			}
			continue
		}
		if last = m.jsonBody(d, media); last == nil {
			return nil
		}
	}
	if !b.Required {
		return nil
	}
	return last
}

func (m *maker) jsonBody(d *draft, media *ir.Media) error {
	var last error
	for range 30 {
		g := &generator{Rand: m.rand, goals: d.goals}
		v := &source.Node{Kind: source.Object}
		if media.Schema != nil {
			var err error
			if v, err = g.value([]*ir.Schema{media.Schema}, 0); err != nil {
				last = err
				continue
			}
		}
		valid, sure := m.judge.valid(media.Schema, v)
		if !sure {
			last = cannot("a pattern that is too hard")
			continue
		}
		if valid {
			d.media, d.body = media, v
			return nil
		}
		last = cannot("a value that keywords leave no easy way to")
	}
	return last
}

// path is the path of d, without the query.
func (d *draft) path() string {
	var b strings.Builder
	b.WriteString(encodePath(d.mount.BasePath))
	for _, seg := range d.m.op.Segments {
		b.WriteByte('/')
		for _, part := range seg.Parts {
			if part.Param == "" {
				b.WriteString(encode(part.Literal))
				continue
			}
			text := "undeclared"
			for p, v := range d.values {
				if p.In == ir.InPath && p.Name == part.Param {
					if f, err := fragments(p, v); err == nil {
						text = f[0]
					}
				}
			}
			b.WriteString(text)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

func encodePath(s string) string {
	parts := strings.Split(s, "/")
	for i := range parts {
		parts[i] = encode(parts[i])
	}
	return strings.Join(parts, "/")
}

// request writes d down.
func (d *draft) request(what string, valid bool) *request {
	q := &cases.Request{Method: d.method, Scheme: "https", Host: "api.example.com", Answer: cases.Answer{Status: 200, Body: []byte("upstream")}}
	if h := d.mount.Host; h != "" {
		q.Host = strings.Replace(h, "*", "any", 1)
	}
	if d.mount.Port != 0 {
		q.Host += ":" + strconv.Itoa(int(d.mount.Port))
	}
	var query, cookies []string
	for _, p := range d.m.op.Params {
		v := d.values[p]
		if v == nil || p == d.dropped {
			continue
		}
		list, err := fragments(p, v)
		if err != nil {
			continue // drafts hold what can be written
		}
		switch p.In {
		case ir.InQuery, ir.InQuerystring:
			query = append(query, list...)
		case ir.InCookie:
			cookies = append(cookies, list...)
		case ir.InHeader:
			q.Headers = append(q.Headers, cases.Header{Name: p.Name, Value: list[0]})
		}
	}
	if len(cookies) > 0 {
		q.Headers = append(q.Headers, cases.Header{Name: "cookie", Value: strings.Join(cookies, "; ")})
	}
	q.Path = d.path()
	if query = append(query, d.query...); len(query) > 0 {
		q.Path += "?" + strings.Join(query, "&")
	}
	text, ct := "", ""
	has := d.bodyText != nil || d.media != nil
	if d.media != nil {
		text, ct = d.write()
	}
	if d.bodyText != nil {
		text = *d.bodyText
	}
	if has {
		if d.contentType != "" {
			ct = d.contentType
		}
		if ct != "" {
			q.Headers = append(q.Headers, cases.Header{Name: "content-type", Value: ct})
		}
		q.Headers = append(q.Headers, cases.Header{Name: "content-length", Value: strconv.Itoa(len(text))})
		q.HasBody, q.Chunks = true, [][]byte{[]byte(text)}
	}
	return &request{q, what, valid}
}

// concrete is a media type that a range takes.
func concrete(r string) string {
	switch {
	case r == "*/*":
		return "application/json"
	case strings.HasSuffix(r, "/*"):
		return strings.TrimSuffix(r, "*") + "json"
	}
	return strings.Replace(r, "*", "x", 1)
}
