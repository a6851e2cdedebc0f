package isel

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/dump"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/opt"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// TestGolden compiles testdata/<case>.in.json and compares the rewritten
// schemas with <case>.ir.txt and the program with <case>.tbl.txt.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/*.in.json")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	for _, in := range cases {
		name := strings.TrimSuffix(in, ".in.json")
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			s, diags := lowered(t, string(text))
			o := opt.New()
			golden(t, name+".ir.txt", dump.IR(o.Share([]*ir.Schema{o.Schema(s)})[0]))
			tab, _, _ := build(t, s, diags)
			golden(t, name+".tbl.txt", strings.ReplaceAll(dump.Schema(tab), "file:///s.json", ""))
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; run go test -update and review the change\n%s", file, lineDiff(string(want), got))
	}
}

// lineDiff writes both texts line by line and marks with ! where they differ.
func lineDiff(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var out strings.Builder
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x == y {
			out.WriteString("  " + x + "\n")
			continue
		}
		out.WriteString("! want " + x + "\n! got  " + y + "\n")
	}
	return out.String()
}

// TestReproducible checks that the same schemas give the same bytes.
func TestReproducible(t *testing.T) {
	text, err := os.ReadFile("testdata/members.in.json")
	if err != nil {
		t.Fatal(err)
	}
	var first string
	for range 5 {
		s, diags := lowered(t, string(text))
		strs := emit.NewStrings()
		c := New(strs, Options{}, diags)
		c.Entry(s)
		b, err := emit.SchemaSections(c, strs)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		} else if first != string(b) {
			t.Fatal("two compilations of one schema differ")
		}
		if _, e, _ := table.Open(b); e != table.ErrNone {
			t.Fatal(e)
		}
	}
}
