package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/internal/abi"
)

const (
	goOn  = abi.Continue
	pause = abi.Pause
)

func TestHeadersOnly(t *testing.T) {
	tests := []struct {
		path   string
		action abi.Action
		code   string
		metric string
	}{
		{"/allow", goOn, "", "portcullis.requests_allowed"},
		{"/off", goOn, "", "portcullis.passed.mode_off"},
		{"/unknown", goOn, "", "portcullis.passed.unknown_operation"},
		{"/deny/token_expired", pause, "token_expired", "portcullis.refused.token_expired"},
		{"/deny/route_not_found", pause, "route_not_found", "portcullis.refused.route_not_found"},
		{"/monitor/param_invalid", goOn, "", "portcullis.would_refuse.param_invalid"},
		{"/zero", pause, "internal_error", "portcullis.refused.internal_error"},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			vt := newVMTest(t, "")
			vt.want(vt.request(2, tt.path, true), tt.action, 2, tt.code)
			if len(vt.h.metrics) != 1 || vt.h.metrics[tt.metric] != 1 {
				t.Errorf("metrics = %v, want %s = 1", vt.h.metrics, tt.metric)
			}
			// What follows changes nothing.
			vt.want(vt.body(2, "x", true), tt.action, 2, "")
			vt.want(vt.v.RequestHeaders(2, 3, true), tt.action, 2, "")
			vt.end(2)
			vt.wantIdle()
		})
	}
}

func TestBody(t *testing.T) {
	type step struct {
		piece  string
		end    bool
		action abi.Action
		code   string
	}
	big := strings.Repeat("x", 101)
	tests := []struct {
		name  string
		more  []string
		steps []step
		first abi.Action
		code  string // at the headers
	}{
		{"one piece", nil, []step{{"{}", true, goOn, ""}}, pause, ""},
		{"pieces", nil, []step{{"{", false, pause, ""}, {" ", false, pause, ""}, {"}", true, goOn, ""}}, pause, ""},
		{"end alone", nil, []step{{"{}", false, pause, ""}, {"", true, goOn, ""}}, pause, ""},
		{"empty", nil, []step{{"", true, goOn, ""}}, pause, ""},
		{"malformed", nil, []step{{"nope", true, pause, "body_syntax"}, {"more", true, pause, ""}}, pause, ""},
		{"over the limit at once", nil, []step{{big, false, pause, "body_too_large"}, {"", true, pause, ""}}, pause, ""},
		{"over the limit at the end", nil, []step{{"{", false, pause, ""}, {big, true, pause, "body_too_large"}}, pause, ""},
		{"at the limit", nil, []step{{"{" + big[:99], true, goOn, ""}}, pause, ""},
		{"announced too large", []string{"content-length", "101"}, []step{{"{}", true, pause, ""}}, pause, "body_too_large"},
		{"length 0", []string{"content-length", "0"}, []step{{"", true, goOn, ""}}, pause, ""},
		{"length right", []string{"content-length", "2"}, []step{{"{}", true, goOn, ""}}, pause, ""},
		{"length wrong", []string{"content-length", "3"}, []step{{"{}", true, pause, "body_length"}}, pause, ""},
		{"length 0 and a body", []string{"content-length", "0"}, []step{{"{}", true, pause, "body_length"}}, pause, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt := newVMTest(t, "")
			vt.want(vt.request(2, "/body", false, tt.more...), tt.first, 2, tt.code)
			for _, s := range tt.steps {
				vt.want(vt.body(2, s.piece, s.end), s.action, 2, s.code)
			}
			if vt.v.held.used != 0 {
				t.Errorf("held = %d after the verdict, want 0", vt.v.held.used)
			}
			vt.end(2)
			vt.wantIdle()
		})
	}
}

// TestBodyEndsWithHeaders is a request that needs a body and says that none comes.
func TestBodyEndsWithHeaders(t *testing.T) {
	vt := newVMTest(t, "")
	vt.want(vt.request(2, "/body", true), goOn, 2, "")
	if len(vt.e.bodies) != 1 || vt.e.bodies[0] != "" {
		t.Errorf("bodies judged = %q, want an empty one", vt.e.bodies)
	}
}

// TestBodyOfHost is a host that hands over something else than it says.
func TestBodyOfHost(t *testing.T) {
	vt := newVMTest(t, "")
	vt.request(2, "/body", false)
	vt.h.bodies[2] = []byte("{}")
	vt.h.current = 2
	vt.want(vt.v.RequestBody(2, 3, true), pause, 2, "internal_error") // 3 bytes, says the host
	vt.request(3, "/body", false)
	vt.h.bodySt = abi.StatusInternalFailure
	vt.want(vt.v.RequestBody(3, 2, true), pause, 3, "internal_error")
	vt.h.bodySt = 0
	vt.request(4, "/body", false)
	vt.h.bodies[4] = []byte(strings.Repeat(" ", 200)) // more than it says
	vt.h.current = 4
	vt.want(vt.v.RequestBody(4, 2, true), pause, 4, "body_too_large")
}

