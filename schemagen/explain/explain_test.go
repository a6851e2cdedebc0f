package explain_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"portcullis/filter/table"
	"portcullis/schemagen/compile"
	"portcullis/schemagen/delta"
	"portcullis/schemagen/explain"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func build(t *testing.T, o compile.Options) *table.Table {
	t.Helper()
	r, err := compile.Build(o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Table == nil {
		t.Skipf("no table: %v", r.Diags[0])
	}
	tab, code, off := table.Open(r.Table)
	if code != table.ErrNone {
		t.Fatalf("open: %v at %d", code, off)
	}
	return tab
}

// TestGolden explains every operation of testdata/all.yaml, which has each kind
// of rule, and of the shop.
func TestGolden(t *testing.T) {
	for name, o := range map[string]compile.Options{
		"all":  {Specs: []string{"testdata/all.yaml"}, PolicyPath: "testdata/policy.yaml"},
		"shop": {Specs: []string{"../../examples/shop/shop.yaml"}, PolicyPath: "../../examples/shop/policy.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			e := explain.Read(build(t, o))
			e.List(&b)
			for _, op := range e.Operations {
				b.WriteString("\n")
				op.Write(&b)
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(b.Bytes(), want) {
				t.Errorf("%s differs, see go test -update and the diff of it: got\n%s", golden, b.String())
			}
		})
	}
}

func TestFind(t *testing.T) {
	e := explain.Read(build(t, compile.Options{Specs: []string{"../../examples/shop/shop.yaml"}, PolicyPath: "../../examples/shop/policy.yaml"}))
	tests := []struct {
		query string
		n     int
	}{{"POST /orders", 1}, {"post  /orders", 1}, {"placeOrder", 1}, {"GET /nope", 0}, {"", 0}, {"POST", 0}}
	for _, tt := range tests {
		if got := len(e.Find(tt.query)); got != tt.n {
			t.Errorf("Find(%q) found %d, want %d", tt.query, got, tt.n)
		}
	}
}

// TestSpecs: real tables read back whole, every operation can be explained, and
// a table does not differ from itself read again.
func TestSpecs(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/testdata/specs/*.[jy]*")
	if len(files) == 0 {
		t.Skip("found no ../shared/testdata/specs: nothing real to explain")
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil || filepath.Base(f) == "manifest.json" || testing.Short() && info.Size() > 300_000 || info.Size() > 2<<20 {
			continue
		}
		t.Run(filepath.Base(f), func(t *testing.T) {
			tab := build(t, compile.Options{Specs: []string{f}})
			a, b := explain.Read(tab), explain.Read(tab)
			var out bytes.Buffer
			for _, op := range a.Operations {
				op.Write(&out)
			}
			if list := delta.Compare(a, b); len(list) > 0 {
				t.Errorf("a table differs from itself: %+v", list[0])
			}
			if len(a.Operations) != int(tab.NumOps()) || len(a.Operations) > 0 && out.Len() == 0 {
				t.Errorf("%d operations of %d explained", len(a.Operations), tab.NumOps())
			}
		})
	}
}
