package route

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"portcullis/filter/verdict"
)

func TestParse(t *testing.T) {
	const ok = verdict.Allow
	tests := []struct {
		in    string
		allow Irregular
		code  verdict.Code
		segs  string // joined by |
		query string
	}{
		{in: "/", code: ok, segs: ""},
		{in: "/a", code: ok, segs: "a"},
		{in: "/a/", code: ok, segs: "a|"},
		{in: "/a/b?c=d?e", code: ok, segs: "a|b", query: "c=d?e"},
		{in: "/a?", code: ok, segs: "a"},
		{in: "/%61%2Db/%C3%A4", code: ok, segs: "a-b|ä"},
		{in: "/a%20b", code: ok, segs: "a b"},
		{in: "/a%25b", code: ok, segs: "a%b"},
		{in: "/a%23b", code: ok, segs: "a#b"},
		{in: "/...", code: ok, segs: "..."},
		{in: "/.well-known/x", code: ok, segs: ".well-known|x"},
		{in: "/\xc3\xa4", code: ok, segs: "ä"},
		{in: "", code: verdict.RoutePathMalformed},
		{in: "a", code: verdict.RoutePathMalformed},
		{in: "*", code: verdict.RoutePathMalformed},
		{in: "http://x/a", code: verdict.RoutePathMalformed},
		{in: "/a%", code: verdict.RoutePathMalformed},
		{in: "/a%4", code: verdict.RoutePathMalformed},
		{in: "/a%4g", code: verdict.RoutePathMalformed},
		{in: "/a%00", code: verdict.RoutePathMalformed},
		{in: "/a%7F", code: verdict.RoutePathMalformed},
		{in: "/a%ff", code: verdict.RoutePathMalformed},
		{in: "/a%ED%A0%80", code: verdict.RoutePathMalformed},
		{in: "/a\x00", code: verdict.RoutePathMalformed},
		{in: "/a b", code: verdict.RoutePathMalformed},
		{in: "/a#b", code: verdict.RoutePathMalformed},
		{in: "/a\xff", code: verdict.RoutePathMalformed},
		{in: "/.", code: verdict.RoutePathNotCanonical},
		{in: "/..", code: verdict.RoutePathNotCanonical},
		{in: "/a/../b", code: verdict.RoutePathNotCanonical},
		{in: "/a/%2e%2E/b", code: verdict.RoutePathNotCanonical},
		{in: "/a/.%2e", code: verdict.RoutePathNotCanonical},
		{in: "/a/..;x/b", code: verdict.RoutePathNotCanonical},
		{in: "/a//b", code: verdict.RoutePathNotCanonical},
		{in: "//", code: verdict.RoutePathNotCanonical},
		{in: "/a%2fb", code: verdict.RoutePathNotCanonical},
		{in: "/a%5Cb", code: verdict.RoutePathNotCanonical},
		{in: `/a\b`, code: verdict.RoutePathNotCanonical},
		{in: "/a;b", code: verdict.RoutePathNotCanonical},
		{in: "/a%3Bb", code: verdict.RoutePathNotCanonical},
		{in: "/a%2fb", allow: EncodedSlash, code: ok, segs: "a/b"},
		{in: "/%2e%2e%2fb", allow: EncodedSlash, code: verdict.RoutePathNotCanonical},
		{in: "/a%2f..%2fb", allow: EncodedSlash, code: verdict.RoutePathNotCanonical},
		{in: "/a%5c..", allow: Backslash, code: verdict.RoutePathNotCanonical},
		{in: "/a%2fb..", allow: EncodedSlash, code: ok, segs: "a/b.."},
		{in: "/a;b", allow: Semicolon, code: ok, segs: "a;b"},
		{in: "/..;b", allow: Semicolon, code: verdict.RoutePathNotCanonical},
		{in: "/a//b", allow: EmptySegment, code: ok, segs: "a||b"},
		{in: `/a\b`, allow: Backslash, code: ok, segs: `a\b`},
		{in: "/" + strings.Repeat("a/", MaxSegments-1), code: ok, segs: strings.Repeat("a|", MaxSegments-1)},
		{in: "/" + strings.Repeat("a/", MaxSegments), code: verdict.RequestPathTooLong},
		{in: "/" + strings.Repeat("a", 1024), code: verdict.RequestPathTooLong},
	}
	p := NewPath(1024)
	for _, tt := range tests {
		code := parse(p, []byte(tt.in), tt.allow)
		if code != tt.code {
			t.Errorf("Parse(%q, %d) = %s, want %s", tt.in, tt.allow, code.Name(), tt.code.Name())
			continue
		}
		if code != ok {
			continue
		}
		if got := string(bytes.Join(p.Segments[:p.N], []byte("|"))); got != tt.segs || string(p.Query) != tt.query {
			t.Errorf("Parse(%q) = segments %q query %q, want %q %q", tt.in, got, p.Query, tt.segs, tt.query)
		}
	}
}

