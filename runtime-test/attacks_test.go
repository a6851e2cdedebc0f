package main

import (
	"errors"
	"os"
	"testing"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/host"
)

// TestAttacks sends the corpus of bad tokens, and a good one of every algorithm,
// through whole requests. Signatures are checked in both ways: by the host's
// verify_signature, which RSA PKCS #1 v1.5 and ECDSA go to, and by Go's cryptography
// in the VM where the host has none. What both are told is the same.
func TestAttacks(t *testing.T) {
	c, err := readAttacks("../filter/token/testdata/attacks.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Attacks) < 150 || len(c.Good) < 13 {
		t.Fatalf("the corpus has %d attacks and %d good tokens", len(c.Attacks), len(c.Good))
	}
	code, err := cases.Module()
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	counting := func(cfg *host.Config) {
		verify := host.Builtin("verify_signature")
		cfg.Foreign = map[string]host.ForeignFunc{"verify_signature": func(v *host.VM, args []byte) ([]byte, host.Status) {
			asked++
			return verify(v, args)
		}}
	}
	engines := []struct {
		name   string
		engine func() (cases.Engine, error)
		asks   bool // the host about signatures
	}{
		{"native", func() (cases.Engine, error) { return cases.Native{}, nil }, false},
		{"the host verifies", func() (cases.Engine, error) { return &cases.Wazero{Module: code, Options: counting}, nil }, true},
		{"the VM verifies", func() (cases.Engine, error) {
			return &cases.Wazero{Module: code, Options: func(cfg *host.Config) { cfg.NoForeign = true }}, nil
		}, false},
		{"envoy", func() (cases.Engine, error) { return envoyEngine(engineOptions{envoy: envoy.Versions[0]}) }, false},
	}
	for _, tt := range engines {
		t.Run(tt.name, func(t *testing.T) {
			e, err := tt.engine()
			if errors.Is(err, envoy.ErrNotInstalled) && os.Getenv("PORTCULLIS_ENVOY") != "required" {
				t.Skipf("skipped: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			asked = 0
			passed, failed, err := c.run(t.Context(), e, t.Errorf)
			if err != nil {
				t.Fatal(err)
			}
			if sent := passed + failed; sent < len(c.Attacks)-20 {
				t.Errorf("%d tokens were sent, want all of %d but those that no field can hold", sent, len(c.Attacks))
			}
			if tt.asks != (asked >= 6) {
				t.Errorf("the host was asked about %d signatures", asked)
			}
		})
	}
}
