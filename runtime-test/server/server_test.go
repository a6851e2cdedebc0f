package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"portcullis/runtime-test/host"
	"portcullis/runtime-test/host/hosttest"
)

// transport is an upstream in memory.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }

// TestServer takes requests through the filter to an upstream in memory.
func TestServer(t *testing.T) {
	var requests int
	up := transport(func(r *http.Request) (*http.Response, error) {
		requests++
		if r.URL.Path == "/down" {
			return nil, errors.New("no route")
		}
		var body []byte
		if r.Body != nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			body = b
		}
		text := r.Method + " " + r.URL.String() + " host=" + r.Host + " new=" + r.Header.Get("x-new") + " body=" + string(body)
		return &http.Response{StatusCode: 201, Header: http.Header{"X-Up": {"1", "2"}}, Body: io.NopCloser(strings.NewReader(text)), ContentLength: -1}, nil
	})
	target, _ := url.Parse("http://up.example:9000")
	s, err := New(context.Background(), host.Config{Module: hosttest.Guest(t), Workers: 2, AllowOnHeadersStopIteration: true}, target, up)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	big := strings.Repeat("x", 100<<10)
	tests := []struct {
		name, method, target, body string
		headers                    [2]string
		status                     int
		want                       string
		requests                   int
	}{
		{"pass", "GET", "http://api.example/a%2Fb?c=d", "", [2]string{"x-headers", "add 0 x-new 7"}, 201, "GET http://up.example:9000/a%2Fb?c=d host=api.example new=7 body=", 1},
		{"body", "POST", "http://api.example/", big, [2]string{"x-headers", "return 1"}, 201, "body=" + big, 1},
		{"refuse in headers", "GET", "http://api.example/", "", [2]string{"x-headers", "reply 403 no"}, 403, "no", 0},
		{"upstream down", "GET", "http://api.example/down", "", [2]string{}, 502, "no route", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			requests = 0
			var body io.Reader
			if tt.body != "" {
				body = strings.NewReader(tt.body)
			}
			r := httptest.NewRequest(tt.method, tt.target, body)
			if tt.headers[0] != "" {
				r.Header.Set(tt.headers[0], tt.headers[1])
			}
			if tt.body != "" {
				r.Header.Set("x-body", "return 1;last 0")
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || requests != tt.requests {
				t.Errorf("answer %d %.200q, upstream %d, want %d %.200q, %d", w.Code, w.Body, requests, tt.status, tt.want, tt.requests)
			}
			if tt.status == 201 && len(w.Result().Header["X-Up"]) != 2 {
				t.Errorf("answer headers = %v", w.Result().Header)
			}
		})
	}
	t.Run("refuse in body", func(t *testing.T) {
		requests = 0
		r := httptest.NewRequest("POST", "http://api.example/", bytes.NewReader(make([]byte, 40<<10)))
		r.Header.Set("x-headers", "return 1")
		r.Header.Set("x-body", "return 1;at-end;reply 400 bad")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != 400 || w.Body.String() != "bad" || requests != 0 {
			t.Errorf("answer %d %q, upstream %d", w.Code, w.Body, requests)
		}
	})
	for i := range s.Host().Workers() {
		if n := s.Host().VM(i).Contexts(); n != 0 {
			t.Errorf("worker %d has %d contexts left", i, n)
		}
	}
}
