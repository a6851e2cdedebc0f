package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

const keysSpec = `openapi: 3.1.0
info: {title: keys, version: '1'}
paths:
  /me:
    get: {operationId: me, security: [{login: []}], responses: {'200': {description: ok}}}
    post:
      operationId: put
      security: [{login: []}]
      requestBody: {content: {application/json: {schema: {type: object, required: [a]}}}}
      responses: {'200': {description: ok}}
components: {securitySchemes: {login: {type: http, scheme: bearer}}}
`

const keysPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example
    audiences: [me]
    jwks: {uri: 'https://idp.example/keys', cluster: idp, refresh: 60s, maxStale: 10m, cooldown: 2s, timeout: 1s}
schemes: {login: [idp]}
`

// keyServer is the cluster idp: it counts the calls and answers with its keys, or with
// what a test puts in their place.
type keyServer struct {
	calls  int
	keys   []*cases.SigningKey
	answer *host.CallResponse // in place of the keys
	delay  time.Duration
	seen   host.Headers
}

func (s *keyServer) respond(r host.CallRequest) host.CallResponse {
	s.calls++
	s.seen = r.Headers
	if s.answer != nil {
		return *s.answer
	}
	return host.CallResponse{Headers: host.H(":status", "200", "content-type", "application/json"), Body: []byte(jwks(s.keys...)), Delay: s.delay}
}

// jwks is the key set of the public halves of keys.
func jwks(keys ...*cases.SigningKey) string {
	var list []string
	for _, k := range keys {
		text, err := k.JWK()
		if err != nil {
			panic(err)
		}
		list = append(list, text)
	}
	return `{"keys":[` + strings.Join(list, ",") + `]}`
}

// newSigningKey makes a P-256 key.
func newSigningKey(t testing.TB, kid string) *cases.SigningKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &cases.SigningKey{Kid: kid, Alg: "ES256", Signer: crypto.Signer(k)}
}

// keysTest is a filter whose provider's keys are fetched.
type keysTest struct {
	*testing.T
	h      *host.Host
	server *keyServer
	next   int
	serial int
}

func keysTable(t testing.TB, policy string) []byte {
	t.Helper()
	dir := t.TempDir()
	spec, file := filepath.Join(dir, "spec.yaml"), filepath.Join(dir, "policy.yaml")
	for name, text := range map[string]string{spec: keysSpec, file: policy} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	table, err := cases.Compile(cases.CompileRequest{Policy: file, Specs: []string{spec}, Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func newKeysTest(t *testing.T, workers int, config map[string]any) *keysTest {
	kt := &keysTest{T: t, server: &keyServer{}}
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, keysPolicy), Config: config})
	if err != nil {
		t.Fatal(err)
	}
	kt.h, err = host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true,
		Workers: workers, Clusters: map[string]host.Responder{"idp": kt.server.respond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kt.h.Close() })
	return kt
}

// token mints a good token, a new one each time.
func (kt *keysTest) token(k *cases.SigningKey) string {
	kt.Helper()
	kt.serial++
	text, err := cases.Mint(&cases.Token{Claims: map[string]any{"iss": "https://idp.example", "aud": "me", "exp": "+1h", "sub": fmt.Sprint(kt.serial)}}, k, kt.h.Now())
	if err != nil {
		kt.Fatal(err)
	}
	return text
}

// send starts a GET with a token at the next worker.
func (kt *keysTest) send(token string) *host.Stream {
	s := kt.h.VM(kt.next % kt.h.Workers()).NewStream(host.StreamOptions{})
	kt.next++
	s.RequestHeaders(host.H(":method", "GET", ":path", "/me", ":authority", "api", ":scheme", "https", "authorization", "Bearer "+token), true)
	return s
}

// state is what became of a stream: 200, the code of a refusal, or "waits".
func state(s *host.Stream) string {
	switch r := s.Response(); {
	case s.Waiting():
		return "waits"
	case r.Started:
		_, code, _ := strings.Cut(string(r.Body), `"code":"`)
		code, _, _ = strings.Cut(code, `"`)
		return code
	}
	return "200"
}

// want sends a token and checks what has become of it after some time.
func (kt *keysTest) want(token string, within time.Duration, want string) {
	kt.Helper()
	s := kt.send(token)
	kt.h.Advance(within)
	if got := state(s); got != want {
		kt.Errorf("after %v: %s, want %s", within, got, want)
	}
	s.Reset()
}