// parse is Parse for an operation that allows what allow names.
func parse(p *Path, raw []byte, allow Irregular) verdict.Code {
	code := p.Parse(raw)
	if code == verdict.Allow && p.Seen&^allow != 0 {
		return verdict.RoutePathNotCanonical
	}
	return code
}

// TestMore holds what is done to a path that no operation matches as it is.
func TestMore(t *testing.T) {
	join := func(p *Path) string { return string(bytes.Join(p.Segments[:p.N], []byte("|"))) }
	p := NewPath(1024)
	for _, tt := range []struct{ in, compact, toggled string }{
		{"/a//b", "a|b", "a|b|"}, {"//", "", ""}, {"/a//", "a|", "a"}, {"/a/", "a|", "a"}, {"/a", "a", "a|"}, {"/", "", ""}, {"///a", "a", "a|"},
	} {
		p.Parse([]byte(tt.in))
		p.Compact()
		compact := join(p)
		p.ToggleSlash()
		if toggled := join(p); compact != tt.compact || toggled != tt.toggled {
			t.Errorf("%q: Compact = %q, ToggleSlash = %q, want %q, %q", tt.in, compact, toggled, tt.compact, tt.toggled)
		}
	}
}

func TestSplitPort(t *testing.T) {
	tests := []struct {
		in, host string
		port     uint32
	}{
		{"a", "a", 0}, {"a:80", "a", 80}, {"[::1]:80", "[::1]", 80}, {"[::1]", "[::1]", 0}, {"a:", "a:", 0},
		{"a:65536", "a:65536", 0}, {"a:000080", "a:000080", 0}, {"80", "80", 0}, {":80", "", 80}, {"", "", 0},
	}
	for _, tt := range tests {
		if host, port := splitPort([]byte(tt.in)); string(host) != tt.host || port != tt.port {
			t.Errorf("splitPort(%q) = %q %d, want %q %d", tt.in, host, port, tt.host, tt.port)
		}
	}
}

// FuzzParse holds Parse against net/url: what is accepted must be what a plain
// split and unescape gives, and hold nothing that Parse promises to refuse.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"/", "/a/b?x", "/%41%2f", "/a/..;/b", "/\xc3\xa4/%C3%A4", "//", "/a%", "/;"} {
		f.Add([]byte(s), uint8(0))
	}
	p := NewPath(4096)
	f.Fuzz(func(t *testing.T, raw []byte, allow uint8) {
		in := bytes.Clone(raw)
		code := parse(p, raw, Irregular(allow))
		if !bytes.Equal(in, raw) {
			t.Fatalf("Parse changed its input %q to %q", in, raw)
		}
		if code != verdict.Allow {
			return
		}
		path, query, has := strings.Cut(string(raw), "?")
		if string(p.Query) != query || p.HasQuery != has {
			t.Fatalf("Parse(%q): query %q %v, want %q %v", raw, p.Query, p.HasQuery, query, has)
		}
		parts := strings.Split(path[1:], "/")
		if len(parts) != p.N {
			t.Fatalf("Parse(%q): %d segments, want %d", raw, p.N, len(parts))
		}
		for i, part := range parts {
			want, err := url.PathUnescape(part)
			got := string(p.Segments[i])
			if err != nil || got != want {
				t.Fatalf("Parse(%q): segment %q, want %q (%v)", raw, got, want, err)
			}
			if got == "." || got == ".." || strings.ContainsAny(got, "\x00\r\n\t") || !utf8.ValidString(got) {
				t.Fatalf("Parse(%q) accepted segment %q", raw, got)
			}
			if Irregular(allow)&EncodedSlash == 0 && strings.Contains(got, "/") {
				t.Fatalf("Parse(%q) accepted a slash in segment %q", raw, got)
			}
		}
	})
}
