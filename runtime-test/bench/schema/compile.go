package schema

import (
	"fmt"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/emit"
	"portcullis/schemagen/isel"
	"portcullis/schemagen/lower"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

// Compile turns a JSON Schema into a table that holds nothing else, and the entry
// of the schema in it. It is what schemagen does with each schema.
func Compile(text []byte) (blob []byte, entry uint32, err error) {
	doc, err := source.Parse("schema.json", "http://bench.invalid/schema.json", text)
	if err != nil {
		return nil, 0, fmt.Errorf("read the schema: %w", err)
	}
	d, ok := dialect.ByName("draft7") // of schemas that name none
	if !ok {
		return nil, 0, fmt.Errorf("found no dialect draft7")
	}
	var diags diag.List
	s := lower.New(resolve.New(nil), lower.Options{Formats: lower.FormatAssert}, &diags).Schema(doc.Root, d, lower.Neutral)
	strs := emit.NewStrings()
	c := isel.New(strs, isel.Options{}, &diags)
	entry = c.Entry(s)
	blob, err = emit.SchemaSections(c, strs)
	for _, f := range diags {
		if f.Unenforceable || f.Severity == diag.Error {
			return nil, 0, fmt.Errorf("compile the schema: %v", f)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("write the table: %w", err)
	}
	return blob, entry, nil
}