func TestTrailers(t *testing.T) {
	tests := []struct {
		name   string
		fields [][2]string
		body   string
		action abi.Action
		code   string
	}{
		{"good", [][2]string{{"x-checksum", "1"}}, "{}", goOn, ""},
		{"none", nil, "{}", goOn, ""},
		{"bad body", [][2]string{{"x-checksum", "1"}}, "nope", pause, "body_syntax"},
		{"credential", [][2]string{{"x", "1"}, {"authorization", "Bearer x"}}, "{}", pause, "request_trailer_forbidden"},
		{"cookie", [][2]string{{"cookie", "a=b"}}, "{}", pause, "request_trailer_forbidden"},
		{"identity", [][2]string{{"x-portcullis-subject", "root"}}, "{}", pause, "request_trailer_forbidden"},
		{"pseudo", [][2]string{{":path", "/x"}}, "{}", pause, "request_trailer_forbidden"},
		{"no body", [][2]string{{"x", "1"}}, "", goOn, ""},
		{"many", make([][2]string, 65), "{}", pause, "request_headers_too_many"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt := newVMTest(t, "")
			vt.want(vt.request(2, "/body", false), pause, 2, "")
			if tt.body != "" {
				vt.want(vt.body(2, tt.body, false), pause, 2, "")
			}
			vt.want(vt.trailers(2, tt.fields...), tt.action, 2, tt.code)
			vt.end(2)
			vt.wantIdle()
		})
	}
	// A request whose body is not judged is still refused.
	vt := newVMTest(t, "")
	vt.want(vt.request(2, "/allow", false), goOn, 2, "")
	vt.want(vt.body(2, "anything", false), goOn, 2, "")
	vt.want(vt.trailers(2, [2]string{"authorization", "x"}), pause, 2, "request_trailer_forbidden")
	vt.want(vt.request(3, "/off", false), goOn, 3, "")
	vt.want(vt.trailers(3, [2]string{"authorization", "x"}), goOn, 3, "")
}

func TestUpgrade(t *testing.T) {
	vt := newVMTest(t, "")
	vt.want(vt.request(2, "/body", false, "upgrade", "websocket", "connection", "upgrade"), goOn, 2, "")
	vt.want(vt.request(3, "/body", false, ":method", "CONNECT"), goOn, 3, "")
	if n := vt.h.metrics["portcullis.passed.upgrade"]; n != 2 {
		t.Errorf("passed.upgrade = %d, want 2", n)
	}
	vt.want(vt.body(2, "frames", false), goOn, 2, "")
	vt.want(vt.request(4, "/deny/request_upgrade", false, "upgrade", "websocket"), pause, 4, "request_upgrade")
}

func TestHoldBuffer(t *testing.T) {
	vt := newVMTest(t, `{"hold":"buffer",`+goodTable+`}`)
	vt.want(vt.request(2, "/body", false), goOn, 2, "")
	vt.want(vt.body(2, "no", false), pause, 2, "")
	vt.want(vt.body(2, "pe", true), pause, 2, "body_syntax")
	vt.want(vt.request(3, "/deny/token_missing", false), pause, 3, "token_missing")
}

func TestHead(t *testing.T) {
	vt := newVMTest(t, "")
	vt.request(2, "/deny/token_missing", true, ":method", "HEAD")
	if r := vt.h.replies[0]; r.body != "" || r.status != 401 {
		t.Errorf("reply to HEAD = %+v, want 401 without a body", r)
	}
	vt.h.replies = nil
	vt.want(vt.request(3, "/allow", true, ":method", "OPTIONS"), goOn, 3, "")
}

func TestReset(t *testing.T) {
	vt := newVMTest(t, `{"maxHeldRequests":1,`+goodTable+`}`)
	for id := uint32(2); id < 100; id++ {
		vt.want(vt.request(id, "/body", false), pause, id, "")
		vt.body(id, "{", false)
		vt.end(id) // the client goes away
		vt.want(vt.body(id, "}", true), pause, id, "")
		vt.want(vt.trailers(id), pause, id, "")
		vt.wantIdle()
	}
}

