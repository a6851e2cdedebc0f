package plugin

import "testing"

// counted sends n requests to path, and returns what the counter has then.
func (vt *vmTest) counted(n int, path, counter string) int64 {
	vt.Helper()
	for range n {
		vt.request(2, path, true)
		vt.end(2)
		delete(vt.h.gone, 2)
	}
	return vt.h.metrics[counter]
}

const (
	allowed = "portcullis.requests_allowed"
	refused = "portcullis.refused.param_invalid"
	would   = "portcullis.would_refuse.param_invalid"
)

// TestMetricsAtOnce: the first counts of a second are there when the request has been
// answered, later ones at the tick, and none is lost.
func TestMetricsAtOnce(t *testing.T) {
	vt := newVMTest(t, "{"+goodTable+"}")
	for i := range int64(callsPerPeriod) {
		if got := vt.counted(1, "/allow", allowed); got != i+1 {
			t.Fatalf("after %d requests %s = %d", i+1, allowed, got)
		}
	}
	vt.counted(300, "/deny/param_invalid", refused)
	vt.counted(5, "/monitor/param_invalid", would)
	if got := vt.counted(70, "/allow", allowed); got != callsPerPeriod || vt.h.adds != callsPerPeriod {
		t.Errorf("before the tick %s = %d in %d calls, want %d", allowed, got, vt.h.adds, callsPerPeriod)
	}
	vt.v.Tick(1)
	for name, want := range map[string]int64{allowed: callsPerPeriod + 70, refused: 300, would: 5} {
		if got := vt.h.metrics[name]; got != want {
			t.Errorf("after the tick %s = %d, want %d", name, got, want)
		}
	}
	before := vt.h.adds
	vt.v.Tick(1)
	if vt.h.adds != before {
		t.Errorf("an idle tick made %d calls", vt.h.adds-before)
	}
	if got := vt.counted(1, "/allow", allowed); got != callsPerPeriod+71 {
		t.Errorf("in the next period %s = %d, want %d", allowed, got, callsPerPeriod+71)
	}
}

// TestMetricsAtTheEnd: what waits is told before a configuration or a root goes.
func TestMetricsAtTheEnd(t *testing.T) {
	for name, end := range map[string]func(*vmTest){
		"root done":     func(vt *vmTest) { vt.v.Done(1) },
		"configuration": func(vt *vmTest) { vt.configure(1, "") },
	} {
		vt := newVMTest(t, "{"+goodTable+"}")
		vt.counted(1000, "/allow", allowed)
		if end(vt); vt.h.metrics[allowed] != 1000 {
			t.Errorf("%s: %s = %d, want 1000", name, allowed, vt.h.metrics[allowed])
		}
	}
	vt := newVMTest(t, "{"+goodTable+"}")
	vt.v.Done(1)
	if got := vt.counted(1000, "/allow", allowed); got != 1000 {
		t.Errorf("after the root's end %s = %d, want 1000", allowed, got)
	}
}

// TestMetricsWithoutTicks: a host that has no timer is told at once, always.
func TestMetricsWithoutTicks(t *testing.T) {
	vt := newVMTest(t, "{"+goodTable+"}")
	vt.h.noTicks = true
	if !vt.configure(1, "") {
		t.Fatal("the configuration was refused")
	}
	if got := vt.counted(1000, "/allow", allowed); got != 1000 {
		t.Errorf("%s = %d, want 1000", allowed, got)
	}
}
