package envoy

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/filter/table"
	"portcullis/runtime-test/cases"
)

// identity starts an Envoy with the example of identity, for the attacker's part:
// underscores in names are let in, and routes match on what the filter sets.
func identity(t *testing.T, version string, config map[string]any) (*proxied, *cases.File) {
	t.Helper()
	dir := filepath.Join(root(t), "examples", "identity")
	f, err := cases.Read(filepath.Join(dir, "cases", "forward.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	tab, err := cases.Compile(cases.CompileRequest{Specs: []string{filepath.Join(dir, "orders.yaml")}, Policy: filepath.Join(dir, "policy.yaml"), Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	up := startUpstream(t)
	all := map[string]any{"secrets": map[string]any{"assertion": "an assertion secret of 32 bytes!!"}}
	for k, v := range config {
		all[k] = v
	}
	text, err := Bootstrap(module(t), up.Address, cases.Setup{Table: tab, Config: all})
	if err != nil {
		t.Fatal(err)
	}
	text = strings.Replace(text, "headers_with_underscores_action: REJECT_REQUEST", "headers_with_underscores_action: ALLOW", 1)
	route := func(header, value, body string) map[string]any {
		return map[string]any{
			"match":           map[string]any{"prefix": "/", "headers": []any{map[string]any{"name": header, "string_match": map[string]any{"exact": value}}}},
			"direct_response": map[string]any{"status": 200, "body": map[string]any{"inline_string": body}},
		}
	}
	if text, err = Routes(text, route("x-user-id", "root", "the route of root"), route("x_user_id", "root", "the route of root"), route("x-user-name", "Alice Liddell", "the route of alice")); err != nil {
		t.Fatal(err)
	}
	return &proxied{run(t, Options{Binary: binary(t, version), Config: text, Workers: 1}), up}, f
}

func mintNamed(t *testing.T, f *cases.File, name string) string {
	t.Helper()
	token, err := f.MintNamed(name, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// identityNames are the header fields of the example's policy.
var identityNames = []string{"x-user-id", "x-user-issuer", "x-user-scopes", "x-user-name", "x-user-roles", "x-provider", "x-portcullis-assertion", "x-portcullis-risk"}

// spellings are names that some reader takes for name: one separator after the other,
// and all of them, in the place of each dash and of all.
func spellings(name string) []string {
	out := []string{name, strings.ToUpper(name)}
	for _, sep := range "_.~!#$%&'*+^`|" {
		s := string(sep)
		out = append(out, strings.Replace(name, "-", s, 1), strings.ReplaceAll(name, "-", s), strings.ToUpper(strings.ReplaceAll(name, "-", s)))
		if i := strings.LastIndexByte(name, '-'); i >= 0 {
			out = append(out, name[:i]+s+name[i+1:])
		}
	}
	return out
}

// TestEnvoyIdentityHeaders: an attacker sends every identity header in every spelling,
// twice, in header fields and trailers, with a token and without, in every mode. None
// arrives, and none leads the request anywhere.
func TestEnvoyIdentityHeaders(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		modes := []string{"enforce", "monitor", "off"}
		if version != newest {
			modes = modes[2:] // where the filter does nothing else
		}
		for _, mode := range modes {
			t.Run(mode, func(t *testing.T) {
				p, f := identity(t, version, map[string]any{"mode": mode, "maxHeaders": 256, "logRefusals": "off"})
				send := func(path, token string, trailers bool, name string) {
					t.Helper()
					var b bytes.Buffer
					fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nhost: orders.example.com\r\nx-honest: 1\r\nconnection: close, %s\r\n", map[bool]string{true: "POST", false: "GET"}[trailers], path, name)
					if token != "" {
						fmt.Fprintf(&b, "authorization: Bearer %s\r\n", token)
					}
					for range 2 {
						fmt.Fprintf(&b, "%s: root\r\n", name)
					}
					if trailers {
						fmt.Fprintf(&b, "content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\ne\r\n{\"item\":\"mug\"}\r\n0\r\nx-sum: 1\r\n%s: root\r\n", name)
					}
					b.WriteString("\r\n")
					p.up.Expect(cases.Answer{})
					a, err := ask(p.Address, b.Bytes())
					if err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
					if strings.Contains(a.body, "the route of root") || token == "" && strings.Contains(a.body, "the route of") {
						t.Errorf("%s %s led to %q", path, name, a.body)
					}
					refused := trailers && mode == "enforce"
					if refused != (a.status == 400) {
						t.Errorf("%s %s: %v", path, name, a)
					}
					seen := p.up.Seen()
					honest := false
					for _, h := range append(seen.Headers, seen.Trailers...) {
						honest = honest || h.Name == "x-honest"
						for _, own := range identityNames {
							if table.Alike([]byte(h.Name), own) && (h.Value == "root" || mode == "off" || token == "") {
								t.Errorf("%s %s: %s = %q arrived", path, name, h.Name, h.Value)
							}
						}
					}
					if a.up && !honest {
						t.Errorf("%s %s: an honest field did not arrive", path, name)
					}
				}
				alice := mintNamed(t, f, "alice")
				for _, own := range identityNames {
					for _, name := range spellings(own) {
						send("/health", "", false, name)
					}
					send("/offers", "", false, own)
					send("/orders?limit=1", alice, false, own)
					send("/orders", alice, true, own)
					send("/orders", alice, true, strings.ReplaceAll(own, "-", "."))
					if mode != "enforce" {
						send("/nowhere", alice, false, own)
						send("/orders/0", "", false, own)
					}
				}
				p.sane(t)
			})
		}
	})
}

// TestEnvoyRouteByIdentity: the route is chosen by who was verified, not by who the
// request claims to be.
func TestEnvoyRouteByIdentity(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		p, f := identity(t, version, nil)
		auth := "authorization: Bearer " + mintNamed(t, f, "alice") + "\r\n"
		tests := []struct{ name, head, want string }{
			{"nobody", "GET /health HTTP/1.1\r\n", ""},
			{"claims to be root", "GET /health HTTP/1.1\r\nx-user-id: root\r\n", ""},
			{"claims to be root in another spelling", "GET /health HTTP/1.1\r\nx_user_id: root\r\n", ""},
			{"claims to be alice", "GET /health HTTP/1.1\r\nx-user-name: Alice Liddell\r\n", ""},
			{"is alice", "GET /offers HTTP/1.1\r\n" + auth, "the route of alice"},
			{"is alice, claims to be root", "GET /offers HTTP/1.1\r\nx-user-id: root\r\n" + auth, "the route of alice"},
		}
		for _, tt := range tests {
			p.up.Expect(cases.Answer{Body: []byte("upstream")})
			a, err := ask(p.Address, []byte(tt.head+"host: orders.example.com\r\n\r\n"))
			if err != nil || a.status != 200 || a.up != (tt.want == "") || tt.want != "" && a.body != tt.want {
				t.Errorf("%s: %v (%v), want %q", tt.name, a, err, tt.want)
			}
		}
		p.sane(t)
	})
}

// TestEnvoyTrailersHTTP2: trailers of HTTP/2 are stripped too, without a body of which
// anybody asks.
func TestEnvoyTrailersHTTP2(t *testing.T) {
	p, f := identity(t, newest, map[string]any{"mode": "monitor"})
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	defer tr.CloseIdleConnections()
	for _, path := range []string{"/orders", "/nowhere"} {
		p.up.Expect(cases.Answer{})
		req, err := http.NewRequest("POST", "http://"+p.Address+path, io.MultiReader(strings.NewReader(`{"item":`), strings.NewReader(`"mug"}`)))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "orders.example.com"
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+mintNamed(t, f, "alice"))
		req.Trailer = http.Header{"X-User-Id": {"root"}, "X_user_id": {"root"}, "X-Sum": {"1"}}
		resp, err := (&http.Client{Transport: tr, Timeout: answerWithin}).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		seen := p.up.Seen()
		if resp.StatusCode != 200 || len(seen.Trailers) != 1 || seen.Trailers[0].Name != "x-sum" {
			t.Errorf("%s: %d, trailers %v, want x-sum alone", path, resp.StatusCode, seen.Trailers)
		}
	}
	p.sane(t)
}
