package engine_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	service "github.com/envoyproxy/go-control-plane/envoy/service/ratelimit/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/token/sig"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

const fleetSpec = `openapi: 3.1.0
info: {title: fleet, version: '1'}
paths:
  /each: {get: {operationId: each, responses: {'200': {description: ok}}}}
  /op: {get: {responses: {'200': {description: ok}}}}
  /group: {get: {operationId: group, responses: {'200': {description: ok}}}}
  /plan: {get: {operationId: plan, responses: {'200': {description: ok}}}}
  /cost: {get: {operationId: cost, responses: {'200': {description: ok}}}}
  /two: {get: {operationId: two, responses: {'200': {description: ok}}}}
  /watched: {get: {operationId: watched, responses: {'200': {description: ok}}}}
  /flight:
    post:
      operationId: flight
      parameters: [{name: q, in: query, schema: {type: integer}}]
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {'200': {description: ok}}
`

// fleetPolicy has one %s for settings of the service.
const fleetPolicy = `version: 1
rateLimitServices: {rls: {cluster: ratelimit, domain: shop%s}}
apis:
- name: api
  spec: spec.yaml
  operations:
  - {operation: each, limits: [each]}
  - {operation: GET /op, limits: [op]}
  - {operation: group, limits: [group]}
  - {operation: plan, limits: [plan]}
  - {operation: cost, limits: [cost]}
  - {operation: two, limits: [local, each, group]}
  - {operation: watched, limits: [watched]}
  - {operation: flight, limits: [flight, group]}
limits:
  each: {requests: 3, per: 1s, by: 'header:x-caller', scope: fleet, announce: true}
  op: {requests: 100, per: 1m, scope: fleet}
  group: {requests: 100, per: 1h, by: group, scope: fleet}
  plan:
    requests: 5
    per: 1d
    by: header:x-caller
    scope: fleet
    planBy: header:x-plan
    plans: {gold: {requests: 50, per: 1d}}
    overrides: {alice: {requests: 500, per: 1d}}
  cost: {requests: 100, per: 1m, cost: 'header:x-cost', by: group, scope: fleet}
  local: {requests: 5, per: 1s}
  watched: {requests: 2, per: 1s, scope: fleet, mode: monitor}
  flight: {concurrent: 2}
`

const fleetSecret = "a secret of at least sixteen bytes"

