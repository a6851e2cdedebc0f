package proxy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// walk visits every mapping of a YAML value.
func walk(v any, f func(map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(v)
		for _, e := range v {
			walk(e, f)
		}
	case []any:
		for _, e := range v {
			walk(e, f)
		}
	}
}

func mustParse(t *testing.T, text string) any {
	t.Helper()
	var v any
	d := yaml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&v); err != nil {
		t.Fatalf("Print wrote no YAML: %v\n%s", err, text)
	}
	return v
}

// TestPair: however headers are held, the proxy is set up for it, in every target.
func TestPair(t *testing.T) {
	targets := []struct {
		name string
		o    Options
		// chain says that the target holds the filter chain, where the buffer filter stands.
		wasm, chain, manager bool
	}{
		{"filters", Options{Target: TargetEnvoy}, true, true, false},
		{"bootstrap", Options{Target: TargetEnvoy, Bootstrap: true}, true, true, true},
		{"bootstrap with discovery", Options{Target: TargetEnvoy, Bootstrap: true, ECDS: "/x.yaml"}, false, true, true},
		{"resource", Options{Target: TargetEnvoyECDS}, true, false, false},
		{"istio", Options{Target: TargetIstio}, true, true, true},
	}
	for _, tt := range targets {
		for _, hold := range []string{"stop", "buffer"} {
			t.Run(tt.name+" "+hold, func(t *testing.T) {
				o := tt.o
				o.Hold, o.Table, o.MaxBodyBytes = hold, []byte("table"), 1000
				o.MaxResponse = 1000
				text, err := Print(o)
				if err != nil {
					t.Fatal(err)
				}
				allowed, buffered, managed := 0, 0, 0
				var plugin string
				walk(mustParse(t, text), func(m map[string]any) {
					if m["allow_on_headers_stop_iteration"] == true {
						allowed++
					}
					if m["max_request_bytes"] == 4000 {
						buffered++
					}
					if m["path_with_escaped_slashes_action"] == "KEEP_UNCHANGED" && m["normalize_path"] == false && m["merge_slashes"] == false {
						managed++
					}
					if c, ok := m["configuration"].(map[string]any); ok {
						plugin = c["value"].(string)
					}
				})
				want := func(what string, got int, wanted bool) {
					t.Helper()
					if (got == 1) != wanted || got > 1 {
						t.Errorf("%s stands there %d times, want it: %v\n%s", what, got, wanted, text)
					}
				}
				want("allow_on_headers_stop_iteration", allowed, tt.wasm && hold == "stop")
				want("the buffer filter", buffered, tt.chain && hold == "buffer")
				want("the manager's settings", managed, tt.manager)
				if !tt.wasm {
					return
				}
				var p map[string]any
				if err := json.Unmarshal([]byte(plugin), &p); err != nil {
					t.Fatalf("the plugin configuration is %q: %v", plugin, err)
				}
				if p["hold"] != hold || p["table"] != base64.StdEncoding.EncodeToString([]byte("table")) || p["maxBodyBytes"] != 1000.0 {
					t.Errorf("the plugin configuration is %s", plugin)
				}
			})
		}
	}
}

// TestOrder: the buffer filter stands right behind the filter, the router last.
func TestOrder(t *testing.T) {
	text, err := Print(Options{Target: TargetEnvoy, Bootstrap: true, Hold: "buffer"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	walk(mustParse(t, text), func(m map[string]any) {
		list, _ := m["http_filters"].([]any)
		for _, f := range list {
			got = append(got, f.(map[string]any)["name"].(string))
		}
	})
	if want := "portcullis envoy.filters.http.buffer envoy.filters.http.router"; strings.Join(got, " ") != want {
		t.Errorf("filters are %q, want %q", got, want)
	}
}

// TestQuoting: what comes from outside can't break out of its scalar.
func TestQuoting(t *testing.T) {
	nasty := "a\"b\\c: {d}\n- e #'"
	text, err := Print(Options{Target: TargetEnvoy, Bootstrap: true, Module: nasty, Plugin: map[string]any{"secrets": map[string]any{"x": nasty}}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	walk(mustParse(t, text), func(m map[string]any) {
		if m["filename"] == nasty {
			found++
		}
		if c, ok := m["configuration"].(map[string]any); ok {
			var p struct{ Secrets map[string]string }
			if err := json.Unmarshal([]byte(c["value"].(string)), &p); err == nil && p.Secrets["x"] == nasty {
				found++
			}
		}
	})
	if found != 2 {
		t.Errorf("module and secret came through %d times, want 2:\n%s", found, text)
	}
}

// TestMemory: a bootstrap has the allocator give back what compiling the module took.
func TestMemory(t *testing.T) {
	text, err := Print(Options{Target: TargetEnvoy, Bootstrap: true})
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, text).(map[string]any)["memory_allocator_manager"].(map[string]any)
	if m["bytes_to_release"] != 32<<20 || m["memory_release_interval"] != "5s" {
		t.Errorf("memory_allocator_manager is %v, want 32 MB every 5s", m)
	}
}

func TestDefaults(t *testing.T) {
	text, err := Print(Options{Target: TargetEnvoy})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`\"table\":\"linked\"`, `\"hold\":\"stop\"`} {
		if !strings.Contains(text, want) {
			t.Errorf("Print() = %s, want %s in it", text, want)
		}
	}
	again, err := Print(Options{Target: TargetEnvoy})
	if err != nil || !bytes.Equal([]byte(text), []byte(again)) {
		t.Errorf("Print() twice differs")
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name string
		o    Options
		want string
	}{
		{"target", Options{Target: "nginx"}, `target is "nginx"`},
		{"no target", Options{}, `target is ""`},
		{"hold", Options{Target: TargetEnvoy, Hold: "hope"}, `hold is "hope"`},
		{"address without port", Options{Target: TargetEnvoy, Bootstrap: true, Listen: "127.0.0.1"}, "want host:port"},
		{"port of letters", Options{Target: TargetEnvoy, Bootstrap: true, Upstream: "x:http"}, `port is "http"`},
		{"port out of range", Options{Target: TargetEnvoy, Bootstrap: true, Admin: "x:65536"}, `port is "65536"`},
		{"port below zero", Options{Target: TargetEnvoy, Bootstrap: true, Admin: "x:-1"}, `port is "-1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, err := Print(tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) || text != "" {
				t.Errorf("Print() = %q, %v, want an error with %q", text, err, tt.want)
			}
		})
	}
}

func TestAddressType(t *testing.T) {
	for host, want := range map[string]string{"127.0.0.1": "STATIC", "::1": "STATIC", "api.internal": "STRICT_DNS"} {
		if got := (address{Host: host}).Type(); got != want {
			t.Errorf("address{%q}.Type() = %s, want %s", host, got, want)
		}
	}
}
