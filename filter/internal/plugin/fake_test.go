package plugin

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// fakeHost is a Proxy-Wasm host in Go: everything it hands over goes through the
// arena, as in a VM.
type fakeHost struct {
	arena   *abi.Arena
	current uint32 // effective context

	config  string
	headers map[uint32][][2]string
	trailer map[uint32][][2]string
	bodies  map[uint32][]byte
	answers map[uint32][][2]string // response headers
	content map[uint32][]byte      // response bodies
	edits   []string
	details string // response.code_details
	gone    map[uint32]bool
	linked  []byte
	environ string

	logs       []string
	replies    []reply
	resumed    []uint32
	metrics    map[string]int64
	adds       int  // calls of AddMetric
	noTicks    bool // refuses to tick
	names      []string
	tick       uint32
	shared     map[string][]byte
	cas        map[string]uint32
	nanos      int64
	foreign    func(name string, args []byte) ([]byte, abi.Status)
	noRandom   bool
	deaf       bool // refuses replies
	bodySt     abi.Status
	properties map[string]string // by context and path

	calls    []sentCall // in the order sent; the token is the index and one
	callSt   abi.Status // what HTTPCall and GRPCCall answer
	answered *[2]string // of the call whose callback runs: status, "" for none; body
}

// sentCall is a call that the plugin sent.
type sentCall struct {
	to, method string // cluster or service; gRPC service and method
	headers    map[string]string
	body       string
	timeout    uint32
}

type reply struct {
	id      uint32
	status  uint32
	details string
	body    string
	headers map[string]string
	grpc    int32
}

func newFakeHost() *fakeHost {
	return &fakeHost{arena: new(abi.Arena), headers: map[uint32][][2]string{}, trailer: map[uint32][][2]string{}, bodies: map[uint32][]byte{}, answers: map[uint32][][2]string{}, content: map[uint32][]byte{},
		gone: map[uint32]bool{}, metrics: map[string]int64{}, shared: map[string][]byte{}, cas: map[string]uint32{}, nanos: 1}
}

func (h *fakeHost) hand(b []byte) ([]byte, abi.Status) {
	off, ok := h.arena.Allocate(uint32(len(b)))
	if !ok {
		return nil, abi.StatusInvalidMemoryAccess
	}
	dst, _ := h.arena.Slice(off, uint32(len(b)))
	copy(dst, b)
	return dst, abi.StatusOK
}

func (h *fakeHost) Log(level abi.Level, line []byte) {
	h.logs = append(h.logs, string("TDIWEC"[level])+" "+string(line))
}
func (h *fakeHost) NowNanos() int64 { return h.nanos }

func serialize(pairs [][2]string) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(pairs)))
	for _, p := range pairs {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[0])))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p[1])))
	}
	for _, p := range pairs {
		b = append(b, p[0]+"\x00"+p[1]+"\x00"...)
	}
	return b
}

func (h *fakeHost) Pairs(m abi.Map) ([]byte, abi.Status) {
	from := h.headers
	switch m {
	case abi.MapRequestTrailers:
		from = h.trailer
	case abi.MapResponseHeaders:
		from = h.answers
	case abi.MapCallHeaders:
		if h.answered == nil || h.answered[0] == "" {
			return nil, abi.StatusNotFound
		}
		return h.hand(serialize([][2]string{{":status", h.answered[0]}, {"content-type", "application/json"}}))
	}
	p, ok := from[h.current]
	if !ok {
		return nil, abi.StatusNotFound
	}
	return h.hand(serialize(p))
}

func (h *fakeHost) Bytes(b abi.Buffer, start, max uint32) ([]byte, abi.Status) {
	if b == abi.BufferPluginConfig {
		s := h.config[min(int(start), len(h.config)):]
		return h.hand([]byte(s[:min(len(s), int(max))]))
	}
	if b == abi.BufferCallBody || b == abi.BufferGRPC {
		if h.answered == nil {
			return nil, abi.StatusNotFound
		}
		s := h.answered[1][min(int(start), len(h.answered[1])):]
		return h.hand([]byte(s[:min(len(s), int(max))]))
	}
	if h.bodySt != 0 {
		return nil, h.bodySt
	}
	body := h.bodies[h.current]
	if b == abi.BufferResponseBody {
		body = h.content[h.current]
	}
	if body == nil {
		return nil, abi.StatusNotFound
	}
	body = body[min(int(start), len(body)):]
	return h.hand(body[:min(len(body), int(max))])
}

