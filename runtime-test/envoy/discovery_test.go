package envoy

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

const discoveryPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example
    audiences: [me]
    discovery: {cluster: idp, refresh: 1s, maxStale: 1h, cooldown: 1s, timeout: 300ms}
schemes: {login: [idp]}
`

// TestEnvoyDiscovery fetches keys from where a real server says they are: it moves them,
// names another issuer and other places, hangs and answers rubbish. No call ever goes to
// another place, and keys in use stay in use.
func TestEnvoyDiscovery(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		const good = `{"issuer":"https://idp.example","jwks_uri":"https://idp.example%s"}`
		var metadata, set, place atomic.Value // string
		var elsewhere atomic.Int64            // calls for what was never said
		place.Store("/one")
		metadata.Store(fmt.Sprintf(good, "/one"))
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("content-type", "application/json")
			switch {
			case r.URL.Path == "/.well-known/openid-configuration" && r.Host == "idp.example":
				if text := metadata.Load().(string); text != "" {
					io.WriteString(w, text)
					return
				}
				<-r.Context().Done()
			case r.URL.Path == place.Load().(string) && r.Host == "idp.example":
				io.WriteString(w, set.Load().(string))
			case r.URL.Path == "/one": // the place that was left a moment ago
				w.WriteHeader(http.StatusNotFound)
			default:
				elsewhere.Add(1)
			}
		}))
		t.Cleanup(server.Close)
		publish := func(keys ...*cases.SigningKey) {
			k := &keyServer{}
			k.publish(keys...)
			set.Store(k.set.Load())
		}
		a, b := newSigningKey(t, "a"), newSigningKey(t, "b")
		publish(a)
		p, client := startProvider(t, version, 2, discoveryPolicy, server.Listener.Addr().String(), map[string]any{"waitTimeoutMs": 2000})
		client.client.Transport = &http.Transport{DisableKeepAlives: true}
		failures := func() int64 {
			m, err := p.Metrics("portcullis.keys.idp.")
			if err != nil {
				t.Fatal(err)
			}
			return m["wasmcustom.portcullis.keys.idp.failures"]
		}
		want := func(what string, key *cases.SigningKey, want string) {
			t.Helper()
			for range 6 {
				if got, _ := client.ask(mintFor(key, "+1h")); got != want {
					t.Fatalf("%s: %s, want %s", what, got, want)
				}
			}
		}
		until(t, 10*time.Second, "the first keys", func() bool { got, _ := client.ask(mintFor(a, "+1h")); return got == "200" })

		// Moved: whoever comes with the new key waits, and is let in.
		publish(a, b)
		place.Store("/two")
		metadata.Store(fmt.Sprintf(good, "/two"))
		want("moved", b, "200")

		lies := []struct{ name, text string }{
			{"another issuer", strings.Replace(fmt.Sprintf(good, "/two"), "idp.example", "evil.example", 1)},
			{"keys elsewhere", `{"issuer":"https://idp.example","jwks_uri":"https://evil.example/two"}`},
			{"keys over http", `{"issuer":"https://idp.example","jwks_uri":"http://idp.example/two"}`},
			{"rubbish", `{"issuer":"https://idp.example","jwks_uri":"https://idp.example/two"`},
			{"hangs", ""},
		}
		for _, lie := range lies {
			metadata.Store(lie.text)
			before := failures()
			until(t, 15*time.Second, lie.name+": a fetch that fails", func() bool { return failures() > before })
			hidden := newSigningKey(t, "of "+lie.name)
			publish(b, hidden)
			want(lie.name, b, "200")
			if got, took := client.ask(mintFor(hidden, "+1h")); got != "token_keys_unavailable" || took > 6*time.Second {
				t.Errorf("%s: a key that nobody may learn of: %s after %v, want token_keys_unavailable", lie.name, got, took)
			}
			metadata.Store(fmt.Sprintf(good, "/two"))
			until(t, 40*time.Second, lie.name+": the next good fetch", func() bool { got, _ := client.ask(mintFor(hidden, "+1h")); return got == "200" })
		}
		if n := elsewhere.Load(); n != 0 {
			t.Errorf("calls to places that nobody named = %d, want 0", n)
		}
	})
}
