package host

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	holdBody = "return 1;last 0" // pause until the end, then let go
	refuse   = "return 1;at-end;reply 400 bad x-why body"
)

// TestHoldingTable is the table of the four ways to hold a request: what the upstream sees before a body is refused.
func TestHoldingTable(t *testing.T) {
	tests := []struct {
		name         string
		flag, behind bool
		onHeaders    string
		upstream     int
		before       bool
		status       int
		hangs        bool
	}{
		{"continue, default", false, false, "return 0", 1, true, 400, false},
		{"stop, flag", true, false, "return 1", 0, false, 400, false},
		{"continue, buffer filter behind", false, true, "return 0", 0, false, 400, false},
		{"stop, default", false, false, "return 1", 0, false, 0, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, Config{AllowOnHeadersStopIteration: tt.flag, BufferFilterBehind: tt.behind})
			s := h.VM(0).NewStream(StreamOptions{})
			s.RequestHeaders(request("x-headers", tt.onHeaders, "x-body", refuse), false)
			s.RequestBody([]byte("one"), false)
			s.RequestBody([]byte("two"), true)
			up, resp := s.Upstream(), s.Response()
			if up.Requests() != tt.upstream || up.BeforeVerdict != tt.before || len(up.Body) != 0 {
				t.Errorf("upstream saw %d requests (before the verdict: %v) and body %q, want %d, %v and none", up.Requests(), up.BeforeVerdict,
					up.Body, tt.upstream, tt.before)
			}
			if resp.Status != tt.status || s.Waiting() != tt.hangs || s.Done() == tt.hangs {
				t.Errorf("status %d, waiting %v, done %v, want %d, %v", resp.Status, s.Waiting(), s.Done(), tt.status, tt.hangs)
			}
			if !tt.hangs && (string(resp.Body) != "bad" || resp.Headers.Value("x-why") != "body" || resp.Details != "by_script" || !resp.Local) {
				t.Errorf("response = %+v", resp)
			}
			if up.Started && !up.Reset {
				t.Error("the upstream's request was not reset")
			}
		})
	}
}