func (h *fakeHost) Replace(m abi.Map, name, value string) abi.Status {
	h.edits = append(h.edits, fmt.Sprintf("%d %s=%s", m, name, value))
	if m == abi.MapRequestHeaders {
		for i, f := range h.headers[h.current] {
			if f[0] == name {
				h.headers[h.current][i][1] = value
			}
		}
	}
	return 0
}

func (h *fakeHost) Set(m abi.Map, name string, value []byte) abi.Status {
	return h.Replace(m, name, string(value))
}

func (h *fakeHost) SetField(m abi.Map, name, value []byte) abi.Status {
	h.Remove(m, name)
	h.fields(m)[h.current] = append(h.fields(m)[h.current], [2]string{string(name), string(value)})
	return h.Replace(m, string(name), string(value))
}

func (h *fakeHost) Remove(m abi.Map, name []byte) abi.Status {
	h.edits = append(h.edits, fmt.Sprintf("%d -%s", m, name))
	fields := h.fields(m)
	fields[h.current] = slices.DeleteFunc(slices.Clone(fields[h.current]), func(p [2]string) bool { return strings.EqualFold(p[0], string(name)) })
	return 0
}

// fields is the requests' header map m.
func (h *fakeHost) fields(m abi.Map) map[uint32][][2]string {
	if m == abi.MapRequestTrailers {
		return h.trailer
	}
	return h.headers
}

func (h *fakeHost) Reply(status uint32, details, body, headers []byte, grpc int32) abi.Status {
	if h.deaf || h.gone[h.current] {
		return abi.StatusBadArgument
	}
	m := map[string]string{}
	p, fault := abi.OpenPairs(headers, 100)
	if fault != 0 || len(headers) == 0 {
		panic("bad header map in a reply")
	}
	for {
		n, v, ok := p.Next()
		if !ok {
			break
		}
		m[string(n)] = string(v)
	}
	h.replies = append(h.replies, reply{h.current, status, string(details), string(body), m, grpc})
	return abi.StatusOK
}

func (h *fakeHost) Resume() abi.Status { h.resumed = append(h.resumed, h.current); return 0 }
func (h *fakeHost) SetContext(id uint32) abi.Status {
	if h.gone[id] {
		return abi.StatusBadArgument
	}
	h.current = id
	return 0
}
func (h *fakeHost) SetTick(ms uint32) abi.Status {
	if h.noTicks {
		return abi.StatusUnimplemented
	}
	h.tick = ms
	return 0
}
func (h *fakeHost) DefineMetric(kind abi.Metric, name string) (uint32, abi.Status) {
	if i := slices.Index(h.names, name); i >= 0 {
		return uint32(i), 0
	}
	h.names = append(h.names, name)
	return uint32(len(h.names) - 1), 0
}
func (h *fakeHost) AddMetric(id uint32, by int64) abi.Status {
	if by <= 0 {
		panic("metric incremented by nothing")
	}
	h.metrics[h.names[id]] += by
	h.adds++
	return 0
}
func (h *fakeHost) RecordMetric(id uint32, value uint64) abi.Status {
	h.metrics[h.names[id]] = int64(value)
	return 0
}
func (h *fakeHost) SharedGet(key []byte) ([]byte, uint32, abi.Status) {
	v, ok := h.shared[string(key)]
	if !ok {
		return nil, 0, abi.StatusNotFound
	}
	b, st := h.hand(v)
	return b, h.cas[string(key)], st
}
func (h *fakeHost) SharedSet(key, value []byte, cas uint32) abi.Status {
	k := string(key)
	if _, ok := h.shared[k]; ok && cas != 0 && cas != h.cas[k] {
		return abi.StatusCasMismatch
	}
	h.shared[k] = slices.Clone(value)
	h.cas[k]++
	return 0
}
func (h *fakeHost) CallForeign(name string, args []byte) ([]byte, abi.Status) {
	if h.foreign == nil {
		return nil, abi.StatusNotFound
	}
	b, st := h.foreign(name, args)
	if st != 0 {
		return nil, st
	}
	return h.hand(b)
}
func (h *fakeHost) HTTPCall(cluster, headers, body []byte, timeoutMs uint32) (uint32, abi.Status) {
	if h.callSt != 0 {
		return 0, h.callSt
	}
	m := map[string]string{}
	p, fault := abi.OpenPairs(headers, 100)
	for name, value, ok := p.Next(); ok; name, value, ok = p.Next() {
		m[string(name)] = string(value)
	}
	if fault != 0 || m[":method"] == "" || m[":path"] == "" || m[":authority"] == "" {
		return 0, abi.StatusBadArgument
	}
	h.calls = append(h.calls, sentCall{string(cluster), "", m, string(body), timeoutMs})
	return uint32(len(h.calls)), 0
}
func (h *fakeHost) GRPCCall(service []byte, name, method string, metadata, message []byte, timeoutMs uint32) (uint32, abi.Status) {
	if h.callSt != 0 {
		return 0, h.callSt
	}
	h.calls = append(h.calls, sentCall{string(service), name + "/" + method, nil, string(message), timeoutMs})
	return uint32(len(h.calls)), 0
}
func (h *fakeHost) Property(path string) ([]byte, abi.Status) {
	if path == "response\x00code_details" && h.details != "" {
		return h.hand([]byte(h.details))
	}
	return nil, abi.StatusNotFound
}
func (h *fakeHost) SetProperty(path, value string) abi.Status {
	if h.properties == nil {
		h.properties = map[string]string{}
	}
	h.properties[fmt.Sprint(h.current, " ", path)] = value
	return 0
}
func (h *fakeHost) Environ() []byte        { return []byte(h.environ) }
func (h *fakeHost) Random(dst []byte) bool { return !h.noRandom }
func (h *fakeHost) Linked() uint32         { return uint32(len(h.linked)) }
func (h *fakeHost) ReadLinked(dst []byte, off uint32) bool {
	return copy(dst, h.linked[off:]) == len(dst)
}

