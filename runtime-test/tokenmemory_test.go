package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
)

// TestTokenMemory shows the filter many different good tokens, each once, and then all of
// them again: what it remembers of them is bounded, so that memory is flat after the first
// 20,000, and no sight allocates. PORTCULLIS_LONG=1 for 100,000.
func TestTokenMemory(t *testing.T) {
	first, all := 20_000, 30_000
	if os.Getenv("PORTCULLIS_LONG") != "" {
		all = 100_000
	}
	secret := strings.Repeat("s", 32)
	m, err := cases.BudgetModule()
	if err != nil {
		t.Fatal(err)
	}
	const policy = `version: 1
providers: {idp: {issuer: 'https://idp.example', audiences: [me], keys: [{secret: s, alg: HS256}]}}
schemes: {login: [idp]}
`
	text, err := cases.PluginConfig(cases.Setup{Table: keysTable(t, policy), Config: map[string]any{
		"logRefusals": "off", "tokenCacheBytes": 8 << 20, "secrets": map[string]any{"s": secret}}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(context.Background(), host.Config{Module: m, PluginConfig: text, AllowOnHeadersStopIteration: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	vm := h.VM(0)
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`))
	expires := h.Now().Unix() + 3600
	show := func(serial int) {
		claims := fmt.Sprintf(`{"iss":"https://idp.example","aud":"me","sub":"user-%06d","scope":"read write","exp":%d}`, serial, expires)
		signed := header + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(signed))
		s := vm.NewStream(host.StreamOptions{})
		s.RequestHeaders(host.H(":method", "GET", ":path", "/me", ":authority", "api", ":scheme", "https",
			"authorization", "Bearer "+signed+"."+base64.RawURLEncoding.EncodeToString(mac.Sum(nil))), true)
		if got := state(s); got != "200" {
			t.Fatalf("token %d: %s, want 200", serial, got)
		}
		s.Reset()
	}
	count := func(name string) uint64 {
		got, err := vm.Export(name)
		if err != nil {
			t.Fatal(err)
		}
		return got[0]
	}
	for i := range first {
		show(i)
	}
	count("portcullis_budget_heap")
	heap, mallocs, memory := count("portcullis_budget_heap"), count("portcullis_budget_mallocs"), vm.MemoryBytes()
	for i := first; i < all; i++ {
		show(i)
	}
	for i := range all {
		show(i)
	}
	if n := count("portcullis_budget_mallocs") - mallocs; n != 0 {
		t.Errorf("%d sights of tokens allocated %d objects, want 0", 2*all-first, n)
	}
	if got := count("portcullis_budget_heap"); got != heap {
		t.Errorf("the heap was %d bytes after %d tokens, and is %d, want no growth", heap, first, got)
	}
	if got := vm.MemoryBytes(); got != memory {
		t.Errorf("linear memory was %d bytes after %d tokens, and is %d, want no growth", memory, first, got)
	}
	t.Logf("%d tokens, twice: %d bytes of linear memory, %d of them heap", all, memory, heap)
}
