package plugin

import (
	"testing"

	"portcullis/filter/cel"
	"portcullis/filter/internal/abi"
	"portcullis/filter/table"
)

// tableEngine has a table without limits, multipart bodies and expressions.
type tableEngine struct{ fakeEngine }

func (*tableEngine) Table() *table.Table { return &table.Table{} }

// TestKeptGrows: where one root's requests leave something for their bodies there is
// room for it in every slot, also those that another root has asked for.
func TestKeptGrows(t *testing.T) {
	vt := newVMTest(t, "")
	v := vt.v
	v.kept = make([]cel.Kept, 1)
	cfg := v.roots[0].cfg
	cfg.MaxHeldRequests = uint32(len(v.held.slots) + 8)
	v.grow(&cfg, &tableEngine{})
	if n := len(v.held.slots); len(v.more) != n || len(v.kept) != n {
		t.Errorf("%d slots, room for %d and %d, want the same", n, len(v.more), len(v.kept))
	}
}

// TestRouteAfterStrip: what a client claimed to be does not lead the request anywhere,
// in no way in which it passes later: waiting, held, judged without anything to tell.
func TestRouteAfterStrip(t *testing.T) {
	vt, _ := newWaitTest(t, "")
	vt.e.forwards = true
	cleared := 0
	vt.h.foreign = func(string, []byte) ([]byte, abi.Status) { cleared++; return nil, abi.StatusOK }
	vt.want(vt.request(2, "/wait/k/monitor/param_invalid", false, "x_user_id", "root"), pause, 2, "")
	if cleared != 1 {
		t.Errorf("route cleared %d times before the wait, want 1", cleared)
	}
}

// TestTrailerSpelling: a trailer is refused in every spelling that a server takes for
// the field that it may not be.
func TestTrailerSpelling(t *testing.T) {
	for _, name := range []string{"x_http_method_override", "x_forwarded_for", "x-forwarded_for", "x_api_key", "content_length", "x_portcullis_id", "X_Original_Url"} {
		vt := newVMTest(t, "")
		vt.request(2, "/body", false)
		vt.body(2, "{}", false)
		vt.want(vt.trailers(2, [2]string{name, "1"}), pause, 2, "request_trailer_forbidden")
	}
}
