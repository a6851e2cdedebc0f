package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

const limitsSpec = `openapi: 3.1.0
info: {title: limits, version: '1'}
paths:
  /raced: {get: {operationId: raced, responses: {'200': {description: ok}}}}
  /flight: {post: {operationId: flight, requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {'200': {description: ok}}}}
`

// limitsHost starts the filter with limitsSpec and a policy.
func limitsHost(t *testing.T, policy string, change func(*host.Config)) *host.Host {
	t.Helper()
	dir := t.TempDir()
	spec, file := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{spec: limitsSpec, file: policy} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table, err := cases.Compile(cases.CompileRequest{Policy: file, Specs: []string{spec}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := cases.PluginConfig(cases.Setup{Table: table, Config: map[string]any{"logRefusals": "off", "bodyTimeoutMs": 1000}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true}
	if change != nil {
		change(&cfg)
	}
	h, err := host.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// racedLimits is what TestLimitsInterleaved races for; the policy says the same.
var racedLimits = []struct {
	requests, window, burst int64
	each                    bool
}{{3, 1e6, 2, false}, {7, 5e6, 3, true}}

const racedPolicy = `version: 1
operations: [{operation: raced, limits: [all, each]}]
limits:
  all: {requests: 3, per: 1ms, burst: 2, by: group}
  each: {requests: 7, per: 5ms, burst: 3, by: 'header:x-caller'}
`

// TestLimitsInterleaved lets four VMs of the real module come to the store in orders
// that no scheduler would think of: between any two of their calls any other VM may
// have done anything. What they admit together is never more than the limits.
func TestLimitsInterleaved(t *testing.T) {
	const workers, callers = 4, 3
	steps := 30_000
	if testing.Short() {
		steps = 3000
	}
	ask, grant := make([]chan struct{}, workers), make([]chan struct{}, workers)
	for i := range ask {
		ask[i], grant[i] = make(chan struct{}), make(chan struct{})
	}
	racing := false
	h := limitsHost(t, racedPolicy, func(c *host.Config) {
		c.Workers = workers
		c.BeforeShared = func(worker int) {
			if racing {
				ask[worker] <- struct{}{}
				<-grant[worker]
			}
		}
	})
	racing = true
	type admission struct{ at int64 }
	admitted := map[string][]admission{}
	type vm struct {
		busy   bool
		at     int64
		caller string
		done   chan *host.Stream
	}
	vms := make([]vm, workers)
	for i := range vms {
		vms[i].done = make(chan *host.Stream, 1)
	}
	rng := rand.New(rand.NewPCG(3, 5))
	now := h.Now().UnixNano()
	answers := map[int]int{}
	settle := func(w int) { // lets it run until it wants the store again, or ends
		v := &vms[w]
		select {
		case <-ask[w]:
		case s := <-v.done:
			v.busy = false
			switch r := s.Response(); {
			case !r.Started:
				admitted["all"] = append(admitted["all"], admission{v.at})
				admitted[v.caller] = append(admitted[v.caller], admission{v.at})
				answers[200]++
			case r.Status == 429 || r.Status == 503:
				answers[r.Status]++
			default:
				t.Fatalf("answer %d %s", r.Status, r.Body)
			}
			s.Reset()
		}
	}
	for range steps {
		now += int64(rng.IntN(120_000))
		w := rng.IntN(workers)
		v := &vms[w]
		if v.busy {
			grant[w] <- struct{}{}
		} else {
			h.Clock().Set(now)
			v.busy, v.at, v.caller = true, now, fmt.Sprint("caller", rng.IntN(callers))
			go func() {
				s := h.VM(w).NewStream(host.StreamOptions{})
				s.RequestHeaders(request("GET", "/raced", "x-caller", v.caller), true)
				v.done <- s
			}()
		}
		settle(w)
	}
	for w := range vms {
		for vms[w].busy {
			grant[w] <- struct{}{}
			settle(w)
		}
	}
	racing = false
	for name, list := range admitted {
		l := racedLimits[1]
		if name == "all" {
			l = racedLimits[0]
		}
		slices.SortStableFunc(list, func(a, b admission) int { return int(a.at - b.at) })
		// Of any run of admissions: n*window <= burst*window + time*requests.
		worst := int64(-1 << 62)
		for j, a := range list {
			tj := (a.at - list[0].at) * l.requests
			worst = max(worst, tj-int64(j)*l.window)
			if over := int64(j+1)*l.window - tj + worst - l.burst*l.window; over > 0 {
				t.Fatalf("%s: admission %d of %d is %d/%d too many", name, j, len(list), over, l.window)
			}
		}
		if len(list) < steps/200 {
			t.Errorf("%s: only %d admissions: this shows nothing", name, len(list))
		}
	}
	h.Advance(2 * time.Second) // a tick tells the counters
	m := h.Metrics().Values()
	t.Logf("answers %v, retries %d, refunds %d, not in full %d, undecided %d", answers, m["portcullis.limits.retries"], m["portcullis.limits.refunds"],
		m["portcullis.limits.refunds_failed"], m["portcullis.limits.unavailable"])
	if m["portcullis.limits.retries"] == 0 || m["portcullis.limits.refunds"]+m["portcullis.limits.refunds_failed"] == 0 {
		t.Error("no race was met: this shows nothing")
	}
	for _, f := range h.Failures() {
		t.Error(f)
	}
}

// TestLimitsInFlight ends requests in every way there is: each makes room.
func TestLimitsInFlight(t *testing.T) {
	h := limitsHost(t, `version: 1
operations: [{operation: flight, limits: [few]}]
limits: {few: {concurrent: 2}}
`, nil)
	vm := h.VM(0)
	post := func() *host.Stream {
		s := vm.NewStream(host.StreamOptions{})
		s.RequestHeaders(request("POST", "/flight", "content-type", "application/json"), false)
		return s
	}
	pass := func(s *host.Stream) { s.RequestBody([]byte("{}"), true) }
	ways := []struct {
		name string
		end  func(*host.Stream)
	}{
		{"answered", func(s *host.Stream) {
			pass(s)
			s.ResponseHeaders(host.H(":status", "200"), false)
			s.ResponseBody([]byte("x"), true)
		}},
		{"answered without a body", func(s *host.Stream) { pass(s); s.ResponseHeaders(host.H(":status", "204"), true) }},
		{"answered with trailers", func(s *host.Stream) {
			pass(s)
			s.ResponseHeaders(host.H(":status", "200"), false)
			s.ResponseTrailers(host.H("a", "b"))
		}},
		{"reset while the body comes", func(s *host.Stream) { s.RequestBody([]byte("{"), false); s.Reset() }},
		{"reset before the answer", func(s *host.Stream) { pass(s); s.Reset() }},
		{"reset within the answer", func(s *host.Stream) { pass(s); s.ResponseHeaders(host.H(":status", "200"), false); s.Reset() }},
		{"answered early", func(s *host.Stream) { s.Reset() }},
		{"refused body", func(s *host.Stream) { s.RequestBody([]byte("[]"), true) }},
		{"body that is too large", func(s *host.Stream) { s.RequestBody(make([]byte, 2<<20), true) }},
		{"trailer that is refused", func(s *host.Stream) {
			s.RequestBody([]byte("{}"), false)
			s.RequestTrailers(host.H("authorization", "x"))
		}},
		{"body that does not come", func(s *host.Stream) { h.Advance(5 * time.Second) }},
	}
	for _, way := range ways {
		for range 5 { // more often than there is room
			a, b := post(), post()
			c := post()
			if r := c.Response(); r.Status != 503 || !strings.Contains(string(r.Body), `"code":"limit_concurrency"`) {
				t.Fatalf("%s: one more than the limit: %d %s, want 503 limit_concurrency", way.name, r.Status, r.Body)
			}
			way.end(a)
			d := post()
			if d.Response().Started && way.name != "body that does not come" {
				t.Fatalf("%s: no room after it: %d %s", way.name, d.Response().Status, d.Response().Body)
			}
			for _, s := range []*host.Stream{a, b, c, d} {
				if !s.Done() {
					s.Reset()
				}
			}
		}
	}
	if m := h.Metrics().Values(); m["portcullis.limit.few.exceeded"] != int64(5*len(ways)) {
		t.Errorf("exceeded %d times, want %d", m["portcullis.limit.few.exceeded"], 5*len(ways))
	}
}

// TestLimitsMallocs: limits by whatever, admitted or refused, allocate nothing.
func TestLimitsMallocs(t *testing.T) {
	m, err := cases.BudgetModule()
	if err != nil {
		t.Fatal(err)
	}
	f, err := cases.Read("../examples/limits/cases/limits.yaml")
	if err != nil {
		t.Fatal(err)
	}
	table, err := cases.Compile(cases.CompileRequest{Policy: "../examples/limits/policy.yaml", Specs: []string{"../examples/limits/limits.yaml"}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := cases.PluginConfig(cases.Setup{Table: table, Config: map[string]any{
		"secrets": map[string]any{"login": f.Keys["login"].Secret}, "logRefusals": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(context.Background(), host.Config{Module: m, PluginConfig: text, AllowOnHeadersStopIteration: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	token := func(name string) string {
		text, err := f.MintNamed(name, h.Now())
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + text
	}
	kinds := []struct {
		name, path, body string
		fields           []string
	}{
		{"claim", "/by/claim", "", []string{"authorization", token("alice")}},
		{"override of a subject", "/by/subject", "", []string{"authorization", token("alice")}},
		{"header", "/by/header", "", []string{"x-tenant", "a"}},
		{"path", "/by/path/x%20y", "", nil},
		{"query", "/by/query?tenant=a%20b", "", nil},
		{"address", "/by/address", "", nil},
		{"certificate", "/by/certificate", "", nil},
		{"plan", "/plans", "", []string{"authorization", token("carol")}},
		{"cost by header", "/cost/header", "", []string{"x-units", "2"}},
		{"cost by claim", "/cost/claim", "", []string{"authorization", token("alice")}},
		{"cost by items", "/cost/items", `{"orders":[1,2,3]}`, []string{"content-type", "application/json"}},
		{"failures", "/failures", "", []string{"authorization", token("forged")}},
		{"several", "/several", "", nil},
		{"worker", "/worker", "", nil},
		{"in flight", "/slow", `{}`, []string{"content-type", "application/json"}},
		{"announced", "/announced", "", nil},
	}
	for _, k := range kinds {
		method := "GET"
		if k.body != "" {
			method = "POST"
		}
		run := func(n int) {
			for range n {
				s := h.VM(0).NewStream(host.StreamOptions{Properties: map[string][]byte{"source.address": []byte("192.0.2.1:9")}})
				s.RequestHeaders(request(method, k.path, k.fields...), k.body == "")
				if k.body != "" {
					s.RequestBody([]byte(k.body), true)
				}
				if s.Upstream().Complete && !s.Response().Started {
					s.ResponseHeaders(host.H(":status", "200"), true)
				}
				if !s.Done() {
					s.Reset()
				}
			}
		}
		run(5)
		count := func() uint64 {
			got, err := h.VM(0).Export("portcullis_budget_mallocs")
			if err != nil {
				t.Fatal(err)
			}
			return got[0]
		}
		before := count()
		run(200)
		h.Advance(time.Hour) // what was refused is admitted again
		run(200)
		if got := count() - before; got > 0 {
			t.Errorf("%s: 400 requests allocated %d objects, want none", k.name, got)
		}
	}
}
