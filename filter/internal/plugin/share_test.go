package plugin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/config"
	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

// sharing is a fake engine whose table has a rate limit service, which /limits asks and
// does without.
type sharing struct {
	*fakeEngine
	t       *table.Table
	without int // requests that the service did not decide
}

func (s *sharing) Table() *table.Table { return s.t }

func (s *sharing) CheckHeaders(r *engine.Request, d *engine.Decision) {
	s.fakeEngine.CheckHeaders(r, d)
	d.Op = table.NoIndex
	for _, h := range r.Headers {
		if string(h.Name) != ":path" || string(h.Value) != "/limits" {
			continue
		}
		if d.Code, d.Wait = verdict.NeedAnswer, (engine.Wait{For: engine.WaitLimits}); r.Answers.Late {
			d.Code = verdict.Allow
			s.without++
		}
	}
}

func serviceTable(t *testing.T) *table.Table {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"api.yaml": "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/a: {get: {operationId: a, responses: {}}}}\n",
		"policy.yaml": "version: 1\nrateLimitServices: {rls: {cluster: ratelimit, domain: shop, onError: pass}}\n" +
			"limits: {all: {requests: 100, per: 1m, scope: fleet}}\noperations: [{operation: a, limits: [all]}]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := compile.Build(compile.Options{Specs: []string{filepath.Join(dir, "api.yaml")}, PolicyPath: filepath.Join(dir, "policy.yaml")})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r.Diags)
	}
	tab, bad, _ := table.Open(r.Table)
	if bad != table.ErrNone {
		t.Fatal(bad)
	}
	return tab
}

// TestWaitsShared: callers with tokens of unknown keys, which anybody can write, leave
// room for those who wait for a rate limit service: without it a policy may let them pass.
func TestWaitsShared(t *testing.T) {
	vt, f := newWaitTest(t, "")
	e := &sharing{fakeEngine: vt.e, t: serviceTable(t)}
	vt.v.open = func([]byte, *config.Config, []byte, engine.Options) (Engine, string) { return e, "" }
	if !vt.configure(1, `{"maxWaitingRequests":5,`+goodTable+`}`) {
		t.Fatalf("Configure = false: %q", vt.h.logs)
	}
	vt.v.askers[engine.WaitLimits] = f
	for id := uint32(2); id < 5; id++ {
		vt.want(vt.request(id, "/wait/k/allow", true), pause, id, "")
	}
	vt.want(vt.request(5, "/wait/k/allow", true), pause, 5, "plugin_busy")
	vt.want(vt.request(6, "/limits", true), pause, 6, "")
	vt.want(vt.request(7, "/limits", true), pause, 7, "")
	if e.without != 0 || vt.v.waits.used != 5 {
		t.Errorf("decided without the service: %d, waiting %d, want 0 and 5", e.without, vt.v.waits.used)
	}
	vt.want(vt.request(8, "/limits", true), goOn, 8, "")
	if e.without != 1 {
		t.Errorf("decided without the service: %d, want 1 beyond all room", e.without)
	}
}

// dropping is a fake engine that lets no credential arrive.
type dropping struct{ *fakeEngine }

func (dropping) DropsCredential(name []byte) bool { return string(name) == "authorization" }

// TestDropWithoutRoom: a request that mode monitor lets pass because it can't wait does
// not take its credential along either.
func TestDropWithoutRoom(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.e.forwards = true
	vt.v.open = func([]byte, *config.Config, []byte, engine.Options) (Engine, string) { return dropping{vt.e}, "" }
	if !vt.configure(1, `{"maxWaitingRequests":1,`+goodTable+`}`) {
		t.Fatalf("Configure = false: %q", vt.h.logs)
	}
	vt.want(vt.request(2, "/wait/k/monitor/param_invalid", true), pause, 2, "")
	vt.want(vt.request(3, "/wait/k/monitor/param_invalid", true, "x-user-id", "root"), goOn, 3, "")
	if got := vt.arrived(vt.h.headers[3]); len(got) != 0 {
		t.Errorf("arrived %q, want nothing", got)
	}
}

// TestDropLargeWhileWaiting: nor does one whose body grows over its limit while it waits.
// Mode monitor lets it pass when it has been judged, and without its credential.
func TestDropLargeWhileWaiting(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.e.forwards = true
	vt.v.open = func([]byte, *config.Config, []byte, engine.Options) (Engine, string) { return dropping{vt.e}, "" }
	if !vt.configure(1, `{`+goodTable+`}`) {
		t.Fatalf("Configure = false: %q", vt.h.logs)
	}
	vt.want(vt.request(2, "/wait/k/monitor/param_invalid", false, "x-user-id", "root"), pause, 2, "")
	vt.want(vt.body(2, strings.Repeat("x", 101), false), pause, 2, "")
	vt.answer(1, "200", "keys")
	vt.wantResumed(2)
	if got := vt.arrived(vt.h.headers[2]); len(got) != 0 {
		t.Errorf("arrived %q, want nothing", got)
	}
}
