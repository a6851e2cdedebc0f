package envoy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"portcullis/runtime-test/cases"
)

// dial opens a connection that every read and write must be done with in time.
func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(answerWithin))
	return conn.(*net.TCPConn)
}

func send(t *testing.T, w io.Writer, raw []byte) {
	t.Helper()
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
}

// TestEnvoyStall is about clients that do not finish: they cost a bounded number
// of slots for a bounded time, and nobody else anything.
func TestEnvoyStall(t *testing.T) {
	const held = 20
	p := start(t, options{workers: 1, table: smallTable(t, "/other", ""),
		config: map[string]any{"maxHeldRequests": held, "bodyTimeoutMs": 2500, "secrets": map[string]any{}, "logRefusals": "off"}})
	good := message("POST", "/things", "[1,2,3]")
	mustPass(t, p.Address, good) // a VM that has never seen a body blames the set-up
	half := good[:len(good)-4]
	timedOut := func(t *testing.T, conn net.Conn) {
		t.Helper()
		if a, err := read(bufio.NewReader(conn)); err != nil || a.status != 408 || a.code != "body_timeout" {
			t.Errorf("a client that stalls: %v (%v), want 408 body_timeout", a, err)
		}
	}

	t.Run("headers and no body", func(t *testing.T) {
		conn, begin := dial(t, p.Address), time.Now()
		send(t, conn, []byte("POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n"))
		timedOut(t, conn)
		if d := time.Since(begin); d < 2*time.Second {
			t.Errorf("answered after %v, want the configured 2.5 s", d)
		}
	})
	t.Run("many", func(t *testing.T) {
		before := p.up.Total()
		var stalled []net.Conn
		for range held {
			conn := dial(t, p.Address)
			send(t, conn, half)
			stalled = append(stalled, conn)
		}
		// The proxy takes connections in turn; when one more is refused all slots are taken.
		until(t, 2*time.Second, "the slots to be taken", func() bool {
			a, err := ask(p.Address, good)
			return err == nil && a.status == 503 && a.code == "plugin_busy"
		})
		mustPass(t, p.Address, message("GET", "/things", "")) // what needs no slot passes
		for _, conn := range stalled {
			timedOut(t, conn)
		}
		mustPass(t, p.Address, good)
		if got := p.up.Total() - before; got < 2 || got > 2+10 {
			t.Errorf("the upstream saw %d requests", got)
		}
	})
	t.Run("resets in mid-body give their slots back", func(t *testing.T) {
		for range 20 * held {
			conn := dial(t, p.Address)
			send(t, conn, half)
			conn.SetLinger(0)
			conn.Close()
		}
		until(t, 2*time.Second, "the slots to be free", func() bool {
			a, err := ask(p.Address, good)
			return err == nil && a.status == 200
		})
	})
	t.Run("a body in chunks of one byte", func(t *testing.T) {
		p.up.Expect(cases.Answer{})
		conn := dial(t, p.Address)
		conn.SetNoDelay(true)
		send(t, conn, []byte("POST /things HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"))
		body := "[" + strings.Repeat(" ", 500) + "1, 2]"
		for i := range len(body) {
			send(t, conn, fmt.Appendf(nil, "1\r\n%c\r\n", body[i]))
		}
		if n := p.up.Seen().Requests; n != 0 {
			t.Error("the upstream has the request before the end of its body")
		}
		send(t, conn, []byte("0\r\n\r\n"))
		if a, err := read(bufio.NewReader(conn)); err != nil || a.status != 200 {
			t.Errorf("a slow body: %v (%v), want 200", a, err)
		}
		if got := string(p.up.Seen().Body); got != body {
			t.Errorf("the upstream saw a body of %d bytes, want %d", len(got), len(body))
		}
	})
	t.Run("headers that do not end", func(t *testing.T) {
		conn := dial(t, p.Address)
		send(t, conn, []byte("POST /things HTTP/1.1\r\nhost: x\r\nx-a: "))
		mustPass(t, p.Address, good) // Envoy's own request_headers_timeout is its matter
	})
	p.sane(t)
}
