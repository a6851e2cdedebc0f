package envoy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"portcullis/schemagen/proxy"
)

// reloaded is an Envoy that takes the filter from a resource file.
type reloaded struct {
	*proxied
	file, module string
	version      int
}

// startReloaded starts with a first resource.
func startReloaded(t *testing.T, version string, workers int, first proxy.Options) *reloaded {
	t.Helper()
	r := &reloaded{module: module(t)}
	r.file = filepath.Join(t.TempDir(), "portcullis.yaml")
	up := startUpstream(t)
	r.put(t, first)
	config, err := proxy.Print(proxy.Options{Target: proxy.TargetEnvoy, Bootstrap: true, Listen: "127.0.0.1:0", Upstream: up.Address, ECDS: r.file})
	if err != nil {
		t.Fatal(err)
	}
	// With a first resource that is bad Envoy waits for a better one before it listens.
	config = strings.Replace(config, "path_config_source:", "initial_fetch_timeout: 1s\n                path_config_source:", 1)
	r.proxied = &proxied{run(t, Options{Binary: binary(t, version), Config: config, Workers: workers}), up}
	return r
}

// put makes o the resource, in one step, as an operator would: a new file that is
// renamed to the old one's name.
func (r *reloaded) put(t *testing.T, o proxy.Options) {
	t.Helper()
	r.version++
	o.Target, o.Module, o.Version = proxy.TargetEnvoyECDS, r.module, fmt.Sprint(r.version)
	text, err := proxy.Print(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		t.Fatal(err)
	}
}

// discovery reads a counter of the extension's discovery.
func (r *reloaded) discovery(t *testing.T, name string) int64 {
	t.Helper()
	m, err := r.Metrics("extension_config_discovery")
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for k, v := range m {
		if strings.HasSuffix(k, "."+name) {
			sum += v
		}
	}
	return sum
}

// refusals returns the lines of the log, from byte at, in which the filter says why it
// did not load.
func (r *proxied) refusals(at int) []string {
	var out []string
	for _, line := range strings.Split(r.Log()[at:], "\n") {
		if strings.Contains(line, "[error]") && strings.Contains(line, "wasm log") {
			out = append(out, line)
		}
	}
	return out
}

// TestEnvoyReload replaces the table many times under load: no request fails, and
// after each replacement the new rules are in force on every worker.
func TestEnvoyReload(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		const reloads = 12
		tables := [2][]byte{smallTable(t, "/before", ""), smallTable(t, "/after", "")}
		options := func(n int) proxy.Options {
			return proxy.Options{Table: tables[n%2], Plugin: map[string]any{"logRefusals": "off"}}
		}
		p := startReloaded(t, version, 3, options(0))
		stop := make(chan struct{})
		load := Load{Address: p.Address, Connections: 4, Until: stop,
			Requests: [][]byte{message("GET", "/things", ""), message("POST", "/things", "[1,2,3]"), message("POST", "/things", "[1,2,true]"), message("GET", "/nothing", "")}}
		var wg sync.WaitGroup
		var got *Loaded
		wg.Go(func() { got = load.Run() })
		for n := 1; n <= reloads; n++ {
			p.put(t, options(n))
			until(t, 20*time.Second, fmt.Sprintf("reload %d", n), func() bool { return p.discovery(t, "config_reload") >= int64(n+1) })
			// A worker takes the new filter with its next turn; 16 connections in a row reach them all.
			in, out := message("GET", "/after", ""), message("GET", "/before", "")
			if n%2 == 0 {
				in, out = out, in
			}
			streak := 0
			until(t, 10*time.Second, "the new rules on every worker", func() bool {
				a, err := ask(p.Address, in)
				b, err2 := ask(p.Address, out)
				if err != nil || err2 != nil {
					t.Errorf("after reload %d: %v, %v", n, err, err2)
				}
				if streak++; a.status != 200 || b.code != "route_not_found" {
					streak = 0
				}
				return streak >= 16
			})
		}
		close(stop)
		wg.Wait()
		t.Logf("%d requests in %v over %d reloads: %v", got.Answered(), got.Elapsed, reloads, got.Statuses)
		if bad := got.Answered() - got.Statuses[200] - got.Statuses[400] - got.Statuses[404]; bad > 0 || got.Broken > 0 {
			t.Errorf("%d requests failed (%v), %d connections broke (%v)", bad, got.Statuses, got.Broken, got.First)
		}
		if a, b, c := got.Statuses[200], got.Statuses[400], got.Statuses[404]; a < 2*b-4 || a > 2*b+4 || c < b-4 || c > b+4 {
			t.Errorf("answers are %v, want half 200, a quarter 400 and a quarter 404", got.Statuses)
		}
		if got.Answered() < 1000 {
			t.Errorf("%d requests were sent meanwhile: this shows nothing", got.Answered())
		}
		p.sane(t)
	})
}

