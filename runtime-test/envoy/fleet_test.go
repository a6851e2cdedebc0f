package envoy

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"portcullis/filter/table"
	"portcullis/schemagen/proxy"
)

const fleetSpec = `openapi: 3.1.0
info: {title: fleet, version: '1'}
paths:
  /day: {get: {operationId: day, responses: {'200': {description: ok}}}}
  /second: {get: {operationId: second, responses: {'200': {description: ok}}}}
  /each: {get: {operationId: each, responses: {'200': {description: ok}}}}
  /wide:
    get: {operationId: wide, responses: {'200': {description: ok}}}
    post:
      operationId: write
      requestBody: {required: true, content: {application/json: {schema: {type: array, items: {type: integer}}}}}
      responses: {'200': {description: ok}}
`

// fleetPolicy has one %s for what happens on errors. The deadline is for a machine that
// many tests share.
const fleetPolicy = `version: 1
rateLimitServices: {counter: {cluster: counter, domain: test, deadline: 1s, onError: %s, secret: fleet}}
operations:
- {operation: day, limits: [day]}
- {operation: second, limits: [second]}
- {operation: each, limits: [each, wide]}
- {operation: [wide, write], limits: [wide]}
limits:
  day: {requests: 300, per: 1d, scope: fleet}
  second: {requests: 50, per: 1s, scope: fleet, by: group}
  each: {requests: 20, per: 1d, scope: fleet, by: 'header:x-caller', announce: true}
  wide: {requests: 1000000, per: 1d, scope: fleet, by: group}
`

// fleet is proxies that share limits.
type fleet struct {
	t              *testing.T
	redis, service *program
	redisAddress   string
	proxies        []*proxied
	serviceAddress string
	table          []byte
	config         map[string]any
	version        string
}

// startFleet starts n proxies, the service and Redis.
func startFleet(t *testing.T, version string, n int, onError string) *fleet {
	t.Helper()
	f := &fleet{t: t, table: compiled(t, fleetSpec, fmt.Sprintf(fleetPolicy, onError)), version: version}
	binary(t, version)
	tab, bad, _ := table.Open(f.table)
	if bad != table.ErrNone {
		t.Fatal(bad)
	}
	limits, err := proxy.RateLimit(tab, "")
	if err != nil {
		t.Fatal(err)
	}
	f.redis, f.redisAddress = startRedis(t)
	f.service, f.serviceAddress = startRateLimit(t, limits, f.redisAddress)
	f.config = map[string]any{"logRefusals": "off", "secrets": map[string]any{"fleet": "sixteen bytes and more"}, "maxWaitingRequests": 8}
	for range n {
		f.proxies = append(f.proxies, f.proxy(nil))
	}
	return f
}

func (f *fleet) proxy(change func(*proxy.Options)) *proxied {
	f.t.Helper()
	up, err := StartResponder()
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(up.Close)
	o := proxy.Options{Target: proxy.TargetEnvoy, Bootstrap: true, Listen: "127.0.0.1:0", Upstream: up.Address, Module: module(f.t), Table: f.table, Plugin: f.config,
		Clusters: []proxy.Cluster{{Name: "counter", Address: f.serviceAddress, HTTP2: true, What: "counts"}}}
	if change != nil {
		change(&o)
	}
	text, err := proxy.Print(o)
	if err != nil {
		f.t.Fatal(err)
	}
	return &proxied{run(f.t, Options{Binary: binary(f.t, f.version), Config: text, Workers: 2}), nil}
}

// counted is the sum of a counter over all proxies, once ticks have told it.
func (f *fleet) counted(name string) (sum int64) {
	f.t.Helper()
	for _, p := range f.proxies {
		m, err := p.Metrics("portcullis." + name)
		if err != nil {
			f.t.Fatal(err)
		}
		sum += m["wasmcustom.portcullis."+name]
	}
	return sum
}

// settled waits until no more is told: a tick takes 200 ms.
func (f *fleet) settled(name string, want func(int64) bool) int64 {
	f.t.Helper()
	var n int64
	until(f.t, 10*time.Second, name, func() bool { n = f.counted(name); return want(n) })
	return n
}

// ends checks that nothing waits any more, nothing has failed, and as many as may wait
// can: of 8 at a time each must be decided by the service.
func (f *fleet) ends() {
	f.t.Helper()
	ticks()
	before := f.counted("fleet.unanswered")
	for _, p := range f.proxies {
		l := Load{Address: p.Address, Requests: [][]byte{message("GET", "/wide", "")}, Connections: 8, Total: 400}.Run()
		if l.Statuses[200] != 400 {
			f.t.Errorf("at the end: %v, want 400 times 200", l.Statuses)
		}
		until(f.t, 10*time.Second, "no call in flight", func() bool {
			m, err := p.Metrics("cluster.counter.upstream_rq_active")
			return err == nil && m["cluster.counter.upstream_rq_active"] == 0
		})
		p.sane(f.t)
	}
	ticks()
	if n := f.counted("fleet.unanswered"); n != before {
		f.t.Errorf("at the end %d more requests were not answered, want none: slots are lost", n-before)
	}
}

