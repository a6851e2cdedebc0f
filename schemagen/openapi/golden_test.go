package openapi

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// walkFile walks one description without a policy.
func walkFile(t *testing.T, path string) (*ir.API, diag.List) {
	t.Helper()
	reg := resolve.New(nil)
	doc, err := reg.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return walkDoc(reg, doc, nil)
}

func walkDoc(reg *resolve.Registry, doc *source.Document, settle func(*ir.Operation)) (*ir.API, diag.List) {
	var diags diag.List
	low := lower.New(reg, lower.Options{}, &diags)
	api := Walk(doc, Options{
		Name: "api", Registry: reg, Diags: &diags, Settle: settle,
		Lower: func(n *source.Node, d dialect.Dialect) *ir.Schema { return low.Schema(n, d, lower.Request) },
	})
	diags.Sort()
	return api, diags
}

// TestGolden compares what each testdata/*.in.yaml becomes with *.ir.txt.
func TestGolden(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.in.yaml")
	if len(files) == 0 {
		t.Fatal("found no golden inputs")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".in.yaml")
		t.Run(name, func(t *testing.T) {
			api, diags := walkFile(t, file)
			got := format(api, diags)
			golden := strings.TrimSuffix(file, ".in.yaml") + ".ir.txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (rewrite with -update and read the difference):\n%s", golden, firstDifference(got, string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			line := "(end)"
			if i < len(w) {
				line = w[i]
			}
			return fmt.Sprintf("line %d: got  %s\nline %d: want %s", i+1, g[i], i+1, line)
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

var (
	inNames    = map[ir.In]string{ir.InPath: "path", ir.InQuery: "query", ir.InHeader: "header", ir.InCookie: "cookie", ir.InQuerystring: "querystring"}
	styleNames = map[ir.Style]string{
		ir.StyleSimple: "simple", ir.StyleLabel: "label", ir.StyleMatrix: "matrix", ir.StyleForm: "form", ir.StyleSpaceDelimited: "space",
		ir.StylePipeDelimited: "pipe", ir.StyleDeepObject: "deep", ir.StyleTabDelimited: "tab", ir.StyleContentJSON: "json", ir.StyleContentText: "text", ir.StyleContentForm: "query-form", ir.StyleCookie: "cookie",
	}
	kindNames = map[ir.BodyKind]string{
		ir.BodyJSON: "json", ir.BodyForm: "form", ir.BodyMultipart: "multipart", ir.BodyText: "text", ir.BodyBinary: "binary",
		ir.BodyNDJSON: "ndjson", ir.BodyOpaque: "opaque",
	}
	actionNames = map[ir.Action]string{ir.ActionDeny: "deny", ir.ActionMonitor: "monitor", ir.ActionPass: "pass"}
	schemeNames = map[ir.SchemeKind]string{ir.SchemeBearer: "bearer", ir.SchemeBasic: "basic", ir.SchemeAPIKey: "apikey", ir.SchemeMutualTLS: "mtls"}
)

func typeNames(t ir.Types) string {
	if t == 0 {
		return "any"
	}
	var out []string
	for i, name := range []string{"null", "boolean", "object", "array", "number", "string", "integer"} {
		if t&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, "|")
}

func format(api *ir.API, diags diag.List) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if api != nil {
		p("api %q %q", api.Title, api.Version)
		for _, m := range api.Mounts {
			p("mount host=%q port=%d base=%q", m.Host, m.Port, m.BasePath)
		}
		for _, op := range api.Operations {
			formatOperation(p, op)
		}
	}
	p("")
	for _, d := range diags {
		line := d.String()
		if d.Unenforceable {
			line += " unenforceable"
		}
		if d.Operation != "" {
			line += " in " + d.Operation
		}
		p("%s at %s", line, d.Pointer)
	}
	return b.String()
}

func formatOperation(p func(string, ...any), op *ir.Operation) {
	var segs []string
	for _, s := range op.Segments {
		text := ""
		for _, part := range s.Parts {
			if part.Param != "" {
				text += "<" + part.Param + ">"
			} else {
				text += part.Literal
			}
		}
		segs = append(segs, fmt.Sprintf("%q", text))
	}
	p("\n%s %s id=%q segments=%s unenforceable=%v deprecated=%v", op.Method, op.Path, op.ID, strings.Join(segs, ","), op.Unenforceable, op.Deprecated)
	for _, q := range op.Params {
		p("  %s %s style=%s explode=%v required=%v reserved=%v empty=%v shape=%s schema=%v",
			inNames[q.In], q.Name, styleNames[q.Style], q.Explode, q.Required, q.AllowReserved, q.AllowEmptyValue,
			shapeText(q.Shape, 0), q.Schema != nil)
	}
	if op.Body != nil {
		p("  body required=%v", op.Body.Required)
		for _, m := range op.Body.Media {
			p("    %s kind=%s action=%s shape=%s sequence=%v schema=%v unenforceable=%v", m.Range, kindNames[m.Kind], actionNames[m.Action], shapeText(m.Shape, 0), m.Sequence, m.Schema != nil, m.Unenforceable)
			for _, f := range m.Fields {
				p("      field %s style=%s explode=%v types=%v headers=%d", f.Name, styleNames[f.Style], f.Explode, f.ContentTypes, len(f.Headers))
			}
		}
	}
	for _, r := range op.Security {
		var uses []string
		for _, u := range r.Uses {
			uses = append(uses, fmt.Sprintf("%s(%s %s)%v", u.Scheme.Name, schemeNames[u.Scheme.Kind], u.Scheme.ParamName, u.Scopes))
		}
		p("  security %s", strings.Join(uses, " and "))
	}
}

// shapeText shows a shape a few levels deep.
func shapeText(s *ir.Shape, depth int) string {
	if s == nil {
		return "-"
	}
	out := typeNames(s.Types)
	if s.Binary {
		out += "(bytes)"
	}
	if depth == 3 {
		return out
	}
	if s.Types&ir.TypeArray != 0 {
		out += "["
		for _, p := range s.Prefix {
			out += shapeText(p, depth+1) + ","
		}
		out += shapeText(s.Items, depth+1) + "]"
	}
	if s.Types&ir.TypeObject != 0 {
		out += "{"
		for _, p := range s.Props {
			out += p.Name + ":" + shapeText(p.Shape, depth+1) + " "
		}
		if s.Open {
			out += "*:" + shapeText(s.Additional, depth+1)
		}
		out += "}"
	}
	return out
}
