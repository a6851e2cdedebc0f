package envoy

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"portcullis/runtime-test/cases"
)

// accessLog returns a bootstrap that logs requests to file in format.
func accessLog(text, file, format string) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal([]byte(text), &root); err != nil {
		return "", fmt.Errorf("read the bootstrap: %w", err)
	}
	manager(root)["access_log"] = []any{map[string]any{"name": "envoy.access_loggers.file", "typed_config": map[string]any{
		"@type":      "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
		"path":       file,
		"log_format": map[string]any{"text_format_source": map[string]any{"inline_string": format + "\n"}},
	}}}
	out, err := yaml.Marshal(root)
	return string(out), err
}

// TestEnvoyRisk: what a real upstream is told in header fields, and what a real access
// log can show, of how risky requests are and what was decided.
func TestEnvoyRisk(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		dir := filepath.Join(root(t), "examples", "risk")
		f, err := cases.Read(filepath.Join(dir, "cases", "risk.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		tab, err := cases.Compile(cases.CompileRequest{Specs: []string{filepath.Join(dir, "spec.yaml")}, Policy: filepath.Join(dir, "policy.yaml"), Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		up := startUpstream(t)
		text, err := Bootstrap(module(t), up.Address, cases.Setup{Table: tab, Config: map[string]any{
			"secrets": map[string]any{"login": "a secret of at least 32 bytes, for tests"}, "logRefusals": "off"}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "access.log")
		const state = "%%FILTER_STATE(wasm.portcullis.%s:PLAIN)%%"
		format := "%RESPONSE_CODE% %REQ(X-CASE)%"
		for _, name := range []string{"risk", "reasons", "inspect", "decision"} {
			format += " " + fmt.Sprintf(state, name)
		}
		if text, err = accessLog(text, file, format); err != nil {
			t.Fatal(err)
		}
		p := &proxied{run(t, Options{Binary: binary(t, version), Config: text, Workers: 1, ExtraArgs: []string{"--file-flush-interval-msec", "50"}}), up}
		alice := mintNamed(t, f, "alice")
		tests := []struct {
			name, method, path, token, body string
			log                             string // status, risk, reasons, level, decision
			told                            string // risk, reasons, level, decision
		}{
			{"known", "POST", "/orders", alice, `{"itme": 1}`, "200 low - parameters -", "low  parameters allow"},
			{"unknown", "POST", "/orders", "", `{"itme": 1}`, "400 medium anonymous body body_invalid", ""},
			{"good", "POST", "/orders", "", `{"item": "mug"}`, "200 medium anonymous body -", "medium anonymous body allow"},
			{"sensitive", "POST", "/payments", alice, `{"amount": 0}`, "400 medium sensitive body body_invalid", ""},
			{"parameter", "POST", "/orders?express=1", alice, `{}`, "400 low - parameters param_invalid", ""},
			{"again", "POST", "/orders?express=1", alice, `{}`, "400 low - parameters param_invalid", ""},
			{"deep", "POST", "/orders", alice, `{"itme": 1}`, "400 high refusals deep body_invalid", ""},
			{"deep-good", "POST", "/orders", alice, `{"item": "mug"}`, "200 high refusals deep -", "high refusals deep allow"},
			{"nowhere", "GET", "/nowhere", alice, "", "404 - - - -", ""},
			{"nobody", "POST", "/payments", "", `{"amount": 1}`, "401 - - - credential_missing", ""},
			{"light", "GET", "/offers?limit=1000", "", "", "200 medium anonymous headers -", "medium anonymous headers allow"},
		}
		for _, tt := range tests {
			up.Expect(cases.Answer{})
			req, err := http.NewRequest(tt.method, "http://"+p.Address+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Host = "shop.example"
			req.Header.Set("X-Case", tt.name)
			req.Header.Set("X-Risk", "low")
			req.Header.Set("X-Decision", "forged")
			if tt.body != "" {
				req.Header.Set("Content-Type", "application/json")
			}
			if tt.token != "" {
				req.Header.Set("Authorization", "Bearer "+tt.token)
			}
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			resp.Body.Close()
			seen, got := up.Seen(), map[string]string{}
			for _, h := range seen.Headers {
				got[h.Name] = h.Value
			}
			told := strings.Join([]string{got["x-risk"], got["x-risk-reasons"], got["x-inspected"], got["x-decision"]}, " ")
			if tt.told == "" && len(seen.Headers) != 0 || tt.told != "" && told != tt.told {
				t.Errorf("%s: the upstream was told %q, want %q", tt.name, told, tt.told)
			}
		}
		lines := waitForLines(t, file, len(tests))
		for i, tt := range tests {
			status, rest, _ := strings.Cut(tt.log, " ")
			if want := status + " " + tt.name + " " + rest; lines[i] != want {
				t.Errorf("access log %q, want %q", lines[i], want)
			}
		}
		p.sane(t)
	})
}

// waitForLines reads a file that somebody writes until it has n lines.
func waitForLines(t *testing.T, file string, n int) []string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		b, err := os.ReadFile(file)
		if lines := strings.Split(string(b), "\n"); len(lines) > n {
			return lines
		}
		if time.Now().After(end) {
			t.Fatalf("%s has not got %d lines: %q, %v", file, n, b, err)
		}
	}
}
