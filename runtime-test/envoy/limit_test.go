package envoy

import (
	"strings"
	"testing"
	"time"
)

// TestEnvoyLimitAcrossWorkers offers far more than a limit to four workers: what
// they let through together is what one would.
func TestEnvoyLimitAcrossWorkers(t *testing.T) {
	const (
		rate  = 200 // a second
		burst = 40
		run   = 3 * time.Second
	)
	table := smallTable(t, "/other", `version: 1
limits: {few: {requests: 200, per: 1s, burst: 40}}
operations: [{operation: 'GET /things', limits: [few]}]
`)
	p := start(t, options{workers: 4, table: table, config: map[string]any{"logRefusals": "off", "secrets": map[string]any{}}})
	l := Load{Address: p.Address, Requests: [][]byte{message("GET", "/things", "")}, Connections: 32, For: run}.Run()
	admitted, most := l.Statuses[200], burst+rate*l.Elapsed.Seconds()
	t.Logf("%d of %d admitted in %v: at most %.0f are allowed; statuses %v", admitted, l.Answered(), l.Elapsed, most, l.Statuses)
	if float64(admitted) > most {
		t.Errorf("%d requests admitted in %v, want at most %.0f", admitted, l.Elapsed, most)
	}
	if l.Answered() < 3*int(most) {
		t.Errorf("only %d requests were offered: this shows nothing", l.Answered())
	}
	if float64(admitted) < 0.8*most {
		t.Errorf("%d requests admitted in %v, want nearly %.0f", admitted, l.Elapsed, most)
	}
	if p.up.Total() != admitted {
		t.Errorf("the upstream saw %d requests, want the %d admitted", p.up.Total(), admitted)
	}
	// A lost race is a refusal of its own; it must be rare.
	if other := l.Answered() - admitted - l.Statuses[429]; other > l.Answered()/100 || l.Broken > 0 {
		t.Errorf("%d answers are neither 200 nor 429, %d connections broke (%v): %v", other, l.Broken, l.First, l.Statuses)
	}
	workers, err := p.Metrics(".worker_")
	if err != nil {
		t.Fatal(err)
	}
	used := 0
	for name, n := range workers {
		if strings.HasPrefix(name, "listener.127") && strings.HasSuffix(name, ".downstream_cx_total") && n > 0 {
			used++
		}
	}
	if used < 2 {
		t.Errorf("%d workers took part, want several: %v", used, workers)
	}
	p.sane(t)
}