// TestBodySizes shows the total growing while the body is held, and only the piece when it is not.
func TestBodySizes(t *testing.T) {
	tests := []struct {
		name, body string
		want       []string
	}{
		{"held", holdBody + ";buf 0 0 99", []string{"size=3 end=0", "buf 0 0 99: 0 one", "size=6 end=0", "buf 0 0 99: 0 onetwo", "size=11 end=1", "buf 0 0 99: 0 onetwothree"}},
		{"flowing", "buf 0 0 99", []string{"size=3 end=0", "buf 0 0 99: 0 one", "size=3 end=0", "buf 0 0 99: 0 two", "size=5 end=1", "buf 0 0 99: 0 three"}},
		{"watermark", "return 2;last 0", []string{"size=3 end=0", "size=3 end=0", "size=5 end=1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, Config{AllowOnHeadersStopIteration: true})
			n := len(h.Logs())
			s := h.VM(0).NewStream(StreamOptions{})
			s.RequestHeaders(request("x-headers", "return 1", "x-body", tt.body), false)
			for i, piece := range []string{"one", "two", "three"} {
				s.RequestBody([]byte(piece), i == 2)
			}
			var got []string
			for _, m := range messages(h, n) {
				got = append(got, strings.TrimPrefix(m, "request body "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("guest saw %q, want %q", got, tt.want)
			}
			if up := s.Upstream(); string(up.Body) != "onetwothree" || !up.Complete {
				t.Errorf("upstream saw %q, complete %v", up.Body, up.Complete)
			}
		})
	}
}

// TestOrder compares the whole order of callbacks of an exchange, and of a refused one.
func TestOrder(t *testing.T) {
	var log strings.Builder
	h := start(t, Config{Trace: &log})
	log.Reset()
	s := h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request(), false)
	s.RequestBody([]byte("b"), false)
	s.RequestTrailers(H("t", "1"))
	s.ResponseHeaders(H(":status", "200"), false)
	s.ResponseBody([]byte("hello"), false)
	s.ResponseTrailers(H("r", "2"))
	r := h.VM(0).NewStream(StreamOptions{})
	r.RequestHeaders(request("x-headers", "reply 403 no"), true)
	var got []string
	for _, line := range strings.Split(log.String(), "\n") {
		if _, call, ok := strings.Cut(line, "==> proxy_on_"); ok && !strings.HasPrefix(call, "memory") {
			got = append(got, call)
		}
	}
	want := []string{
		"context_create(context=2, parent=1)", "request_headers(context=2, headers=4, end=0)", "request_body(context=2, size=1, end=0)",
		"request_trailers(context=2, trailers=1)", "response_headers(context=2, headers=1, end=0)", "response_body(context=2, size=5, end=0)",
		"response_trailers(context=2, trailers=1)", "log(context=2)", "done(context=2)", "delete(context=2)",
		"context_create(context=3, parent=1)", "request_headers(context=3, headers=5, end=1)", "response_headers(context=3, headers=3, end=0)",
		"response_body(context=3, size=2, end=1)", "log(context=3)", "done(context=3)", "delete(context=3)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("callbacks:\n got %q\nwant %q", got, want)
	}
	if up := s.Upstream(); up.Trailers.Value("t") != "1" || string(up.Body) != "b" || !up.BeforeVerdict {
		t.Errorf("upstream saw %+v", up)
	}
	if resp := s.Response(); resp.Status != 200 || string(resp.Body) != "hello" || resp.Trailers.Value("r") != "2" || resp.Local {
		t.Errorf("client got %+v", resp)
	}
	if n := h.VM(0).Contexts(); n != 0 {
		t.Errorf("%d contexts are left", n)
	}
}

// TestTrailersHeld ends a held body with trailers: the verdict falls in the trailer callback.
func TestTrailersHeld(t *testing.T) {
	for name, tt := range map[string]struct {
		trailers string
		status   int
		body     string
	}{
		"allowed": {"buf 0 0 9;return 0", 0, "ab"},
		"refused": {"reply 400 bad", 400, ""},
		"stopped": {"return 1", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, Config{AllowOnHeadersStopIteration: true})
			s := h.VM(0).NewStream(StreamOptions{})
			s.RequestHeaders(request("x-headers", "return 1", "x-body", "return 1", "x-trailers", tt.trailers), false)
			s.RequestBody([]byte("a"), false)
			s.RequestBody([]byte("b"), false)
			s.RequestTrailers(H("t", "1"))
			if up, r := s.Upstream(), s.Response(); string(up.Body) != tt.body || r.Status != tt.status || (tt.body != "" && up.BeforeVerdict) {
				t.Errorf("upstream %+v, response %+v, want body %q, status %d", up, r, tt.body, tt.status)
			}
		})
	}
}

// TestContinueFromTick resumes streams from a tick: one stopped altogether, whose body callback comes then, and one that held its body.
func TestContinueFromTick(t *testing.T) {
	h := start(t, Config{PluginConfig: []byte("tick 100\ntick|effective 2;get 0 :path;continue 0")})
	if got := h.VM(0).TickPeriodMillis(); got != 100 {
		t.Fatalf("tick period = %d, want 100", got)
	}
	s := h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-headers", "return 1"), false)
	s.RequestBody([]byte("one"), false)
	s.RequestBody([]byte("two"), true)
	h.Advance(99 * time.Millisecond)
	if !s.Waiting() || s.Upstream().Started {
		t.Fatal("the stream was let go before the tick")
	}
	n := len(h.Logs())
	h.Advance(time.Millisecond)
	if got, want := messages(h, n), []string{"effective 2: 0 ", "get 0 :path: 0 /a?b=c", "continue 0: 0 ", "request body size=6 end=1"}; !slices.Equal(got, want) {
		t.Errorf("tick = %q, want %q", got, want)
	}
	if up := s.Upstream(); string(up.Body) != "onetwo" || !up.Complete || up.BeforeVerdict {
		t.Errorf("upstream saw %+v", up)
	}
	s.ResponseHeaders(H(":status", "200"), true)
	n = len(h.Logs())
	h.Advance(100 * time.Millisecond) // the context is gone: the effective context is refused
	if got := messages(h, n); len(got) == 0 || got[0] != "effective 2: 2 " {
		t.Errorf("tick after the end = %q", got)
	}
}

