package openapi

import (
	"strings"
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// TestFoldResponses: responses have one entry for each media range, as bodies do
// (testdata/media.in.yaml).
func TestFoldResponses(t *testing.T) {
	tests := []struct{ content, want, code string }{
		{"{application/json: {schema: {type: string}}, application/json;stream=watch: {schema: {type: string}}}", "application/json judged", ""},
		{"{application/json;v=1: {schema: {type: string}}, application/json;v=2: {schema: {type: object}}}", "application/json denied", "response-media-parameters"},
		{"{application/x-ndjson;v=1: {schema: {type: string}}, application/x-ndjson;v=2: {schema: {type: object}}}", "application/x-ndjson passes", ""},
		{"{'*/*': {schema: {type: string}}, application/json: {schema: {type: object}}}", "application/json judged, application/*+json judged, */* denied", "response-opaque"},
	}
	for _, tt := range tests {
		text := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {/x: {get: {responses: {'200': {content: " + tt.content + "}}}}}\n"
		doc, err := source.Parse("x.yaml", "file:///x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		var diags diag.List
		lower := func(n *source.Node, _ dialect.Dialect) *ir.Schema {
			return &ir.Schema{Types: ir.TypeObject, Loc: ir.Loc{Node: n}}
		}
		api := Walk(doc, Options{
			Name: "api", Registry: resolve.New(nil), Diags: &diags, Lower: lower,
			LowerResponse: func(n *source.Node, d dialect.Dialect, _ bool) *ir.Schema { return lower(n, d) },
			Settle:        func(op *ir.Operation) { op.Responses = &ir.Responses{} },
		})
		var got []string
		for _, m := range api.Operations[0].Responses.List[0].Media {
			what := map[ir.Action]string{ir.ActionDeny: "denied", ir.ActionPass: "passes"}[m.Action]
			if m.Schema != nil {
				what = "judged"
			}
			got = append(got, m.Range+" "+what)
		}
		code := ""
		for _, d := range diags {
			code = d.Code
		}
		if strings.Join(got, ", ") != tt.want || code != tt.code {
			t.Errorf("%s: %s with %q, want %s with %q", tt.content, strings.Join(got, ", "), code, tt.want, tt.code)
		}
	}
}
