package plugin

import (
	"testing"

	"portcullis/filter/internal/abi"
)

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
