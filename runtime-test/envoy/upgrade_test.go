package envoy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

// recorder is an upstream that takes changes of protocol and keeps what it saw.
type recorder struct {
	address string
	mu      sync.Mutex
	heads   []string // method, target and Upgrade of each request
}

func startRecorder(t *testing.T) *recorder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &recorder{address: l.Addr().String()}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return r
}

// serve answers requests for a protocol with 101 and sends back what comes then.
func (r *recorder) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		protocol := req.Header.Get("Upgrade")
		r.mu.Lock()
		r.heads = append(r.heads, fmt.Sprintf("%s %s %s", req.Method, req.RequestURI, protocol))
		r.mu.Unlock()
		if protocol == "" {
			io.Copy(io.Discard, req.Body)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s: 1\r\nContent-Length: 2\r\n\r\nok", upstreamMark)
			continue
		}
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", protocol)
		io.Copy(conn, in)
		return
	}
}

func (r *recorder) seen() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.heads, "; ")
}

const socketSpec = `openapi: 3.1.0
info: {title: sockets, version: '1'}
paths:
  /socket:
    get:
      parameters: [{name: room, in: query, required: true, schema: {type: integer}}]
      responses: {'101': {description: Switching Protocols}}
  /plain:
    get: {responses: {'200': {description: ok}}}
`

// compileSpec compiles a description with a policy.
func compileSpec(t *testing.T, spec, policy string) []byte {
	t.Helper()
	table, err := cases.Compile(cases.CompileRequest{Specs: []string{write(t, "spec.yaml", []byte(spec))}, Policy: write(t, "policy.yaml", []byte(policy)), Strict: true})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestEnvoyUpgrade: a connection changes to the protocols that the policy names
// and to no other; what the upstream never sees is a request that was refused.
func TestEnvoyUpgrade(t *testing.T) {
	up := startRecorder(t)
	p := start(t, options{workers: 1, upstream: up.address, config: map[string]any{"secrets": map[string]any{}},
		table: compileSpec(t, socketSpec, "version: 1\noperations: [{operation: 'GET /socket', upgrade: websocket}]\n")})
	const fields = "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	tests := []struct {
		name, target, fields string
		status               int
		code                 string
	}{
		{"its parameters are judged", "/socket?room=x", "Upgrade: websocket\r\n" + fields, 400, "param_invalid"},
		{"another operation", "/plain", "Upgrade: websocket\r\n" + fields, 403, "request_upgrade"},
		{"a body", "/socket?room=1", "Upgrade: websocket\r\nContent-Length: 3\r\n" + fields, 403, "request_upgrade"},
		{"no change of protocol", "/socket?room=2", "", 200, ""},
	}
	for _, tt := range tests {
		a, err := ask(p.Address, fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", tt.target, tt.fields))
		if err != nil || a.status != tt.status || a.code != tt.code {
			t.Errorf("%s: %v (%v), want %d %s", tt.name, a, err, tt.status, tt.code)
		}
	}
	// Envoy itself refuses protocols that its configuration does not name.
	if a, err := ask(p.Address, []byte("GET /socket?room=1 HTTP/1.1\r\nHost: a\r\nUpgrade: other\r\n"+fields+"\r\n")); err != nil || a.status != 403 || a.up {
		t.Errorf("another protocol: %v (%v), want 403", a, err)
	}
	conn, err := net.Dial("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(answerWithin))
	fmt.Fprintf(conn, "GET /socket?room=7 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n%s\r\n", fields)
	in := bufio.NewReader(conn)
	resp, err := http.ReadResponse(in, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("change of protocol: %v (%v), want 101", resp, err)
	}
	io.WriteString(conn, "after")
	echo := make([]byte, 5)
	if _, err := io.ReadFull(in, echo); err != nil || string(echo) != "after" {
		t.Errorf("behind the change came %q (%v), want what was sent", echo, err)
	}
	if got, want := up.seen(), "GET /socket?room=2 ; GET /socket?room=7 websocket"; got != want {
		t.Errorf("the upstream saw %q, want %q", got, want)
	}
	m, err := p.Metrics("wasmcustom.")
	if err != nil || m["wasmcustom.portcullis.passed.upgrade"] != 1 {
		t.Errorf("passed.upgrade = %d (%v), want 1", m["wasmcustom.portcullis.passed.upgrade"], err)
	}
}
