package sdkhost

import (
	"slices"
	"strings"
	"testing"

	"portcullis/runtime-test/host/hosttest"
)

func headers(extra ...[2]string) [][2]string {
	return append([][2]string{{":method", "POST"}, {":path", "/a"}, {":authority", "x"}}, extra...)
}

// TestEmulator runs a rewritten module: calls that the emulator has, ones that it lacks, verdicts in each phase.
func TestEmulator(t *testing.T) {
	module := hosttest.Guest(t)
	rewritten, replaced, err := Rewrite(module)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"proxy_get_log_level", "proxy_get_current_time_nanoseconds", "proxy_get_buffer_status", "proxy_get_header_map_size", "proxy_get_status"}
	slices.Sort(want)
	slices.Sort(replaced)
	if !slices.Equal(replaced, want) {
		t.Errorf("replaced %q, want %q", replaced, want)
	}
	e, err := New(rewritten, []byte("log 2 configured"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { e.Close() }()
	if _, err := New(rewritten, nil, nil); err == nil || !strings.Contains(err.Error(), "another emulator") {
		t.Errorf("second New = %v", err)
	}
	tests := []struct {
		name string
		req  Request
		want Reply
	}{
		{"accept", Request{Headers: headers(), EndStream: true}, Reply{Passed: true, Forwarded: headers()}},
		{"refuse in headers", Request{Headers: headers([2]string{"x-headers", "reply 403 no x y"}), EndStream: true},
			Reply{Local: true, Status: 403, Body: []byte("no"), Headers: [][2]string{{"x", "y"}}}},
		{"refuse in body", Request{Headers: headers([2]string{"x-headers", "return 1"}, [2]string{"x-body", "return 1;at-end;reply 400 bad x y"}), Chunks: [][]byte{[]byte("a"), []byte("b")}},
			Reply{Local: true, Status: 400, Body: []byte("bad"), Headers: [][2]string{{"x", "y"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := e.Do(tt.req)
			if err != nil {
				t.Fatal(err)
			}
			if got.Local != tt.want.Local || got.Status != tt.want.Status || string(got.Body) != string(tt.want.Body) ||
				!slices.Equal(got.Headers, tt.want.Headers) || got.Passed != tt.want.Passed || !slices.Equal(got.Forwarded, tt.want.Forwarded) {
				t.Errorf("Do = %+v, want %+v", got, tt.want)
			}
		})
	}
	held, err := e.Do(Request{Headers: headers([2]string{"x-headers", "return 1"}, [2]string{"x-body", "return 1;last 0"}), Chunks: [][]byte{[]byte("a"), []byte("b")}})
	if err != nil || !held.Passed || string(held.ForwardedBody) != "ab" || held.BeforeVerdict {
		t.Errorf("held request = %+v, %v", held, err)
	}
	if _, err := e.Do(Request{Headers: headers([2]string{"x-headers", "sset k a 4294967294;sset k b 4294967294;sset k c 2;sset k d 3;sget k"}), EndStream: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Do(Request{Headers: headers([2]string{"x-headers", "level;size 0;time"}), EndStream: true}); err != nil {
		t.Fatal(err)
	}
	logs := strings.Join(e.Logs(), "\n")
	for _, line := range []string{"configured", "level: 12 ", "size 0: 12 ", "time: 0 16409952", "sset k b 4294967294: 8 ", "sset k d 3: 0 ", "sget k: 0 d cas=4", "on_log\non_done\non_delete"} {
		if !strings.Contains(logs, line) {
			t.Errorf("logs lack %q: %s", line, logs)
		}
	}
	// A trap ends the emulator, and a new one can be made.
	if _, err := e.Do(Request{Headers: headers([2]string{"x-headers", "trap"}), EndStream: true}); err == nil {
		t.Error("a trap was no error")
	}
	if _, err := e.Do(Request{Headers: headers(), EndStream: true}); err == nil {
		t.Error("the emulator goes on after a trap")
	}
	e.Close()
	if e, err = New(rewritten, []byte("log 4 bad;return 0"), nil); err == nil || !strings.Contains(err.Error(), "bad") {
		t.Errorf("New with a refused configuration = %v", err)
		e.Close()
	}
	if e, err = New(rewritten, nil, nil); err != nil {
		t.Fatal(err)
	}
}

// TestRewriteHostile gives the rewriter what it can't use.
func TestRewriteHostile(t *testing.T) {
	module := hosttest.Guest(t)
	for _, n := range []int{0, 7, 8, 9, 20, 100, 1000, 20000, len(module) / 2} {
		if _, _, err := Rewrite(module[:n]); err == nil {
			t.Errorf("Rewrite of the first %d bytes succeeded", n)
		}
	}
	// A reactor's export is missing: an empty export section.
	if _, _, err := Rewrite([]byte("\x00asm\x01\x00\x00\x00\x07\x01\x00")); err == nil || !strings.Contains(err.Error(), "_initialize") {
		t.Errorf("Rewrite without _initialize = %v", err)
	}
}
