package envoy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const introspectionPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example
    audiences: [me]
    introspection: {uri: 'https://idp.example/introspect', cluster: idp, client: {id: 'a:b', secret: client}, cache: 1s, negativeCache: 1s, timeout: 2s, maxCalls: 64, callsPerSecond: 2000}
schemes: {login: [idp]}
`

// introspectionServer is an authorization server that knows tokens by their first word:
// good-..., bad-..., and revoked-..., which were good until they were revoked.
type introspectionServer struct {
	address string
	mode    atomic.Int32
	revoked atomic.Bool
	calls   atomic.Int64

	mu       sync.Mutex
	open     map[string]int // calls under way, by token
	most     int            // the most of one token
	stranger string         // somebody who asked and is not the client
}

func startIntrospectionServer(t *testing.T) *introspectionServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &introspectionServer{address: l.Addr().String(), open: map[string]int{}}
	server := &http.Server{Handler: http.HandlerFunc(s.serve)}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return s
}

func (s *introspectionServer) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	token := r.FormValue("token")
	s.mu.Lock()
	if user, password, _ := r.BasicAuth(); user != "a%3Ab" || password != "p%26w" || r.Method != "POST" {
		s.stranger = fmt.Sprintf("%s %q %q", r.Method, user, password)
	}
	s.open[token]++
	if s.mode.Load() == serverWell && s.open[token] > s.most {
		s.most = s.open[token]
	}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.open[token]--
		s.mu.Unlock()
	}()
	w.Header().Set("content-type", "application/json")
	kind, _, _ := strings.Cut(token, "-")
	switch s.mode.Load() {
	case serverHangs:
		<-r.Context().Done()
	case serverResets:
		panic(http.ErrAbortHandler)
	case server500:
		w.WriteHeader(http.StatusInternalServerError)
		io.WriteString(w, `{"active":true}`)
	case serverRubbish:
		io.WriteString(w, `{"active":true,"iss":"https://idp.example","aud":"me","exp":"4102444800",`+strings.Repeat(" ", 9000))
	default:
		if kind == "good" || kind == "revoked" && !s.revoked.Load() {
			fmt.Fprintf(w, `{"active":true,"iss":"https://idp.example","aud":"me","exp":4102444800,"sub":%q}`, token)
			return
		}
		io.WriteString(w, `{"active":false}`)
	}
}

// TestEnvoyIntrospection runs an authorization server through every kind of failure under
// load: no verdict is wrong, each worker asks about a token once at a time, whoever waits is
// answered in time, and a token that is revoked passes no longer than the policy says.
func TestEnvoyIntrospection(t *testing.T) {
	const workers, waitTimeout, settle = 4, 4 * time.Second, 4500 * time.Millisecond
	each(t, func(t *testing.T, version string) {
		server := startIntrospectionServer(t)
		config := map[string]any{"logRefusals": "off", "tokenCacheBytes": 4 << 20, "waitTimeoutMs": int(waitTimeout / time.Millisecond), "secrets": map[string]any{"client": "p&w"}}
		_, c := startProvider(t, version, workers, introspectionPolicy, server.address, config)

		var well, gone atomic.Bool // the server answers; what was revoked counts nowhere any more
		well.Store(true)
		one := func(r *rand.Rand) {
			kinds := []string{"good", "good", "good", "bad", "revoked"}
			kind := kinds[r.IntN(len(kinds))]
			token := fmt.Sprint(kind, "-", r.IntN(20))
			if r.IntN(10) == 0 {
				token = fmt.Sprint(kind, "-new-", r.Uint64())
			}
			sure, over := well.Load(), gone.Load()
			code, took := c.ask(token)
			sure = sure && well.Load() // all the time
			isDown := code == "introspection_unavailable" || code == "introspection_answer" || code == "introspection_busy" || code == "plugin_busy"
			fine := kind == "good" && code == "200" || kind == "bad" && code == "token_inactive" ||
				kind == "revoked" && (code == "200" && !over || code == "token_inactive" && server.revoked.Load()) || isDown && !sure
			c.mu.Lock()
			defer c.mu.Unlock()
			c.sent[kind+" "+code]++
			c.slowest = max(c.slowest, took)
			if !fine {
				c.wrong = append(c.wrong, fmt.Sprintf("%s: %s after %v", token, code, took.Round(time.Millisecond)))
			}
		}
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for n := range 24 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(uint64(n), 1))
				tick := time.NewTicker(60 * time.Millisecond)
				defer tick.Stop()
				for {
					select {
					case <-stop:
						return
					case <-tick.C:
						one(r)
					}
				}
			})
		}
		phase := func(what string, mode int32) {
			if mode != serverWell {
				well.Store(false)
			}
			server.mode.Store(mode)
			<-time.After(settle) // calls that began before have ended
			well.Store(mode == serverWell)
			<-time.After(settle)
			c.mu.Lock()
			defer c.mu.Unlock()
			t.Logf("%s: %d wrong so far, slowest %v, %d calls", what, len(c.wrong), c.slowest.Round(time.Millisecond), server.calls.Load())
		}
		phase("well", serverWell)
		phase("hangs", serverHangs)
		phase("resets", serverResets)
		phase("answers 500", server500)
		phase("answers rubbish", serverRubbish)
		phase("well again", serverWell)
		server.revoked.Store(true)
		<-time.After(settle) // cache, and a call that began before
		gone.Store(true)
		phase("revoked", serverWell)
		close(stop)
		wg.Wait()
		for i, w := range c.wrong {
			if i == 20 {
				break
			}
			t.Errorf("wrong verdict: %s", w)
		}
		t.Logf("%d wrong: %v; most calls about one token at a time: %d", len(c.wrong), c.sent, server.most)
		if bound := waitTimeout + 3*time.Second; c.slowest > bound {
			t.Errorf("slowest answer = %v, want at most %v", c.slowest, bound)
		}
		server.mu.Lock()
		defer server.mu.Unlock()
		if server.most > workers {
			t.Errorf("calls about one token at a time = %d, want one in each of %d workers", server.most, workers)
		}
		if server.stranger != "" {
			t.Errorf("asked by %s, want the client by POST", server.stranger)
		}
		if c.sent["good 200"] == 0 || c.sent["bad token_inactive"] == 0 || c.sent["revoked 200"] == 0 || c.sent["revoked token_inactive"] == 0 {
			t.Errorf("outcomes = %v", c.sent)
		}
	})
}
