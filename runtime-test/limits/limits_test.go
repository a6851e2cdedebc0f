package limits

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/schemagen/ir"
)

func TestGenerate(t *testing.T) {
	tests := []struct {
		in    string
		least int
		most  int
	}{
		{"constant:10", 600, 600},
		{"constant:10/s", 600, 600},
		{"constant:90/m", 90, 90},
		{"constant:1/h", 1, 1},
		{"burst:50/10s", 300, 300},
		{"burst:1/1h", 1, 1},
		{"poisson:100/s", 5700, 6300},
		{"constant:1+burst:10/30s", 80, 80},
	}
	for _, tt := range tests {
		got, err := Generate(tt.in, time.Minute, 3, 7)
		if err != nil || len(got) < tt.least || len(got) > tt.most {
			t.Errorf("Generate(%q) = %d arrivals, %v, want %d to %d", tt.in, len(got), err, tt.least, tt.most)
		}
		for i := 1; i < len(got); i++ {
			if got[i].At < got[i-1].At || got[i].At >= time.Minute {
				t.Fatalf("Generate(%q): arrival %d at %v after %v", tt.in, i, got[i].At, got[i-1].At)
			}
		}
	}
	for _, bad := range []string{"", "constant", "constant:", "constant:0", "constant:-1", "constant:1/w", "constant:inf", "poisson:x", "burst:0/1s", "burst:1/0s", "burst:1", "burst:1/x",
		"uniform:3", "constant:1+", "constant:1e12", "burst:1000000/1ms"} {
		if got, err := Generate(bad, time.Minute, 1, 1); err == nil {
			t.Errorf("Generate(%q) = %d arrivals, want an error", bad, len(got))
		}
	}
}

func TestReadTrace(t *testing.T) {
	got, err := ReadTrace(strings.NewReader("# a comment\n\n10 anna\n12.5 bob 3\n11\n"))
	want := []Arrival{{0, "anna", 0}, {time.Second, "", 0}, {2500 * time.Millisecond, "bob", 3}}
	if err != nil || len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("ReadTrace = %v, %v, want %v", got, err, want)
	}
	got, err = ReadTrace(strings.NewReader("2026-11-24T10:00:00Z a\n2026-11-24T11:00:01+01:00 a\n"))
	if err != nil || len(got) != 2 || got[1].At != time.Second {
		t.Errorf("ReadTrace of RFC 3339 = %v, %v, want 0 and 1 s", got, err)
	}
	for _, bad := range []string{"x", "NaN", "1e99", "1 a b", "1 a 0", "1 a -1", "1 a 1 b"} {
		if got, err := ReadTrace(strings.NewReader(bad)); err == nil {
			t.Errorf("ReadTrace(%q) = %v, want an error", bad, got)
		}
	}
}

func rate(requests uint64, window time.Duration, burst uint64, key ir.LimitKey) *ir.Limit {
	return &ir.Limit{Name: "l", Requests: requests, WindowNanos: uint64(window), Burst: burst, Key: key, CostValue: 1}
}

