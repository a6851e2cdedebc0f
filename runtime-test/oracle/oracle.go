// Package oracle holds engines against each other: schemas and values are made
// from a seed, and the engines of package suite, the slow interpreter and
// santhosh-tekuri/jsonschema v5 must agree on every value.
//
// Where the library is known to be wrong, Explained says so and why; any other
// disagreement is a difference. The library is no oracle for formats and
// ECMA-262 patterns, so generated schemas have no formats and only patterns that
// mean the same everywhere.
package oracle

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"portcullis/schemagen/dialect"
	"portcullis/schemagen/source"
)

// Library is a schema compiled by santhosh-tekuri/jsonschema v5.
type Library struct{ schema *jsonschema.Schema }

// NewLibrary compiles the text of a schema.
func NewLibrary(schema string, d dialect.Dialect) (lib *Library, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("compile: %v", r)
		}
	}()
	c := jsonschema.NewCompiler()
	c.Draft = libraryDrafts[d.Version]
	const uri = "http://portcullis.invalid/schema.json"
	if err := c.AddResource(uri, strings.NewReader(schema)); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	s, err := c.Compile(uri)
	if err != nil {
		return nil, fmt.Errorf("compile: %w", err)
	}
	return &Library{s}, nil
}

var libraryDrafts = map[dialect.Version]*jsonschema.Draft{
	dialect.Draft4: jsonschema.Draft4, dialect.Draft6: jsonschema.Draft6, dialect.Draft7: jsonschema.Draft7,
	dialect.Draft201909: jsonschema.Draft2019, dialect.Draft202012: jsonschema.Draft2020,
}

// Place is where something failed: a JSON Pointer into the value, and a
// keyword.
type Place struct{ Pointer, Keyword string }

// Validate judges a JSON text. places are all errors, causes included.
func (l *Library) Validate(text []byte) (valid bool, places []Place, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("validate: %v", r)
		}
	}()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return false, nil, fmt.Errorf("read the value: %w", err)
	}
	err = l.schema.Validate(v)
	var invalid *jsonschema.ValidationError
	if errors.As(err, &invalid) {
		return false, leaves(invalid, nil), nil
	}
	return err == nil, nil, err
}

func leaves(e *jsonschema.ValidationError, out []Place) []Place {
	keyword := e.KeywordLocation[strings.LastIndexByte(e.KeywordLocation, '/')+1:]
	pointer, err := url.PathUnescape(e.InstanceLocation) // the library escapes names twice
	if err != nil {
		pointer = e.InstanceLocation
	}
	out = append(out, Place{pointer, keyword})
	for _, c := range e.Causes {
		out = leaves(c, out)
	}
	return out
}

// explanation is a known fault of the library.
type explanation struct {
	Reason string
	// applies reports whether a schema has what leads to the fault.
	applies func(d dialect.Dialect, schema, value *source.Node) bool
}

// explanations is the whole list.
var explanations = []explanation{
	{
		"draft 4 has no integers with a fraction (draft 4 section 3.5); the library takes 1.0 as one",
		func(d dialect.Dialect, schema, value *source.Node) bool {
			return d.Version == dialect.Draft4 && mentions(schema, func(name string, v *source.Node) bool {
				return name == "type" && (v.Text == "integer" || hasItem(v, "integer"))
			})
		},
	},
	{
		"an empty enum allows nothing; the library takes it as none",
		func(_ dialect.Dialect, schema, _ *source.Node) bool {
			return mentions(schema, func(name string, v *source.Node) bool {
				return name == "enum" && v.Kind == source.Array && len(v.Items) == 0
			})
		},
	},
	{
		"a dynamic anchor belongs to the resource it stands in (2020-12 section 8.2.2); the library takes those of embedded resources for their container's",
		func(d dialect.Dialect, schema, _ *source.Node) bool {
			return d.Version == dialect.Draft202012 &&
				mentions(schema, func(name string, _ *source.Node) bool { return name == "$dynamicRef" }) &&
				mentions(schema, func(name string, v *source.Node) bool {
					return v.Get("$id") != nil && (v.Get("$dynamicAnchor") != nil ||
						mentions(v, func(name string, _ *source.Node) bool { return name == "$dynamicAnchor" }))
				})
		},
	},
}

// Explained returns why the library may differ on this schema and value, or "".
func Explained(d dialect.Dialect, schema, value *source.Node) string {
	for _, e := range explanations {
		if e.applies(d, schema, value) {
			return e.Reason
		}
	}
	return ""
}

func mentions(n *source.Node, is func(name string, v *source.Node) bool) bool {
	for i, item := range n.Items {
		if n.Kind == source.Object && is(n.Keys[i].Name, item) || mentions(item, is) {
			return true
		}
	}
	return false
}

func hasItem(n *source.Node, text string) bool {
	for _, item := range n.Items {
		if item.Text == text {
			return true
		}
	}
	return false
}
