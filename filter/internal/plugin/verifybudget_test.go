package plugin

import (
	"testing"

	"portcullis/filter/internal/abi"
	"portcullis/filter/token"
)

// slowHost verifies everything as wrong in so many nanoseconds of its clock.
func slowHost(h *fakeHost, nanos int64) {
	h.arena.Grow(64 << 10)
	h.foreign = func(string, []byte) ([]byte, abi.Status) {
		h.arena.Reset()
		h.nanos += nanos
		return []byte("\x12\x10Failed to verify"), abi.StatusOK
	}
}

func TestVerifyBudget(t *testing.T) {
	tests := []struct {
		name           string
		percent        uint32
		check, between int64 // nanoseconds of a check, and between two attempts
		seconds        int64
		least, most    int64 // checks made, per mille of the time
		step           int64 // of the clock, after a second
	}{
		{"a flood", 20, 20e3, 1e3, 20, 190, 215, 0},
		{"a flood, 1 %", 1, 20e3, 1e3, 20, 9, 12, 0},
		{"slow checks", 20, 100e3, 1e3, 20, 190, 215, 0},
		{"checks that wait for a processor", 20, 3e6, 1e3, 20, 800, 1000, 0},
		{"less than the budget", 20, 20e3, 980e3, 5, 19, 21, 0},
		{"no bound", 100, 20e3, 1e3, 2, 900, 1000, 0},
		{"the clock is set ahead", 20, 20e3, 1e3, 20, 190, 230, 3600e9},
		{"the clock is set back", 20, 20e3, 1e3, 20, 180, 215, -3600e9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newFakeHost()
			h.nanos = 1e18
			slowHost(h, tt.check)
			v := newVerifier(h, nil)
			v.budget.limit(tt.percent)
			spent, passed, stepped := int64(0), int64(0), false
			for passed < tt.seconds*1e9 {
				before := h.nanos
				if v.Verify(token.RS256, []byte("k"), []byte("s"), []byte("g")) != token.Busy {
					spent += h.nanos - before
				}
				h.nanos += tt.between
				passed += h.nanos - before
				if !stepped && passed > 1e9 {
					stepped = true
					h.nanos += tt.step
				}
			}
			if share := spent * 1000 / passed; share < tt.least || share > tt.most {
				t.Errorf("checks took %d per mille of the time, want %d to %d", share, tt.least, tt.most)
			}
		})
	}
}

// TestVerifyBudgetFrozen is a clock that never moves: checks are taken to cost what they
// do on a slow machine, and ticks give time back.
func TestVerifyBudgetFrozen(t *testing.T) {
	for _, now := range []int64{0, 1e18} {
		h := newFakeHost()
		h.nanos = now
		slowHost(h, 0)
		v := newVerifier(h, nil)
		v.budget.limit(20)
		checks := func() (n int) {
			for range 100000 {
				if v.Verify(token.ES256, []byte("k"), []byte("s"), make([]byte, 64)) != token.Busy {
					n++
				}
			}
			return n
		}
		if n := checks(); n != 200e6/costECByHost {
			t.Errorf("checks at first = %d, want what 200 ms give", n)
		}
		v.budget.tick(now, 100e6)
		v.budget.tick(now, 100e6)
		if n := checks(); n < 20e6/costECByHost || n > 41e6/costECByHost {
			t.Errorf("checks after two ticks = %d, want what 20 to 40 ms give", n)
		}
	}
}

// TestVerifyBudgetOfRoots: a worker has one budget, the least of its configurations.
func TestVerifyBudgetOfRoots(t *testing.T) {
	vt := newVMTest(t, `{"verifyBudgetPercent":30,`+goodTable+`}`)
	vt.v.ContextCreate(9, 0)
	if !vt.configure(9, `{"verifyBudgetPercent":10,`+goodTable+`}`) || vt.v.sig.budget.percent != 10 {
		t.Errorf("percent = %d, want 10", vt.v.sig.budget.percent)
	}
	vt.configure(9, `{"verifyBudgetPercent":100,`+goodTable+`}`)
	if vt.v.sig.budget.percent != 30 {
		t.Errorf("percent = %d, want 30", vt.v.sig.budget.percent)
	}
	// Checks of fetched keys are free.
	vt.v.sig.budget.balance = -1
	slowHost(vt.h, 1e6)
	if r := (unbudgeted{&vt.v.sig}).Verify(token.RS256, []byte("k"), []byte("s"), []byte("g")); r != token.Bad || vt.v.sig.budget.balance != -1 {
		t.Errorf("unbudgeted = %v with a balance of %d, want bad and unchanged", r, vt.v.sig.budget.balance)
	}
}
