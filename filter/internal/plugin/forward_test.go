package plugin

import (
	"slices"
	"strings"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// The fake engine, where it forwards, tells that ann calls in x-user-id and drops
// authorization.
func (e *fakeEngine) Forwards() bool { return e.forwards }
func (e *fakeEngine) IsIdentity(name []byte) bool {
	return e.forwards && (table.Alike(name, "x-user-id") || table.Alike(name, "x-role"))
}
func (e *fakeEngine) DropsCredential(name []byte) bool {
	return e.told != nil && string(name) == "authorization"
}
func (e *fakeEngine) Forwarded() []engine.Header { return e.told }
func (e *fakeEngine) tell(d *engine.Decision) {
	e.told = nil
	if e.forwards && (d.Code == verdict.Allow || d.Code == verdict.NeedBody) && d.Mode != table.ModeOff {
		e.told = []engine.Header{{Name: []byte("x-user-id"), Value: []byte("ann")}}
	}
}

func (q quietEngine) Forwards() bool                { return q.e != nil && q.e.forwards }
func (q quietEngine) IsIdentity(name []byte) bool   { return table.Alike(name, "x-user-id") }
func (q quietEngine) DropsCredential(n []byte) bool { return string(n) == "authorization" }
func (q quietEngine) Forwarded() []engine.Header    { return quietFields }

var quietFields = []engine.Header{{Name: []byte("x-user-id"), Value: []byte("ann")}}

// spellings are names that some upstream takes for x-user-id.
var spellings = []string{"x-user-id", "x_user_id", "x-user_id", "x.user.id", "X-User-Id", "X_USER_ID", "x~user!id"}

// arrived is a stream's header fields with the identity or the credential.
func (vt *vmTest) arrived(fields [][2]string) (out []string) {
	for _, f := range fields {
		if table.Alike([]byte(f[0]), "x-user-id") || table.Alike([]byte(f[0]), "x-role") || f[0] == "authorization" || f[0] == "connection" {
			out = append(out, f[0]+"="+f[1])
		}
	}
	return out
}

// TestStrip: in every way in which a request passes, what it claims to be does not.
func TestStrip(t *testing.T) {
	off, monitor, buffer := `{"mode":"off",`+goodTable+`}`, `{"mode":"monitor",`+goodTable+`}`, `{"hold":"buffer",`+goodTable+`}`
	tests := []struct {
		name, conf, path string
		more             []string
		want             string // what arrives
	}{
		{"allowed", "", "/allow", nil, "x-user-id=ann"},
		{"mode off", off, "/deny/token_missing", nil, "authorization=Bearer secret-token"},
		{"operation off", "", "/off", nil, "authorization=Bearer secret-token"},
		{"monitored", monitor, "/monitor/token_missing", nil, "authorization=Bearer secret-token"},
		{"unknown", "", "/unknown", nil, "authorization=Bearer secret-token"},
		{"held", "", "/body", nil, "x-user-id=ann"},
		{"held by the proxy", buffer, "/body", nil, "x-user-id=ann"},
		{"upgrade", "", "/body", []string{"upgrade", "websocket", "connection", "Upgrade, X-User-Id"}, "connection=upgrade; x-user-id=ann"},
		{"upgrade with other options", "", "/body", []string{"upgrade", "websocket", "connection", "Upgrade, X-Other"}, "connection=Upgrade, X-Other; x-user-id=ann"},
		{"options without an upgrade", "", "/allow", []string{"connection", "close,\tx_user-id \t,"}, "x-user-id=ann"},
		{"options in mode off", off, "/allow", []string{"connection", "x-role"}, "authorization=Bearer secret-token"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt := newVMTest(t, tt.conf)
			vt.e.forwards = true
			cleared := 0
			vt.h.foreign = func(name string, args []byte) ([]byte, abi.Status) {
				if name != "clear_route_cache" || len(args) != 0 {
					t.Errorf("foreign function %s(%q)", name, args)
				}
				cleared++
				return nil, abi.StatusOK
			}
			more := slices.Clone(tt.more)
			for _, s := range spellings {
				more = append(more, s, "root", "x-a", "1", s, "root", "x-role", "admin")
			}
			vt.request(2, tt.path, false, more...)
			if len(vt.h.replies) > 0 {
				t.Fatalf("replies %v", vt.h.replies)
			}
			if got := strings.Join(vt.arrived(vt.h.headers[2]), "; "); got != tt.want {
				t.Errorf("arrived %q, want %q", got, tt.want)
			}
			if cleared != 1 {
				t.Errorf("route cleared %d times, want 1", cleared)
			}
		})
	}
}

// TestStripUnread: what can't be read is refused in every mode.
func TestStripUnread(t *testing.T) {
	for _, mode := range []string{"enforce", "monitor", "off"} {
		vt := newVMTest(t, `{"mode":"`+mode+`","maxHeaders":8,`+goodTable+`}`)
		vt.e.forwards = true
		vt.want(vt.request(2, "/allow", true, "a", "", "a", "", "a", "", "a", "", "a", ""), pause, 2, "request_headers_too_many")
	}
}

