package engine_test

import (
	"os"
	"path/filepath"
	"testing"

	"portcullis/filter/engine"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
	"portcullis/schemagen/compile"
)

// TestExtendedConnect: over HTTP/2 a change of protocol is a CONNECT with a
// protocol (RFC 8441 section 4), judged as the GET that it is in HTTP/1.1.
func TestExtendedConnect(t *testing.T) {
	dir := t.TempDir()
	spec, policy := filepath.Join(dir, "api.yaml"), filepath.Join(dir, "policy.yaml")
	os.WriteFile(spec, []byte("openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /s:\n    get:\n      parameters: [{name: n, in: query, schema: {type: integer}}]\n      responses: {'101': {description: s}}\n  /p:\n    get: {responses: {'200': {description: s}}}\n"), 0o600)
	os.WriteFile(policy, []byte("version: 1\noperations: [{operation: 'GET /s', upgrade: [websocket, chat/1]}]\n"), 0o600)
	r, err := compile.Build(compile.Options{Specs: []string{spec}, PolicyPath: policy, Strict: true})
	if err != nil || r.Table == nil {
		t.Fatalf("compile: %v %v", err, r)
	}
	tab, _, _ := table.Open(r.Table)
	e, _ := engine.New(tab, engine.Options{})
	tests := []struct {
		method, path string
		more         []engine.Header
		want         verdict.Code
	}{
		{"CONNECT", "/s", []engine.Header{header(":protocol", "websocket")}, verdict.NeedBody},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "WebSocket")}, verdict.NeedBody},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "chat/1")}, verdict.NeedBody},
		{"CONNECT", "/s?n=x", []engine.Header{header(":protocol", "websocket")}, verdict.ParamInvalid},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "chat")}, verdict.RequestUpgrade},
		{"CONNECT", "/p", []engine.Header{header(":protocol", "websocket")}, verdict.RequestUpgrade},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "")}, verdict.RequestMalformed},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "websocket"), header(":protocol", "websocket")}, verdict.RequestDuplicateHeader},
		{"CONNECT", "/s", []engine.Header{header(":protocol", "websocket"), header("upgrade", "chat/1")}, verdict.RequestMalformed},
		{"CONNECT", "/s", nil, verdict.RouteMethodNotAllowed},
		{"GET", "/s", []engine.Header{header(":protocol", "websocket")}, verdict.RequestMalformed},
		{"GET", "/s", []engine.Header{header("upgrade", "websocket")}, verdict.NeedBody},
		{"POST", "/s", []engine.Header{header("upgrade", "websocket")}, verdict.RouteMethodNotAllowed},
	}
	for _, tt := range tests {
		req := request(tt.method, tt.path, nil, nil)
		req.Headers, req.EndStream = append(req.Headers, tt.more...), false
		var d engine.Decision
		if n := testing.AllocsPerRun(3, func() { e.CheckHeaders(req, &d) }); n != 0 {
			t.Errorf("%s %s %s: %v allocations", tt.method, tt.path, tt.more, n)
		}
		if d.Code != tt.want {
			t.Errorf("%s %s %s = %s, want %s", tt.method, tt.path, tt.more, d.Code.Name(), tt.want.Name())
		}
	}
}