func (kt *keysTest) wantCalls(n int) {
	kt.Helper()
	if kt.server.calls != n {
		kt.Errorf("calls = %d, want %d", kt.server.calls, n)
	}
	if f := kt.h.Failures(); len(f) != 0 {
		kt.Fatal(f[0])
	}
}

// TestKeysFetched: nobody waits for keys that are there, and four workers fetch as often
// as one.
func TestKeysFetched(t *testing.T) {
	kt := newKeysTest(t, 4, nil)
	a := newSigningKey(t, "a")
	kt.server.keys = []*cases.SigningKey{a}
	kt.wantCalls(0)
	kt.h.Advance(time.Second)
	kt.wantCalls(1)
	for range 8 {
		kt.want(kt.token(a), 0, "200")
	}
	if got, _ := kt.server.seen.Get(":path"); got != "/keys" {
		t.Errorf("asked for %q, want /keys", got)
	}
	kt.h.Advance(50 * time.Second)
	kt.wantCalls(1)
	kt.h.Advance(11 * time.Second)
	kt.wantCalls(2)
	kt.h.Advance(10 * time.Minute)
	if n := kt.server.calls; n < 2+10 || n > 2+12 {
		t.Errorf("calls = %d in ten minutes, want one a minute or a tenth earlier", n-2)
	}
	m := kt.h.Metrics().Values()
	if m["portcullis.keys.idp.in_use"] != 1 || m["portcullis.keys.idp.fetches"] != int64(kt.server.calls) || m["portcullis.keys.idp.failures"] != 0 || m["portcullis.keys.idp.age_seconds"] > 60 {
		t.Errorf("metrics = %v", m)
	}
}

// TestKeysCold: requests that come before the keys wait for them.
func TestKeysCold(t *testing.T) {
	kt := newKeysTest(t, 4, nil)
	a := newSigningKey(t, "a")
	kt.server.keys, kt.server.delay = []*cases.SigningKey{a}, 300*time.Millisecond
	var all []*host.Stream
	for range 8 {
		all = append(all, kt.send(kt.token(a)))
	}
	kt.wantCalls(1)
	for _, s := range all {
		if got := state(s); got != "waits" {
			t.Errorf("before the keys: %s, want waits", got)
		}
	}
	kt.h.Advance(600 * time.Millisecond)
	for i, s := range all {
		if got := state(s); got != "200" {
			t.Errorf("request %d after the keys: %s, want 200", i, got)
		}
	}
	kt.wantCalls(1)
}

// TestKeysRotate: a token of a key that nobody knows yet is not refused.
func TestKeysRotate(t *testing.T) {
	kt := newKeysTest(t, 4, nil)
	a, b, c := newSigningKey(t, "a"), newSigningKey(t, "b"), newSigningKey(t, "c")
	kt.server.keys = []*cases.SigningKey{a}
	kt.h.Advance(5 * time.Second)
	known := kt.token(a)
	for range 4 {
		kt.want(known, 0, "200")
	}
	kt.server.keys = []*cases.SigningKey{a, b}
	var all []*host.Stream
	for range 8 {
		all = append(all, kt.send(kt.token(b)))
	}
	kt.h.Advance(400 * time.Millisecond)
	for i, s := range all {
		if got := state(s); got != "200" {
			t.Errorf("request %d with the new key: %s, want 200", i, got)
		}
	}
	kt.wantCalls(2)
	// Within the cooldown it waits for the next fetch.
	kt.server.keys = []*cases.SigningKey{b, c}
	s := kt.send(kt.token(c))
	kt.h.Advance(time.Second)
	if got := state(s); got != "waits" {
		t.Errorf("within the cooldown: %s, want waits", got)
	}
	kt.h.Advance(1500 * time.Millisecond)
	if got := state(s); got != "200" {
		t.Errorf("after the cooldown: %s, want 200", got)
	}
	kt.wantCalls(3)
	// a is gone: what it signed counts no more, remembered or not. Every worker knows.
	kt.h.Advance(time.Second)
	for range 4 {
		kt.want(known, 5*time.Second, "token_key_unknown")
	}
	for range 4 {
		kt.want(kt.token(b), 0, "200")
	}
	// The same kid with another key is another key.
	b2 := newSigningKey(t, "b")
	old := kt.token(b)
	for range 4 {
		kt.want(old, 0, "200")
	}
	kt.server.keys = []*cases.SigningKey{b2}
	kt.h.Advance(62 * time.Second)
	for range 4 {
		kt.want(old, 0, "token_signature")
		kt.want(kt.token(b2), 0, "200")
	}
}