// fakeEngine does what the path says: /allow, /body (then as the body says), /off,
// /deny/CODE, /monitor/CODE, /unknown.
type fakeEngine struct {
	proved       []bool // of each look at a request that waits: what it says of its proof
	settled      []bool // Answers.Risk.Known of each judgement of a wait
	maxBody      uint32
	bodies       []string
	responses    uint8 // mode
	seenResponse []string
	waits        bool
	judged       int // times the headers of a /wait were
	forwards     bool
	told         []engine.Header
}

func (e *fakeEngine) CheckHeaders(r *engine.Request, d *engine.Decision) {
	d.Finding = engine.Finding{Code: verdict.RequestMalformed, Mode: table.ModeEnforce, Op: table.NoIndex, Media: table.NoIndex, Param: table.NoIndex}
	for _, h := range r.Headers {
		if string(h.Name) == ":path" {
			e.decide(strings.SplitN(string(h.Value), "?", 2)[0], d)
			e.wait(strings.SplitN(string(h.Value), "?", 2)[0], r, d)
		}
	}
	e.tell(d)
}

// wait asks for keys, each of the letters of /wait/LETTERS/PATH once: k for those of the
// provider 0, l of provider 1, e enters a gate first, x asks for ever; then PATH decides.
func (e *fakeEngine) wait(s string, r *engine.Request, d *engine.Decision) {
	letters, ok := strings.CutPrefix(s, "/wait/")
	if !ok {
		return
	}
	letters, rest, _ := strings.Cut(letters, "/")
	e.judged++
	e.proved, e.settled = append(e.proved, r.Answers.Proved), append(e.settled, r.Answers.Risk.Known)
	d.Op, d.Proved, d.Risk.Known = 7, e.judged == 1, e.judged == 1
	for _, c := range letters {
		i := uint32(strings.IndexRune("kl", c))
		switch {
		case c != 'x' && r.Answers.Keys>>i&1 == 1:
			continue
		case r.Answers.Late && c != 'x':
			d.Code = verdict.TokenKeysUnavailable
			return
		}
		d.Code, d.Wait = verdict.NeedAnswer, engine.Wait{For: engine.WaitKeys, Index: i}
		if strings.HasPrefix(rest, "monitor") {
			d.Mode = table.ModeMonitor
		}
		return
	}
	e.decide("/"+rest, d)
}

func (e *fakeEngine) decide(s string, d *engine.Decision) {
	what, code, _ := strings.Cut(strings.Trim(s, "/"), "/")
	d.Code = verdict.Lookup(code)
	switch what {
	case "allow":
		d.Code, d.Op = verdict.Allow, 7
	case "off":
		d.Code, d.Mode = verdict.Allow, table.ModeOff
	case "body", "monitorbody":
		d.Code, d.Op, d.Media = verdict.NeedBody, 7, 3
		if what == "monitorbody" {
			d.Mode = table.ModeMonitor
		}
	case "deny":
	case "monitor":
		d.Mode = table.ModeMonitor
	case "unknown":
		d.Code, d.Mode = verdict.RouteNotFound, table.ModeOff
	case "limit":
		d.Code, d.RetryAfterNanos = verdict.LimitExceeded, 2500e6
	case "zero":
		d.Code = 0
	}
}

