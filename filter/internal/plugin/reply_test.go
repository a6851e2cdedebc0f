package plugin

import (
	"strings"
	"testing"

	"portcullis/filter/verdict"
)

func TestReply(t *testing.T) {
	tests := []struct {
		path   string
		more   []string
		status uint32
		body   string
		grpc   int32
		want   [][2]string
		absent []string
	}{
		{"/deny/param_invalid", nil, 400, "problem full param_invalid", -1,
			[][2]string{{"content-type", "application/problem+json"}, {"cache-control", "no-store"}}, []string{"retry-after", "www-authenticate", "allow"}},
		{"/deny/token_missing", nil, 401, "", -1, [][2]string{{"www-authenticate", `Bearer realm="api"`}}, nil},
		{"/deny/token_expired", nil, 401, "", -1, [][2]string{{"www-authenticate", `Bearer realm="api", error="invalid_token"`}}, nil},
		{"/deny/authorize_scope", nil, 403, "", -1, [][2]string{{"www-authenticate", `Bearer realm="api", error="insufficient_scope"`}}, nil},
		{"/deny/authorize_deny", nil, 403, "", -1, nil, []string{"www-authenticate"}},
		{"/limit", nil, 429, "", -1, [][2]string{{"retry-after", "3"}}, nil},
		{"/deny/limit_unavailable", nil, 503, "", -1, [][2]string{{"retry-after", "1"}}, nil},
		{"/deny/token_missing", []string{"content-type", "application/grpc"}, 401, "Authentication required", 16, nil, nil},
		{"/deny/limit_exceeded", []string{"content-type", "application/grpc+proto"}, 429, "Too many requests", 8, nil, nil},
		{"/deny/param_invalid", []string{"content-type", "application/json"}, 400, "", -1, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.path, func(t *testing.T) {
			vt := newVMTest(t, "")
			vt.request(2, tt.path, true, tt.more...)
			r := vt.h.replies[0]
			if r.status != tt.status || r.grpc != tt.grpc || tt.body != "" && r.body != tt.body {
				t.Errorf("reply = %+v, want %d, %q, grpc %d", r, tt.status, tt.body, tt.grpc)
			}
			for _, h := range tt.want {
				if r.headers[h[0]] != h[1] {
					t.Errorf("%s = %q, want %q", h[0], r.headers[h[0]], h[1])
				}
			}
			for _, h := range tt.absent {
				if v, ok := r.headers[h]; ok {
					t.Errorf("%s = %q, want none", h, v)
				}
			}
		})
	}
}

func TestReplyDetail(t *testing.T) {
	vt := newVMTest(t, `{"errorDetail":"minimal",`+goodTable+`}`)
	vt.request(2, "/deny/param_invalid", true)
	if b := vt.h.replies[0].body; b != "problem param_invalid" {
		t.Errorf("body = %q, want the minimal one", b)
	}
	// Without a table the plugin writes the document itself.
	vt.h.replies = nil
	vt.v.ContextCreate(3, 99)
	vt.h.current = 3
	vt.v.RequestHeaders(3, 0, true)
	want := `{"type":"urn:portcullis:problem:plugin_no_table","title":"Gateway has no rules loaded","status":503,"code":"plugin_no_table"}`
	if b := vt.h.replies[0].body; b != want {
		t.Errorf("body = %s, want %s", b, want)
	}
}

// TestGRPCStatus: every refusal has a status of its own, none is OK.
func TestGRPCStatus(t *testing.T) {
	for c := verdict.NeedBody + 1; c < verdict.NumCodes; c++ {
		if s := grpcStatus(c); s <= 0 || s > 16 {
			t.Errorf("grpcStatus(%s) = %d", c.Name(), s)
		}
		if c.Status() == 401 && challengeOf(c, 0) == "" {
			t.Errorf("challengeOf(%s) = none, want one: RFC 9110 section 15.5.2", c.Name())
		}
		if len(detailsPrefix)+len(c.Name()) > 64 || strings.ContainsAny(c.Name(), " \t") {
			t.Errorf("details of %q do not fit", c.Name())
		}
	}
}

func TestRetrySeconds(t *testing.T) {
	tests := []struct {
		nanos int64
		want  uint64
	}{{-1, 1}, {0, 1}, {1, 1}, {1e9, 1}, {1e9 + 1, 2}, {2e9, 2}, {2500e6, 3}, {1<<63 - 1, 9223372037}}
	for _, tt := range tests {
		if got := retrySeconds(tt.nanos); got != tt.want {
			t.Errorf("retrySeconds(%d) = %d, want %d", tt.nanos, got, tt.want)
		}
	}
}