// TestReplyFromTick is the watchdog: a stalled client gets its answer from a tick.
func TestReplyFromTick(t *testing.T) {
	h := start(t, Config{AllowOnHeadersStopIteration: true, PluginConfig: []byte("tick 50\ntick|effective 2;reply 408 slow")})
	s := h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-headers", "return 1"), false)
	h.Advance(50 * time.Millisecond)
	if r := s.Response(); r.Status != 408 || !s.Done() || s.Upstream().Started {
		t.Errorf("response = %+v, done %v", r, s.Done())
	}
	s.RequestBody([]byte("late"), true)
}

// TestHTTPCall holds a request for an answer of another service.
func TestHTTPCall(t *testing.T) {
	tests := []struct {
		name     string
		response CallResponse
		want     []string
	}{
		{"answer", CallResponse{Headers: H(":status", "200"), Body: []byte("keys"), Delay: 30 * time.Millisecond},
			[]string{"call response headers=1 body=4", "get 6 :status: 0 200", "buf 4 0 9: 0 keys", "status: 0 0 "}},
		{"timeout", CallResponse{Headers: H(":status", "200"), Delay: time.Hour},
			[]string{"call response headers=3 body=24", "get 6 :status: 0 504", "buf 4 0 9: 0 upstream ", "status: 0 0 "}},
		{"reset", CallResponse{Reset: true},
			[]string{"call response headers=0 body=0", "get 6 :status: 2 ", "buf 4 0 9: 1 ", "status: 0 11 reset"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var seen CallRequest
			h := start(t, Config{PluginConfig: []byte("call|get 6 :status;buf 4 0 9;status;effective 2;continue 0"),
				Clusters: map[string]Responder{"keys": func(r CallRequest) CallResponse { seen = r; return tt.response }}})
			s := h.VM(0).NewStream(StreamOptions{})
			s.RequestHeaders(request("x-headers", "call keys 100;return 1"), true)
			n := len(h.Logs())
			if s.Upstream().Started {
				t.Fatal("the request was not held")
			}
			h.Advance(100 * time.Millisecond)
			if got := messages(h, n)[:4]; !slices.Equal(got, tt.want) {
				t.Errorf("guest saw %q, want %q", got, tt.want)
			}
			if !s.Upstream().Complete || seen.Headers.Value(":path") != "/keys" || seen.Timeout != 100*time.Millisecond {
				t.Errorf("upstream %+v, call %+v", s.Upstream(), seen)
			}
		})
	}
	h := start(t, Config{Clusters: map[string]Responder{"keys": func(CallRequest) CallResponse { return CallResponse{} }}})
	if got := script(t, h, "call keys 1 incomplete"); got[0] != "call keys 1 incomplete: 2 " {
		t.Errorf("call without :path = %q", got)
	}
}

