package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

const discoveryPolicy = `version: 1
providers:
  idp:
    issuer: https://idp.example/tenant
    audiences: [me]
    discovery: {cluster: idp, keysOrigin: 'https://keys.example', keysCluster: keys, refresh: 60s, maxStale: 10m, cooldown: 2s, timeout: 1s}
schemes: {login: [idp]}
`

// newDiscoveryTest is a filter whose provider tells where its keys are: the cluster idp
// answers with what it returns, the cluster keys with keys at /one and /two.
func newDiscoveryTest(t *testing.T, workers int) (kt *keysTest, idp *keyServer, paths *[]string) {
	kt = &keysTest{T: t, server: &keyServer{}}
	idp, paths = &keyServer{}, &[]string{}
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, discoveryPolicy)})
	if err != nil {
		t.Fatal(err)
	}
	keys := func(r host.CallRequest) host.CallResponse {
		path, _ := r.Headers.Get(":path")
		authority, _ := r.Headers.Get(":authority")
		*paths = append(*paths, authority+path)
		return kt.server.respond(r)
	}
	kt.h, err = host.New(context.Background(), host.Config{Module: filterModule(t), PluginConfig: text, AllowOnHeadersStopIteration: true,
		Workers: workers, Clusters: map[string]host.Responder{"idp": idp.respond, "keys": keys}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kt.h.Close() })
	return kt, idp, paths
}

func metadata(text string) *host.CallResponse {
	return &host.CallResponse{Headers: host.H(":status", "200", "content-type", "application/json"), Body: []byte(text)}
}

const goodMetadata = `{"issuer":"https://idp.example/tenant","jwks_uri":"https://keys.example/one"}`

func (kt *keysTest) mint(k *cases.SigningKey) string {
	kt.Helper()
	text, err := cases.Mint(&cases.Token{Claims: map[string]any{"iss": "https://idp.example/tenant", "aud": "me", "exp": "+1h"}}, k, kt.h.Now())
	if err != nil {
		kt.Fatal(err)
	}
	return text
}

// TestDiscovery: one worker asks where the keys are and gets them, and follows them when
// they move.
func TestDiscovery(t *testing.T) {
	kt, idp, paths := newDiscoveryTest(t, 4)
	a, b := newSigningKey(t, "a"), newSigningKey(t, "b")
	kt.server.keys = []*cases.SigningKey{a}
	idp.answer = metadata(goodMetadata)
	kt.h.Advance(2 * time.Second)
	for range 8 {
		kt.want(kt.mint(a), 0, "200")
	}
	if path, _ := idp.seen.Get(":path"); idp.calls != 1 || path != "/tenant/.well-known/openid-configuration" {
		t.Errorf("calls for metadata = %d of %q, want one of /tenant/.well-known/openid-configuration", idp.calls, path)
	}
	kt.wantCalls(1)

	// An unknown key asks anew, where the keys are too.
	idp.answer = metadata(strings.ReplaceAll(goodMetadata, "/one", "/two?x=1"))
	kt.server.keys = []*cases.SigningKey{b}
	kt.want(kt.mint(b), 4*time.Second, "200")
	kt.want(kt.mint(a), 4*time.Second, "token_key_unknown")
	if got := *paths; got[0] != "keys.example/one" || got[len(got)-1] != "keys.example/two?x=1" {
		t.Errorf("keys were fetched from %q, want keys.example/one, then /two?x=1", got)
	}
}

