package abi

import "testing"

func TestArenaAllocate(t *testing.T) {
	var a Arena
	if _, ok := a.Allocate(0); ok {
		t.Errorf("zero Arena: Allocate(0) = ok, want refused")
	}
	a.Grow(64)
	tests := []struct {
		n    uint32
		off  uint32
		ok   bool
		over bool
	}{
		{0, 0, true, false},
		{1, 0, true, false},
		{8, 8, true, false},
		{0, 16, true, false},
		{47, 16, true, false},
		{0, 64, true, false},
		{1, 0, false, true},
		{0xFFFFFFFF, 0, false, true},
		{0xFFFFFFF8, 0, false, true},
	}
	a.TakeOverflows()
	for i, tt := range tests {
		off, ok := a.Allocate(tt.n)
		if off != tt.off || ok != tt.ok || a.Overflowed() != tt.over {
			t.Errorf("step %d: Allocate(%d) = %d, %v (overflowed %v), want %d, %v (%v)", i, tt.n, off, ok, a.Overflowed(), tt.off, tt.ok, tt.over)
		}
	}
	if got := a.TakeOverflows(); got != 3 {
		t.Errorf("TakeOverflows() = %d, want 3", got)
	}
	a.Reset()
	if a.Overflowed() {
		t.Errorf("Overflowed() after Reset = true, want false")
	}
	if off, ok := a.Allocate(64); off != 0 || !ok {
		t.Errorf("Allocate(64) after Reset = %d, %v, want 0, true", off, ok)
	}
}

func TestArenaSlice(t *testing.T) {
	var a Arena
	a.Grow(16)
	tests := []struct {
		off, n uint32
		ok     bool
	}{
		{0, 0, true}, {0, 16, true}, {16, 0, true}, {15, 1, true},
		{0, 17, false}, {17, 0, false}, {16, 1, false}, {0xFFFFFFFF, 1, false}, {1, 0xFFFFFFFF, false},
	}
	for _, tt := range tests {
		b, ok := a.Slice(tt.off, tt.n)
		if ok != tt.ok || ok && (uint32(len(b)) != tt.n || uint32(cap(b)) != tt.n) {
			t.Errorf("Slice(%d, %d) = len %d cap %d, %v, want ok %v", tt.off, tt.n, len(b), cap(b), ok, tt.ok)
		}
	}
}

func TestArenaAllocs(t *testing.T) {
	var a Arena
	a.Grow(1 << 10)
	if n := testing.AllocsPerRun(100, func() {
		a.Reset()
		a.Allocate(100)
		a.Allocate(10000)
		a.Slice(0, 10)
	}); n != 0 {
		t.Errorf("allocations = %v, want 0", n)
	}
}
