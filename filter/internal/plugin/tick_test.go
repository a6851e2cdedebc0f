package plugin

import (
	"strings"
	"testing"
)

func TestTimeout(t *testing.T) {
	vt := newVMTest(t, `{"bodyTimeoutMs":1000,`+goodTable+`}`)
	if vt.h.tick != 100 {
		t.Fatalf("tick period = %d ms, want 100", vt.h.tick)
	}
	vt.request(2, "/body", false)
	vt.body(2, "{", false)
	vt.request(3, "/body", false)
	vt.request(4, "/allow", false)
	for range 10 {
		vt.v.Tick(1)
	}
	if len(vt.h.replies) != 0 {
		t.Fatalf("replies after 1000 ms = %v, want none", vt.h.replies)
	}
	vt.body(3, "{}", true)
	vt.v.Tick(1)
	vt.want(pause, pause, 2, "body_timeout")
	if vt.h.current != 1 {
		t.Errorf("current context after the tick = %d, want the root", vt.h.current)
	}
	vt.want(vt.body(2, "}", true), pause, 2, "") // too late
	for range 100 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 2, "")
}

// TestNeverBody is the fourth row of the holding table: the proxy pauses everything, so
// that no body callback ever comes.
func TestNeverBody(t *testing.T) {
	vt := newVMTest(t, `{"bodyTimeoutMs":100,`+goodTable+`}`)
	vt.request(2, "/body", false)
	vt.request(3, "/body", false)
	for range 11 {
		vt.v.Tick(1)
	}
	if len(vt.h.replies) != 2 || vt.h.replies[0].status != 503 || vt.h.replies[1].details != "portcullis_body_unjudged" {
		t.Fatalf("replies = %v, want two of body_unjudged", vt.h.replies)
	}
	told := 0
	for _, l := range vt.h.logs {
		if strings.Contains(l, "allow_on_headers_stop_iteration: true") && l[0] == 'E' {
			told++
		}
	}
	if told != 1 {
		t.Errorf("lines that name the setting = %d, want 1: %q", told, vt.h.logs)
	}
	// Once a body has come the proxy is set up, and silence is the client's.
	vt.h.replies = nil
	vt.request(4, "/body", false)
	vt.body(4, "{}", true)
	vt.request(5, "/body", false)
	for range 11 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 5, "body_timeout")
}

func TestNeverBodyBuffer(t *testing.T) {
	vt := newVMTest(t, `{"hold":"buffer","bodyTimeoutMs":100,`+goodTable+`}`)
	vt.request(2, "/body", false)
	for range 11 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 2, "body_timeout")
}

func TestTimeoutMonitor(t *testing.T) {
	vt := newVMTest(t, `{"bodyTimeoutMs":100,`+goodTable+`}`)
	vt.request(2, "/monitorbody", false)
	for range 11 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 2, "")
	if len(vt.h.resumed) != 1 || vt.h.resumed[0] != 2 {
		t.Errorf("resumed = %v, want stream 2", vt.h.resumed)
	}
	if vt.h.metrics["portcullis.would_refuse.body_unjudged"] != 1 {
		t.Errorf("metrics = %v, want would_refuse.body_unjudged", vt.h.metrics)
	}
}

// TestTimeoutGone is a stream that the host has forgotten without telling.
func TestTimeoutGone(t *testing.T) {
	vt := newVMTest(t, `{"bodyTimeoutMs":100,`+goodTable+`}`)
	vt.request(2, "/body", false)
	vt.h.gone[2] = true
	vt.h.current = 1
	for range 11 {
		vt.v.Tick(1)
	}
	vt.want(pause, pause, 2, "")
	vt.wantIdle()
}

// TestTimeoutForgets: what is said of a request whose body does not come is about that
// request, and not about one that was judged again in the same tick.
func TestTimeoutForgets(t *testing.T) {
	vt, _ := newWaitTest(t, `{"bodyTimeoutMs":100,"waitTimeoutMs":100,`+goodTable+`}`)
	vt.request(2, "/body", false, "origin", "https://two")
	vt.request(3, "/wait/k/allow", true, "origin", "https://three")
	for range 20 {
		vt.v.Tick(1)
	}
	if len(vt.h.replies) != 2 {
		t.Fatalf("replies = %v, want two", vt.h.replies)
	}
	found := 0
	for _, l := range vt.h.logs {
		if strings.Contains(l, "body_unjudged") || strings.Contains(l, "body_timeout") {
			if found++; strings.Contains(l, "/wait") || !strings.Contains(l, "/body") {
				t.Errorf("line %q, want one about /body", l)
			}
		}
	}
	if found == 0 {
		t.Errorf("lines %q, want one about the body", vt.h.logs)
	}
	if vt.v.req.Headers != nil {
		t.Error("header fields of another request are left")
	}
}
