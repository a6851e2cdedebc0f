package irtest

import (
	"testing"

	"portcullis/schemagen/source"
)

func TestNumbers(t *testing.T) {
	tests := []struct {
		a, b     string
		cmp      int
		multiple bool // a is a multiple of b; only where b > 0
	}{
		{"1", "1.0", 0, true}, {"10e-1", "0.1e1", 0, true}, {"-0", "0.0", 0, false}, {"0", "7", -1, true},
		{"1", "2", -1, false}, {"-1", "-2", 1, false}, {"-1", "1", -1, true}, {"10", "9", 1, false}, {"100", "1e2", 0, true},
		{"12.345", "0.01", 1, false}, {"12.34", "0.01", 1, true}, {"0.3", "0.1", 1, true}, {"4.5", "1.5", 1, true},
		{"1e400", "1e399", 1, true}, {"1e400", "7", 1, false}, {"1e-400", "1", -1, false}, {"5e-1", "0.25", 1, true},
		{"1e99999999999999999999", "3", 1, false}, {"3e99999999999999999999", "3", 1, true}, {"1e-99999999999999999999", "0", 1, false},
		{"9007199254740993", "9007199254740992", 1, false},
	}
	for _, tt := range tests {
		a, b := parse(tt.a), parse(tt.b)
		if got := a.cmp(b); sign(got) != tt.cmp || sign(b.cmp(a)) != -tt.cmp {
			t.Errorf("cmp(%s, %s) = %d, want %d", tt.a, tt.b, got, tt.cmp)
		}
		if b.coefficient.Sign() > 0 && a.isMultipleOf(b) != tt.multiple {
			t.Errorf("%s is a multiple of %s = %v, want %v", tt.a, tt.b, !tt.multiple, tt.multiple)
		}
	}
}

func sign(n int) int { return max(-1, min(n, 1)) }

func TestIsInteger(t *testing.T) {
	tests := []struct {
		text          string
		plain, strict bool
	}{
		{"1", true, true}, {"-0", true, true}, {"1.0", true, false}, {"1e2", true, false}, {"10e-1", true, false}, {"1.5", false, false}, {"1e-1", false, false}, {"0e-9", true, false},
	}
	for _, tt := range tests {
		if got := isInteger(tt.text, false); got != tt.plain {
			t.Errorf("isInteger(%s) = %v, want %v", tt.text, got, tt.plain)
		}
		if got := isInteger(tt.text, true); got != tt.strict {
			t.Errorf("isInteger(%s, strict) = %v, want %v", tt.text, got, tt.strict)
		}
	}
}

func TestEqual(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{`{"a": 1, "b": [2]}`, `{"b": [2.0], "a": 1e0}`, true}, {`[1, 2]`, `[2, 1]`, false}, {`0`, `false`, false}, {`""`, `null`, false},
		{`"é"`, `"\u00e9"`, true}, {`{}`, `[]`, false}, {`{"a": null}`, `{"b": null}`, false}, {`[[]]`, `[[], []]`, false}, {`true`, `true`, true},
	}
	for _, tt := range tests {
		a, errA := source.Parse("a.json", "", []byte(tt.a))
		b, errB := source.Parse("b.json", "", []byte(tt.b))
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if Equal(a.Root, b.Root) != tt.want || Equal(b.Root, a.Root) != tt.want {
			t.Errorf("Equal(%s, %s) = %v, want %v", tt.a, tt.b, !tt.want, tt.want)
		}
	}
}