// TestKeysUnknown: kids that never were cost a fetch in two seconds and no more, and
// those who know better are not in their way.
func TestKeysUnknown(t *testing.T) {
	kt := newKeysTest(t, 4, map[string]any{"maxWaitingRequests": 10, "logRefusals": "off"})
	a, forger := newSigningKey(t, "a"), newSigningKey(t, "f")
	kt.server.keys = []*cases.SigningKey{a}
	kt.h.Advance(5 * time.Second)
	count := map[string]int{}
	var all []*host.Stream
	for i := range 1000 {
		forger.Kid = fmt.Sprintf("%d' OR 1=1 --", i)
		all = append(all, kt.send(kt.token(forger)))
		if i%50 == 0 {
			kt.want(kt.token(a), 0, "200")
		}
		kt.h.Advance(20 * time.Millisecond)
	}
	kt.h.Advance(6 * time.Second)
	for _, s := range all {
		count[state(s)]++
	}
	if count["token_key_unknown"] == 0 || count["plugin_busy"] == 0 || count["token_key_unknown"]+count["plugin_busy"] != 1000 {
		t.Errorf("outcomes = %v, want unknown keys and full waiting rooms", count)
	}
	if n := kt.server.calls; n > 1+14 {
		t.Errorf("calls = %d in 26 seconds, want at most one in two", n)
	}
}

// TestKeysDown: whatever the provider answers, good keys stay, the reason is logged once,
// and what can't be judged is not refused as wrong.
func TestKeysDown(t *testing.T) {
	big := `{"keys":[` + strings.Repeat(" ", 600<<10) + `]}`
	rubbish := func(kind, body string) *host.CallResponse {
		return &host.CallResponse{Headers: host.H(":status", "200", "content-type", kind), Body: []byte(body)}
	}
	tests := []struct {
		name   string
		answer *host.CallResponse
		log    string
	}{
		{"reset", &host.CallResponse{Reset: true}, "no answer"},
		{"hangs", &host.CallResponse{Delay: time.Hour}, "status 502, 503 or 504"},
		{"500", &host.CallResponse{Headers: host.H(":status", "500", "content-type", "application/json"), Body: []byte(`{"keys":[]}`)}, "another status"},
		{"redirect", &host.CallResponse{Headers: host.H(":status", "302", "location", "/elsewhere")}, "redirects are not followed"},
		{"no content type", &host.CallResponse{Headers: host.H(":status", "200"), Body: []byte("{}")}, "by its content-type"},
		{"HTML", rubbish("text/html", "<html>"), "by its content-type"},
		{"gzip", &host.CallResponse{Headers: host.H(":status", "200", "content-type", "application/json", "content-encoding", "gzip"), Body: []byte("x")}, "encoded"},
		{"empty", rubbish("application/json", ""), "without a body"},
		{"no JSON", rubbish("application/json; charset=utf-8", "rubbish"), "no well-formed JSON"},
		{"cut off", rubbish("application/jwk-set+json", `{"keys":[{"kty":"EC"`), "no well-formed JSON"},
		{"doubled member", rubbish("application/json", `{"keys":[],"keys":[]}`), "no well-formed JSON"},
		{"no object", rubbish("application/json", `[]`), "no key set"},
		{"no keys", rubbish("application/json", `{"keys":[]}`), "no key that can be used"},
		{"unusable keys", rubbish("application/json", `{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`), "no key that can be used"},
		{"too many values", rubbish("application/json", `{"keys":[`+strings.Repeat("1,", 5000)+`1]}`), "more values"},
		{"too large", rubbish("application/json", big), "more than 512 KiB"},
		{"several megabytes", rubbish("application/json", strings.Repeat(big, 5)), "more than 512 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kt := newKeysTest(t, 2, nil)
			a, b := newSigningKey(t, "a"), newSigningKey(t, "b")
			kt.server.answer = tt.answer
			kt.want(kt.token(a), 3*time.Second, "token_keys_unavailable")
			kt.server.answer, kt.server.keys = nil, []*cases.SigningKey{a}
			kt.h.Advance(30 * time.Second)
			kt.want(kt.token(a), 0, "200")
			calls := kt.server.calls
			kt.server.answer = tt.answer
			kt.h.Advance(3 * time.Minute)
			if n := kt.server.calls - calls; n < 3 || n > 30 {
				t.Errorf("calls while it is down = %d in three minutes, want some", n)
			}
			kt.want(kt.token(a), 0, "200")
			kt.want(kt.token(a), 0, "200")
			kt.want(kt.token(b), 6*time.Second, "token_keys_unavailable")
			kt.h.Advance(8 * time.Minute)
			kt.want(kt.token(a), 6*time.Second, "token_keys_unavailable") // too old by now
			n := 0
			for _, l := range kt.h.Logs() {
				if strings.Contains(l.Message, "keys of idp: ") && strings.Contains(l.Message, tt.log) {
					n++
				}
			}
			if n < 1 || n > 2*2 {
				t.Errorf("lines that say %q = %d, want one a worker for each time it went down", tt.log, n)
			}
			kt.server.answer = nil
			kt.h.Advance(time.Minute)
			kt.want(kt.token(a), 0, "200")
			kt.wantCalls(kt.server.calls)
		})
	}
}