func fleetEngine(t testing.TB, settings, secret string) *engine.Engine {
	t.Helper()
	dir := t.TempDir()
	policy := filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{"spec.yaml": fleetSpec, "policy.yaml": fmt.Sprintf(fleetPolicy, settings)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{PolicyPath: policy, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, bad, at := table.Open(r.Table)
	if bad != table.ErrNone {
		t.Fatalf("%v at %d", bad, at)
	}
	opt := engine.Options{Sig: sig.New()}
	for range tab.NumSecrets() {
		opt.Secrets = append(opt.Secrets, []byte(secret))
	}
	e, limit := engine.New(tab, opt)
	if e == nil {
		t.Fatalf("limit %d", limit)
	}
	if !e.Waits() {
		t.Error("Waits = false for a table with a rate limit service")
	}
	return e
}

const hashedCallers, plainCallers = ", secret: fleet", ", callers: plain"

// fleetStart is 10 ms into a second, a minute, an hour and a day.
const fleetStart = int64(1_700_006_400)*1e9 + 1e7

// asked judges a request as far as the service, and returns what it would be asked.
func asked(t testing.TB, e *engine.Engine, r *engine.Request, d *engine.Decision) *service.RateLimitRequest {
	t.Helper()
	if r.NowNanos == 0 {
		r.NowNanos = fleetStart
	}
	e.CheckHeaders(r, d)
	if d.Code != verdict.NeedAnswer || d.Wait.For != engine.WaitLimits {
		t.Fatalf("CheckHeaders = %s, want it to ask", d.Code.Name())
	}
	s, b := e.LimitMessage(d)
	var m service.RateLimitRequest
	if err := proto.Unmarshal(b, &m); err != nil {
		t.Fatalf("message %x: %v", b, err)
	}
	if string(s.Cluster) != "ratelimit" || s.DeadlineMillis != 100 || m.Domain != "shop" {
		t.Errorf("asks %s within %d ms about %s, want ratelimit, 100 ms, shop", s.Cluster, s.DeadlineMillis, m.Domain)
	}
	return &m
}

// answered judges r again with an answer; nil is none.
func answered(t testing.TB, e *engine.Engine, r *engine.Request, d *engine.Decision, m []byte) {
	t.Helper()
	r.Answers.Limits = d.LimitsAsked()
	if m != nil {
		r.Answers.Limits.Hear(m)
	}
	e.CheckHeaders(r, d)
}

// show writes a request's descriptors as "a=b c=d +hits".
func show(m *service.RateLimitRequest) string {
	var out []string
	for _, d := range m.Descriptors {
		var s []string
		for _, e := range d.Entries {
			s = append(s, e.Key+"="+e.Value)
		}
		out = append(out, strings.Join(append(s, fmt.Sprintf("+%d", d.HitsAddend.GetValue())), " "))
	}
	return strings.Join(out, ", ")
}

func TestFleetDescriptors(t *testing.T) {
	e := fleetEngine(t, plainCallers, "")
	tests := []struct {
		path    string
		headers []string
		want    string
	}{
		{"/each", []string{"x-caller: anna"}, "limit=each caller=anna +1"},
		{"/each", nil, "limit=each caller=% +1"},
		{"/each", []string{"x-caller: a_b%c d"}, "limit=each caller=a%5fb%25c%20d +1"},
		{"/op", nil, "limit=op operation=api/GET%20/op +1"},
		{"/group", nil, "limit=group +1"},
		{"/plan", []string{"x-caller: bob"}, "limit=plan caller=bob +1"},
		{"/plan", []string{"x-caller: bob", "x-plan: gold"}, "limit=plan.gold caller=bob +1"},
		{"/plan", []string{"x-caller: bob", "x-plan: lead"}, "limit=plan caller=bob +1"},
		{"/plan", []string{"x-caller: alice", "x-plan: gold"}, "limit=plan override=0 caller=alice +1"},
		{"/cost", []string{"x-cost: 7"}, "limit=cost +7"},
		{"/two", []string{"x-caller: c"}, "limit=each caller=c +1, limit=group +1"},
	}
	for _, tt := range tests {
		var d engine.Decision
		if got := show(asked(t, e, request("GET", tt.path, tt.headers, nil), &d)); got != tt.want {
			t.Errorf("%s %v asks %q, want %q", tt.path, tt.headers, got, tt.want)
		}
	}
}

// TestFleetHash: who calls can't be read, nor guessed without the secret, nor followed
// from limit to limit; and every proxy with the secret says the same.
func TestFleetHash(t *testing.T) {
	value := func(e *engine.Engine, path, caller string) string {
		var d engine.Decision
		m := asked(t, e, request("GET", path, []string{"x-caller: " + caller}, nil), &d)
		return m.Descriptors[0].Entries[1].Value
	}
	a, b, other := fleetEngine(t, hashedCallers, fleetSecret), fleetEngine(t, hashedCallers, fleetSecret), fleetEngine(t, hashedCallers, "another secret of enough bytes")
	anna := value(a, "/each", "anna")
	if len(anna) != 32 || strings.Trim(anna, "0123456789abcdef") != "" {
		t.Errorf("caller = %q, want 32 hexadecimal digits", anna)
	}
	if got := value(b, "/each", "anna"); got != anna {
		t.Errorf("another proxy says %q, want %q", got, anna)
	}
	for what, got := range map[string]string{"another secret": value(other, "/each", "anna"), "another caller": value(a, "/each", "anne"), "another limit": value(a, "/plan", "anna")} {
		if got == anna {
			t.Errorf("%s gives the same hash", what)
		}
	}
}

// TestFleetHostileCallers: a caller must not be able to make a message that the service
// refuses, which might let the request pass, nor be taken for somebody else.
func TestFleetHostileCallers(t *testing.T) {
	long := strings.Repeat("x", 4000)
	callers := []string{"\xff\xfe", "\xc3\x28", "a\x00b", "a b", "a_b", "a%5fb", "%", "%h", long, long + "y", strings.Repeat("\xff", 100), strings.Repeat("\xff", 101), "ä", "…", "A", "a", "../..", "${jndi}", "\"", "0"}
	for _, settings := range []string{plainCallers, hashedCallers} {
		e := fleetEngine(t, settings, fleetSecret)
		seen := map[string]string{}
		for i, c := range callers {
			var d engine.Decision
			r := request("GET", "/each", []string{"x-caller: " + c}, nil)
			r.NowNanos = fleetStart + int64(i)*1e9
			v := asked(t, e, r, &d).Descriptors[0].Entries[1].Value
			if v == "" || len(v) > 256 || strings.Contains(v, "_") || strings.Trim(v, "%/:@-.~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
				t.Errorf("caller %.20q is %q", c, v)
			}
			if old, ok := seen[v]; ok {
				t.Errorf("callers %.20q and %.20q are both %q", old, c, v)
			}
			seen[v] = c
		}
	}
}

func marshal(t testing.TB, m *service.RateLimitResponse) []byte {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const rlsOK, rlsOver = service.RateLimitResponse_OK, service.RateLimitResponse_OVER_LIMIT

// said is the service's word on a descriptor.
func said(code service.RateLimitResponse_Code, remaining uint32, reset float64) *service.RateLimitResponse_DescriptorStatus {
	return &service.RateLimitResponse_DescriptorStatus{Code: code, LimitRemaining: remaining,
		CurrentLimit:       &service.RateLimitResponse_RateLimit{RequestsPerUnit: 1, Unit: service.RateLimitResponse_RateLimit_SECOND},
		DurationUntilReset: &durationpb.Duration{Seconds: int64(reset), Nanos: int32((reset - float64(int64(reset))) * 1e9)}}
}

func response(code service.RateLimitResponse_Code, s ...*service.RateLimitResponse_DescriptorStatus) *service.RateLimitResponse {
	return &service.RateLimitResponse{OverallCode: code, Statuses: s}
}

func TestFleetAnswers(t *testing.T) {
	unlimited := &service.RateLimitResponse_DescriptorStatus{Code: rlsOK, LimitRemaining: 1<<32 - 1}
	none := &service.RateLimitResponse_DescriptorStatus{Code: rlsOK}
	tests := []struct {
		name    string
		path    string
		answer  any // *service.RateLimitResponse, []byte, or nil for none
		refuse  verdict.Code
		lenient verdict.Code // with onError local or pass
		limit   string       // that refuses
		retry   int64        // seconds
		count   string       // of FleetStats, "" where it was decided
	}{
		{"ok", "/each", response(rlsOK, said(rlsOK, 2, 0.5)), verdict.Allow, verdict.Allow, "", 0, ""},
		{"over", "/each", response(rlsOver, said(rlsOver, 0, 0.5)), verdict.LimitExceeded, verdict.LimitExceeded, "each", 1, ""},
		{"over, the longest wait", "/two", response(rlsOver, said(rlsOver, 0, 1), said(rlsOver, 0, 3599)), verdict.LimitExceeded, verdict.LimitExceeded, "group", 3599, ""},
		{"over, one of them", "/two", response(rlsOver, said(rlsOver, 0, 1), said(rlsOK, 7, 3599)), verdict.LimitExceeded, verdict.LimitExceeded, "each", 1, ""},
		{"over without statuses", "/two", response(rlsOver), verdict.LimitExceeded, verdict.LimitExceeded, "group", 3600, ""},
		{"ok without statuses", "/two", response(rlsOK), verdict.Allow, verdict.Allow, "", 0, ""},
		{"ok in shadow mode", "/each", response(rlsOK, said(rlsOver, 0, 1)), verdict.Allow, verdict.Allow, "", 0, ""},
		{"told not to limit", "/each", response(rlsOK, unlimited), verdict.Allow, verdict.Allow, "", 0, ""},
		{"no such limit", "/each", response(rlsOK, none), verdict.LimitUnavailable, verdict.Allow, "each", 0, "not_limited"},
		{"no such limit beside one that is over", "/two", response(rlsOver, none, said(rlsOver, 0, 9)), verdict.LimitExceeded, verdict.LimitExceeded, "group", 9, ""},
		{"no answer", "/each", nil, verdict.LimitUnavailable, verdict.Allow, "each", 0, "unanswered"},
		{"an empty answer", "/each", []byte{}, verdict.LimitUnavailable, verdict.Allow, "each", 0, "unreadable"},
		{"nonsense", "/each", []byte("nonsense"), verdict.LimitUnavailable, verdict.Allow, "each", 0, "unreadable"},
		{"an answer about another number", "/two", response(rlsOK, said(rlsOK, 2, 1)), verdict.LimitUnavailable, verdict.Allow, "each", 0, "unreadable"},
		{"over by nobody", "/each", response(rlsOver, said(rlsOK, 2, 1)), verdict.LimitUnavailable, verdict.Allow, "each", 0, "unreadable"},
		{"over by number alone", "/each", response(3, said(rlsOK, 2, 1)), verdict.LimitUnavailable, verdict.Allow, "each", 0, "unreadable"},
		{"watched, over", "/watched", response(rlsOver, said(rlsOver, 0, 1)), verdict.Allow, verdict.Allow, "", 0, ""},
		{"watched, no answer", "/watched", nil, verdict.Allow, verdict.Allow, "", 0, "unanswered"},
	}
	for _, onError := range []string{"refuse", "local", "pass"} {
		for _, tt := range tests {
			e := fleetEngine(t, plainCallers+", onError: "+onError, "")
			r := request("GET", tt.path, []string{"x-caller: anna"}, nil)
			var d engine.Decision
			asked(t, e, r, &d)
			var b []byte
			switch a := tt.answer.(type) {
			case *service.RateLimitResponse:
				b = marshal(t, a)
			case []byte:
				b = a
			}
			answered(t, e, r, &d, b)
			want := tt.refuse
			if onError != "refuse" {
				want = tt.lenient
			}
			if d.Code != want {
				t.Errorf("%s, on error %s: %s, want %s", tt.name, onError, d.Code.Name(), want.Name())
				continue
			}
			if want != verdict.Allow {
				if got := string(e.Table().Limit(d.Limit).Name); got != tt.limit || d.RetryAfterNanos != tt.retry*1e9 {
					t.Errorf("%s: refused by %s for %d ns, want %s and %d s", tt.name, got, d.RetryAfterNanos, tt.limit, tt.retry)
				}
			}
			if tt.path == "/watched" && b != nil && len(e.LimitsExceeded()) != 1 {
				t.Errorf("%s: %v exceeded, want one counted", tt.name, e.LimitsExceeded())
			}
			s := e.FleetStats()
			causes := map[string]uint64{"unanswered": s.Unanswered, "unreadable": s.Unreadable, "not_limited": s.NotLimited}
			for name, n := range causes {
				if (name == tt.count) != (n == 1) || n > 1 {
					t.Errorf("%s: %s is %d, want only %q counted", tt.name, name, n, tt.count)
				}
			}
			if got := s.Refused + s.DecidedHere + s.Passed; (got == 1) != (tt.count != "") {
				t.Errorf("%s: %d outcomes counted, want one for each that nobody decided", tt.name, got)
			}
		}
	}
}

// TestFleetFields: the fields of answers say what the service said.
func TestFleetFields(t *testing.T) {
	e := fleetEngine(t, plainCallers, "")
	for _, tt := range []struct {
		path   string
		answer *service.RateLimitResponse
		want   string
	}{
		{"/each", response(rlsOK, said(rlsOK, 2, 0.5)), `"each";r=2;t=1`},
		{"/each", response(rlsOver, said(rlsOver, 0, 0.5)), `"each";r=0;t=1`},
		{"/two", response(rlsOver, said(rlsOver, 0, 1), said(rlsOK, 7, 3599)), `"each";r=0;t=1, "group";r=7;t=3599`},
		{"/group", response(rlsOK, said(rlsOK, 2, 0.5)), ""},
	} {
		r := request("GET", tt.path, []string{"x-caller: " + tt.want}, nil)
		var d engine.Decision
		asked(t, e, r, &d)
		answered(t, e, r, &d, marshal(t, tt.answer))
		if got := string(d.Standings.AppendRateLimit(nil, e.Table())); got != tt.want {
			t.Errorf("%s: RateLimit %q, want %q", tt.path, got, tt.want)
		}
	}
}

// TestFleetFront: what one proxy alone exceeds is refused without asking, and a request
// that waited is charged once.
func TestFleetFront(t *testing.T) {
	e := fleetEngine(t, plainCallers, "")
	ok := marshal(t, response(rlsOK, said(rlsOK, 2, 1)))
	var d engine.Decision
	for i := range 3 {
		r := request("GET", "/each", []string{"x-caller: anna"}, nil)
		asked(t, e, r, &d)
		if answered(t, e, r, &d, ok); d.Code != verdict.Allow {
			t.Fatalf("request %d: %s", i, d.Code.Name())
		}
	}
	r := request("GET", "/each", []string{"x-caller: anna"}, nil)
	r.NowNanos = fleetStart
	if e.CheckHeaders(r, &d); d.Code != verdict.LimitExceeded {
		t.Errorf("one more than the limit: %s, want limit_exceeded without asking", d.Code.Name())
	}
	// The local limit is charged when the service is asked, also when that refuses.
	over := marshal(t, response(rlsOver, said(rlsOver, 0, 1), said(rlsOK, 2, 1)))
	for i := range 5 {
		r := request("GET", "/two", []string{fmt.Sprint("x-caller: b", i)}, nil)
		r.NowNanos = fleetStart + 5e8
		asked(t, e, r, &d)
		if answered(t, e, r, &d, over); d.Code != verdict.LimitExceeded {
			t.Fatalf("over: %s", d.Code.Name())
		}
	}
	r = request("GET", "/two", []string{"x-caller: c"}, nil)
	r.NowNanos = fleetStart + 5e8
	if e.CheckHeaders(r, &d); d.Code != verdict.LimitExceeded || string(e.Table().Limit(d.Limit).Name) != "local" {
		t.Errorf("after 5 of 5: %s, want the local limit to refuse", d.Code.Name())
	}
}

// TestFleetWatchedFront: what a monitored limit of this proxy exceeds passes, and does not
// reach the service.
func TestFleetWatchedFront(t *testing.T) {
	e := fleetEngine(t, plainCallers, "")
	var d engine.Decision
	for i := range 10 {
		r := request("GET", "/watched", nil, nil)
		r.NowNanos = fleetStart
		e.CheckHeaders(r, &d)
		if want := []verdict.Code{verdict.NeedAnswer, verdict.NeedAnswer, verdict.Allow}[min(i, 2)]; d.Code != want {
			t.Errorf("request %d: %s, want %s", i, d.Code.Name(), want.Name())
		}
	}
}

// TestFleetAway: with onError: pass a service that is away limits nobody, but what the
// proxy counts by itself still does.
func TestFleetAway(t *testing.T) {
	for _, onError := range []string{"pass", "local", "refuse"} {
		e := fleetEngine(t, plainCallers+", onError: "+onError, "")
		ok := marshal(t, response(rlsOK))
		var d engine.Decision
		ask := func(path string, answer []byte) verdict.Code {
			r := request("GET", path, []string{"x-caller: anna"}, nil)
			r.NowNanos = fleetStart
			if e.CheckHeaders(r, &d); d.Code == verdict.NeedAnswer {
				answered(t, e, r, &d, answer)
			}
			return d.Code
		}
		for range 3 {
			ask("/each", ok)
		}
		if got := ask("/each", ok); got != verdict.LimitExceeded {
			t.Errorf("%s, the service is there: %s, want limit_exceeded", onError, got.Name())
		}
		ask("/group", nil)
		want := verdict.LimitExceeded
		if onError == "pass" {
			want = verdict.Allow
		}
		for range 10 {
			if got := ask("/each", nil); got != want {
				t.Errorf("%s, the service is away: %s, want %s", onError, got.Name(), want.Name())
			}
		}
		if onError == "pass" {
			passed := 0
			for range 10 { // local: 5 a second
				if ask("/two", nil) == verdict.Allow {
					passed++
				}
			}
			if passed != 5 {
				t.Errorf("%d pass the proxy's own limit of 5", passed)
			}
		}
		ask("/group", ok)
		if got := ask("/each", ok); got != verdict.LimitExceeded {
			t.Errorf("%s, the service is back: %s, want limit_exceeded", onError, got.Name())
		}
	}
}

// TestFleetInFlight: a request that waits is in flight, once.
func TestFleetInFlight(t *testing.T) {
	e := fleetEngine(t, plainCallers, "")
	ok := marshal(t, response(rlsOK))
	body := "{}"
	post := func(path string) *engine.Request {
		r := request("POST", path, []string{"content-type: application/json"}, &body)
		r.NowNanos = fleetStart
		return r
	}
	var d engine.Decision
	for i := range 2 {
		r := post("/flight")
		if asked(t, e, r, &d); !d.Entered {
			t.Fatalf("request %d waits and is not in flight", i)
		}
		if answered(t, e, r, &d, ok); d.Code != verdict.NeedBody || d.Entered {
			t.Fatalf("request %d: %s, entered again: %v", i, d.Code.Name(), d.Entered)
		}
	}
	if e.CheckHeaders(post("/flight"), &d); d.Code != verdict.LimitConcurrency {
		t.Errorf("a third: %s, want limit_concurrency", d.Code.Name())
	}
	e.Gates().Leave(d.Op)
	// What is refused before the service is asked leaves at once.
	for range 5 {
		if e.CheckHeaders(post("/flight?q=x"), &d); d.Code != verdict.ParamInvalid && d.Code != verdict.ParamMalformed || d.Entered {
			t.Fatalf("a bad parameter: %s, in flight: %v", d.Code.Name(), d.Entered)
		}
	}
	if asked(t, e, post("/flight"), &d); !d.Entered {
		t.Error("room for one more: it did not enter")
	}
}

func TestFleetAllocs(t *testing.T) {
	for _, settings := range []string{plainCallers + ", onError: local", hashedCallers + ", onError: local"} {
		e := fleetEngine(t, settings, fleetSecret)
		ok := marshal(t, response(rlsOK, said(rlsOK, 1, 1), said(rlsOK, 1, 1)))
		r := request("GET", "/two", []string{"x-caller: anna"}, nil)
		var d engine.Decision
		now := fleetStart
		if n := testing.AllocsPerRun(200, func() {
			now += 100e9
			for _, answer := range [][]byte{ok, nil} {
				r.NowNanos, r.Answers = now, engine.Answers{}
				if e.CheckHeaders(r, &d); d.Code != verdict.NeedAnswer {
					t.Fatal(d.Code.Name())
				}
				e.LimitMessage(&d)
				answered(t, e, r, &d, answer)
				if d.Code != verdict.Allow {
					t.Fatal(d.Code.Name())
				}
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want none", settings, n)
		}
	}
}
