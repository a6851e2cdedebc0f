package envoy

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestEnvoyHTTP2 has a client speak HTTP/2: no length is announced, and many
// requests share a connection.
func TestEnvoyHTTP2(t *testing.T) {
	p := start(t, options{workers: 1, table: smallTable(t, "/other", ""), config: map[string]any{"secrets": map[string]any{}, "logRefusals": "off"}})
	tr := &http.Transport{Protocols: new(http.Protocols)}
	tr.Protocols.SetUnencryptedHTTP2(true)
	client := &http.Client{Transport: tr, Timeout: answerWithin}
	defer tr.CloseIdleConnections()
	do := func(method, path string, body io.Reader) (answer, error) {
		req, err := http.NewRequest(method, "http://"+p.Address+path, body)
		if err != nil {
			return answer{}, err
		}
		if body != nil {
			req.Header.Set("Content-Type", "application/json")
		}
		resp, err := client.Do(req)
		if err != nil {
			return answer{}, err
		}
		defer resp.Body.Close()
		if resp.ProtoMajor != 2 {
			t.Errorf("the answer came over %s", resp.Proto)
		}
		return readResponse(resp)
	}
	// streamed has no length, as most bodies of HTTP/2.
	streamed := func(pieces ...string) io.Reader {
		r, w := io.Pipe()
		go func() {
			for _, s := range pieces {
				io.WriteString(w, s)
			}
			w.Close()
		}()
		return r
	}
	tests := []struct {
		name, method, path string
		body               func() io.Reader
		status             int
		code               string
	}{
		{"no body", "GET", "/things", nil, 200, ""},
		{"no such path", "GET", "/nothing", nil, 404, "route_not_found"},
		{"a body with a length", "POST", "/things", func() io.Reader { return strings.NewReader("[1,2,3]") }, 200, ""},
		{"a bad body with a length", "POST", "/things", func() io.Reader { return strings.NewReader("[1,2,true]") }, 400, "body_invalid"},
		{"a body without a length", "POST", "/things", func() io.Reader { return streamed("[1,", "2,3]") }, 200, ""},
		{"a bad body without a length", "POST", "/things", func() io.Reader { return streamed("[1,", "2", ",true]") }, 400, "body_invalid"},
		{"half a body", "POST", "/things", func() io.Reader { return streamed("[1,") }, 400, "body_syntax"},
		{"an empty body", "POST", "/things", func() io.Reader { return streamed() }, 400, "body_missing"},
		{"a long body", "POST", "/things", func() io.Reader { return streamed(strings.Repeat(" ", 300<<10), "[1]") }, 200, ""},
		{"too long a body", "POST", "/things", func() io.Reader { return streamed(strings.Repeat(" ", 1<<20), "[1]") }, 413, "body_too_large"},
	}
	var wg sync.WaitGroup
	for _, tt := range tests {
		for range 8 { // at once, over one connection
			wg.Go(func() {
				var body io.Reader
				if tt.body != nil {
					body = tt.body()
				}
				a, err := do(tt.method, tt.path, body)
				if err != nil || a.status != tt.status || a.code != tt.code || a.up != (tt.status == 200) {
					t.Errorf("%s: %v (%v), want %d %s", tt.name, a, err, tt.status, tt.code)
				}
			})
		}
	}
	wg.Wait()
	if got, want := p.up.Total(), 8*4; got != want {
		t.Errorf("the upstream saw %d requests, want the %d good ones", got, want)
	}
	p.sane(t)
}