// TestEnvoyFleet floods two proxies: together they let through what the limit says.
func TestEnvoyFleet(t *testing.T) {
	f := startFleet(t, newest, 2, "refuse")
	flood := func(path string, length time.Duration, fields ...string) (statuses map[int]int, elapsed time.Duration) {
		var wg sync.WaitGroup
		got := make([]*Loaded, len(f.proxies))
		begin := time.Now()
		for i, p := range f.proxies {
			wg.Go(func() {
				got[i] = Load{Address: p.Address, Requests: [][]byte{message("GET", path, "", fields...)}, Connections: 4, For: length}.Run()
			})
		}
		wg.Wait()
		statuses = map[int]int{}
		for _, l := range got {
			for s, n := range l.Statuses {
				statuses[s] += n
			}
			if l.Broken > 0 {
				t.Errorf("%s: %d connections broke: %v", path, l.Broken, l.First)
			}
		}
		return statuses, time.Since(begin)
	}
	s, _ := flood("/day", 2*time.Second)
	t.Logf("/day, 300 a day: %v", s)
	if s[200] != 300 || s[429] == 0 || len(s) != 2 {
		t.Errorf("/day: %v, want 300 times 200 and 429 beside", s)
	}
	s, elapsed := flood("/second", 4*time.Second)
	windows := int(elapsed.Seconds()) + 2 // that the time can touch
	t.Logf("/second, 50 a second: %v in %v", s, elapsed.Round(time.Millisecond))
	if s[200] > 50*windows || s[200] < 50*3*9/10 || len(s) != 2 {
		t.Errorf("/second: %v, want %d to %d times 200", s, 50*3*9/10, 50*windows)
	}
	for i := range 3 {
		if s, _ := flood("/each", 500*time.Millisecond, "x-caller", fmt.Sprint("caller", i)); s[200] != 20 || s[429] == 0 {
			t.Errorf("caller %d: %v, want 20 times 200", i, s)
		}
	}
	// What the fronts refuse does not reach the service, and who calls is not in Redis.
	ticks()
	if asked, refused := f.counted("requests_waited"), f.counted("refused.limit_exceeded"); asked >= refused/2 {
		t.Errorf("the service was asked %d times while %d requests were refused: fronts do not hold", asked, refused)
	}
	keys := redisSays(f.redisAddress, "KEYS *")
	if !strings.Contains(keys, "test_limit_each_caller_") || strings.Contains(keys, "caller0") {
		t.Errorf("keys in Redis: %.500q, want callers as hashes", keys)
	}
	a, err := ask(f.proxies[0].Address, message("GET", "/each", "", "x-caller", "caller0"))
	if err != nil || a.code != "limit_exceeded" || !strings.Contains(a.body, "each allows 20 in 1d") {
		t.Errorf("caller 0 again: %v (%v), want limit_exceeded", a, err)
	}
	f.ends()
}