// TestSimulate: what is offered in excess is admitted to the last token.
func TestSimulate(t *testing.T) {
	for _, in := range []string{"constant:200/s", "poisson:200/s", "burst:2000/5s"} {
		list, err := Generate(in, time.Minute, 4, 1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Simulate(rate(10, time.Second, 10, ir.LimitByGroup), list, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		most := 10 + 10*60
		if strings.HasPrefix(in, "burst") {
			most = 12 * 10 // the bucket is full at each burst, and nobody asks in between
		}
		if r.Admitted > most || r.Admitted < most-1 || r.Offered != len(list) {
			t.Errorf("%s: admitted %d of %d, want %d or one less", in, r.Admitted, r.Offered, most)
		}
		sum := 0
		for _, b := range r.Bins {
			sum += b.Admitted + b.Refused
		}
		if sum != r.Offered {
			t.Errorf("%s: the bins hold %d requests, want %d", in, sum, r.Offered)
		}
	}
}

func TestSimulateByCaller(t *testing.T) {
	list, err := Generate("constant:100/s", time.Minute, 50, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Simulate(rate(1, time.Second, 5, ir.LimitBySubject), list, time.Minute)
	if err != nil || len(r.Callers) != 50 {
		t.Fatalf("Simulate = %d callers, %v, want 50", len(r.Callers), err)
	}
	for name, c := range r.Callers {
		if c.Admitted > 65 {
			t.Errorf("caller %s: admitted %d, want at most 65", name, c.Admitted)
		}
	}
	if _, err := Simulate(&ir.Limit{Name: "f", Concurrent: 3}, nil, time.Minute); err == nil {
		t.Error("Simulate took a limit of requests in flight")
	}
}

// TestSVG: the plot is well-formed and its bars are as high as what they show.
func TestSVG(t *testing.T) {
	for _, in := range []string{"constant:20/s", "burst:1/1h", "poisson:0.01"} {
		list, err := Generate(in, time.Minute, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		l := rate(10, time.Second, 1, ir.LimitByGroup)
		l.Name = "<&>"
		r, err := Simulate(l, list, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := r.WriteSVG(&b); err != nil {
			t.Fatal(err)
		}
		d := xml.NewDecoder(strings.NewReader(b.String()))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", in, err)
			}
		}
		if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") {
			t.Errorf("%s: the plot has a number that is none", in)
		}
	}
	for _, tt := range [][2]float64{{0, 1}, {1, 1}, {1.1, 2}, {3, 4}, {5, 8}, {9, 10}, {10, 10}, {0.03, 0.04}, {1000, 1000}} {
		if got := nice(tt[0]); math.Abs(got-tt[1]) > 1e-9 {
			t.Errorf("nice(%v) = %v, want %v", tt[0], got, tt[1])
		}
	}
}

func TestCommand(t *testing.T) {
	const shop = "../../examples/shop/policy.yaml"
	svg := filepath.Join(t.TempDir(), "out.svg")
	trace := filepath.Join(t.TempDir(), "trace")
	if err := os.WriteFile(trace, []byte("0 a\n0 a\n1 b\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args string
		want string // in the output, or after ! in the error
	}{
		{"-policy " + shop + " -limit password-reset -arrivals constant:20/s -for 10s -svg " + svg, "admitted 109 (54.5 %)"},
		{"-policy " + shop + " -limit password-reset -trace " + trace, "offered 3 in 1m, admitted 3"},
		{"-policy ../../examples/limits/policy.yaml -limit planned.gold -arrivals burst:5/1h -callers 2", "2 callers"},
		{"-policy " + shop + " -limit reset -arrivals constant:1", "!want one of password-reset, sign-up, user-search"},
		{"-policy nothing.yaml -limit reset -arrivals constant:1", "!no such file"},
		{"-policy " + shop + " -limit sign-up", "!one of -trace and -arrivals"},
		{"-policy " + shop + " -limit sign-up -arrivals x", "!want constant:RATE"},
		{"-policy ../../examples/limits/policy.yaml -limit in-flight -arrivals constant:1", "!requests in flight"},
	}
	for _, tt := range tests {
		var out strings.Builder
		err := Command(&out, io.Discard).ParseAndRun(context.Background(), strings.Fields(tt.args))
		got, want := out.String(), tt.want
		if strings.HasPrefix(want, "!") {
			if got, want = "", want[1:]; err != nil {
				got = err.Error()
			}
		} else if err != nil {
			t.Errorf("limits %s: %v", tt.args, err)
		}
		if !strings.Contains(got, want) {
			t.Errorf("limits %s = %q, want %q in it", tt.args, got, want)
		}
	}
	if b, err := os.ReadFile(svg); err != nil || !strings.HasPrefix(string(b), "<svg ") {
		t.Errorf("the plot is %.20q (%v), want an SVG", b, err)
	}
}

// TestFleet: a limit of a fleet is simulated as one proxy holds it, and says so.
func TestFleet(t *testing.T) {
	l := &ir.Limit{Name: "l", Requests: 2, WindowNanos: 1e9, Burst: 2, Key: ir.LimitByGroup, Scope: ir.ScopeFleet, CostValue: 1}
	list, err := Generate("constant:10/s", time.Second, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Simulate(l, list, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	r.Print(&b)
	if !strings.Contains(b.String(), "not simulated") || r.Admitted >= r.Offered {
		t.Errorf("Print = %q, want it to say what is not simulated", b.String())
	}
}
