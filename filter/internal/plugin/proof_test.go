package plugin

import (
	"slices"
	"testing"

	"portcullis/filter/internal/abi"
)

// TestProofOfWaiting: a request whose proof is used up, and that waits, is judged again
// with that knowledge, by the same engine and by one that takes its place; the next
// request without it.
func TestProofOfWaiting(t *testing.T) {
	for _, reload := range []bool{false, true} {
		vt, _ := newWaitTest(t, "")
		vt.want(vt.request(2, "/wait/kl/allow", true), abi.Pause, 2, "")
		if reload {
			vt.configure(1, "")
			vt.v.Tick(1)
		} else {
			vt.answer(1, "200", "keys")
		}
		if len(vt.e.proved) != 2 || vt.e.proved[0] || !vt.e.proved[1] {
			t.Errorf("reload %v: proved = %v, want it at the second look", reload, vt.e.proved)
		}
		if vt.answer(2, "200", "keys"); !reload && !slices.Equal(vt.e.proved, []bool{false, true, true}) {
			t.Errorf("reload %v: proved = %v, want it to the end", reload, vt.e.proved)
		}
		if !reload && !slices.Equal(vt.e.settled, []bool{false, true, true}) {
			t.Errorf("risk settled = %v, want what was settled first to the end", vt.e.settled)
		}
		n := len(vt.e.proved)
		vt.request(3, "/wait/k/allow", true)
		if len(vt.e.proved) != n+1 || vt.e.proved[n] {
			t.Errorf("reload %v: another request says that its proof is used up", reload)
		}
	}
}
