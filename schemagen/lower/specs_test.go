package lower

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

const specsDir = "../../../shared/testdata/specs"

// rootSchemas finds what stands under `schema` and in the components.
func rootSchemas(n *source.Node, f func(*source.Node)) {
	for i, item := range n.Items {
		name := ""
		if n.Kind == source.Object {
			name = n.Keys[i].Name
		}
		switch {
		case strings.HasPrefix(name, "x-"), name == "example", name == "examples":
		case name == "schema" && item.Kind == source.Object:
			f(item)
		case name == "schemas" && n.Name == "components", name == "definitions" && n.Parent == nil:
			for _, s := range item.Items {
				f(s)
			}
		default:
			rootSchemas(item, f)
		}
	}
}

// Real descriptions lower without a crash or an error that would stop a
// lenient build, in time that is small beside that of reading them.
func TestRealDescriptions(t *testing.T) {
	files, _ := filepath.Glob(specsDir + "/*.*")
	if len(files) == 0 {
		t.Skipf("the real descriptions are not there: %s", specsDir)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".md") || strings.HasSuffix(file, "manifest.json") {
			continue
		}
		t.Run(filepath.Base(file), func(t *testing.T) { lowerAll(t, file) })
	}
}

func lowerAll(t *testing.T, file string) {
	reg := resolve.New(nil)
	start := time.Now()
	doc, err := reg.Load(file)
	if err != nil {
		t.Fatalf("Load(%s) = %v", file, err)
	}
	read := time.Since(start)
	var diags diag.List
	l := New(reg, Options{}, &diags)
	d := l.Dialect(doc, dialect.Of(dialect.Draft202012))
	if !d.Rules().OpenAPI {
		t.Fatalf("%s: dialect = %v, want one of OpenAPI", file, d)
	}
	start = time.Now()
	n := 0
	rootSchemas(doc.Root, func(s *source.Node) {
		n++
		l.Schema(s, d, Request)
	})
	lowered := time.Since(start)
	codes := map[string]int{}
	for _, f := range diags {
		codes[f.Code]++
		if f.Severity == diag.Error {
			t.Errorf("%v", f)
		}
		if (f.Code == "schema-invalid" || f.Code == "schema-metaschema") && os.Getenv("SHOW") != "" && codes[f.Code] < 4 {
			t.Logf("%v", f)
		}
	}
	for _, s := range l.memo {
		checkAcyclic(t, s)
		break
	}
	t.Logf("%v: read %v, %d root schemas to %d in %v; findings %v", d, read.Round(time.Millisecond), n, l.numIDs, lowered.Round(time.Millisecond), codes)
}

// checkAcyclic follows in-place edges from s, which must end.
func checkAcyclic(t *testing.T, s *ir.Schema) {
	t.Helper()
	open := map[*ir.Schema]bool{}
	var visit func(*ir.Schema)
	visit = func(s *ir.Schema) {
		if open[s] {
			t.Fatalf("schema %d at %s applies to itself in place", s.ID, s.Loc.Pointer)
		}
		open[s] = true
		eachInPlace(s, visit)
		open[s] = false
	}
	visit(s)
}