// TestKeysNoCluster is a policy that names a cluster that the proxy does not have.
func TestKeysNoCluster(t *testing.T) {
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, keysPolicy)})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	kt := &keysTest{T: t, h: h}
	kt.want(kt.token(newSigningKey(t, "a")), 0, "token_keys_unavailable")
	h.Advance(time.Minute)
	n := 0
	for _, l := range h.Logs() {
		if strings.Contains(l.Message, "found no such cluster") {
			n++
		}
	}
	if n != 1 {
		t.Errorf("lines that name the cluster = %d, want 1: %v", n, h.Logs())
	}
}

// sharedState is the name of the state of the provider's keys in the shared data.
const sharedState = "portcullis.keys.1 16368 19:https://idp.example 24:https://idp.example/keys 3:idp state"

// TestKeysLeaseLost: the worker that fetches dies, and another one takes over; rubbish in
// the shared data is as good as nothing.
func TestKeysLeaseLost(t *testing.T) {
	tests := []struct {
		name   string
		lease  time.Duration // from now; 0 for rubbish
		within time.Duration
	}{
		{"dead", 2 * time.Second, 3 * time.Second},
		{"from a clock that was wrong", 365 * 24 * time.Hour, 1500 * time.Millisecond},
		{"rubbish", 0, 300 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kt := newKeysTest(t, 2, nil)
			a := newSigningKey(t, "a")
			kt.server.keys = []*cases.SigningKey{a}
			state := []byte("rubbish")
			if tt.lease != 0 {
				state = binary.LittleEndian.AppendUint64(nil, uint64(kt.h.Now().Add(tt.lease).UnixNano()))
				state = binary.LittleEndian.AppendUint64(state, 1) // nobody's number
				state = binary.LittleEndian.AppendUint64(state, uint64(kt.h.Now().UnixNano()))
				state = append(state, make([]byte, 8)...)
			}
			kt.h.Shared().Set(sharedState, state, 0)
			kt.want(kt.token(a), tt.within, "200")
			kt.want(kt.token(a), tt.within, "200")
			kt.wantCalls(1)
		})
	}
}

// TestVerifyBudgetAttack: forged signatures buy a share of a worker's time and no more;
// tokens that are known pass all the same, and new good ones are told to come back.
func TestVerifyBudgetAttack(t *testing.T) {
	kt := newKeysTest(t, 1, map[string]any{"logRefusals": "off", "verifyBudgetPercent": 10})
	a, forger := newSigningKey(t, "a"), newSigningKey(t, "a") // the same kid
	kt.server.keys = []*cases.SigningKey{a}
	kt.h.Advance(time.Second)
	known := kt.token(a)
	kt.want(known, 0, "200")
	forged := make([]string, 64)
	for i := range forged {
		forged[i] = kt.token(forger)
	}
	count := map[string]int{}
	for i := range 6000 {
		s := kt.send(forged[i%len(forged)])
		count[state(s)]++
		s.Reset()
		if i%20 == 0 {
			kt.want(known, 0, "200")
		}
		if i%2 == 0 {
			kt.h.Advance(time.Millisecond)
		}
	}
	// The host's clock stands still while a VM runs, so that a check is taken to cost
	// 100 us: 10 % of four seconds are 4,000 checks of which each second gives 1,000.
	if n := count["token_signature"]; n < 3000 || n > 4100 || n+count["token_verify_budget"] != 6000 {
		t.Errorf("outcomes = %v, want about 4000 checks and the rest without one", count)
	}
	kt.want(kt.token(a), 0, "token_verify_budget")
	kt.h.Advance(time.Second)
	kt.want(kt.token(a), 0, "200")
	if n := kt.h.Metrics().Values()["portcullis.refused.token_verify_budget"]; n == 0 {
		t.Errorf("metric refused.token_verify_budget = 0")
	}
}

