package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStartRefusals holds the ways a module does not start.
func TestStartRefusals(t *testing.T) {
	tests := []struct {
		name string
		cfg  Config
		want []string
	}{
		{"vm start", Config{VMConfig: []byte("log 4 no%20thanks;return 0")}, []string{"worker 0", "proxy_on_vm_start answered false", "no thanks"}},
		{"configure", Config{PluginConfig: []byte("log 4 bad%20table;return 0")}, []string{"proxy_on_configure answered false", "bad table"}},
		{"trap", Config{PluginConfig: []byte("trap")}, []string{"failed in proxy_on_configure", "main.do < main.run"}},
		{"call in init", Config{Module: guest(t, "badinit")}, []string{"env.proxy_get_property is not allowed during start-up", "main.init"}},
		{"missing import", Config{Module: guest(t, "statfile"), Profile: Envoy136}, []string{"envoy-1.36", "missing imports", "wasi_snapshot_preview1.path_filestat_get"}},
		{"no module", Config{Module: []byte("hello")}, []string{"compile module"}},
		{"no abi", Config{Module: []byte("\x00asm\x01\x00\x00\x00")}, []string{"proxy_abi_version_0_2_1"}},
		{"profile", Config{Profile: "nginx"}, []string{"unknown host profile"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.cfg.Module == nil {
				tt.cfg.Module = guest(t, "")
			}
			_, err := New(context.Background(), tt.cfg)
			if err == nil {
				t.Fatal("New succeeded")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("New = %q, want it to contain %q", err, want)
				}
			}
		})
	}
	var refused *ConfigError
	if _, err := New(context.Background(), Config{Module: guest(t, ""), PluginConfig: []byte("return 0")}); !errors.As(err, &refused) {
		t.Errorf("New = %v, want a ConfigError", err)
	}
	start(t, Config{Module: guest(t, "statfile")})
}

// TestConfigurationInRanges serves a configuration larger than the guest's reads.
func TestConfigurationInRanges(t *testing.T) {
	h := start(t, Config{PluginConfig: []byte("log 1 " + strings.Repeat("x", 200<<10))})
	for _, m := range messages(h, 0) {
		if m == "configuration is short" {
			t.Error(m)
		}
	}
}

// TestTraps fail the VM and answer 503; the policies decide what comes after.
func TestTraps(t *testing.T) {
	one := func(h *Host, script string) *Stream {
		s := h.VM(0).NewStream(StreamOptions{})
		s.RequestHeaders(request("x-headers", script), true)
		return s
	}
	for _, tt := range []struct {
		policy       FailPolicy
		atTrap, next int
		later        bool // the request a second later reaches the upstream
	}{{FailClosed, 503, 503, false}, {FailReload, 503, 503, true}, {FailOpen, 0, 0, true}} {
		h := start(t, Config{FailPolicy: tt.policy})
		other := h.VM(0).NewStream(StreamOptions{})
		other.RequestHeaders(request(), false)
		s := one(h, "trap")
		if got := s.Response().Status; got != tt.atTrap {
			t.Errorf("policy %d: status at the trap = %d, want %d", tt.policy, got, tt.atTrap)
		}
		if f := h.VM(0).Failed(); f == nil || f.Callback != "proxy_on_request_headers" || !slices.Contains(f.Functions, "main.do") {
			t.Errorf("policy %d: failure = %v", tt.policy, f)
		}
		other.RequestBody([]byte("x"), true)
		if got := other.Response().Status; got != tt.next {
			t.Errorf("policy %d: status of the stream in flight = %d, want %d", tt.policy, got, tt.next)
		}
		if got := one(h, "").Response().Status; got != tt.next {
			t.Errorf("policy %d: status of the next stream = %d, want %d", tt.policy, got, tt.next)
		}
		h.Advance(time.Second)
		if got := one(h, "").Upstream().Started; got != tt.later {
			t.Errorf("policy %d: a second later the upstream is reached = %v, want %v", tt.policy, got, tt.later)
		}
		if len(h.Failures()) != 1 {
			t.Errorf("policy %d: %d failures, want 1", tt.policy, len(h.Failures()))
		}
	}
	// Go's own panic writes to stderr, asks for exit, which does nothing, and traps.
	h := start(t, Config{})
	one(h, "panic")
	all := messages(h, 0)
	if !slices.ContainsFunc(all, func(m string) bool { return strings.Contains(m, "scripted") }) || h.VM(0).Failed() == nil {
		t.Errorf("panic left no trace: %q, %v", all, h.VM(0).Failed())
	}
}

