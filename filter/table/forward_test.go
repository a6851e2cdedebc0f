package table

import "testing"

func TestAlike(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"x-user-id", "x-user-id", true}, {"X_USER_ID", "x-user-id", true}, {"x.user~id", "x-user_id", true}, {"", "", true},
		{"x-user-id", "x-user-i", false}, {"x-user-id", "x-user-ie", false}, {"xauser-id", "x-user-id", false}, {"x0user-id", "x-user-id", false},
		{"@", "`", true}, {"[", "{", true}, {"K", "k", true}, {"\xe2\x84\xaa", "k", false}, // a Kelvin sign
	}
	for _, tt := range tests {
		if got := Alike([]byte(tt.a), tt.b); got != tt.want {
			t.Errorf("Alike(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if got := Alike([]byte(tt.b), tt.a); got != tt.want {
			t.Errorf("Alike(%q, %q) = %v, want %v", tt.b, tt.a, got, tt.want)
		}
	}
}

// TestCheckForward: records that no compiler writes.
func TestCheckForward(t *testing.T) {
	strs := "x-user-idiX-Userap"
	rule := func(change func(w []uint32)) []uint32 {
		w := []uint32{ForwardRule | CredentialsKeep<<8, 1, 1, 0, 0, 9, 9, 1, 16, 2, 60, 0, 0, 0}
		change(w)
		return w
	}
	field := func(change func(w []uint32)) []uint32 {
		w := []uint32{ForwardSubject, 0, 0, NoIndex, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}
		change(w)
		return w
	}
	none := func([]uint32) {}
	tests := []struct {
		name  string
		words []uint32
		rec   uint32
		want  Err
	}{
		{"good", append(rule(none), field(none)...), 0, ErrNone},
		{"good field", append(rule(none), field(none)...), 1, ErrNone},
		{"no credentials", append(rule(func(w []uint32) { w[ForwardHow] = ForwardRule }), field(none)...), 0, ErrEnum},
		{"replaced by nothing", append(rule(func(w []uint32) { w[ForwardHow], w[ForwardSecret] = ForwardRule|CredentialsReplace<<8, NoIndex }), field(none)...), 0, ErrEnum},
		{"replaced and a header", append(rule(func(w []uint32) { w[ForwardHow] = ForwardRule | CredentialsReplace<<8 }), field(none)...), 0, ErrString},
		{"no header", append(rule(func(w []uint32) { w[ForwardHeader+1] = 0 }), field(none)...), 0, ErrString},
		{"fields before it", append(rule(func(w []uint32) { w[ForwardFields] = 0 }), field(none)...), 0, ErrOrder},
		{"a rule among the fields", append(rule(none), rule(func(w []uint32) { w[ForwardFields+1] = 0 })...), 0, ErrEnum},
		{"no lifetime", append(rule(func(w []uint32) { w[ForwardLifetime] = 0 }), field(none)...), 0, ErrEnum},
		{"for ever", append(rule(func(w []uint32) { w[ForwardLifetime] = 3601 }), field(none)...), 0, ErrEnum},
		{"no audience", append(rule(func(w []uint32) { w[ForwardAudience+1] = 0 }), field(none)...), 0, ErrEnum},
		{"a lifetime of nothing", append(rule(func(w []uint32) { w[ForwardSecret] = NoIndex }), field(none)...), 0, ErrReserved},
		{"capitals in a name", append(rule(none), field(func(w []uint32) { w[ForwardHeader] = 10; w[ForwardHeader+1] = 6 })...), 1, ErrString},
		{"no name", append(rule(none), field(func(w []uint32) { w[ForwardHeader+1] = 0 })...), 1, ErrString},
		{"a claim without a path", append(rule(none), field(func(w []uint32) { w[ForwardHow] = ForwardClaim })...), 1, ErrRange},
		{"a field with a secret", append(rule(none), field(func(w []uint32) { w[ForwardSecret] = 0 })...), 1, ErrReserved},
	}
	for _, tt := range tests {
		tab := &Table{strs: []byte(strs), forwards: tt.words}
		if got, _ := tab.checkForward(tt.rec); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
