package envoy

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/schemagen/proxy"
)

// limitsFor is how long limits are offered more than they let through: 30 s with
// PORTCULLIS_LONG=1, as `make envoy` does.
func limitsFor() time.Duration {
	if os.Getenv("PORTCULLIS_LONG") != "" {
		return 30 * time.Second
	}
	return 6 * time.Second
}

// offered is how many times its rate a limit has to be offered: 20 where the machine is
// given to this test alone.
func offered() float64 {
	if os.Getenv("PORTCULLIS_LONG") != "" {
		return 20
	}
	return 3
}

const limitsSpec = `openapi: 3.1.0
info: {title: limits, version: '1'}
paths:
  /ten: {get: {operationId: ten, responses: {'200': {description: ok}}}}
  /thousand: {get: {operationId: thousand, responses: {'200': {description: ok}}}}
  /minute: {get: {operationId: minute, responses: {'200': {description: ok}}}}
  /each: {get: {operationId: each, responses: {'200': {description: ok}}}}
  /flight: {get: {operationId: flight, responses: {'200': {description: ok}}}}
  /contended: {get: {operationId: contended, responses: {'200': {description: ok}}}}
  %s: {get: {responses: {'200': {description: ok}}}}
`

const limitsPolicy = `version: 1
operations:
- {operation: ten, limits: [ten]}
- {operation: thousand, limits: [thousand]}
- {operation: minute, limits: [minute]}
- {operation: each, limits: [each]}
- {operation: flight, limits: [flight]}
- {operation: contended, limits: [contended]}
limits:
  ten: {requests: 10, per: 1s}
  thousand: {requests: 1000, per: 1s}
  minute: {requests: 10, per: 1m}
  each: {requests: 20, per: 1h, by: 'header:x-caller'}
  flight: {concurrent: 3}
  contended: {requests: 1000000, per: 1s, by: group}
`

func limitsTable(t *testing.T, path string) []byte {
	return compiled(t, fmt.Sprintf(limitsSpec, path), limitsPolicy)
}

var quiet = map[string]any{"logRefusals": "off", "secrets": map[string]any{}}

// TestEnvoyLimits offers three limits many times what they let through, at the same
// time and on four workers: each lets through what it says, not one more, and
// nearly all of it.
func TestEnvoyLimits(t *testing.T) {
	up, err := StartResponder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	p := start(t, options{workers: 4, table: limitsTable(t, "/x"), config: quiet, upstream: up.Address})
	// The slow ones are offered 40 times what they let through, so that they leave the
	// processors to the fast one, which is offered all that there is. (Envoy closes a
	// connection after a refusal when another request waits in it: no pipelining here.)
	tests := []struct {
		path        string
		rate, burst float64
		load        Load
	}{
		{"/ten", 10, 10, Load{Connections: 8, Rate: 400}},
		{"/thousand", 1000, 1000, Load{Connections: 32}},
		{"/minute", 10.0 / 60, 10, Load{Connections: 4, Rate: 20}},
	}
	got := make([]*Loaded, len(tests))
	var wg sync.WaitGroup
	for i, tt := range tests {
		wg.Go(func() {
			l := tt.load
			l.Address, l.Requests, l.For = p.Address, [][]byte{message("GET", tt.path, "")}, limitsFor()
			got[i] = l.Run()
		})
	}
	wg.Wait()
	for i, tt := range tests {
		l := got[i]
		admitted, most := float64(l.Statuses[200]), math.Floor(tt.burst+tt.rate*l.Elapsed.Seconds())
		least := min(0.99*most, most-1)
		times := float64(l.Answered()) / (tt.rate * l.Elapsed.Seconds())
		t.Logf("%s: %.0f admitted in %v, want %.0f to %.0f; %.1f times the rate was offered; %v", tt.path, admitted, l.Elapsed.Round(time.Millisecond), least, most, times, l.Statuses)
		if admitted > most || admitted < least {
			t.Errorf("%s: %.0f requests admitted, want %.0f to %.0f", tt.path, admitted, least, most)
		}
		if want := offered(); times < want {
			t.Errorf("%s: %.1f times the rate was offered, want %.0f: this shows nothing", tt.path, times, want)
		}
		if other := l.Answered() - l.Statuses[200] - l.Statuses[429]; other > 0 || l.Broken > 0 {
			t.Errorf("%s: %d answers are neither 200 nor 429, %d connections broke (%v): %v", tt.path, other, l.Broken, l.First, l.Statuses)
		}
	}
	names := []string{"ten", "thousand", "minute"}
	var m map[string]int64
	until(t, 10*time.Second, "the tick that tells the counters", func() bool {
		m, err = p.Metrics("portcullis.limit")
		same := err == nil
		for i, name := range names {
			same = same && m["wasmcustom.portcullis.limit."+name+".exceeded"] == int64(got[i].Statuses[429])
		}
		return same
	})
	t.Logf("counters: %v", m)
	if n := workersUsed(t, p.Process); n < 2 {
		t.Errorf("%d workers took part, want several: this shows nothing", n)
	}
	p.sane(t)
}