func TestUnknownContexts(t *testing.T) {
	vt := newVMTest(t, "")
	vt.h.gone[77] = true
	vt.h.current = 77
	if a := vt.v.RequestHeaders(77, 1, true); a != pause {
		t.Errorf("RequestHeaders of an unknown context = %d, want pause", a)
	}
	if a := vt.v.RequestBody(77, 1, true); a != pause {
		t.Errorf("RequestBody of an unknown context = %d, want pause", a)
	}
	if a := vt.v.RequestTrailers(77, 1); a != pause {
		t.Errorf("RequestTrailers of an unknown context = %d, want pause", a)
	}
	vt.v.Tick(77)
	vt.v.Delete(77)
	vt.v.Delete(0)
	if !vt.v.Done(77) {
		t.Errorf("Done = false, want true")
	}
	// A body before the headers decides nothing and lets nothing through.
	vt.v.ContextCreate(5, 1)
	vt.want(vt.body(5, "{}", true), pause, 5, "")
	// A stream of a root that was never configured.
	vt.v.ContextCreate(6, 99)
	vt.h.headers[6], vt.h.current = vt.h.headers[5], 6
	vt.want(vt.v.RequestHeaders(6, 1, true), pause, 6, "plugin_no_table")
}

func TestHeaderFaults(t *testing.T) {
	vt := newVMTest(t, `{"maxHeaders":8,"maxHeaderBytes":1024,"maxBodyBytes":100,`+goodTable+`}`)
	many := make([]string, 0, 4000)
	for range 2000 {
		many = append(many, "a", "b")
	}
	vt.want(vt.request(2, "/allow", true, many...), pause, 2, "request_headers_too_many")
	vt.want(vt.request(3, "/allow", true, "a", strings.Repeat("x", 200<<10)), pause, 3, "request_headers_too_large")
	vt.want(vt.request(4, "/allow", true), goOn, 4, "")
	vt.v.ContextCreate(5, 1)
	vt.h.current = 5
	vt.want(vt.v.RequestHeaders(5, 1, true), pause, 5, "internal_error") // no map
	vt.v.Tick(1)
	if n := vt.h.metrics["portcullis.arena_overflows"]; n != 1 {
		t.Errorf("arena_overflows = %d, want 1", n)
	}
}

func TestModes(t *testing.T) {
	vt := newVMTest(t, `{"mode":"off",`+goodTable+`}`)
	vt.want(vt.request(2, "/deny/token_missing", false), goOn, 2, "")
	vt.want(vt.body(2, "nope", true), goOn, 2, "")
	vt.want(vt.trailers(2, [2]string{"cookie", "x"}), goOn, 2, "")
	if n := vt.h.metrics["portcullis.passed.mode_off"]; n != 1 {
		t.Errorf("passed.mode_off = %d, want 1", n)
	}
	// What the plugin itself finds is monitored too.
	vt = newVMTest(t, `{"mode":"monitor","maxHeaders":8,"maxHeldRequests":1,`+goodTable+`}`)
	vt.want(vt.request(2, "/allow", true, "a", "", "a", "", "a", "", "a", "", "a", ""), goOn, 2, "")
	vt.want(vt.request(3, "/monitorbody", false), pause, 3, "")
	vt.want(vt.request(4, "/monitorbody", false), goOn, 4, "")
	vt.want(vt.body(3, strings.Repeat(" ", 200), false), goOn, 3, "")
	vt.want(vt.request(5, "/monitorbody", false), pause, 5, "")
	vt.want(vt.body(5, "nope", true), goOn, 5, "")
	for _, code := range []string{"request_headers_too_many", "plugin_busy", "body_too_large", "body_syntax"} {
		if n := vt.h.metrics["portcullis.would_refuse."+code]; n != 1 {
			t.Errorf("would_refuse.%s = %d, want 1", code, n)
		}
	}
}

func TestBusy(t *testing.T) {
	vt := newVMTest(t, `{"maxHeldRequests":2,"maxOpenRequests":4,`+goodTable+`}`)
	vt.want(vt.request(2, "/body", false), pause, 2, "")
	vt.want(vt.request(3, "/body", false), pause, 3, "")
	vt.want(vt.request(4, "/body", false), pause, 4, "plugin_busy")
	vt.want(vt.request(5, "/allow", true), goOn, 5, "")
	vt.want(vt.request(6, "/allow", true), pause, 6, "plugin_busy") // not even tracked
	vt.want(vt.body(6, "{}", true), pause, 6, "")
	vt.end(6)
	vt.want(vt.body(2, "{}", true), goOn, 2, "")
	vt.end(5)
	vt.want(vt.request(7, "/body", false), pause, 7, "")
	for _, id := range []uint32{2, 3, 4, 7} {
		vt.end(id)
	}
	vt.wantIdle()
	if n := vt.h.metrics["portcullis.unknown_streams"]; n != 1 {
		t.Errorf("unknown_streams = %d, want 1", n)
	}
}

// TestDeafHost is a host that takes no answer: the request still does not pass.
func TestDeafHost(t *testing.T) {
	vt := newVMTest(t, "")
	vt.h.deaf = true
	vt.want(vt.request(2, "/deny/token_missing", false), pause, 2, "")
	vt.want(vt.body(2, "{}", true), pause, 2, "")
}
