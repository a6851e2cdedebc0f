package format

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// examples is the data file of a format. Numbers are JSON numbers as text.
type examples struct {
	Valid, Invalid               []string
	ValidNumbers, InvalidNumbers []string
}

func readExamples(tb testing.TB, name string) (examples, bool) {
	tb.Helper()
	var e examples
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if os.IsNotExist(err) {
		return e, false
	}
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		tb.Fatalf("read the examples of %s: %v", name, err)
	}
	return e, true
}

func TestExamples(t *testing.T) {
	for id := ID(1); id <= Last; id++ {
		t.Run(id.Name(), func(t *testing.T) {
			e, ok := readExamples(t, id.Name())
			if !ok {
				if Applies(id) != 0 {
					t.Fatalf("testdata/%s.json is missing", id.Name())
				}
				return
			}
			for _, s := range e.Valid {
				if !CheckString(id, []byte(s)) {
					t.Errorf("CheckString(%s, %q) = false, want true", id.Name(), s)
				}
			}
			for _, s := range e.Invalid {
				if CheckString(id, []byte(s)) {
					t.Errorf("CheckString(%s, %q) = true, want false", id.Name(), s)
				}
			}
			for _, s := range e.ValidNumbers {
				if !CheckNumber(id, []byte(s)) {
					t.Errorf("CheckNumber(%s, %s) = false, want true", id.Name(), s)
				}
			}
			for _, s := range e.InvalidNumbers {
				if CheckNumber(id, []byte(s)) {
					t.Errorf("CheckNumber(%s, %s) = true, want false", id.Name(), s)
				}
			}
			if hasString := len(e.Invalid) > 0; hasString != (Applies(id)&TypeString != 0) {
				t.Errorf("Applies(%s) speaks of strings: %v, the examples: %v", id.Name(), !hasString, hasString)
			}
			if hasNumber := len(e.InvalidNumbers) > 0; hasNumber != (Applies(id)&TypeNumber != 0) {
				t.Errorf("Applies(%s) speaks of numbers: %v, the examples: %v", id.Name(), !hasNumber, hasNumber)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	for id := ID(1); id <= Last; id++ {
		if got, ok := Lookup(id.Name()); !ok || got != id {
			t.Errorf("Lookup(%q) = %d, %v, want %d", id.Name(), got, ok, id)
		}
	}
	for _, name := range []string{"", "Date", "unknown", "date "} {
		if got, ok := Lookup(name); ok {
			t.Errorf("Lookup(%q) = %d, want none", name, got)
		}
	}
	if got := ID(200).Name(); got != "" {
		t.Errorf("ID(200).Name() = %q, want none", got)
	}
	if !CheckString(200, nil) || !CheckNumber(200, nil) || Applies(200) != 0 {
		t.Error("an unknown ID says something of a value")
	}
}

// TestTruncated cuts every example at every byte: no checker may panic, and
// none may allocate.
func TestTruncated(t *testing.T) {
	for id := ID(1); id <= Last; id++ {
		e, _ := readExamples(t, id.Name())
		for _, list := range [][]string{e.Valid, e.Invalid, e.ValidNumbers, e.InvalidNumbers} {
			for _, s := range list {
				b := []byte(s)
				allocs := testing.AllocsPerRun(1, func() {
					for n := range len(b) + 1 {
						CheckString(id, b[:n])
						CheckNumber(id, b[:n])
					}
				})
				if allocs != 0 {
					t.Errorf("checking %s %q allocates %v times, want 0", id.Name(), s, allocs)
				}
			}
		}
	}
}

// TestLong feeds texts that a checker worse than linear would take minutes
// for.
func TestLong(t *testing.T) {
	for _, unit := range []string{"a", "a.", "1", "{a}", "(", "(?<a>", "\\k<a>", "a@", "[", "::", "P1Y", "é", "a-", "/~0", "%41", "\\p{L}", "a\u0300", "\"", "-", "a=b;"} {
		b := []byte(strings.Repeat(unit, 1<<20/len(unit)))
		for id := ID(1); id <= Last; id++ {
			CheckString(id, b)
			CheckNumber(id, b)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for id := ID(1); id <= Last; id++ {
		e, _ := readExamples(f, id.Name())
		for _, list := range [][]string{e.Valid, e.Invalid, e.ValidNumbers, e.InvalidNumbers} {
			for _, s := range list {
				f.Add(uint8(id), []byte(s))
			}
		}
	}
	f.Fuzz(func(t *testing.T, id uint8, s []byte) {
		CheckNumber(ID(id), s)
		if !CheckString(ID(id), s) {
			return
		}
		checkAgainstReference(t, ID(id), s)
	})
}
