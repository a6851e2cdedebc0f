package token

import (
	"bytes"
	"encoding/base64"
	"testing"
)

func TestDecodeURL(t *testing.T) {
	tests := []struct {
		in   string
		want string
		ok   bool
	}{
		{"", "", true},
		{"AA", "\x00", true},
		{"AAA", "\x00\x00", true},
		{"AAAA", "\x00\x00\x00", true},
		{"-_-_", "\xfb\xff\xbf", true},
		{"A", "", false},
		{"AAAAA", "", false},
		{"AB", "", false},  // trailing bits
		{"AAB", "", false}, // trailing bits
		{"AA==", "", false},
		{"AAA=", "", false},
		{"AA AA", "", false},
		{"AA\nAA", "", false},
		{"AAAA\r\n", "", false},
		{" AAA", "", false},
		{"++++", "", false},
		{"////", "", false},
		{"AAA\x80", "", false},
		{"AA\x00\x00", "", false},
		{"AA.A", "", false},
	}
	for _, tt := range tests {
		dst := make([]byte, len(tt.in)+2)
		n, ok := decodeURL(dst, []byte(tt.in))
		if ok != tt.ok || string(dst[:n]) != tt.want {
			t.Errorf("decodeURL(%q) = %q, %v, want %q, %v", tt.in, dst[:n], ok, tt.want, tt.ok)
		}
	}
	if _, ok := decodeURL(make([]byte, 2), []byte("AAAA")); ok {
		t.Error("decodeURL writes past a short dst")
	}
	// Every length, with and without the room in which eight digits are taken at once.
	const text = "abcdefghijklmnopqrstuvwxyz-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	enc := base64.RawURLEncoding.Strict()
	for size := range len(text) + 1 {
		for _, room := range []int{2, 8} {
			want, err := enc.DecodeString(text[:size])
			dst := make([]byte, size/4*3+room)
			if n, ok := decodeURL(dst, []byte(text[:size])); ok != (err == nil) || ok && !bytes.Equal(dst[:n], want) {
				t.Errorf("decodeURL(%q) = %x, %v, want %x, %v", text[:size], dst[:n], ok, want, err)
			}
			for i := range size {
				bad := []byte(text[:size])
				bad[i] = '+'
				if _, ok := decodeURL(dst, bad); ok {
					t.Errorf("decodeURL(%q) = true, want false", bad)
				}
			}
		}
	}
}

func FuzzDecodeURL(f *testing.F) {
	for _, s := range []string{"", "A", "AA", "AB", "AAA", "AAAA", "-_8", "AA==", "AA\n", "e30", "eyJhbGciOiJSUzI1NiJ9"} {
		f.Add([]byte(s))
	}
	enc := base64.RawURLEncoding.Strict()
	f.Fuzz(func(t *testing.T, src []byte) {
		dst := make([]byte, len(src)/4*3+2)
		n, ok := decodeURL(dst, src)
		// The reference skips line breaks, and nothing else that is wrong.
		want, err := enc.DecodeString(string(src))
		wantOK := err == nil && !bytes.ContainsAny(src, "\r\n")
		if ok != wantOK || ok && !bytes.Equal(dst[:n], want) {
			t.Fatalf("decodeURL(%q) = %x, %v, want %x, %v", src, dst[:n], ok, want, wantOK)
		}
		if ok && enc.EncodeToString(dst[:n]) != string(src) {
			t.Fatalf("%q has two spellings", src)
		}
	})
}
