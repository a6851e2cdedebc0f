package envoy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

const keysSpec = `openapi: 3.1.0
info: {title: keys, version: '1'}
paths:
  /me: {get: {operationId: me, security: [{login: []}], responses: {'200': {description: ok}}}}
components: {securitySchemes: {login: {type: http, scheme: bearer}}}
`

const keysPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example
    audiences: [me]
    jwks: {uri: 'https://idp.example/keys', cluster: idp, refresh: 2s, maxStale: 1h, cooldown: 1s, timeout: 500ms}
schemes: {login: [idp]}
`

// What a key server does.
const (
	serverWell = iota
	serverHangs
	serverResets
	server500
	serverRubbish
)

// keyServer is a provider's key server.
type keyServer struct {
	address string
	fetches atomic.Int64
	mode    atomic.Int32
	set     atomic.Value // string
}

func startKeyServer(t *testing.T) *keyServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &keyServer{address: l.Addr().String()}
	k.publish()
	s := &http.Server{Handler: http.HandlerFunc(k.serve)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return k
}

// publish makes the public halves of keys what the server answers.
func (k *keyServer) publish(keys ...*cases.SigningKey) {
	var list []string
	for _, key := range keys {
		text, err := key.JWK()
		if err != nil {
			panic(err)
		}
		list = append(list, text)
	}
	k.set.Store(`{"keys":[` + strings.Join(list, ",") + `]}`)
}

func (k *keyServer) serve(w http.ResponseWriter, r *http.Request) {
	k.fetches.Add(1)
	w.Header().Set("content-type", "application/json")
	switch k.mode.Load() {
	case serverHangs:
		<-r.Context().Done()
	case serverResets:
		panic(http.ErrAbortHandler)
	case server500:
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"keys":[]}`)
	case serverRubbish:
		io.WriteString(w, `{"keys":[{"kty":"EC","crv":"P-256"},`+strings.Repeat("x", 9000))
	default:
		io.WriteString(w, k.set.Load().(string))
	}
}

func newSigningKey(t *testing.T, kid string) *cases.SigningKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &cases.SigningKey{Kid: kid, Alg: "ES256", Signer: crypto.Signer(key)}
}

var serials atomic.Int64

// mintFor makes a token that nobody has seen.
func mintFor(key *cases.SigningKey, exp string) string {
	text, err := cases.Mint(&cases.Token{Claims: map[string]any{"iss": "https://idp.example", "aud": "me", "exp": exp, "jti": fmt.Sprint(serials.Add(1))}}, key, time.Now())
	if err != nil {
		panic(err)
	}
	return text
}

// keyClients sends requests of every kind and finds verdicts that are wrong.
type keyClients struct {
	address string
	client  *http.Client
	newest  atomic.Pointer[cases.SigningKey] // published, and good by now
	known   [200]string                      // of a key that stays
	forger  *cases.SigningKey                // has a kid that exists
	odd     atomic.Bool                      // send kids that never were

	mu      sync.Mutex
	sent    map[string]int
	wrong   []string
	slowest time.Duration
}

// ask sends one token; code is "200", or that of the refusal.
func (c *keyClients) ask(token string) (code string, took time.Duration) {
	req, err := http.NewRequest("GET", "http://"+c.address+"/me", nil)
	if err != nil {
		panic(err)
	}
	req.Header.Set("authorization", "Bearer "+token)
	begin := time.Now()
	resp, err := c.client.Do(req)
	if err != nil {
		return err.Error(), time.Since(begin)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	took = time.Since(begin)
	if err != nil {
		return err.Error(), took
	}
	if resp.StatusCode == 200 {
		return "200", took
	}
	_, code, _ = strings.Cut(string(body), `"code":"`)
	code, _, _ = strings.Cut(code, `"`)
	return code, took
}

// one sends a request of a kind chosen at random.
func (c *keyClients) one(r *rand.Rand) {
	kind, token, want := "known", c.known[r.IntN(len(c.known))], []string{"200"}
	switch n := r.IntN(100); {
	case n < 15:
		kind, token = "new", mintFor(c.newest.Load(), "+1h")
	case n < 19:
		kind, token, want = "forged", mintFor(c.forger, "+1h"), []string{"token_signature", "token_verify_budget"}
	case n < 21 && c.odd.Load():
		stranger := *c.forger
		stranger.Kid = fmt.Sprint("no-", r.Uint64())
		kind, token, want = "unknown kid", mintFor(&stranger, "+1h"), []string{"token_key_unknown", "token_keys_unavailable", "plugin_busy"}
	case n < 24:
		kind, token, want = "expired", mintFor(c.newest.Load(), "-1h"), []string{"token_expired"}
	}
	code, took := c.ask(token)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent[kind+" "+code]++
	c.slowest = max(c.slowest, took)
	for _, w := range want {
		if code == w {
			return
		}
	}
	c.wrong = append(c.wrong, fmt.Sprintf("%s: %s after %v, want %v", kind, code, took.Round(time.Millisecond), want))
}

// load sends about rate requests a second until stop is closed.
func (c *keyClients) load(rate int, stop <-chan struct{}) *sync.WaitGroup {
	const clients = 32
	var wg sync.WaitGroup
	for n := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			tick := time.NewTicker(time.Second * clients / time.Duration(rate))
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
					c.one(r)
				}
			}
		})
	}
	return &wg
}