// TestRouteStays: where nothing changed no route is chosen again, and a host that
// can't is asked once.
func TestRouteStays(t *testing.T) {
	vt := newVMTest(t, "")
	vt.e.forwards = true
	calls := 0
	vt.h.foreign = func(string, []byte) ([]byte, abi.Status) { calls++; return nil, abi.StatusNotFound }
	vt.request(2, "/off", true)
	if calls != 0 {
		t.Errorf("%d calls with nothing changed, want 0", calls)
	}
	vt.request(3, "/allow", true)
	vt.request(4, "/allow", true)
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
	// A refused request is not touched.
	vt.want(vt.request(5, "/deny/token_missing", true), pause, 5, "token_missing")
	if got := strings.Join(vt.arrived(vt.h.headers[5]), "; "); got != "authorization=Bearer secret-token" {
		t.Errorf("a refused request has %q", got)
	}
}

// TestStripTrailers: identity in trailers is refused, or taken away where nothing is
// refused.
func TestStripTrailers(t *testing.T) {
	off, monitor := `{"mode":"off",`+goodTable+`}`, `{"mode":"monitor",`+goodTable+`}`
	many := make([][2]string, 65)
	tests := []struct {
		name, conf, path string
		fields           [][2]string
		code             string
	}{
		{"enforce", "", "/allow", nil, "request_trailer_forbidden"},
		{"enforce, held", "", "/body", nil, "request_trailer_forbidden"},
		{"operation off", "", "/off", nil, ""},
		{"unknown", "", "/unknown", nil, ""},
		{"monitor", monitor, "/monitor/token_missing", nil, ""},
		{"monitor, held", monitor, "/monitorbody", nil, ""},
		{"off", off, "/allow", nil, ""},
		{"monitor, unread", monitor, "/monitor/token_missing", many, "request_trailer_forbidden"},
		{"monitor, held, unread", monitor, "/monitorbody", many, "request_trailer_forbidden"},
		{"off, unread", off, "/allow", many, "request_trailer_forbidden"},
	}
	for _, tt := range tests {
		for _, s := range spellings {
			vt := newVMTest(t, tt.conf)
			vt.e.forwards = true
			vt.request(2, tt.path, false)
			vt.body(2, "{}", false)
			fields, action := tt.fields, goOn
			if fields == nil {
				fields = [][2]string{{"x-sum", "1"}, {s, "root"}, {"x-role", "admin"}, {s, "again"}}
			}
			if tt.code != "" {
				action = pause
			}
			vt.want(vt.trailers(2, fields...), action, 2, tt.code)
			if got := vt.arrived(vt.h.trailer[2]); tt.code == "" && len(got) > 0 {
				t.Errorf("%s, %s: arrived %q", tt.name, s, got)
			}
			vt.end(2)
			vt.wantIdle()
		}
	}
}

// TestForwardAfterWait: a request that waited for an answer is told of like any other.
func TestForwardAfterWait(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.e.forwards = true
	vt.want(vt.request(2, "/wait/k/allow", false, "x_user_id", "root"), pause, 2, "")
	if got := vt.arrived(vt.h.headers[2]); len(got) != 1 {
		t.Errorf("while it waits it has %q", got)
	}
	vt.body(2, "{}", false)
	vt.want(vt.trailers(2, [2]string{"x-user-id", "root"}), pause, 2, "")
	vt.answer(1, "200", "")
	vt.want(pause, pause, 2, "request_trailer_forbidden")

	vt.want(vt.request(3, "/wait/k/monitor/param_invalid", false, "x_user_id", "root"), pause, 3, "")
	vt.want(vt.trailers(3, [2]string{"x-user-id", "root"}), pause, 3, "")
	vt.answer(2, "200", "")
	if got := vt.arrived(vt.h.trailer[3]); len(got) > 0 || len(vt.h.resumed) == 0 {
		t.Errorf("arrived %q, resumed %v", got, vt.h.resumed)
	}
	vt.want(vt.request(4, "/wait/k/allow", true, "x_user_id", "root"), pause, 4, "")
	vt.answer(3, "200", "")
	if got := strings.Join(vt.arrived(vt.h.headers[4]), "; "); got != "x-user-id=ann" {
		t.Errorf("arrived %q", got)
	}
}

// TestStripAfterReload: a request that waits for keys is judged by the new engine, and
// does not keep the fields that this one alone may set.
func TestStripAfterReload(t *testing.T) {
	for _, path := range []string{"/wait/k/allow", "/wait/k/off", "/wait/k/monitor/param_invalid"} {
		vt, _ := newWaitTest(t, "")
		vt.want(vt.request(2, path, true, "x-role", "root", "connection", "x-user-id"), pause, 2, "")
		vt.e = &fakeEngine{maxBody: 100, waits: true, forwards: true}
		if !vt.configure(1, "") {
			t.Fatal("Configure = false")
		}
		vt.v.Tick(1)
		vt.answer(2, "200", "")
		vt.wantResumed(2)
		for _, f := range vt.arrived(vt.h.headers[2]) {
			if strings.HasPrefix(f, "x-role") || strings.HasPrefix(f, "connection") {
				t.Errorf("%s: arrived %q", path, f)
			}
		}
	}
}