func (e *fakeEngine) CheckBody(r *engine.Request, d *engine.Decision) {
	e.bodies = append(e.bodies, string(r.Body))
	if d.Op != 7 || d.Media != 3 {
		panic("the decision on the headers was lost")
	}
	d.Code = verdict.Allow
	if len(r.Body) > 0 && r.Body[0] != '{' {
		d.Code = verdict.BodySyntax
	}
}
func (e *fakeEngine) MaxBody(*engine.Decision) uint32 { return e.maxBody }
func (e *fakeEngine) AppendProblem(dst []byte, d *engine.Decision, full bool) []byte {
	dst = append(dst, "problem "...)
	if full {
		dst = append(dst, "full "...)
	}
	return append(dst, d.Code.Name()...)
}
func (e *fakeEngine) AppendReason(dst []byte, d *engine.Decision) []byte {
	return append(dst, "reason\nfor it"...)
}
func (e *fakeEngine) Table() *table.Table { return nil }
func (e *fakeEngine) Waits() bool         { return e.waits }

func (e *fakeEngine) JudgesResponses() bool { return e.responses != 0 }
func (e *fakeEngine) MaxResponse() uint32   { return 50 }
func (e *fakeEngine) ResponseMode(d *engine.Decision) uint8 {
	if e.responses == 0 {
		return 0
	}
	return max(e.responses, d.Mode)
}

// CheckResponseHeaders does what the status says: 200 wants the body, 201 passes,
// 202 passes unjudged, others are refused.
func (e *fakeEngine) CheckResponseHeaders(r *engine.Response, d *engine.Decision) {
	if d.Op != 7 {
		panic("the operation was lost")
	}
	d.Code = verdict.ResponseStatus
	for _, h := range r.Headers {
		if string(h.Name) != ":status" {
			continue
		}
		switch string(h.Value) {
		case "200":
			d.Code, d.Media, d.Status = verdict.NeedBody, 3, 200
		case "201":
			d.Code = verdict.Allow
		case "202":
			d.Code, d.Unjudged = verdict.Allow, true
		}
	}
}

func (e *fakeEngine) ResponseTrailerAllowed(op uint32, status uint16, name []byte) bool {
	return op == 7 && status == 200 && string(name) != "forbidden"
}

func (e *fakeEngine) CheckResponseBody(r *engine.Response, d *engine.Decision) {
	if d.Op != 7 || d.Media != 3 || d.Status != 200 {
		panic("the decision on the headers was lost")
	}
	e.seenResponse = append(e.seenResponse, string(r.Body))
	d.Code = verdict.Allow
	if len(r.Body) == 0 || r.Body[0] != '{' {
		d.Code = verdict.ResponseBody
	}
}

// vmTest is a VM on the fake host with root context 1 configured.
type vmTest struct {
	*testing.T
	h *fakeHost
	e *fakeEngine
	v *VM
}

func newVMTest(t *testing.T, conf string) *vmTest {
	t.Helper()
	vt := &vmTest{T: t, h: newFakeHost(), e: &fakeEngine{maxBody: 100}}
	vt.v = New(Options{Host: vt.h, Arena: vt.h.arena, Open: func(raw []byte, _ *config.Config, _ []byte, _ engine.Options) (Engine, string) {
		if string(raw) == "bad" {
			return nil, "bad table"
		}
		return vt.e, ""
	}})
	vt.h.arena.Grow(72 << 10)
	vt.v.ContextCreate(1, 0)
	vt.v.VMStart(1, 0)
	if !vt.configure(1, conf) {
		t.Fatalf("Configure(%s) = false: %q", conf, vt.h.logs)
	}
	vt.h.logs = nil
	return vt
}

const goodTable = `"table":"AAAA"`

func (vt *vmTest) configure(id uint32, conf string) bool {
	vt.h.current = id
	if conf == "" {
		conf = "{" + goodTable + "}"
	}
	vt.h.config = conf
	return vt.v.Configure(id, uint32(len(vt.h.config)))
}