// TestDiscoveryLies: whatever metadata says, keys come from where the policy has them, and
// those in use stay.
func TestDiscoveryLies(t *testing.T) {
	tests := []struct {
		name   string
		answer *host.CallResponse
		log    string
	}{
		{"another issuer", metadata(strings.Replace(goodMetadata, "idp.example", "evil.example", 1)), "metadata of another issuer"},
		{"issuer with a slash", metadata(strings.Replace(goodMetadata, `tenant"`, `tenant/"`, 1)), "metadata of another issuer"},
		{"keys elsewhere", metadata(strings.Replace(goodMetadata, "keys.example", "evil.example", 1)), "found a jwks_uri that"},
		{"keys at the metadata's own host", metadata(strings.Replace(goodMetadata, "keys.example", "idp.example", 1)), "found a jwks_uri that"},
		{"a user in the host's place", metadata(strings.Replace(goodMetadata, "keys.example", "keys.example@evil.example", 1)), "found a jwks_uri that"},
		{"no keys", metadata(`{"issuer":"https://idp.example/tenant"}`), "without issuer or jwks_uri"},
		{"doubled", metadata(`{"issuer":"https://evil.example",` + goodMetadata[1:]), "no well-formed JSON"},
		{"rubbish", metadata("rubbish"), "no well-formed JSON"},
		{"keys in the metadata's place", metadata(`{"keys":[]}`), "without issuer or jwks_uri"},
		{"HTML", &host.CallResponse{Headers: host.H(":status", "200", "content-type", "text/html"), Body: []byte(goodMetadata)}, "by its content-type"},
		{"redirect", &host.CallResponse{Headers: host.H(":status", "302", "location", "https://evil.example/")}, "redirects are not followed"},
		{"hangs", &host.CallResponse{Delay: time.Hour}, "status 502, 503 or 504"},
		{"reset", &host.CallResponse{Reset: true}, "no answer"},
		{"large", metadata(`{"x":"` + strings.Repeat("x", 600<<10) + `"}`), "more than 512 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kt, idp, _ := newDiscoveryTest(t, 2)
			a, b := newSigningKey(t, "a"), newSigningKey(t, "b")
			kt.server.keys = []*cases.SigningKey{a, b}
			idp.answer = tt.answer
			kt.want(kt.mint(a), 4*time.Second, "token_keys_unavailable")
			kt.wantCalls(0)
			kt.server.keys = []*cases.SigningKey{a}
			idp.answer = metadata(goodMetadata)
			kt.h.Advance(30 * time.Second)
			kt.want(kt.mint(a), 0, "200")
			calls, before := kt.server.calls, idp.calls
			idp.answer, kt.server.keys = tt.answer, []*cases.SigningKey{b}
			kt.h.Advance(3 * time.Minute)
			kt.want(kt.mint(a), 0, "200")
			kt.want(kt.mint(b), 6*time.Second, "token_keys_unavailable")
			kt.wantCalls(calls)
			if n := idp.calls - before; n < 3 || n > 30 {
				t.Errorf("calls while it is down = %d in three minutes, want some", n)
			}
			found := false
			for _, l := range kt.h.Logs() {
				found = found || strings.Contains(l.Message, "keys of idp: ") && strings.Contains(l.Message, tt.log)
			}
			if !found {
				t.Errorf("no line says %q", tt.log)
			}
			idp.answer = metadata(goodMetadata)
			kt.h.Advance(time.Minute)
			kt.want(kt.mint(b), 0, "200")
		})
	}
}

// TestDiscoveryKeysHang: the second of the two calls has its own time and its own second
// try, within one lease.
func TestDiscoveryKeysHang(t *testing.T) {
	kt, idp, _ := newDiscoveryTest(t, 3)
	a := newSigningKey(t, "a")
	idp.answer = metadata(goodMetadata)
	idp.answer.Delay = 900 * time.Millisecond
	kt.server.keys, kt.server.delay = []*cases.SigningKey{a}, 900*time.Millisecond
	kt.want(kt.mint(a), 3*time.Second, "200")
	kt.wantCalls(1)
	kt.server.delay = time.Hour
	kt.h.Advance(2 * time.Minute)
	kt.want(kt.mint(a), 0, "200")
	kt.server.delay = 0
	kt.h.Advance(time.Minute)
	calls := kt.server.calls
	kt.h.Advance(3 * time.Minute)
	if n := kt.server.calls - calls; n < 2 || n > 4 {
		t.Errorf("fetches in three minutes = %d, want one a minute", n)
	}
}