// TestBufferLimit lets exactly the limit pass and answers one byte more with 413, with and without the callback that comes too late.
func TestBufferLimit(t *testing.T) {
	tests := []struct {
		name         string
		size         int
		behind, late bool
		status, up   int
		afterDelete  bool
	}{
		{"at the limit", 1000, false, false, 0, 1, false},
		{"over", 1001, false, false, 413, 0, false},
		{"over, late callback", 1001, false, true, 413, 0, true},
		{"over, buffer filter", 1001, true, false, 413, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := start(t, Config{AllowOnHeadersStopIteration: !tt.behind, BufferFilterBehind: tt.behind, LateBodyCallback: tt.late, BufferLimit: 1000})
			s := h.VM(0).NewStream(StreamOptions{})
			onHeaders, onBody := "return 1", holdBody
			if tt.behind {
				onHeaders, onBody = "return 0", "return 0"
			}
			s.RequestHeaders(request("x-headers", onHeaders, "x-body", onBody), false)
			s.RequestBody(make([]byte, 600), false)
			s.RequestBody(make([]byte, tt.size-600), true)
			if r := s.Response(); r.Status != tt.status || s.Upstream().Requests() != tt.up || (tt.status != 0 && !r.FromHost) {
				t.Errorf("response %+v, upstream %d requests", r, s.Upstream().Requests())
			}
			all := messages(h, 0)
			deleted := slices.Index(all, "on_delete")
			if tt.status == 413 && deleted < 0 {
				t.Fatal("the context was not deleted")
			}
			if got := deleted >= 0 && slices.ContainsFunc(all[deleted:], func(m string) bool { return strings.HasPrefix(m, "request body") }); got != tt.afterDelete {
				t.Errorf("body callback after delete = %v, want %v", got, tt.afterDelete)
			}
		})
	}
}

// TestLocalReplies covers the forms of an answer.
func TestLocalReplies(t *testing.T) {
	tests := []struct {
		name, script string
		extra        []string
		want         Headers
		body         string
	}{
		{"empty body, no headers", "reply 204", nil, H(":status", "204"), ""},
		{"body", "reply 403 no", nil, H(":status", "403", "content-length", "2", "content-type", "text/plain"), "no"},
		{"own type", "reply 400 {} content-type application/problem+json", nil,
			H(":status", "400", "content-type", "application/problem+json", "content-length", "2"), "{}"},
		{"head", "reply 403 no", []string{":method", "HEAD"}, H(":status", "403", "content-length", "2", "content-type", "text/plain"), ""},
		{"grpc", "reply 403 no x y 7", []string{"content-type", "application/grpc"},
			H(":status", "200", "x", "y", "content-type", "application/grpc", "grpc-status", "7", "grpc-message", "no"), ""},
		{"grpc, mapped", "reply 401", []string{"content-type", "application/grpc+proto"},
			H(":status", "200", "content-type", "application/grpc", "grpc-status", "16"), ""},
		{"the first counts", "reply 403 no;reply 500 other", nil, H(":status", "403", "content-length", "2", "content-type", "text/plain"), "no"},
	}
	h := start(t, Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := h.VM(0).NewStream(StreamOptions{})
			hs := request("x-headers", tt.script+";return 0")
			for i := 0; i < len(tt.extra); i += 2 {
				hs.set(tt.extra[i], tt.extra[i+1])
			}
			s.RequestHeaders(hs, true)
			r := s.Response()
			if !slices.Equal(r.Headers, tt.want) || string(r.Body) != tt.body || !s.Done() || s.Upstream().Started {
				t.Errorf("response = %q %q, done %v, upstream %v, want %q %q", r.Headers, r.Body, s.Done(), s.Upstream().Started, tt.want, tt.body)
			}
		})
	}
}

// TestHeadersVanish shows maps and changes on either side of Continue.
func TestHeadersVanish(t *testing.T) {
	for _, hold := range []bool{false, true} {
		h := start(t, Config{AllowOnHeadersStopIteration: true, BufferFilterBehind: true})
		ret := "return 0"
		if hold {
			ret = "return 1"
		}
		s := h.VM(0).NewStream(StreamOptions{})
		s.RequestHeaders(request("x-headers", "add 0 x-a 1;"+ret, "x-body", "replace 0 x-b 2;"+holdBody), false)
		s.RequestBody([]byte("x"), true)
		up := s.Upstream()
		if up.Headers.Value("x-a") != "1" || (up.Headers.Value("x-b") == "2") != hold {
			t.Errorf("hold %v: upstream saw %q", hold, up.Headers)
		}
		want := "replace 0 x-b 2: 2 "
		if hold {
			want = "replace 0 x-b 2: 0 "
		}
		if !slices.Contains(messages(h, 0), want) {
			t.Errorf("hold %v: no %q in %q", hold, want, messages(h, 0))
		}
	}
}

