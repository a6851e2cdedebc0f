package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/verdict"
)

func TestConfigureRefuses(t *testing.T) {
	tests := []struct{ name, conf, want string }{
		{"no table", `{}`, "no table"},
		{"bad table", `{"table":"YmFk"}`, "bad table"}, // "bad"
		{"unknown key", `{"tabel":"AAAA"}`, `unknown key "tabel"`},
		{"cut", `{"table":"AA`, "the end inside a string"},
		{"nothing linked", `{"table":"linked"}`, "no table"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt := newVMTest(t, "")
			if vt.v.ContextCreate(10, 0); vt.configure(10, tt.conf) {
				t.Fatalf("Configure(%s) = true, want false", tt.conf)
			}
			if len(vt.h.logs) != 1 || !strings.HasPrefix(vt.h.logs[0], "E portcullis: ") || !strings.Contains(vt.h.logs[0], tt.want) {
				t.Errorf("lines = %q, want one with %q", vt.h.logs, tt.want)
			}
			// Streams of the root that failed are refused, others go on.
			vt.v.ContextCreate(2, 10)
			vt.h.headers[2], vt.h.current = [][2]string{{":path", "/allow"}}, 2
			vt.want(vt.v.RequestHeaders(2, 1, true), pause, 2, "plugin_no_table")
			vt.want(vt.request(3, "/allow", true), goOn, 3, "")
			// A bad configuration of a root that has one changes nothing.
			if vt.configure(1, tt.conf) {
				t.Errorf("Configure again = true, want false")
			}
			vt.want(vt.request(4, "/allow", true), goOn, 4, "")
		})
	}
}

func TestConfigureNoRandom(t *testing.T) {
	vt := newVMTest(t, "")
	vt.h.noRandom = true
	if vt.configure(1, "") {
		t.Errorf("Configure without random bytes = true, want false")
	}
}

func TestConfigureLinked(t *testing.T) {
	vt := newVMTest(t, "")
	vt.h.linked = []byte("a table")
	for _, conf := range []string{`{"table":"linked"}`, `{}`} {
		if !vt.configure(1, conf) {
			t.Errorf("Configure(%s) = false: %q", conf, vt.h.logs)
		}
	}
	vt.h.linked = []byte("bad")
	if vt.configure(1, `{}`) {
		t.Errorf("Configure with a bad linked table = true, want false")
	}
	vt.h.config = ""
	if vt.v.Configure(1, 0) {
		t.Errorf("Configure without a configuration and a bad linked table = true, want false")
	}
}

// TestReload: a request that waits for its body is judged by the table that judged
// its headers.
func TestReload(t *testing.T) {
	vt := newVMTest(t, "")
	old := vt.e
	vt.request(2, "/body", false)
	vt.e = &fakeEngine{maxBody: 1}
	vt.v.ContextCreate(10, 0)
	if !vt.configure(10, "") {
		t.Fatal(vt.h.logs)
	}
	if !vt.configure(1, "") {
		t.Fatal(vt.h.logs)
	}
	vt.want(vt.body(2, "{}", true), goOn, 2, "")
	if len(old.bodies) != 1 || len(vt.e.bodies) != 0 {
		t.Errorf("judged by old %q, new %q, want the old", old.bodies, vt.e.bodies)
	}
	// The root goes before its stream.
	vt.request(3, "/body", false)
	vt.v.Delete(1)
	vt.h.bodies[3] = []byte("{")
	vt.h.current = 3
	vt.want(vt.v.RequestBody(3, 1, true), goOn, 3, "")
	vt.v.Tick(1)
	vt.v.ContextCreate(4, 1)
	vt.h.headers[4], vt.h.current = vt.h.headers[3], 4
	vt.want(vt.v.RequestHeaders(4, 1, true), pause, 4, "plugin_no_table")
}

func TestLoadedLine(t *testing.T) {
	vt := newVMTest(t, "")
	vt.configure(1, `{"hold":"buffer","mode":"monitor",`+goodTable+`}`)
	if len(vt.h.logs) != 1 || vt.h.logs[0] != "I portcullis: loaded a table of 3 bytes, hold buffer, mode monitor" {
		t.Errorf("lines = %q", vt.h.logs)
	}
}

// TestMetricNames: one counter a code, each defined once.
func TestMetricNames(t *testing.T) {
	vt := newVMTest(t, "")
	vt.configure(1, "")
	seen := map[string]bool{}
	for _, n := range vt.h.names {
		if seen[n] {
			t.Errorf("metric %s is defined twice", n)
		}
		seen[n] = true
	}
	for c := verdict.NeedBody + 1; c < verdict.NumCodes; c++ {
		if c == verdict.NeedAnswer {
			continue // no reason to refuse
		}
		if !seen["portcullis.refused."+c.Name()] || !seen["portcullis.would_refuse."+c.Name()] {
			t.Errorf("no metrics for %s", c.Name())
		}
	}
}
