package isel

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	fjson "portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

const suiteDir = "../../../shared/testdata/json-schema-test-suite"

// registry serves the suite's remotes.
type registry map[string]*source.Document

func (r registry) Document(uri string) (*source.Document, *resolve.Error) {
	if d := r[uri]; d != nil {
		return d, nil
	}
	return nil, &resolve.Error{}
}

func loadRemotes(t testing.TB) registry {
	r := registry{}
	root := filepath.Join(suiteDir, "remotes")
	err := filepath.Walk(root, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || !strings.HasSuffix(p, ".json") {
			return err
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		uri := "http://localhost:1234/" + filepath.ToSlash(rel)
		doc, err := source.Parse(p, uri, data)
		if err != nil {
			return err
		}
		r[uri] = doc
		return nil
	})
	if err != nil {
		t.Skipf("the official suite is not there: %v", err)
	}
	return r
}

// build compiles one schema into a table.
func build(t testing.TB, s *ir.Schema, diags *diag.List) (*table.Table, uint32, int) {
	t.Helper()
	tab, entry := buildWith(t, s, diags, Options{})
	return tab, entry, tab.Size()
}

func buildWith(t testing.TB, s *ir.Schema, diags *diag.List, opts Options) (*table.Table, uint32) {
	t.Helper()
	strs := emit.NewStrings()
	c := New(strs, opts, diags)
	entry := c.Entry(s)
	b, err := emit.SchemaSections(c, strs)
	if err != nil {
		t.Fatal(err)
	}
	tab, e, _ := table.Open(b)
	if e != table.ErrNone {
		t.Fatalf("table does not open: %s", e)
	}
	return tab, entry
}

type suiteGroup struct {
	Description string          `json:"description"`
	Schema      json.RawMessage `json:"schema"`
	Tests       []struct {
		Description string          `json:"description"`
		Data        json.RawMessage `json:"data"`
		Valid       bool            `json:"valid"`
	} `json:"tests"`
}

// TestSuite runs the required tests of the official suite, with schemas as
// they are and rewritten.
func TestSuite(t *testing.T) {
	for _, plain := range []bool{true, false} {
		t.Run(map[bool]string{true: "plain", false: "rewritten"}[plain], func(t *testing.T) { runSuite(t, plain) })
	}
}

func runSuite(t *testing.T, plain bool) {
	remotes := loadRemotes(t)
	m := schema.NewMachine(schema.Limits{Nodes: 1 << 14, Frames: 1 << 12})
	p := fjson.NewParser(1<<14, 256)
	tape := fjson.NewTape(1 << 14)
	for _, d := range []struct{ dir, name string }{
		{"draft4", "draft4"}, {"draft6", "draft6"}, {"draft7", "draft7"}, {"draft2019-09", "2019-09"}, {"draft2020-12", "2020-12"},
	} {
		dia, ok := dialect.ByName(d.name)
		if !ok {
			t.Fatalf("no dialect %s; have %v", d.name, dialect.Names())
		}
		files, _ := filepath.Glob(filepath.Join(suiteDir, "tests", d.dir, "*.json"))
		passed, failed := 0, 0
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			var groups []suiteGroup
			if err := json.Unmarshal(data, &groups); err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				doc, err := source.Parse("schema.json", "file:///schema.json", g.Schema)
				if err != nil {
					t.Fatal(err)
				}
				var diags diag.List
				low := lower.New(remotes, lower.Options{Formats: lower.FormatByVocabulary, SkipMetaschema: true}, &diags)
				s := low.Schema(doc.Root, dia, lower.Neutral)
				tab, entry := buildWith(t, s, &diags, Options{Plain: plain})
				for _, x := range g.Tests {
					if st := p.Parse(tape, x.Data, fjson.Options{}); st != fjson.StatusOK {
						t.Fatalf("parse %s: %v", x.Data, st)
					}
					st := m.Validate(tab, entry, tape, 0)
					if (st == schema.StatusValid) != x.Valid || st != schema.StatusValid && st != schema.StatusInvalid {
						t.Errorf("%s/%s: %s: %s: got %v, want valid=%v", d.dir, filepath.Base(f), g.Description, x.Description, st, x.Valid)
						failed++
					} else {
						passed++
					}
				}
			}
		}
		t.Logf("%s: %d passed, %d failed", d.dir, passed, failed)
	}
}
