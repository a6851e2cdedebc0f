package param_test

import (
	"bytes"
	"testing"

	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// everyStyle is a row for each place and style, exploded and not, of a type that can
// become an array, an object or a scalar.
var everyStyle = []struct {
	in, style string
	explode   bool
}{
	{"path", "simple", false}, {"path", "simple", true}, {"path", "label", false}, {"path", "label", true}, {"path", "matrix", false}, {"path", "matrix", true},
	{"query", "form", false}, {"query", "form", true}, {"query", "spaceDelimited", false}, {"query", "pipeDelimited", false}, {"query", "deepObject", true},
	{"header", "simple", false}, {"header", "simple", true},
	{"cookie", "form", false}, {"cookie", "form", true}, {"cookie", "cookie", true},
}

// FuzzStyles reads any text by any style in any place: never a panic or a
// contradiction, always a sound tape, and the text stays as it was.
func FuzzStyles(f *testing.F) {
	type styled struct {
		t  *table.Table
		op table.Op
	}
	var all []styled
	for _, s := range everyStyle {
		for _, schema := range []string{"{type: [array, object, integer], items: {type: [integer, string]}, additionalProperties: {type: [boolean, string]}}",
			"{type: array, items: {type: integer}}", "{type: object, properties: {a: {type: integer}}}", "{type: [number, 'null', boolean]}"} {
			if (s.style == "spaceDelimited" || s.style == "pipeDelimited" || s.style == "deepObject") && schema[7] == '[' {
				continue // styles of arrays and objects alone
			}
			t, op := open(f, one(s.in, s.style, s.explode, schema))
			all = append(all, styled{t, op})
		}
	}
	d := decoder()
	for i, s := range []string{"1", "a,1,b,2", "a=1,b=2", ".1.2", ".a=1.b=2", ";v=1,2", ";v=1;v=2", ";a=1;b=2", "v=1&v=2", "v[a][0]=1", "v=1%7C2", "v=1; v=2", "a=1&b=2", "%zz", ";", ".", "", "v=\xff", "v=%00", "v[=1"} {
		f.Add([]byte(s), uint16(i), uint32(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, which uint16, failed uint32) {
		s := all[int(which)%len(all)]
		p := s.t.Param(s.op.Params().Start)
		in := bytes.Clone(text)
		code := feed(d, s.t, s.op, [...]string{table.InPath: "path", table.InQuery: "query", table.InHeader: "header", table.InCookie: "cookie"}[p.In()], string(in))
		for n := 0; ; n++ {
			if code == verdict.Internal || n > 200 {
				t.Fatalf("%q: %s after %d readings", text, code.Name(), n)
			}
			if code != verdict.Allow || len(d.Tape.Nodes) == 0 {
				return
			}
			sound(t, &d.Tape)
			var again bool
			if code, again = d.Retry(failed); !again {
				return
			}
		}
	})
}

// TestStylesDoNotAllocate reads a text by each style without an allocation.
func TestStylesDoNotAllocate(t *testing.T) {
	d := decoder()
	for _, s := range everyStyle {
		schema := "{type: [array, object], items: {type: integer}, additionalProperties: {type: string}}"
		tab, op := open(t, one(s.in, s.style, s.explode, schema))
		for _, text := range []string{"1,2", ".a=1", ";v=1;v=2", "v=1&v=2", "v[a]=1", "v=1%7C2", "v=1", "%zz"} {
			raw := []byte(text)
			capture := [][]byte{raw}
			name := []byte("v")
			if n := testing.AllocsPerRun(5, func() {
				d.Begin(tab, op)
				switch s.in {
				case "path":
					d.Path(capture)
				case "query":
					d.Query(raw, table.ActionPass)
				case "header":
					d.Header(name, raw)
				case "cookie":
					d.Cookie(raw)
				}
				d.Value(0)
			}); n != 0 {
				t.Errorf("%s %s explode %v: %q: %v allocations", s.in, s.style, s.explode, text, n)
			}
		}
	}
}