func TestLog(t *testing.T) {
	vt := newVMTest(t, "")
	vt.request(2, "/deny/param_invalid?key=hidden", true)
	vt.request(3, "/monitor/param_invalid", true)
	vt.request(4, "/deny/"+strings.Repeat("a\x1b\n", 500), true)
	vt.request(5, "/body", false)
	vt.body(5, "nope", true)
	vt.request(6, "/allow", true)
	want := []string{
		"I portcullis: refused 400 param_invalid POST /deny/param_invalid: reason?for it",
		"I portcullis: would refuse 400 param_invalid POST /monitor/param_invalid: reason?for it",
		"I portcullis: refused 500 internal_error POST /deny/" + strings.Repeat("a??", 64) + "a?: reason?for it",
		"I portcullis: refused 400 body_syntax POST /body: reason?for it",
	}
	if len(vt.h.logs) != len(want) {
		t.Fatalf("lines = %q, want %d", vt.h.logs, len(want))
	}
	for i, w := range want {
		if vt.h.logs[i] != w {
			t.Errorf("line %d = %q, want %q", i, vt.h.logs[i], w)
		}
	}
	for level, line := range map[string]string{"off": "", "debug": "D", "warn": "W"} {
		vt := newVMTest(t, `{"logRefusals":"`+level+`",`+goodTable+`}`)
		vt.request(2, "/deny/param_invalid", true)
		if line == "" && len(vt.h.logs) != 0 || line != "" && (len(vt.h.logs) != 1 || vt.h.logs[0][:1] != line) {
			t.Errorf("logRefusals %s: lines %q", level, vt.h.logs)
		}
	}
}

func TestLogFlood(t *testing.T) {
	vt := newVMTest(t, "")
	for id := uint32(2); id < 502; id++ {
		vt.request(id, "/deny/param_invalid", true)
		vt.end(id)
	}
	vt.v.Tick(1)
	if n := len(vt.h.logs); n != linesPerTick+1 || !strings.HasSuffix(vt.h.logs[n-1], "left out: 300") {
		t.Errorf("%d lines, the last %q, want %d and a count of 300", n, vt.h.logs[n-1], linesPerTick+1)
	}
	if n := vt.h.metrics["portcullis.suppressed_log_lines"]; n != 300 {
		t.Errorf("suppressed_log_lines = %d, want 300", n)
	}
}

func TestChallenge(t *testing.T) {
	tests := []struct {
		code verdict.Code
		asks uint8
		want string
	}{
		{verdict.TokenMissing, asksBearer, `Bearer realm="api"`},
		{verdict.TokenExpired, asksBearer, `Bearer realm="api", error="invalid_token"`},
		{verdict.CredentialMissing, asksBasic, `Basic realm="api", charset="UTF-8"`},
		{verdict.CredentialInvalid, asksBasic | asksKey, `Basic realm="api", charset="UTF-8", APIKey realm="api"`},
		{verdict.CredentialMissing, asksKey, `APIKey realm="api"`},
		{verdict.CredentialInvalid, asksKey | asksCertificate, `APIKey realm="api"`},
		{verdict.CredentialExpired, asksKey | asksBearer, `Bearer realm="api", APIKey realm="api"`},
		{verdict.CredentialMissing, asksCertificate, `ClientCertificate realm="api"`},
		{verdict.CredentialMissing, asksCertificate | asksBasic, `Basic realm="api", charset="UTF-8"`},
		{verdict.CredentialAmbiguous, asksKey, ""},
		{verdict.AuthorizeScope, asksKey, ""},
		{verdict.TokenMissing, asksBearer | asksBasic, `Bearer realm="api", Basic realm="api", charset="UTF-8"`},
		{verdict.AuthorizeScope, asksBearer, `Bearer realm="api", error="insufficient_scope"`},
		{verdict.AuthorizeDeny, asksBearer, ""},
		{verdict.BodyInvalid, asksBearer, ""},
	}
	for _, tt := range tests {
		if got := challengeOf(tt.code, tt.asks); got != tt.want {
			t.Errorf("challengeOf(%s, %d) = %q, want %q", tt.code.Name(), tt.asks, got, tt.want)
		}
	}
}
