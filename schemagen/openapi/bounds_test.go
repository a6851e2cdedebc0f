package openapi

import (
	"testing"

	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

func TestBounds(t *testing.T) {
	// The limits are far from the schema's: twice as much, and some.
	const str, item, deep = 256, 64, 4
	tests := []struct {
		schema                     string
		depth, maxStr, items, name uint32
	}{
		{"{type: string}", deep, 0, item, str},
		{"{type: string, maxLength: 10}", deep, 240 + str, item, str},
		{"{}", 0, 0, 0, 0},
		{"{type: integer}", deep, str, item, str},
		{"{enum: [abc, [1, 2]]}", 2 + deep, 72 + str, 4 + item, str},
		{"{type: array, maxItems: 5, items: {type: integer}}", 2 + deep, str, 10 + item, str},
		{"{type: array, items: {type: integer}}", 2 + deep, str, 0, str},
		{"{type: array, maxItems: 5}", 0, 0, 0, 0},
		{"{type: array, maxItems: 2, prefixItems: [{type: integer}, {type: string, maxLength: 1}]}", 2 + deep, 24 + str, 4 + item, str},
		{"{type: object, properties: {ab: {type: boolean}}, additionalProperties: false}", 2 + deep, str, 2 + item, 48 + str},
		{"{type: object, properties: {ab: {type: boolean}}}", 0, 0, 0, 0},
		{"{type: object, additionalProperties: {type: 'null'}}", 2 + deep, str, 0, 0},
		{"{allOf: [{type: string}, {type: string, maxLength: 1}]}", deep, 24 + str, item, str},
		{"{anyOf: [{type: string, maxLength: 2}, {type: array, maxItems: 0}]}", 2 + deep, 48 + str, item, str},
	}
	for _, tt := range tests {
		text := "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    post:\n      requestBody: {content: {application/json: {schema: " + tt.schema + "}}}\n"
		doc, err := source.Parse("x.yaml", "file:///x.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		api, diags := walkDoc(resolve.New(nil), doc, nil)
		if api == nil || len(api.Operations) != 1 {
			t.Fatalf("%s: %v", tt.schema, diags)
		}
		op := api.Operations[0]
		if uint32(op.MaxDepth) != tt.depth || op.MaxString != tt.maxStr || op.MaxItems != tt.items || op.MaxName != tt.name {
			t.Errorf("%s: depth %d string %d items %d name %d, want %d %d %d %d", tt.schema, op.MaxDepth, op.MaxString, op.MaxItems, op.MaxName,
				tt.depth, tt.maxStr, tt.items, tt.name)
		}
	}
}