// headers runs create and the header callback of a stream.
func (vt *vmTest) request(id uint32, path string, end bool, more ...string) abi.Action {
	vt.Helper()
	vt.v.ContextCreate(id, 1)
	p := [][2]string{{":method", "POST"}, {":path", path}, {":authority", "h"}, {"authorization", "Bearer secret-token"}}
	for i := 0; i < len(more); i += 2 {
		if more[i] == ":method" {
			p[0][1] = more[i+1]
			continue
		}
		p = append(p, [2]string{more[i], more[i+1]})
	}
	vt.h.headers[id] = p
	vt.h.current = id
	return vt.v.RequestHeaders(id, uint32(len(p)), end)
}

// body adds a piece to the body of a stream and runs the callback.
func (vt *vmTest) body(id uint32, piece string, end bool) abi.Action {
	vt.Helper()
	vt.h.current = id
	if piece != "" {
		vt.h.bodies[id] = append(vt.h.bodies[id], piece...)
	}
	return vt.v.RequestBody(id, uint32(len(vt.h.bodies[id])), end)
}

func (vt *vmTest) trailers(id uint32, pairs ...[2]string) abi.Action {
	vt.h.current = id
	vt.h.trailer[id] = pairs
	return vt.v.RequestTrailers(id, uint32(len(pairs)))
}

func (vt *vmTest) end(id uint32) {
	vt.v.Done(id)
	vt.v.Delete(id)
	vt.h.gone[id] = true
}

// want checks one answer: code "" is none.
func (vt *vmTest) want(got, action abi.Action, id uint32, code string) {
	vt.Helper()
	if got != action {
		vt.Errorf("action = %d, want %d", got, action)
	}
	if code == "" {
		if len(vt.h.replies) != 0 {
			vt.Errorf("replies = %v, want none", vt.h.replies)
		}
		return
	}
	c := verdict.Lookup(code)
	if len(vt.h.replies) != 1 {
		vt.Fatalf("replies = %v, want one with %s", vt.h.replies, code)
	}
	r := vt.h.replies[0]
	vt.h.replies = nil
	if r.id != id || r.status != uint32(c.Status()) || r.details != "portcullis_"+code {
		vt.Errorf("reply = %+v, want %d for stream %d with %s", r, c.Status(), id, code)
	}
	if n := vt.h.metrics["portcullis.refused."+code]; n == 0 {
		vt.Errorf("metric refused.%s = 0", code)
	}
}

// answer answers the HTTP call with a token; status "" is no answer.
func (vt *vmTest) answer(token uint32, status, body string) {
	vt.h.current, vt.h.answered = 1, &[2]string{status, body}
	headers := uint32(2)
	if status == "" {
		headers = 0
	}
	vt.v.HTTPCallResponse(1, token, headers, uint32(len(body)))
	vt.h.answered = nil
}

// answerGRPC answers the gRPC call with a token by a message, or by a status.
func (vt *vmTest) answerGRPC(token, status uint32, message string) {
	vt.h.current, vt.h.answered = 1, &[2]string{"", message}
	if status == 0 {
		vt.v.GRPCReceive(1, token, uint32(len(message)))
	}
	vt.v.GRPCClose(1, token, status)
	vt.h.answered = nil
}

// response gives the stream's response headers and runs the callback.
func (vt *vmTest) response(id uint32, status string, end bool, more ...string) abi.Action {
	vt.h.current = id
	p := [][2]string{{":status", status}}
	for i := 0; i < len(more); i += 2 {
		p = append(p, [2]string{more[i], more[i+1]})
	}
	vt.h.answers[id] = p
	return vt.v.ResponseHeaders(id, uint32(len(p)), end)
}

// content adds a piece to the response's body and runs the callback.
func (vt *vmTest) content(id uint32, piece string, end bool) abi.Action {
	vt.h.current = id
	if piece != "" {
		vt.h.content[id] = append(vt.h.content[id], piece...)
	}
	return vt.v.ResponseBody(id, uint32(len(vt.h.content[id])), end)
}

// wantIdle checks that nothing is held or tracked.
func (vt *vmTest) wantIdle() {
	vt.Helper()
	if vt.v.waits.used != 0 {
		vt.Errorf("waiting %d, want none", vt.v.waits.used)
	}
	if vt.v.held.used != 0 || vt.v.streams.n != 0 || vt.v.watches.used != 0 {
		vt.Errorf("held %d, tracked %d, want none", vt.v.held.used, vt.v.streams.n)
	}
}
