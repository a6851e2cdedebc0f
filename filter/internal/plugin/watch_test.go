package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
)

// newWatchTest is a VM whose engine judges responses.
func newWatchTest(t *testing.T, conf string, mode uint8) *vmTest {
	t.Helper()
	vt := newVMTest(t, conf)
	vt.e.responses = mode
	if !vt.configure(1, conf) {
		t.Fatal(vt.h.logs)
	}
	vt.h.logs = nil
	return vt
}

func TestResponseBlock(t *testing.T) {
	tests := []struct {
		name   string
		status string
		pieces []string // nil: the headers end the response
		want   []abi.Action
		code   string
		metric string
	}{
		{"good body", "200", []string{`{"a`, `":1}`}, []abi.Action{abi.Pause, abi.Pause, abi.Continue}, "", "portcullis.responses_allowed"},
		{"bad body", "200", []string{"no"}, []abi.Action{abi.Pause, abi.Pause}, "response_body", ""},
		{"bad body in pieces", "200", []string{"n", "o"}, []abi.Action{abi.Pause, abi.Pause, abi.Pause}, "response_body", ""},
		{"body over the limit", "200", []string{strings.Repeat("{", 51), "}"}, []abi.Action{abi.Pause, abi.Pause, abi.Pause}, "response_too_large", ""},
		{"no body", "200", nil, []abi.Action{abi.Pause}, "response_body", ""},
		{"headers alone", "201", []string{"x"}, []abi.Action{abi.Continue, abi.Continue}, "", "portcullis.responses_allowed"},
		{"stream", "202", []string{"x", "y"}, []abi.Action{abi.Continue, abi.Continue, abi.Continue}, "", "portcullis.responses_unjudged"},
		{"undeclared status", "500", []string{"x"}, []abi.Action{abi.Pause, abi.Pause}, "response_status", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			vt := newWatchTest(t, "", table.ModeEnforce)
			vt.want(vt.request(2, "/allow", true), abi.Continue, 2, "")
			got := []abi.Action{vt.response(2, tt.status, tt.pieces == nil)}
			for i, p := range tt.pieces {
				got = append(got, vt.content(2, p, i == len(tt.pieces)-1))
			}
			for i := range tt.want {
				if got[i] != tt.want[i] {
					t.Errorf("callback %d = %d, want %d", i, got[i], tt.want[i])
				}
			}
			vt.want(0, 0, 2, tt.code)
			if tt.metric != "" && vt.h.metrics[tt.metric] != 1 {
				t.Errorf("metrics = %v, want %s", vt.h.metrics, tt.metric)
			}
			vt.end(2)
			vt.wantIdle()
		})
	}
}

func TestResponseTrailers(t *testing.T) {
	vt := newWatchTest(t, "", table.ModeEnforce)
	vt.request(2, "/allow", true)
	vt.response(2, "200", false)
	vt.content(2, "{}", false)
	if got := vt.v.ResponseTrailers(2, 1); got != abi.Continue {
		t.Errorf("trailers after a good body = %d, want Continue", got)
	}
	vt.request(3, "/body", false)
	vt.body(3, "{}", true)
	vt.response(3, "200", false)
	vt.content(3, "no", false)
	vt.want(vt.v.ResponseTrailers(3, 1), abi.Pause, 3, "response_body")
}

func TestResponseMonitor(t *testing.T) {
	vt := newWatchTest(t, "", table.ModeMonitor)
	vt.request(2, "/allow", true)
	if got := vt.response(2, "200", false); got != abi.Continue {
		t.Errorf("headers = %d, want Continue: monitoring holds nothing", got)
	}
	vt.want(vt.content(2, "no", true), abi.Continue, 2, "")
	if vt.h.metrics["portcullis.would_refuse.response_body"] != 1 {
		t.Errorf("metrics = %v", vt.h.metrics)
	}
	vt.request(3, "/allow", true)
	vt.response(3, "200", false)
	vt.want(vt.content(3, strings.Repeat("{", 51), false), abi.Continue, 3, "")
	vt.want(vt.content(3, "}", true), abi.Continue, 3, "")
	if len(vt.e.seenResponse) != 1 {
		t.Errorf("bodies judged: %q, want one", vt.e.seenResponse)
	}
}

// TestResponseBuffer: the proxy can't hold response headers; bodies are held.
func TestResponseBuffer(t *testing.T) {
	vt := newWatchTest(t, `{`+goodTable+`,"hold":"buffer"}`, table.ModeEnforce)
	vt.request(2, "/allow", true)
	if got := vt.response(2, "200", false); got != abi.Continue {
		t.Errorf("headers = %d, want Continue", got)
	}
	vt.want(vt.content(2, "no", true), abi.Pause, 2, "response_body")
}

// TestResponseOfHost: what the proxy answers itself is not judged, and neither is
// what this filter answers.
func TestResponseOfHost(t *testing.T) {
	for details, passes := range map[string]bool{"upstream_reset_before_response_started": true, "via_upstream": false, "cache.response_from_cache_filter": false, "": false} {
		vt := newWatchTest(t, "", table.ModeEnforce)
		vt.request(2, "/allow", true)
		vt.h.details = details
		got := vt.response(2, "503", false)
		if (got == abi.Continue) != passes || (len(vt.h.replies) == 0) != passes {
			t.Errorf("details %q: %d, replies %v, want it to pass: %v", details, got, vt.h.replies, passes)
		}
	}
	vt := newWatchTest(t, "", table.ModeEnforce)
	vt.request(2, "/deny/param_missing", true)
	if a, b := vt.response(2, "400", false), vt.content(2, "x", true); a != abi.Continue || b != abi.Continue {
		t.Errorf("own answer = %d, %d, want Continue", a, b)
	}
	if a := vt.v.ResponseHeaders(99, 1, true); a != abi.Continue {
		t.Errorf("unknown stream = %d, want Continue", a)
	}
}

// TestResponseEncoding: only requests whose answers are judged ask for plain ones.
func TestResponseEncoding(t *testing.T) {
	vt := newWatchTest(t, "", table.ModeEnforce)
	vt.request(2, "/allow", true)
	vt.request(3, "/deny/param_missing", true, "accept-encoding", "gzip")
	if len(vt.h.edits) != 0 {
		t.Errorf("edits = %q, want none", vt.h.edits)
	}
	vt.request(4, "/body", false, "accept-encoding", "gzip")
	if len(vt.h.edits) != 1 || vt.h.edits[0] != "0 accept-encoding=identity" {
		t.Errorf("edits = %q, want identity", vt.h.edits)
	}
}

func TestResponseLies(t *testing.T) {
	vt := newWatchTest(t, "", table.ModeEnforce)
	vt.request(2, "/allow", true)
	vt.response(2, "200", false, "content-length", "5")
	vt.want(vt.content(2, "{}", true), abi.Pause, 2, "response_body")
	vt.request(3, "/allow", true)
	vt.response(3, "200", false)
	vt.h.bodySt = abi.StatusInternalFailure
	vt.want(vt.content(3, "{}", true), abi.Pause, 3, "internal_error")
}

func TestResponseAllocs(t *testing.T) {
	vt := newWatchTest(t, "", table.ModeEnforce)
	vt.request(2, "/allow", true)
	vt.h.content[2] = []byte("{}")
	vt.response(2, "200", false)
	c, w := vt.v.watched(2)
	if n := testing.AllocsPerRun(100, func() {
		vt.v.watched(99)
		vt.v.begin()
		w.state, c.state = watchBody, statePassed
		vt.v.resumeResponse(w, 0)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}