const twoPolicy = `version: 1
providers:
  one: {issuer: https://one.example, audiences: [me], jwks: {uri: 'https://keys.example/set', cluster: one}}
  two: {issuer: https://two.example, audiences: [me], jwks: {uri: 'https://keys.example/set', cluster: two}}
  three: {issuer: https://three.example, audiences: [me], jwks: {uri: 'https://keys.example/set', cluster: one, algorithms: [RS256]}}
schemes: {login: [one, two, three]}
`

// TestKeysOfOthers: the same kid, URI or cluster makes nobody's keys another's.
func TestKeysOfOthers(t *testing.T) {
	kt := &keysTest{T: t}
	one, two := newSigningKey(t, "k"), newSigningKey(t, "k")
	servers := map[string]*keyServer{"one": {keys: []*cases.SigningKey{one}}, "two": {keys: []*cases.SigningKey{two}}}
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, twoPolicy)})
	if err != nil {
		t.Fatal(err)
	}
	kt.h, err = host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true, Workers: 2,
		Clusters: map[string]host.Responder{"one": servers["one"].respond, "two": servers["two"].respond}})
	if err != nil {
		t.Fatal(err)
	}
	defer kt.h.Close()
	for _, tt := range []struct {
		issuer string
		key    *cases.SigningKey
		want   string
	}{
		{"one", one, "200"}, {"two", two, "200"},
		{"one", two, "token_signature"}, {"two", one, "token_signature"},
		// The set of three has keys of the cluster one, but none that its policy takes.
		{"three", one, "token_keys_unavailable"}, {"three", two, "token_keys_unavailable"},
		{"four", one, "token_issuer"},
	} {
		for range 4 { // each worker, before and after it has seen the token
			token, err := cases.Mint(&cases.Token{Claims: map[string]any{"iss": "https://" + tt.issuer + ".example", "aud": "me", "exp": "+1h"}}, tt.key, kt.h.Now())
			if err != nil {
				t.Fatal(err)
			}
			kt.want(token, 6*time.Second, tt.want)
		}
	}
}

// TestKeysMallocs: with fetched keys nothing is allocated either, for known tokens, new
// ones, those that wait, and the fetches themselves.
func TestKeysMallocs(t *testing.T) {
	kt := &keysTest{T: t, server: &keyServer{}}
	m, err := cases.BudgetModule()
	if err != nil {
		t.Fatal(err)
	}
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, keysPolicy), Config: map[string]any{"logRefusals": "off"}})
	if err != nil {
		t.Fatal(err)
	}
	kt.h, err = host.New(context.Background(), host.Config{Module: m, PluginConfig: text, AllowOnHeadersStopIteration: true,
		Clusters: map[string]host.Responder{"idp": kt.server.respond}})
	if err != nil {
		t.Fatal(err)
	}
	defer kt.h.Close()
	a, b := newSigningKey(t, "a"), newSigningKey(t, "b")
	sets := [][]*cases.SigningKey{{a}, {a, b}}
	kt.server.keys = sets[0]
	known := kt.token(a)
	stranger := newSigningKey(t, "stranger")
	round := func(i int) {
		kt.server.keys = sets[i%2]
		kt.want(known, time.Second, "200")
		kt.want(kt.token(a), 3*time.Second, "200")
		kt.want(kt.token(stranger), 3*time.Second, "token_key_unknown")
	}
	for i := range 6 {
		round(i)
	}
	mallocs := func() uint64 {
		got, err := kt.h.VM(0).Export("portcullis_budget_mallocs")
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	memory, before, calls := kt.h.VM(0).MemoryBytes(), mallocs(), kt.server.calls
	for i := range 50 {
		round(i)
	}
	if n := mallocs() - before; n != 0 {
		t.Errorf("150 requests and %d fetches allocated %d objects, want 0", kt.server.calls-calls, n)
	}
	if n := kt.h.VM(0).MemoryBytes(); n != memory {
		t.Errorf("linear memory grew from %d to %d bytes", memory, n)
	}
	if kt.server.calls-calls < 50 {
		t.Errorf("calls = %d, want one for each unknown key", kt.server.calls-calls)
	}
}