// TestAllocateRestricted traps a property read inside proxy_on_memory_allocate.
func TestAllocateRestricted(t *testing.T) {
	h := start(t, Config{})
	script(t, h, "alloc-touches 1;get 0 :path")
	if f := h.VM(0).Failed(); f == nil || !strings.Contains(f.Error(), "env.proxy_get_property is not allowed during proxy_on_memory_allocate") {
		t.Errorf("failure = %v", f)
	}
}

// TestPollOneoff shows why a filter must not sleep: on 1.36 the Go runtime throws, and with a clock that stands still it would wait for ever.
func TestPollOneoff(t *testing.T) {
	tests := []struct {
		name   string
		cfg    Config
		script string
		want   string // part of the failure; "" = none
	}{
		{"1.40, collect", Config{Profile: Envoy140}, "grow 100000;gc", ""},
		{"1.40, sleep, virtual time", Config{Profile: Envoy140}, "sleep 1000", "time stands still"},
		{"1.36, sleep", Config{Profile: Envoy136}, "sleep 1000", "failed in proxy_on_request_headers"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, tt.cfg)
			script(t, h, tt.script)
			f := h.VM(0).Failed()
			if (f != nil) != (tt.want != "") || (f != nil && !strings.Contains(f.Error(), tt.want)) {
				t.Errorf("failure = %v, want %q", f, tt.want)
			}
		})
	}
}

// TestWorkersShare sees shared data and metrics across VMs, and nothing else.
func TestWorkersShare(t *testing.T) {
	h := start(t, Config{Workers: 3, PluginConfig: []byte("mdef 0 hits")})
	for i := range 3 {
		s := h.VM(i).NewStream(StreamOptions{})
		s.RequestHeaders(request("x-headers", "minc 4 1;sset lease mine 4294967295"), true)
	}
	if got := h.Metrics().Values()["hits"]; got != 3 {
		t.Errorf("hits = %d, want 3", got)
	}
	won := 0
	for _, m := range messages(h, 0) {
		if m == "sset lease mine 4294967295: 0 " {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d workers created the lease, want 1", won)
	}
}

// TestDeterministic compares two call logs byte for byte.
func TestDeterministic(t *testing.T) {
	run := func() string {
		var log strings.Builder
		h := start(t, Config{Trace: &log, TraceWASI: true, Seed: 7})
		s := h.VM(0).NewStream(StreamOptions{})
		s.RequestHeaders(request("x-headers", "pairs 0;time;sset a b 0;return 1"), true)
		return log.String()
	}
	a, b := run(), run()
	if a != b {
		t.Error("two runs differ")
	}
	for _, want := range []string{
		`--> proxy_set_shared_data(key="a", value="b", cas=0)`, "<-- ok", `--> proxy_get_header_map_pairs(map=request_headers)`, `{":path" "/a?b=c"}`,
		"==> proxy_on_request_headers(context=2, headers=5, end=1)", "<== 1", "--> wasi.random_get = 0",
	} {
		if !strings.Contains(a, want) {
			t.Errorf("the call log lacks %q:\n%.3000s", want, a)
		}
	}
}

// TestExports calls a function outside the ABI and looks at memory.
func TestExports(t *testing.T) {
	h := start(t, Config{MemoryLimitBytes: 8 << 20})
	got, err := h.VM(0).Export("test_mallocs")
	if err != nil || len(got) != 1 || got[0] == 0 {
		t.Errorf("Export(test_mallocs) = %v, %v", got, err)
	}
	if _, err := h.VM(0).Export("nothing"); err == nil {
		t.Error("Export(nothing) succeeded")
	}
	if n := h.VM(0).MemoryBytes(); n < 1<<20 || n > 8<<20 {
		t.Errorf("MemoryBytes = %d", n)
	}
	script(t, h, "grow 16000000")
	if f := h.VM(0).Failed(); f == nil {
		t.Error("the memory limit did not stop the VM")
	}
}

// TestEnvironment passes variables and prints.
func TestEnvironment(t *testing.T) {
	h := start(t, Config{Env: map[string]string{"A": "1", "B": "2"}})
	script(t, h, "print hello")
	found := false
	for _, l := range h.Logs() {
		found = found || (l.Level == LevelError && strings.Contains(l.Message, "hello"))
	}
	if !found {
		t.Errorf("println was not logged: %v", h.Logs())
	}
}
