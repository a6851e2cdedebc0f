package json

import (
	"strings"
	"testing"
)

func TestAppendPointerWithin(t *testing.T) {
	long := strings.Repeat("n", 100)
	p := NewParser(100, 10)
	tape := Tape{Nodes: make([]Node, 0, 100)}
	if st := p.Parse(&tape, []byte(`{"a":{"`+long+`":[1,2]}}`), Options{MaxDepth: 10}); st != StatusOK {
		t.Fatal(st)
	}
	last := uint32(len(tape.Nodes) - 1)
	tests := []struct {
		max  int
		want string
	}{
		{0, ""}, {2, ""}, {3, "/a"}, {200, "/a"}, {202, "/a"}, {203, "/a/" + long + "/1"},
	}
	for _, tt := range tests {
		if got := string(AppendPointerWithin([]byte("x"), &tape, last, tt.max)); got != "x"+tt.want {
			t.Errorf("AppendPointerWithin(%d) = %q, want %q", tt.max, got[1:], tt.want)
		}
	}
	if got := string(AppendPointer(nil, &tape, last)); got != "/a/"+long+"/1" {
		t.Errorf("AppendPointer = %q", got)
	}
}