// TestEnvoyLimitsContended lets four workers count one bucket as fast as they can. Writes
// that are lost to another worker are tried again, and counted; no request waits, and
// none is left undecided.
func TestEnvoyLimitsContended(t *testing.T) {
	up, err := StartResponder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(up.Close)
	p := start(t, options{workers: 4, table: limitsTable(t, "/x"), config: quiet, upstream: up.Address})
	l := Load{Address: p.Address, Requests: [][]byte{message("GET", "/contended", "")}, Connections: 32, Pipeline: 16, For: limitsFor() / 3}.Run()
	rate := float64(l.Answered()) / l.Elapsed.Seconds()
	if l.Statuses[200] != l.Answered() || l.Broken > 0 {
		t.Errorf("%v, %d connections broke (%v), want 200 alone", l.Statuses, l.Broken, l.First)
	}
	if n := workersUsed(t, p.Process); n < 4 {
		t.Errorf("%d workers took part, want 4", n)
	}
	var m map[string]int64
	ticks := 0
	until(t, 10*time.Second, "the counters", func() bool { // a tick takes a second
		m, err = p.Metrics("portcullis.")
		ticks++
		return err == nil && (m["wasmcustom.portcullis.limits.retries"] > 0 || ticks > 100)
	})
	retries := m["wasmcustom.portcullis.limits.retries"]
	t.Logf("%.0f requests a second on one key, 4 workers: %d requests, %d writes tried again", rate, l.Answered(), retries)
	if rate >= 10_000 && retries == 0 {
		t.Errorf("no write was lost to another worker in %d requests: this shows nothing", l.Answered())
	}
	if os.Getenv("PORTCULLIS_LONG") != "" && rate < 10_000 {
		t.Errorf("%.0f requests a second, want 10,000: this shows nothing", rate)
	}
	for _, name := range []string{"limits.unavailable", "requests_waited", "refused.limit_unavailable", "limit.contended.exceeded"} {
		if n := m["wasmcustom.portcullis."+name]; n != 0 {
			t.Errorf("%s is %d, want 0", name, n)
		}
	}
	p.sane(t)
}

// workersUsed is how many workers have taken connections.
func workersUsed(t *testing.T, p *Process) int {
	t.Helper()
	m, err := p.Metrics(".worker_")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for name, n := range m {
		if strings.HasPrefix(name, "listener.127") && strings.HasSuffix(name, ".downstream_cx_total") && n > 0 {
			used++
		}
	}
	return used
}

// TestEnvoyLimitsIsolate lets one caller flood an operation while another stays
// within the same limit: all of the other's requests pass.
func TestEnvoyLimitsIsolate(t *testing.T) {
	p := start(t, options{workers: 4, table: limitsTable(t, "/x"), config: quiet})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var flood *Loaded
	wg.Go(func() {
		flood = Load{Address: p.Address, Requests: [][]byte{message("GET", "/each", "", "x-caller", "mallory")}, Connections: 16, Until: stop}.Run()
	})
	for caller := range 10 {
		l := Load{Address: p.Address, Requests: [][]byte{message("GET", "/each", "", "x-caller", fmt.Sprint("caller", caller))}, Total: 20}.Run()
		if l.Statuses[200] != 20 {
			t.Errorf("caller %d within the limit: %v, want 20 times 200", caller, l.Statuses)
		}
	}
	close(stop)
	wg.Wait()
	if flood.Statuses[200] != 20 || flood.Statuses[429] < 200 {
		t.Errorf("the flood: %v, want 20 times 200 and many times 429", flood.Statuses)
	}
}