// TestEnvoyFleetOutages kills Redis, kills the service, stops it without a word, and
// brings each back. What happens meanwhile is what the policy says.
func TestEnvoyFleetOutages(t *testing.T) {
	policies := []string{"refuse", "local"}
	if os.Getenv("PORTCULLIS_LONG") != "" {
		policies = append(policies, "pass")
	}
	for _, onError := range policies {
		t.Run(onError, func(t *testing.T) {
			version, proxies := newest, 1
			switch onError {
			case "refuse":
				proxies = 2
			case "local":
				version = oldest
			}
			f := startFleet(t, version, proxies, onError)
			get, post := message("GET", "/wide", ""), message("POST", "/wide", "[1]")
			bad := message("POST", "/wide", `["x"]`)
			good := func(when string) {
				t.Helper()
				for _, p := range f.proxies {
					until(t, 15*time.Second, when+": the service decides", func() bool {
						before := f.counted("fleet.unanswered")
						a, err := ask(p.Address, get)
						if err != nil || a.status != 200 {
							return false
						}
						ticks()
						return f.counted("fleet.unanswered") == before
					})
					if a, err := ask(p.Address, post); err != nil || a.status != 200 {
						t.Errorf("%s: with a body: %v (%v)", when, a, err)
					}
				}
			}
			outage := func(what string) {
				t.Helper()
				before := f.counted("fleet.unanswered")
				for _, p := range f.proxies {
					l := Load{Address: p.Address, Requests: [][]byte{get, post}, Connections: 16, For: time.Second}.Run()
					want := 200
					if onError == "refuse" {
						want = 503
					}
					if l.Statuses[want] == 0 || len(l.Statuses) != 1 {
						t.Errorf("%s: %v (%v), want %d alone", what, l.Statuses, l.First, want)
					}
					code := map[string]string{"refuse": "limit_unavailable"}[onError]
					if a, err := ask(p.Address, get); err != nil || a.code != code {
						t.Errorf("%s: %v (%v), want code %q", what, a, err, code)
					}
					if onError != "refuse" {
						if a, err := ask(p.Address, bad); err != nil || a.code != "body_invalid" {
							t.Errorf("%s: a bad body: %v (%v), want body_invalid", what, a, err)
						}
					}
				}
				f.settled("fleet.unanswered", func(n int64) bool { return n > before })
			}
			good("at first")
			f.redis.kill()
			outage("Redis is gone")
			f.redis.start()
			good("Redis is back")
			f.service.kill()
			outage("the service is gone")
			f.service.start()
			good("the service is back")
			f.service.signal(syscall.SIGSTOP)
			outage("the service says nothing")
			f.service.signal(syscall.SIGCONT)
			good("the service speaks again")
			outcome := map[string]string{"refuse": "refused", "local": "decided_here", "pass": "passed"}[onError]
			f.settled("fleet."+outcome, func(n int64) bool { return n >= f.counted("fleet.unanswered") })
			f.ends()
			t.Logf("unanswered %d, %s %d, waited %d", f.counted("fleet.unanswered"), outcome, f.counted("fleet."+outcome), f.counted("requests_waited"))
		})
	}
}

// ticks waits for two ticks of the filter, which tell what was counted.
func ticks() { <-time.After(450 * time.Millisecond) }

const nobodySpec = `openapi: 3.1.0
info: {title: nobody, version: '1'}
paths:
  /missing: &path
    get: &get {responses: {'200': {description: ok}}}
    post: &post
      requestBody: {required: true, content: {application/json: {schema: {type: array, items: {type: integer}}}}}
      responses: {'200': {description: ok}}
  /unnamed: *path
  /silent: *path
`

const nobodyPolicy = `version: 1
rateLimitServices:
  missing: {cluster: missing, onError: local}
  unnamed: {cluster: unnamed, onError: local}
  silent: {cluster: silent, onError: local}
operations:
- {operation: [GET /missing, POST /missing], limits: [missing]}
- {operation: [GET /unnamed, POST /unnamed], limits: [unnamed]}
- {operation: [GET /silent, POST /silent], limits: [silent]}
limits:
  missing: {requests: 1000, per: 1d, by: group, scope: fleet, service: missing}
  unnamed: {requests: 1000, per: 1d, by: group, scope: fleet, service: unnamed}
  silent: {requests: 1000, per: 1d, by: group, scope: fleet, service: silent}
`

// TestEnvoyFleetNobody: a cluster that is not there, one without an endpoint, and one where
// nobody listens answer at once, within the call itself or after it; requests are
// decided all the same.
func TestEnvoyFleetNobody(t *testing.T) {
	tab := compiled(t, nobodySpec, nobodyPolicy)
	for _, tt := range []struct{ version, hold string }{{newest, "stop"}, {newest, "buffer"}, {oldest, "stop"}} {
		t.Run(tt.version+" "+tt.hold, func(t *testing.T) {
			f := &fleet{t: t, table: tab, version: tt.version, config: map[string]any{"logRefusals": "off"}}
			p := f.proxy(func(o *proxy.Options) {
				o.Hold = tt.hold
				o.Clusters = []proxy.Cluster{{Name: "unnamed", Address: "nobody.invalid:1", HTTP2: true}, {Name: "silent", Address: "127.0.0.1:1", HTTP2: true}}
			})
			f.proxies = []*proxied{p}
			asked := int64(0)
			for range 3 {
				for _, path := range []string{"/missing", "/unnamed", "/silent"} {
					for _, raw := range [][]byte{message("GET", path, ""), message("POST", path, "[1]")} {
						if a, err := ask(p.Address, raw); err != nil || a.status != 200 {
							t.Errorf("%.20q: %v (%v), want 200", raw, a, err)
						}
					}
					if a, err := ask(p.Address, message("POST", path, `["x"]`)); err != nil || a.code != "body_invalid" {
						t.Errorf("%s, a bad body: %v (%v), want body_invalid", path, a, err)
					}
					asked += 3
				}
			}
			f.settled("fleet.unanswered", func(n int64) bool { return n == asked })
			p.sane(t)
		})
	}
}
