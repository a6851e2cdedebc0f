package host

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var guests = struct {
	sync.Mutex
	dir  string
	made map[string][]byte
}{made: map[string][]byte{}}

func TestMain(m *testing.M) {
	code := m.Run()
	if guests.dir != "" {
		os.RemoveAll(guests.dir)
	}
	os.Exit(code)
}

// guest builds the scripted module, once per tag and test process.
func guest(t testing.TB, tags string) []byte {
	t.Helper()
	guests.Lock()
	defer guests.Unlock()
	if b, ok := guests.made[tags]; ok {
		return b
	}
	if guests.dir == "" {
		dir, err := os.MkdirTemp("", "guest")
		if err != nil {
			t.Fatal(err)
		}
		guests.dir = dir
	}
	out := filepath.Join(guests.dir, "guest"+tags+".wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-ldflags=-w", "-tags="+tags, "-o", out, "./testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build guest: %v\n%s", err, text)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	guests.made[tags] = b
	return b
}

// start makes a host with the guest.
func start(t testing.TB, cfg Config) *Host {
	t.Helper()
	if cfg.Module == nil {
		cfg.Module = guest(t, "")
	}
	h, err := New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

// request makes headers with scripts.
func request(nameValues ...string) Headers {
	return append(H(":method", "POST", ":path", "/a?b=c", ":authority", "api.example", ":scheme", "https"), H(nameValues...)...)
}

// messages returns the log lines from the n-th on.
func messages(h *Host, n int) []string {
	var out []string
	for _, l := range h.Logs()[n:] {
		out = append(out, l.Message)
	}
	return out
}

// script runs a script in the header callback of a request without a body and returns the lines it logged.
func script(t testing.TB, h *Host, text string, extra ...string) []string {
	t.Helper()
	n := len(h.Logs())
	s := h.VM(0).NewStream(StreamOptions{Properties: map[string][]byte{"source.address": []byte("192.0.2.1:9")}})
	s.RequestHeaders(request(append([]string{"x-headers", text}, extra...)...), true)
	s.ResponseHeaders(H(":status", "204"), true)
	var out []string
	for _, line := range messages(h, n) {
		if strings.Contains(line, ": ") && !strings.HasPrefix(line, "request body") {
			out = append(out, line)
		}
	}
	return out
}