// startKeys starts an Envoy that fetches keys from a server, and clients for it.
func startKeys(t *testing.T, version string, workers int, server *keyServer, config map[string]any) (*Process, *keyClients) {
	t.Helper()
	config["logRefusals"], config["tokenCacheBytes"] = "off", 4<<20
	p, c := startProvider(t, version, workers, keysPolicy, server.address, config)
	c.forger = newSigningKey(t, "stable")
	return p, c
}

// startProvider starts an Envoy with keysSpec under a policy, whose cluster idp is at
// address, and clients for it.
func startProvider(t *testing.T, version string, workers int, policyText, address string, config map[string]any) (*Process, *keyClients) {
	t.Helper()
	dir := t.TempDir()
	spec, policy := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{spec: keysSpec, policy: policyText} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table, err := cases.Compile(cases.CompileRequest{Policy: policy, Specs: []string{spec}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	responder, err := StartResponder()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(responder.Close)
	text, err := Bootstrap(module(t), responder.Address, cases.Setup{Table: table, Config: config})
	if err != nil {
		t.Fatal(err)
	}
	if text, err = AddCluster(text, "idp", address); err != nil {
		t.Fatal(err)
	}
	p := run(t, Options{Binary: binary(t, version), Config: text, Workers: workers})
	return p, &keyClients{address: p.Address, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 20 * time.Second}, sent: map[string]int{}}
}

// TestEnvoyKeys runs a provider through rotations and every kind of failure under load:
// no verdict is wrong, one worker fetches for all, and whoever waits is answered in time.
func TestEnvoyKeys(t *testing.T) {
	rate, pause := 600, 2500*time.Millisecond
	if os.Getenv("PORTCULLIS_LONG") != "" {
		rate, pause = 2200, 10*time.Second // 2,000 of them are sent: whoever waits sends nothing
	}
	each(t, func(t *testing.T, version string) {
		const waitTimeout = 4 * time.Second
		server := startKeyServer(t)
		stable, second := newSigningKey(t, "stable"), newSigningKey(t, "second")
		server.publish(stable)
		p, c := startKeys(t, version, 4, server, map[string]any{"waitTimeoutMs": int(waitTimeout / time.Millisecond)})
		c.newest.Store(stable)
		for i := range c.known {
			c.known[i] = mintFor(stable, "+2h")
		}
		stop := make(chan struct{})
		begin := time.Now()
		wg := c.load(rate, stop)
		phase := func(what string, mode int32) {
			server.mode.Store(mode)
			<-time.After(pause)
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Logf("%s: %d wrong so far, slowest %v, %d fetches", what, len(c.wrong), c.slowest.Round(time.Millisecond), server.fetches.Load())
		}
		phase("well", serverWell)

		// One fetch a refresh for four workers, or a tenth earlier.
		before, since := server.fetches.Load(), time.Now()
		phase("steady", serverWell)
		if n, most := server.fetches.Load()-before, int64(time.Since(since)/(1800*time.Millisecond))+1; n > most {
			t.Errorf("fetches = %d in %v, want at most %d", n, time.Since(since), most)
		}

		// The key that is published is used at once, by everybody.
		server.publish(stable, second)
		c.newest.Store(second)
		phase("rotated", serverWell)
		c.odd.Store(true)
		phase("well, with kids that never were", serverWell)
		phase("hangs", serverHangs)
		phase("resets", serverResets)
		phase("answers 500", server500)
		phase("answers rubbish", serverRubbish)
		c.odd.Store(false)
		phase("well again", serverWell)
		third := newSigningKey(t, "third")
		server.publish(stable, third)
		c.newest.Store(third)
		phase("rotated again, one key withdrawn", serverWell)
		close(stop)
		wg.Wait()

		for i, w := range c.wrong {
			if i == 20 {
				break
			}
			t.Errorf("wrong verdict: %s", w)
		}
		total := 0
		for _, n := range c.sent {
			total += n
		}
		t.Logf("%d requests, %.0f a second, %d wrong: %v", total, float64(total)/time.Since(begin).Seconds(), len(c.wrong), c.sent)
		if bound := waitTimeout + 3*time.Second; c.slowest > bound {
			t.Errorf("slowest answer = %v, want at most %v", c.slowest, bound)
		}
		// What the withdrawn key has signed counts on no worker any more.
		old := mintFor(second, "+1h")
		until(t, 10*time.Second, "the withdrawn key to be gone from every worker", func() bool {
			for range 12 {
				c.client.CloseIdleConnections()
				if code, _ := c.ask(old); code != "token_key_unknown" {
					return false
				}
			}
			return true
		})
		m, err := p.Metrics("portcullis.keys.idp.")
		if err != nil {
			t.Fatal(err)
		}
		if m["wasmcustom.portcullis.keys.idp.in_use"] != 2 || m["wasmcustom.portcullis.keys.idp.failures"] == 0 {
			t.Errorf("metrics = %v, want 2 keys in use and failures", m)
		}
	})
}

// TestEnvoyVerifyBudget floods one worker with forged signatures: it gives them the share
// of its time that it may, known tokens pass all the same, and so do new ones afterwards.
func TestEnvoyVerifyBudget(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		server := startKeyServer(t)
		stable := newSigningKey(t, "stable")
		server.publish(stable)
		p, c := startKeys(t, version, 1, server, map[string]any{"verifyBudgetPercent": 1})
		known := mintFor(stable, "+1h")
		until(t, 10*time.Second, "the first keys", func() bool { code, _ := c.ask(known); return code == "200" })
		forged := make([][]byte, 500)
		for i := range forged {
			forged[i] = message("GET", "/me", "", "authorization", "Bearer "+mintFor(c.forger, "+1h"))
		}
		good := [][]byte{message("GET", "/me", "", "authorization", "Bearer "+known)}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		var bad *Loaded
		wg.Go(func() { bad = Load{Address: p.Address, Requests: forged, Connections: 8, Until: stop}.Run() })
		fine := Load{Address: p.Address, Requests: good, Connections: 2, For: 3 * time.Second}.Run()
		late, _ := c.ask(mintFor(stable, "+1h"))
		close(stop)
		wg.Wait()
		m, err := p.Metrics("portcullis.refused.token_")
		if err != nil {
			t.Fatal(err)
		}
		checked, spared := m["wasmcustom.portcullis.refused.token_signature"], m["wasmcustom.portcullis.refused.token_verify_budget"]
		t.Logf("known: %v; forged: %v, %d of them checked, %d not; a new good one: %s", fine.Statuses, bad.Statuses, checked, spared, late)
		if len(fine.Statuses) != 1 || fine.Statuses[200] == 0 {
			t.Errorf("answers to a known token = %v, want 200 alone", fine.Statuses)
		}
		// A check takes 25 us at least; 1 % of the time, and of a second at first.
		if most := int64(bad.Elapsed.Seconds()*10e-3/25e-6 + 10e-3/25e-6); checked == 0 || checked > most || spared == 0 {
			t.Errorf("forged tokens checked = %d, spared %d in %v, want at most %d checked", checked, spared, bad.Elapsed, most)
		}
		if late != "token_verify_budget" && late != "200" {
			t.Errorf("a new token during the flood: %s, want token_verify_budget, or 200 by luck", late)
		}
		until(t, 10*time.Second, "a new token to pass after the flood", func() bool { code, _ := c.ask(mintFor(stable, "+1h")); return code == "200" })
	})
}
