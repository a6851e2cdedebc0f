package isel

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	fjson "portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/emit"
)

// sectionsOf compiles a schema and returns its sections and strings.
func sectionsOf(t testing.TB, text string) (map[uint32][]byte, []byte) {
	s, diags := lowered(t, text)
	strs := emit.NewStrings()
	c := New(strs, Options{}, diags)
	c.Entry(s)
	m := map[uint32][]byte{}
	for _, x := range c.Sections() {
		m[x.ID] = x.Data
	}
	return m, strs.Bytes()
}

// FuzzSections changes words of valid sections. What the verifier then takes
// must run on any tape within its bounds and come to an end.
func FuzzSections(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.in.json")
	var seeds []map[uint32][]byte
	var pools [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		m, pool := sectionsOf(f, string(text))
		seeds, pools = append(seeds, m), append(pools, pool)
	}
	for i := range seeds {
		f.Add(uint8(i), []byte{})
		f.Add(uint8(i), []byte{0, 0, 20, 0, 1, 0, 0, 0})
		f.Add(uint8(i), []byte{1, 0, 3, 0, 7, 0, 0, 0, 5, 0, 9, 0, 0xff, 0xff, 0xff, 0xff})
	}
	bodies := []string{
		`{"id":"x","state":"open","a":"x","b":1,"x-1":2,"kind":"card","left":{"value":1,"right":{"value":2}},"v":["a",1],"c":{"c":{"x":1}}}`,
		`[["a",1,7,{"k":[1,null,true]}],"\u00e9","\n",-1.5e3,7,7]`, `12`, `"string"`, `null`,
	}
	m := schema.NewMachine(schema.Limits{Nodes: 256, Frames: 64, Scratch: 256, Failures: 3, Memo: 16, Steps: 1 << 16})
	p := fjson.NewParser(256, 64)
	tape := fjson.NewTape(256)
	buf := make([]byte, 0, 4096)
	f.Fuzz(func(t *testing.T, seed uint8, edits []byte) {
		i := int(seed) % len(seeds)
		sections := map[uint32][]byte{}
		for id, b := range seeds[i] {
			sections[id] = append([]byte(nil), b...)
		}
		// Each edit: section, unused, word (2 bytes), value to add (4 bytes).
		for ; len(edits) >= 8; edits = edits[8:] {
			b := sections[uint32(table.SecProgram)+uint32(edits[0]%10)]
			if len(b) < 4 {
				continue
			}
			at := (int(edits[2]) | int(edits[3])<<8) * 4 % len(b) &^ 3
			for k := range 4 {
				b[at+k] += edits[4+k]
			}
		}
		tab, ok := table.OpenSchema(pools[i], sections)
		if !ok {
			return
		}
		for _, body := range bodies {
			if p.Parse(tape, []byte(body), fjson.Options{}) != fjson.StatusOK {
				t.Fatal(body)
			}
			for e := range tab.Schema.NumProcs() {
				for n := 1; n <= 3; n += 2 {
					m.Collect(n)
					start := time.Now()
					if st := m.Validate(tab, e, tape, 0); st == schema.StatusInternal {
						continue // an instruction where none may run: refused
					}
					for _, f := range m.Failures() {
						buf = schema.AppendPointer(buf[:0], tape, f)
						buf = schema.AppendKeyword(buf, tab, f)
						buf = schema.AppendLocation(buf, tab, f)
						buf = schema.AppendMessage(buf, tab, f, tape)
					}
					if d := time.Since(start); d > 5*time.Second {
						t.Fatalf("a run took %v", d)
					}
				}
			}
		}
	})
}