// TestEnvoyBadLoad gives Envoy what the filter must not load: each is refused with
// one readable line, and what was in force before stays.
func TestEnvoyBadLoad(t *testing.T) {
	good := shopTable(t)
	flip := func(at int) []byte {
		b := append([]byte{}, good...)
		b[at] ^= 0x10
		return b
	}
	newer := append([]byte{}, good...)
	newer[4]++ // the version, filter/table/FORMAT.md
	plugin := func(more ...any) map[string]any {
		m := map[string]any{"secrets": secret}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	tests := []struct {
		name string
		o    proxy.Options
		want string
	}{
		{"truncated table", proxy.Options{Table: good[:len(good)/2], Plugin: plugin()}, "table refused"},
		{"table of one byte", proxy.Options{Table: good[:1], Plugin: plugin()}, "table refused"},
		{"empty table", proxy.Options{Table: []byte{}, Plugin: plugin()}, "table"},
		{"a flipped bit in the middle", proxy.Options{Table: flip(len(good) / 2), Plugin: plugin()}, "table refused"},
		{"a flipped bit at the end", proxy.Options{Table: flip(len(good) - 1), Plugin: plugin()}, "table refused"},
		{"a flipped bit in the header", proxy.Options{Table: flip(0), Plugin: plugin()}, "table refused"},
		{"a newer version", proxy.Options{Table: newer, Plugin: plugin()}, "version"},
		{"no base64", proxy.Options{Table: good, Plugin: plugin("table", "!!!")}, "plugin configuration"},
		{"an unknown key", proxy.Options{Table: good, Plugin: plugin("tabel", "x")}, `unknown key "tabel"`},
		{"a value of another type", proxy.Options{Table: good, Plugin: plugin("maxBodyBytes", "big")}, "maxBodyBytes"},
		{"a missing secret", proxy.Options{Table: good}, `secret "machines"`},
		{"no table in the module", proxy.Options{Plugin: plugin()}, "no table"},
	}
	check := func(t *testing.T, lines []string, want string) {
		t.Helper()
		if len(lines) != 1 || !strings.Contains(lines[0], want) || !strings.Contains(lines[0], "portcullis: ") {
			t.Errorf("the filter logged %q, want one line with %q", lines, want)
		}
	}

	p := startReloaded(t, newest, 2, proxy.Options{Table: good, Plugin: plugin()})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			at, rejected := len(p.Log()), p.discovery(t, "config_fail")
			p.put(t, tt.o)
			until(t, 20*time.Second, "Envoy to refuse it", func() bool { return p.discovery(t, "config_fail") > rejected })
			check(t, p.refusals(at), tt.want)
			mustPass(t, p.Address, message("GET", "/v1/health", ""))
			if a, err := ask(p.Address, message("GET", "/v1/secrets", "")); err != nil || a.code != "route_not_found" {
				t.Errorf("a bad request: %v (%v), want route_not_found by the rules from before", a, err)
			}
		})
	}
	t.Run("a good one after all those", func(t *testing.T) {
		p.put(t, proxy.Options{Table: smallTable(t, "/new", "")})
		until(t, 20*time.Second, "the new rules", func() bool {
			a, err := ask(p.Address, message("GET", "/new", ""))
			return err == nil && a.status == 200
		})
	})
	if !p.Running() {
		t.Error("Envoy has ended")
	}

	t.Run("from the start, in the bootstrap", func(t *testing.T) {
		text, err := proxy.Print(proxy.Options{Target: proxy.TargetEnvoy, Bootstrap: true, Listen: "127.0.0.1:0", Module: p.module,
			Table: good[:len(good)/2], Plugin: plugin()})
		if err != nil {
			t.Fatal(err)
		}
		q, err := Start(Options{Binary: binary(t, newest), Config: text})
		if err == nil {
			q.Stop()
			t.Fatal("Envoy started with half a table")
		}
		if !strings.Contains(err.Error(), "portcullis: table refused") {
			t.Errorf("Envoy ended with %v, want a line that says why", err)
		}
	})
	t.Run("from the start, by discovery", func(t *testing.T) {
		q := startReloaded(t, newest, 2, proxy.Options{Table: good[:len(good)/2], Plugin: plugin()})
		check(t, q.refusals(0), "table refused")
		if a, err := ask(q.Address, message("GET", "/v1/health", "")); err != nil || a.up || a.status != 500 {
			t.Errorf("without any filter: %v (%v), want a refusal by Envoy", a, err)
		}
		q.put(t, proxy.Options{Table: good, Plugin: plugin()})
		until(t, 20*time.Second, "the good table", func() bool {
			a, err := ask(q.Address, message("GET", "/v1/health", ""))
			return err == nil && a.status == 200
		})
	})
}
