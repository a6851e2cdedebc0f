package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

const introspectionPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example
    audiences: [me]
    introspection:
      {uri: 'https://idp.example/introspect?x=1', cluster: idp, client: {id: 'a b', secret: client}, cache: 10s, negativeCache: 2s, timeout: 1s, maxCalls: 4, callsPerSecond: 100}
schemes: {login: [idp]}
`

// tokenServer is the cluster idp: it knows the tokens that are good, and what a test puts
// in place of its answer.
type tokenServer struct {
	t       *testing.T
	calls   int
	good    map[string]bool
	answer  func(call int) *host.CallResponse // in place of the answer; nil of it: the answer
	delay   time.Duration
	secrets []string // that are taken
}

func (s *tokenServer) respond(r host.CallRequest) host.CallResponse {
	s.calls++
	form, err := url.ParseQuery(string(r.Body))
	if err != nil || len(form) != 2 || form.Get("token_type_hint") != "access_token" || form.Get("token") == "" {
		s.t.Errorf("asked with %q", r.Body)
	}
	for name, want := range map[string]string{":method": "POST", ":path": "/introspect?x=1", ":authority": "idp.example", ":scheme": "https",
		"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "accept-encoding": "identity"} {
		if got, _ := r.Headers.Get(name); got != want {
			s.t.Errorf("asked with %s %q, want %q", name, got, want)
		}
	}
	if s.answer != nil {
		if a := s.answer(s.calls); a != nil {
			return *a
		}
	}
	auth, _ := r.Headers.Get("authorization")
	taken := false
	for _, secret := range s.secrets {
		taken = taken || auth == "Basic "+base64.StdEncoding.EncodeToString([]byte("a+b:"+url.QueryEscape(secret)))
	}
	if !taken {
		return host.CallResponse{Headers: host.H(":status", "401", "content-type", "application/json"), Body: []byte(`{"error":"invalid_client"}`), Delay: s.delay}
	}
	body := `{"active":false}`
	if s.good[form.Get("token")] {
		body = active
	}
	return host.CallResponse{Headers: host.H(":status", "200", "content-type", "application/json"), Body: []byte(body), Delay: s.delay}
}

const active = `{"active":true,"iss":"https://idp.example","aud":"me","exp":4102444800,"sub":"alice"}`

func newIntrospectionTest(t *testing.T, config map[string]any) (*keysTest, *tokenServer) {
	t.Helper()
	s := &tokenServer{t: t, good: map[string]bool{"good": true}, secrets: []string{"s3:+ é", "new"}}
	all := map[string]any{"secrets": map[string]any{"client": "s3:+ é"}, "waitTimeoutMs": 2000}
	for k, v := range config {
		all[k] = v
	}
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, introspectionPolicy), Config: all})
	if err != nil {
		t.Fatal(err)
	}
	kt := &keysTest{T: t}
	kt.h, err = host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true,
		Clusters: map[string]host.Responder{"idp": s.respond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kt.h.Close() })
	return kt, s
}

// wantAsked checks how often the server was asked.
func (s *tokenServer) wantAsked(n int) {
	s.t.Helper()
	if s.calls != n {
		s.t.Errorf("calls = %d, want %d", s.calls, n)
	}
}

// TestIntrospection: a token is asked about once, whoever shows it, and again when its time
// is over.
func TestIntrospection(t *testing.T) {
	kt, s := newIntrospectionTest(t, nil)
	s.delay = 200 * time.Millisecond
	var all []*host.Stream
	for range 20 {
		all = append(all, kt.send("good"))
	}
	bad := kt.send("bad")
	for _, x := range append(all, bad) {
		if got := state(x); got != "waits" {
			t.Fatalf("before the answer: %s", got)
		}
	}
	all[7].Reset()
	s.wantAsked(2)
	kt.h.Advance(300 * time.Millisecond)
	for i, x := range all {
		if got := state(x); i != 7 && got != "200" {
			t.Errorf("request %d: %s, want 200", i, got)
		}
	}
	if got := state(bad); got != "token_inactive" {
		t.Errorf("bad: %s", got)
	}
	for range 5 {
		kt.want("good", 0, "200")
		kt.want("bad", 0, "token_inactive")
	}
	s.wantAsked(2)
	// It is good now; the server is believed after negativeCache.
	s.good["bad"] = true
	kt.want("bad", 0, "token_inactive")
	kt.h.Advance(2 * time.Second)
	kt.want("bad", 300*time.Millisecond, "200")
	// Revoked: it passes for the cache's time, and no longer.
	delete(s.good, "good")
	kt.want("good", 0, "200")
	kt.h.Advance(8 * time.Second)
	kt.want("good", 300*time.Millisecond, "token_inactive")
	s.wantAsked(4)
	m := kt.h.Metrics().Values()
	if m["portcullis.introspection.idp.calls"] != 4 || m["portcullis.introspection.idp.failures"] != 0 {
		t.Errorf("metrics = %v", m)
	}
	if f := kt.h.Failures(); len(f) != 0 {
		t.Fatal(f[0])
	}
	for _, l := range kt.h.Logs() {
		if strings.Contains(l.Message, "good") || strings.Contains(l.Message, "s3:") {
			t.Errorf("a log line has a token or a secret: %s", l.Message)
		}
	}
}

// TestIntrospectionHostile is a server that does what it should not.
func TestIntrospectionHostile(t *testing.T) {
	say := func(status, kind, body string, more ...string) *host.CallResponse {
		return &host.CallResponse{Headers: host.H(append([]string{":status", status, "content-type", kind}, more...)...), Body: []byte(body)}
	}
	const down, rubbish = "introspection_unavailable", "introspection_answer"
	tests := []struct {
		name   string
		answer *host.CallResponse
		code   string
		calls  int // with those that are tried again at once
	}{
		{"resets", &host.CallResponse{Reset: true}, down, 2},
		{"resets later", &host.CallResponse{Reset: true, Delay: 500 * time.Millisecond}, down, 1},
		{"hangs", &host.CallResponse{Delay: time.Hour}, down, 1},
		{"500", say("500", "application/json", active), down, 1},
		{"503", say("503", "application/json", active), down, 2},
		{"404", say("404", "application/json", active), down, 1},
		{"201", say("201", "application/json", active), down, 1},
		{"204", say("204", "application/json", ""), down, 1},
		{"a redirect", say("302", "application/json", active, "location", "https://evil.example/"), down, 1},
		{"no status", &host.CallResponse{Headers: host.H("content-type", "application/json"), Body: []byte(active)}, down, 1},
		{"a status of four digits", say("2000", "application/json", active), down, 1},
		{"400 with invalid_client", say("400", "application/json", `{"error":"invalid_client"}`), down, 1},
		{"401", say("401", "application/json", active), "introspection_client", 1},
		{"403", say("403", "application/json", active), "introspection_client", 1},
		{"HTML", say("200", "text/html", active), rubbish, 1},
		{"a JWT (RFC 9701)", say("200", "application/token-introspection+jwt", "e30.e30.e30"), rubbish, 1},
		{"no type", &host.CallResponse{Headers: host.H(":status", "200"), Body: []byte(active)}, rubbish, 1},
		{"HTML as JSON", say("200", "application/json", "<html>Sign in</html>"), rubbish, 1},
		{"gzip", say("200", "application/json", active, "content-encoding", "gzip"), rubbish, 1},
		{"no body", say("200", "application/json", ""), rubbish, 1},
		{"a huge body", say("200", "application/json", strings.Repeat(" ", 1<<20)+active), rubbish, 1},
		{"one byte too much", say("200", "application/json", strings.Repeat(" ", 16<<10+1-len(active))+active), rubbish, 1},
		{"as much as may be", say("200", "application/json", strings.Repeat(" ", 16<<10-len(active))+active), "200", 1},
		{"many header fields", func() *host.CallResponse {
			r := say("200", "application/json", active)
			for i := range 300 {
				r.Headers = append(r.Headers, host.Header{Name: fmt.Sprint("x-", i), Value: "x"})
			}
			return r
		}(), down, 2},
		{"active as a string", say("200", "application/json", strings.Replace(active, "true", `"true"`, 1)), rubbish, 1},
		{"doubled", say("200", "application/json", strings.Replace(active, "{", `{"active":true,`, 1)), rubbish, 1},
		{"exp as a string", say("200", "application/json", strings.Replace(active, "4102444800", `"4102444800"`, 1)), rubbish, 1},
		{"exp of 1e400", say("200", "application/json", strings.Replace(active, "4102444800", "1e400", 1)), rubbish, 1},
		{"the answer to another call", say("200", "application/json", strings.Replace(active, `"me"`, `"you"`, 1)), "token_audience", 1},
		{"another issuer's", say("200", "application/json", strings.Replace(active, "https://idp", "https://evil", 1)), "token_issuer", 1},
		{"charset", say("200", "application/json; charset=utf-8", active), "200", 1},
		{"in a hurry", say("200", "APPLICATION/JSON", active), "200", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kt, s := newIntrospectionTest(t, nil)
			kt.want("good", 100*time.Millisecond, "200")
			s.calls, s.answer = 0, func(int) *host.CallResponse { return tt.answer }
			kt.want("unseen", 1500*time.Millisecond, tt.code)
			s.wantAsked(tt.calls)
			kt.want("good", 0, "200")
			// It is well again.
			s.answer, s.good["unseen"] = nil, true
			kt.h.Advance(3 * time.Second)
			kt.want("unseen", 100*time.Millisecond, "200")
			if f := kt.h.Failures(); len(f) != 0 {
				t.Fatal(f[0])
			}
		})
	}
}

// TestIntrospectionSecrets: of two live secrets the server takes one, and the filter finds
// out which.
func TestIntrospectionSecrets(t *testing.T) {
	kt, s := newIntrospectionTest(t, map[string]any{"secrets": map[string]any{"client": []string{"new", "old"}}})
	s.good = map[string]bool{"a": true, "b": true, "c": true, "d": true}
	s.secrets = []string{"old"}
	kt.want("a", 100*time.Millisecond, "200")
	s.wantAsked(2)
	kt.want("b", 100*time.Millisecond, "200") // it knows now
	s.wantAsked(3)
	s.secrets = []string{"new"}
	kt.want("c", 100*time.Millisecond, "200")
	s.wantAsked(5)
	s.secrets = nil
	kt.want("d", 100*time.Millisecond, "introspection_client")
	s.wantAsked(7)
	// With nobody left who has the token there is nothing to ask again with.
	s.secrets, s.delay = []string{"old"}, 200*time.Millisecond
	x := kt.send("e")
	x.Reset()
	kt.h.Advance(time.Second)
	s.wantAsked(8)
	s.delay = 0
	kt.want("d", 100*time.Millisecond, "200")
	logs := ""
	for _, l := range kt.h.Logs() {
		logs += l.Message + "\n"
	}
	if !strings.Contains(logs, "introspection of idp: found status 401") || !strings.Contains(logs, "introspection of idp: answers again") {
		t.Errorf("logs = %s", logs)
	}
}

// TestIntrospectionBounds: calls are bounded in number and rate, waits in number and time,
// and whoever is known passes.
func TestIntrospectionBounds(t *testing.T) {
	kt, s := newIntrospectionTest(t, map[string]any{"maxWaitingRequests": 20, "logRefusals": "off", "waitTimeoutMs": 500})
	kt.want("good", 100*time.Millisecond, "200")
	s.delay = time.Hour
	s.calls = 0
	count := map[string]int{}
	var all []*host.Stream
	for i := range 100 {
		all = append(all, kt.send(fmt.Sprint("made-up-", i%10)))
		kt.want("good", 0, "200")
	}
	s.wantAsked(4)
	for _, x := range all {
		count[state(x)]++
	}
	if count["waits"] != 20 || count["introspection_busy"]+count["plugin_busy"] != 80 || count["introspection_busy"] == 0 || count["plugin_busy"] == 0 {
		t.Errorf("while it hangs: %v", count)
	}
	kt.h.Advance(800 * time.Millisecond) // waitTimeoutMs and a tick, before the calls end
	for _, x := range all {
		if got := state(x); got == "waits" {
			t.Fatal("a request waits for longer than it may")
		}
	}
	// The calls are still under way: who comes now waits for them.
	kt.want("made-up-0", 0, "waits")
	kt.want("made-up-9", 0, "introspection_busy")
	kt.h.Advance(time.Second)
	s.delay, s.good["made-up-9"] = 0, true
	kt.want("made-up-9", 100*time.Millisecond, "200")

	// 100 calls may come at once, and then one in 10 ms.
	kt.h.Advance(2 * time.Second)
	s.calls, count = 0, map[string]int{}
	for i := range 300 {
		x := kt.send(fmt.Sprint("flood-", i))
		kt.h.Advance(0)
		count[state(x)]++
		x.Reset()
	}
	if s.calls != 100 || count["introspection_busy"] != 200 {
		t.Errorf("a flood made %d calls and had %v, want 100", s.calls, count)
	}
	kt.h.Advance(500 * time.Millisecond)
	for i := range 300 {
		x := kt.send(fmt.Sprint("again-", i))
		kt.h.Advance(0)
		x.Reset()
	}
	if n := s.calls - 100; n < 45 || n > 55 {
		t.Errorf("half a second later %d calls, want 50", n)
	}
	kt.want("made-up-9", 0, "200")
	if f := kt.h.Failures(); len(f) != 0 {
		t.Fatal(f[0])
	}
}

// TestIntrospectionWithoutCache: nothing is remembered, and every request is answered all
// the same.
func TestIntrospectionWithoutCache(t *testing.T) {
	kt, s := newIntrospectionTest(t, map[string]any{"tokenCacheBytes": 0})
	for range 3 {
		kt.want("good", 100*time.Millisecond, "200")
	}
	s.wantAsked(3)
}