// TestBodyEdits changes a held body; nothing but a prefix or the end can be changed.
func TestBodyEdits(t *testing.T) {
	tests := []struct{ op, status, want string }{
		{"setbuf 0 0 4 new", "0", "new"},
		{"setbuf 0 0 99 new", "0", "new"},
		{"setbuf 0 0 0 new", "0", "newbody"},
		{"setbuf 0 0 1 new", "0", "newody"},
		{"setbuf 0 4 0 new", "0", "bodynew"},
		{"setbuf 0 2 1 new", "2", "body"},
		{"setbuf 7 0 1 new", "1", "body"},
		{"setbuf 6 0 1 new", "2", "body"},
	}
	h := start(t, Config{AllowOnHeadersStopIteration: true})
	for _, tt := range tests {
		n := len(h.Logs())
		s := h.VM(0).NewStream(StreamOptions{})
		s.RequestHeaders(request("x-headers", "return 1", "x-body", tt.op), false)
		s.RequestBody([]byte("body"), true)
		if got := string(s.Upstream().Body); got != tt.want || !slices.Contains(messages(h, n), tt.op+": "+tt.status+" ") {
			t.Errorf("%s: body %q, want %q; log %q", tt.op, got, tt.want, messages(h, n))
		}
	}
}

// TestResets ends streams in the middle, from both sides.
func TestResets(t *testing.T) {
	h := start(t, Config{AllowOnHeadersStopIteration: true})
	s := h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-headers", "return 1", "x-body", holdBody), false)
	s.RequestBody([]byte("half"), false)
	s.Reset()
	if r := s.Response(); !s.Done() || !r.Reset || r.Started || s.Upstream().Started || h.VM(0).Contexts() != 0 {
		t.Errorf("after a client reset: response %+v, upstream %+v", r, s.Upstream())
	}
	s.RequestBody([]byte("late"), true)

	s = h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-headers", "close 0"), false)
	if r := s.Response(); !s.Done() || !r.Reset {
		t.Errorf("after close_stream: response %+v", r)
	}

	s = h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-rbody", "reply 502 late"), true)
	s.ResponseHeaders(H(":status", "200"), false)
	s.ResponseBody([]byte("x"), true)
	if r := s.Response(); !r.Reset || r.Status != 200 || !s.Done() {
		t.Errorf("reply after the response began: %+v", r)
	}

	s = h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-rheaders", "reply 502 leak"), true)
	s.ResponseHeaders(H(":status", "200", "secret", "1"), true)
	if r := s.Response(); r.Status != 502 || r.Headers.Value("secret") != "" || string(r.Body) != "leak" || !s.Done() {
		t.Errorf("reply in place of the response: %+v", r)
	}
}

// TestResponses holds and changes what comes back.
func TestResponses(t *testing.T) {
	h := start(t, Config{AllowOnHeadersStopIteration: true, BufferLimit: 8})
	s := h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-rheaders", "add 2 x-a b;return 1", "x-rbody", "return 1;last 0;buf 1 0 9"), true)
	s.ResponseHeaders(H(":status", "200"), false)
	s.ResponseBody([]byte("one"), false)
	if s.Response().Started {
		t.Error("response headers were not held")
	}
	s.ResponseBody([]byte("two"), true)
	if r := s.Response(); r.Status != 200 || string(r.Body) != "onetwo" || r.Headers.Value("x-a") != "b" || !s.Done() {
		t.Errorf("response = %+v", r)
	}

	s = h.VM(0).NewStream(StreamOptions{})
	s.RequestHeaders(request("x-rheaders", "return 1", "x-rbody", "return 1"), true)
	s.ResponseHeaders(H(":status", "200"), false)
	s.ResponseBody(make([]byte, 9), false)
	if r := s.Response(); r.Status != 500 || !r.FromHost || !s.Done() {
		t.Errorf("response over the limit = %+v", r)
	}
}