// TestEnvoyLimitsReload: counts go on over a reload with the same table, and start
// afresh with another one.
func TestEnvoyLimitsReload(t *testing.T) {
	same, other := limitsTable(t, "/x"), limitsTable(t, "/y")
	p := startReloaded(t, newest, 2, proxy.Options{Table: same, Plugin: quiet})
	req := message("GET", "/each", "", "x-caller", "anna")
	spend := func(want int, when string) {
		t.Helper()
		if l := (Load{Address: p.Address, Requests: [][]byte{req}, Total: 40}).Run(); l.Statuses[200] != want || l.Statuses[429] != 40-want {
			t.Errorf("%s: %v, want %d times 200", when, l.Statuses, want)
		}
	}
	reload := func(o proxy.Options) {
		t.Helper()
		n := p.discovery(t, "config_reload")
		p.put(t, o)
		until(t, 20*time.Second, "the reload", func() bool { return p.discovery(t, "config_reload") > n })
		streak := 0
		until(t, 10*time.Second, "every worker", func() bool {
			a, err := ask(p.Address, message("GET", "/none", ""))
			if streak++; err != nil || a.code != "route_not_found" || o.Plugin["errorDetail"] == "minimal" && strings.Contains(a.body, "errors") {
				streak = 0
			}
			return streak >= 16
		})
	}
	spend(20, "at the start")
	minimal := map[string]any{"logRefusals": "off", "secrets": map[string]any{}, "errorDetail": "minimal"}
	reload(proxy.Options{Table: same, Plugin: minimal})
	spend(0, "after a reload with the same table")
	reload(proxy.Options{Table: other, Plugin: minimal})
	until(t, 10*time.Second, "the other table", func() bool {
		a, err := ask(p.Address, message("GET", "/y", ""))
		return err == nil && a.status == 200
	})
	spend(20, "after a reload with another table")
}

// TestEnvoyConcurrent holds requests at the upstream: no more than the limit are
// in flight, and every way to end one makes room again.
func TestEnvoyConcurrent(t *testing.T) {
	const most = 3
	arrived, release := make(chan struct{}, 100), make(chan struct{})
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	defer up.Close()
	p := start(t, options{workers: 1, table: limitsTable(t, "/x"), config: quiet, upstream: strings.TrimPrefix(up.URL, "http://")})
	req := message("GET", "/flight", "")
	for _, how := range []string{"answered", "client gone", "answered again"} {
		var wg sync.WaitGroup
		var conns []func()
		for range most {
			c, closeConn := connect(t, p.Address)
			conns = append(conns, closeConn)
			if _, err := c.Write(req); err != nil {
				t.Fatal(err)
			}
			wait(t, arrived, how)
		}
		for range 5 {
			if a, err := ask(p.Address, req); err != nil || a.status != 503 || a.code != "limit_concurrency" {
				t.Errorf("%s: one more than the limit: %v (%v), want limit_concurrency", how, a, err)
			}
		}
		if strings.HasPrefix(how, "answered") {
			for range most {
				release <- struct{}{}
			}
		}
		for _, c := range conns {
			if how == "client gone" {
				c()
			}
		}
		// All that ended must have made room: as many as before get in again.
		free := 0
		until(t, 10*time.Second, how+": room for all again", func() bool {
			done := make(chan answer, 1)
			wg.Go(func() {
				a, _ := ask(p.Address, req)
				done <- a
			})
			select {
			case <-arrived:
				free++
			case a := <-done:
				if a.code != "limit_concurrency" {
					t.Errorf("%s: %v", how, a)
				}
			}
			return free == most
		})
		for range free {
			release <- struct{}{}
		}
		wg.Wait()
		for _, c := range conns {
			c()
		}
		// The streams of the last ones end at the proxy a moment after their answers.
		until(t, 10*time.Second, "quiet", func() bool {
			m, err := p.Metrics("downstream_rq_active")
			n := int64(0)
			for _, v := range m {
				n += v
			}
			return err == nil && n <= 1
		})
	}
	p.sane(t)
}

// connect opens a connection; closing it twice does nothing.
func connect(t *testing.T, address string) (net.Conn, func()) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, func() { c.Close() }
}

// wait receives from c, or fails the test.
func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: waited 10 s", what)
	}
}

// compiled is the table of a description and a policy.
func compiled(t *testing.T, spec, policy string) []byte {
	t.Helper()
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{write(t, "spec.yaml", []byte(spec))}, Policy: write(t, "policy.yaml", []byte(policy)), Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return table
}
