package limit

import (
	"math/rand/v2"
	"testing"
)

func TestGates(t *testing.T) {
	g := &Gates{}
	group := g.Add(7, 3, false)
	own := g.Add(8, 2, false)
	watch := g.Add(9, 1, true)
	g.Enclose([]uint32{group, own})
	g.Enclose(nil)
	g.Enclose([]uint32{group, watch})
	tests := []struct {
		name    string
		op      uint32
		leave   bool
		force   bool
		full    uint32
		entered bool
	}{
		{"first", 0, false, false, 0, true},
		{"second", 0, false, false, 0, true},
		{"own gate full", 0, false, false, 0b10, false},
		{"not limited", 1, false, false, 0, true},
		{"other operation of the group", 2, false, false, 0, true},
		{"both full, one only watches", 2, false, false, 0b11, false},
		{"forced", 0, false, true, 0b11, true},
		{"forced leaves", 0, true, false, 0, false},
		{"one leaves", 0, true, false, 0, false},
		{"watched gate full", 2, false, false, 0b10, true},
		{"unknown operation", 3, false, false, 0, true},
		{"last operation there can be", ^uint32(0), false, false, 0, true},
	}
	for _, tt := range tests {
		if tt.leave {
			g.Leave(tt.op)
			continue
		}
		if full, entered := g.Enter(tt.op, tt.force); full != tt.full || entered != tt.entered {
			t.Errorf("%s: Enter(%d, %v) = %b, %v, want %b, %v", tt.name, tt.op, tt.force, full, entered, tt.full, tt.entered)
		}
	}
	if g.Limit(2, 1) != 9 || g.Len(0) != 2 || g.InFlight(0, 1) != 1 {
		t.Errorf("Limit, Len, InFlight = %d, %d, %d, want 9, 2, 1", g.Limit(2, 1), g.Len(0), g.InFlight(0, 1))
	}
	if full, entered := (*Gates)(nil).Enter(0, false); full != 0 || !entered {
		t.Error("no gates refuse")
	}
}

// TestGatesNeverBelowZero: whatever comes and goes, counts are those of a plain
// model, and a leave too many does not open the gate wider.
func TestGatesNeverBelowZero(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	g := &Gates{}
	g.Enclose([]uint32{g.Add(0, 5, false)})
	in := 0
	for range 100_000 {
		if r.IntN(2) == 0 {
			_, ok := g.Enter(0, false)
			if ok != (in < 5) {
				t.Fatalf("Enter with %d in flight = %v", in, ok)
			}
			if ok {
				in++
			}
		} else {
			g.Leave(0)
			in = max(in-1, 0)
		}
	}
	if n := testing.AllocsPerRun(100, func() { g.Enter(0, false); g.Leave(0) }); n != 0 {
		t.Errorf("Enter and Leave allocate %v times", n)
	}
}
