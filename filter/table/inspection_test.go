package table

import "testing"

// TestCheckInspection: records that no compiler writes.
func TestCheckInspection(t *testing.T) {
	rule := func(w ...uint32) []uint32 { return append(w, make([]uint32, wordsInspection-len(w))...) }
	own := func(flags, start, n uint32) []uint32 { return rule(InspectionOp|flags<<16, start, n) }
	anonymous := rule(InspectionAnonymous | InspectBody<<8)
	refused := rule(InspectionRefused|InspectDeep<<8, 0, 0, 0, 3, 1e9)
	join := func(recs ...[]uint32) (out []uint32) {
		for _, r := range recs {
			out = append(out, r...)
		}
		return out
	}
	tests := []struct {
		name  string
		words []uint32
		rec   uint32
		want  Err
	}{
		{"good", join(anonymous, refused, own(3, 0, 2)), 2, ErrNone},
		{"good rule", join(refused), 0, ErrNone},
		{"good sample", rule(InspectionSampled|InspectDeep<<8, 0, 0, 1), 0, ErrNone},
		{"no rules", own(0, 0, 0), 0, ErrNone},
		{"raised to headers", rule(InspectionAnonymous | InspectHeaders<<8), 0, ErrEnum},
		{"raised to nothing", rule(InspectionAnonymous), 0, ErrEnum},
		{"no sample", rule(InspectionSampled | InspectBody<<8), 0, ErrEnum},
		{"a sample of strangers", rule(InspectionAnonymous|InspectBody<<8, 0, 0, 1), 0, ErrEnum},
		{"no refusals", rule(InspectionRefused|InspectBody<<8, 0, 0, 0, 0, 1e9), 0, ErrEnum},
		{"no time", rule(InspectionRefused|InspectBody<<8, 0, 0, 0, 3), 0, ErrEnum},
		{"more than a day", rule(InspectionRefused|InspectBody<<8, 0, 0, 0, 3, 0, 86400e9>>32+1), 0, ErrEnum},
		{"time for strangers", rule(InspectionAnonymous|InspectBody<<8, 0, 0, 0, 0, 1), 0, ErrEnum},
		{"a rule with flags", rule(InspectionAnonymous | InspectBody<<8 | 1<<16), 0, ErrReserved},
		{"a rule with rules", rule(InspectionAnonymous|InspectBody<<8, 0, 1), 0, ErrReserved},
		{"an operation that is raised", rule(InspectionOp | InspectBody<<8), 0, ErrReserved},
		{"an operation among the rules", join(own(0, 0, 0), own(0, 0, 1)), 1, ErrEnum},
		{"itself among the rules", own(0, 0, 1), 0, ErrEnum},
		{"nine rules", join(anonymous, anonymous, anonymous, anonymous, anonymous, anonymous, anonymous, anonymous, anonymous, own(0, 0, 9)), 9, ErrRange},
		{"three counts", join(refused, refused, refused, own(0, 0, 3)), 3, ErrRange},
	}
	for _, tt := range tests {
		tab := &Table{inspections: tt.words}
		if got, _ := tab.checkInspection(tt.rec); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	tab := &Table{inspections: join(anonymous, own(0, 0, 1))}
	for _, tt := range []struct {
		level, inspection uint32
		want              Err
	}{
		{InspectBody, 0, ErrNone}, {InspectBody, 2, ErrNone}, {InspectHeaders, 2, ErrNone},
		{InspectHeaders, 0, ErrNone}, {InspectDeep, 0, ErrNone}, {InspectBody, 1, ErrEnum}, {InspectBody, 3, ErrRange}, {InspectBody, NoIndex, ErrRange},
	} {
		var w [wordsOp]uint32
		w[OpModes], w[OpInspection] = tt.level<<8, tt.inspection
		if got := tab.checkInspected(Op{tab, &w}); got != tt.want {
			t.Errorf("level %d with record %d: %s, want %s", tt.level, tt.inspection, got, tt.want)
		}
	}
}
