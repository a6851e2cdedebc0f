package envoy

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestEnvoyHostile sends what no client should over real sockets. Each is refused
// clearly, by the filter where its code is named, by Envoy elsewhere; the upstream
// sees nothing of it, and the next good request passes.
func TestEnvoyHostile(t *testing.T) {
	p := start(t, options{workers: 1, config: map[string]any{"maxBodyBytes": 12 << 20, "logRefusals": "off"},
		// Envoy's own limits stand aside where the filter has one.
		at: "headers_with_underscores_action:", insert: "max_headers_count: 3000"})
	post := func(body []byte) []byte { return append(message("POST", "/v1/password-resets", string(body)), nil...) }
	chunked := func(chunk []byte, n int) []byte {
		b := []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
		for range n {
			b = append(fmt.Appendf(b, "%x\r\n", len(chunk)), chunk...)
			b = append(b, "\r\n"...)
		}
		return append(b, "0\r\n\r\n"...)
	}
	headers := func(n int) []byte {
		var h []string
		for i := range n {
			h = append(h, fmt.Sprintf("x-h%d", i), "1")
		}
		return message("GET", "/v1/health", "", h...)
	}
	bodyHead := "content-type: application/json\r\n"
	tests := []struct {
		name   string
		raw    []byte
		status []int  // any of these; 0 is a closed connection without an answer
		code   string // "" = Envoy's own refusal will do
	}{
		{"10 MB of [", post(bytes.Repeat([]byte("["), 10<<20)), []int{400}, "body_depth"},
		{"10 MB of [ in chunks", chunked(bytes.Repeat([]byte("["), 64<<10), 160), []int{400}, "body_depth"},
		{"more than the limit, announced", post(bytes.Repeat([]byte("["), 13<<20)), []int{413}, "body_too_large"},
		{"more than the limit, in chunks", chunked(bytes.Repeat([]byte(" "), 64<<10), 256), []int{413}, "body_too_large"},
		{"a million empty arrays", post([]byte("[" + strings.Repeat("[],", 1<<20) + "[]]")), []int{413}, "body_nodes"},
		{"invalid UTF-8 in a body", post([]byte("{\"email\":\"\xff\xfe\"}")), []int{400}, "body_utf8"},
		{"NUL in a body", post([]byte("{\"email\":\"\x00\"}")), []int{400}, "body_syntax"},
		{"a byte order mark", post([]byte("\xef\xbb\xbf{}")), []int{400}, "body_syntax"},
		{"200 headers", headers(200), []int{431}, "request_headers_too_many"},
		{"2,000 headers", headers(2000), []int{431, 400, 500}, ""},
		{"a header of 50 KB is none of that", message("GET", "/v1/health", "", "x-big", strings.Repeat("a", 50<<10)), []int{200}, ""},
		{"a header of 100 KB", message("GET", "/v1/health", "", "x-big", strings.Repeat("a", 100<<10)), []int{431}, ""},
		{"a path of 9 KB", message("GET", "/v1/products?q="+strings.Repeat("a", 9<<10), ""), []int{414}, "request_path_too_long"},
		{"encoded NUL in the path", message("GET", "/v1/products/%00", ""), []int{400}, "route_path_malformed"},
		{"NUL in the path", message("GET", "/v1/products/\x00", ""), []int{400}, ""},
		{"invalid UTF-8 in the path", message("GET", "/v1/products/%ff%fe", ""), []int{400}, "route_path_malformed"},
		{"raw bytes in the path", message("GET", "/v1/products/\xff\xfe", ""), []int{400}, ""},
		{"invalid UTF-8 in a parameter", message("GET", "/v1/products?q=%ff%fe", ""), []int{400}, ""},
		{"a backslash", message("GET", `/v1\products`, ""), []int{400, 404}, ""},
		{"a space in the path", message("GET", "/v1/products/a b", ""), []int{400}, ""},
		{"a line break in a header", message("GET", "/v1/health", "", "x-a", "b\r\n c"), []int{200, 400}, ""},
		{"NUL in a header", message("GET", "/v1/health", "", "x-a", "b\x00c"), []int{400}, ""},
		{"an underscore in a header's name", message("GET", "/v1/health", "", "x_a", "b"), []int{400}, ""},
		{"two hosts", message("GET", "/v1/health", "", "host", "other.example.com"), []int{400, 404}, ""},
		{"two content types", []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\n" + bodyHead + "content-type: text/plain\r\ncontent-length: 27\r\n\r\n" + goodReset), []int{400, 415}, ""},
		{"two lengths", []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\n" + bodyHead + "content-length: 27\r\ncontent-length: 26\r\n\r\n" + goodReset), []int{400}, ""},
		{"a length and chunks", []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\n" + bodyHead + "content-length: 27\r\ntransfer-encoding: chunked\r\n\r\n1b\r\n" + goodReset + "\r\n0\r\n\r\n"), []int{400}, ""},
		{"a negative length", []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\n" + bodyHead + "content-length: -1\r\n\r\n"), []int{400}, ""},
		{"an odd transfer coding", []byte("POST /v1/password-resets HTTP/1.1\r\nhost: shop.example.com\r\n" + bodyHead + "transfer-encoding: xchunked\r\n\r\n"), []int{400, 501}, ""},
		{"two tokens", message("GET", "/v1/users/me", "", "authorization", "Bearer a.b.c", "authorization", "Bearer d.e.f"), []int{400, 401}, ""},
		{"a token of 20 KB", message("GET", "/v1/users/me", "", "authorization", "Bearer "+strings.Repeat("a", 20<<10)), []int{400, 401, 431}, ""},
		{"CONNECT", []byte("CONNECT shop.example.com:443 HTTP/1.1\r\nhost: shop.example.com:443\r\n\r\n"), []int{400, 403, 404}, ""},
		{"an unknown method", message("BREW", "/v1/health", ""), []int{400, 404, 405, 501}, ""},
		{"a method in small letters", message("get", "/v1/health", ""), []int{400, 404, 405, 501}, ""},
		{"an absolute target of another host", []byte("GET http://other.example.com/v1/health HTTP/1.1\r\nhost: shop.example.com\r\n\r\n"), []int{400, 404}, ""},
		{"an asterisk", []byte("OPTIONS * HTTP/1.1\r\nhost: shop.example.com\r\n\r\n"), []int{400, 404, 405}, ""},
		{"no host", []byte("GET /v1/health HTTP/1.1\r\n\r\n"), []int{400}, ""},
		{"HTTP/1.0", []byte("GET /v1/health HTTP/1.0\r\nhost: shop.example.com\r\n\r\n"), []int{400, 426}, ""},
		{"no HTTP", []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), []int{400, 0}, ""},
	}
	good := message("POST", "/v1/products/ABC-1234/reviews", `{"stars":5}`, "authorization", "Bearer "+mint(t, "alice"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := p.up.Total()
			a, err := ask(p.Address, tt.raw)
			if err != nil {
				a.status = 0
			}
			if !slices.Contains(tt.status, a.status) || tt.code != "" && a.code != tt.code {
				t.Errorf("answer is %v (%v), want %v %s", a, err, tt.status, tt.code)
			}
			if a.status == 200 != a.up || a.status != 200 && p.up.Total() != before {
				t.Errorf("answer is %v, and the upstream saw %d requests", a, p.up.Total()-before)
			}
			mustPass(t, p.Address, good)
		})
	}
	p.sane(t)
}
