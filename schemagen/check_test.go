package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	gap, bad := write(t, dir, "gap.yaml", gappy), write(t, dir, "bad.yaml", broken)
	over := write(t, dir, "o.yaml", "overlay: 1.0.0\ninfo: {title: O}\nextends: gap.yaml\nactions:\n- {target: '$.paths[\"/b\"]', remove: true}\n")
	tests := []struct {
		name string
		args []string
		code int
		want string // in stdout and stderr
	}{
		{"fine", []string{"-policy", "../examples/shop/policy.yaml", "../examples/shop/shop.yaml"}, 0, "0 errors, 0 unenforceable"},
		{"gap", []string{gap}, 1, gap + ":7:"},
		{"gap has a pointer", []string{gap}, 1, "at #/paths/~1b/get/parameters/0"},
		{"gap is an error", []string{gap}, 1, "error: "},
		{"gap is a warning", []string{"-strict=false", gap}, 0, "warning: "},
		{"overlay takes it away", []string{"-overlay", over, gap}, 0, "0 unenforceable"},
		{"overlay alone", []string{"-overlay", over}, 0, "1 operation"},
		{"broken", []string{bad}, 1, "bad.yaml:"},
		{"missing", []string{filepath.Join(dir, "none.yaml")}, 1, "none.yaml"},
		{"format", []string{"-format", "xml", gap}, 2, `found -format "xml"`},
		{"nothing", nil, 2, "found no description"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			code, stdout, stderr := command(append([]string{"check"}, tt.args...)...)
			if code != tt.code || !strings.Contains(stdout+stderr, tt.want) {
				t.Errorf("check %v = %d, want %d with %q:\n%s%s", tt.args, code, tt.code, tt.want, stdout, stderr)
			}
		})
	}
}

func TestCheckSARIF(t *testing.T) {
	dir := t.TempDir()
	code, stdout, _ := command("check", "-format", "sarif", write(t, dir, "gäp.yaml", gappy))
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct{ ID string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine, StartColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(stdout), &log); err != nil || code != 1 {
		t.Fatalf("code %d, %v in %s", code, err, stdout)
	}
	r := log.Runs[0]
	if log.Version != "2.1.0" || len(r.Results) != 1 || r.Tool.Driver.Rules[r.Results[0].RuleIndex].ID != "ref-dangling" {
		t.Fatalf("log %+v", log)
	}
	res := r.Results[0]
	at := res.Locations[0].PhysicalLocation
	if res.Level != "error" || at.Region.StartLine != 7 || !strings.HasPrefix(at.ArtifactLocation.URI, "file:///") || !strings.HasSuffix(at.ArtifactLocation.URI, "/g%C3%A4p.yaml") {
		t.Errorf("result %+v", res)
	}
	if code, stdout, _ := command("check", "-format", "sarif", "-policy", "../examples/shop/policy.yaml", "../examples/shop/shop.yaml"); code != 0 || !strings.Contains(stdout, `"results": []`) {
		t.Errorf("a clean check: %d %s", code, stdout)
	}
}

func TestReport(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "r.html")
	if code, _, stderr := command("report", "-o", out, "-policy", "../examples/shop/policy.yaml", "../examples/shop/shop.yaml"); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, _ := command("report", "-title", "Mine & yours", "-date", "", write(t, dir, "gap.yaml", gappy))
	if code != 0 || !strings.Contains(stdout, "<h1>Mine &amp; yours</h1>") || !strings.Contains(stdout, "Denied") {
		t.Errorf("report = %d: %s", code, stdout)
	}
	if code, _, _ := command("report", write(t, dir, "bad.yaml", broken)); code != 1 {
		t.Errorf("report of a broken description = %d, want 1", code)
	}
	if code, _, _ := command("report"); code != 2 {
		t.Errorf("report of nothing = %d, want 2", code)
	}
}
