package lower

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/dialect"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/resolve"
	"portcullis/schemagen/source"
)

func parse(t testing.TB, uri, text string) *source.Document {
	t.Helper()
	doc, err := source.Parse("test.json", uri, []byte(text))
	if err != nil {
		t.Fatalf("Parse(%s) = %v", text, err)
	}
	return doc
}

// lowerText lowers the schema at pointer of a text.
func lowerText(t testing.TB, text, pointer string, v dialect.Version, dir Direction) (*ir.Schema, diag.List) {
	t.Helper()
	doc := parse(t, "file:///test.json", text)
	n := source.AtPointer(doc.Root, pointer)
	if n == nil {
		t.Fatalf("nothing at %q in %s", pointer, text)
	}
	var diags diag.List
	s := New(nil, Options{}, &diags).Schema(n, dialect.Of(v), dir)
	return s, diags
}

func codes(diags diag.List) []string {
	var out []string
	for _, d := range diags {
		c := d.Code
		if d.Unenforceable {
			c += "!"
		}
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
}

// A code that ends in ! is unenforceable.
func TestFindings(t *testing.T) {
	tests := []struct {
		v    dialect.Version
		text string
		want string
	}{
		{dialect.Draft7, `{}`, ""},
		{dialect.Draft7, `{"type": 5}`, "schema-invalid!"},
		{dialect.Draft7, `{"type": "strin"}`, "schema-invalid!"},
		{dialect.Draft7, `{"type": []}`, "schema-invalid!"},
		{dialect.Draft7, `{"minLength": "x"}`, "schema-invalid!"},
		{dialect.Draft7, `{"minLength": -1}`, "schema-invalid!"},
		{dialect.Draft7, `{"multipleOf": 1` + strings.Repeat("0", 1023) + `1}`, "schema-invalid!"},
		{dialect.Draft7, `{"multipleOf": 1` + strings.Repeat("0", 1022) + `1}`, ""},
		{dialect.Draft7, `{"minLength": 1.5}`, "schema-invalid!"},
		{dialect.Draft7, `{"minLength": 1.0, "maxLength": 1e400, "minItems": -0}`, ""},
		{dialect.Draft7, `{"multipleOf": 0}`, "schema-invalid!"},
		{dialect.Draft7, `{"multipleOf": -1}`, "schema-invalid!"},
		{dialect.Draft7, `{"required": "a"}`, "schema-invalid!"},
		{dialect.Draft7, `{"required": [1]}`, "schema-invalid! schema-metaschema"},
		{dialect.Draft7, `{"properties": []}`, "schema-invalid!"},
		{dialect.Draft7, `{"properties": {"a": 1}}`, "schema-invalid!"},
		{dialect.Draft7, `{"allOf": []}`, "schema-invalid!"},
		{dialect.Draft7, `{"anyOf": {}}`, "schema-invalid!"},
		{dialect.Draft7, `{"pattern": 1}`, "schema-invalid!"},
		{dialect.Draft7, `{"enum": 1}`, "schema-invalid!"},
		{dialect.Draft7, `{"$ref": 1}`, "schema-invalid!"},
		{dialect.Draft7, `{"exclusiveMinimum": true}`, "schema-invalid!"},
		{dialect.Draft7, `{"exclusiveMinimum": false}`, "exclusive-bound-form schema-metaschema"},
		{dialect.Draft4, `{"exclusiveMinimum": 1, "minimum": 1}`, "schema-invalid!"},
		{dialect.Draft4, `{"not": true}`, "schema-invalid!"},
		{dialect.Draft4, `{"additionalProperties": false}`, ""},
		{dialect.Draft7, `{"$ref": "#"}`, "schema-infinite-recursion!"},
		{dialect.Draft7, `{"allOf": [{"$ref": "#"}]}`, "schema-infinite-recursion!"},
		{dialect.Draft7, `{"not": {"$ref": "#"}}`, "schema-infinite-recursion!"},
		{dialect.Draft7, `{"if": true, "then": {"anyOf": [true, {"$ref": "#"}]}}`, "schema-infinite-recursion!"},
		{dialect.Draft7, `{"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "allOf": [{"$ref": "#/definitions/a"}]}`, "schema-infinite-recursion!"},
		{dialect.Draft202012, `{"dependentSchemas": {"a": {"$ref": "#"}}}`, "schema-infinite-recursion!"},
		{dialect.Draft7, `{"properties": {"a": {"$ref": "#"}}, "items": {"$ref": "#"}}`, ""},
		{dialect.Draft7, `{"$ref": "#/definitions/none"}`, "ref-dangling!"},
		{dialect.Draft7, `{"$ref": "#none"}`, "ref-dangling!"},
		{dialect.Draft202012, `{"$ref": "#a", "$defs": {"x": {"$anchor": "a"}, "y": {"$anchor": "a"}}}`, "ref-ambiguous!"},
		{dialect.Draft202012, `{"$dynamicRef": "#a", "$defs": {"x": {"$dynamicAnchor": "a"}, "y": {"$dynamicAnchor": "a"}}}`, "ref-ambiguous!"},
		{dialect.Draft202012, `{"$ref": "#/$defs/x", "$defs": {"x": {"$anchor": "a"}, "y": {"$anchor": "a"}}}`, ""},
		{dialect.Draft7, `{"$ref": "https://example.com/none.json"}`, "ref-remote!"},
		{dialect.Draft201909, `{"$recursiveRef": "#/x"}`, "ref-dangling!"},
		{dialect.Draft7, `{"$schema": "https://example.com/none"}`, "schema-unknown-dialect!"},
		{dialect.Draft7, `{"items": {"$schema": "http://json-schema.org/draft-04/schema#"}}`, "schema-misplaced-dialect"},
		{dialect.Draft7, `{"items": {"$schema": "http://json-schema.org/draft-07/schema#"}}`, ""},
		{dialect.Draft7, `{"unknown": 1, "x-a": 2}`, ""},
		{dialect.Draft7, `{"description": 5}`, "schema-metaschema"},
		{dialect.Draft7, `{"pattern": "^(?!a)", "format": "no format", "minimum": 1e999999999}`, ""},
		{dialect.OpenAPI30, `{"unknown": 1, "x-a": 2}`, "keyword-unknown"},
		{dialect.OpenAPI30, `{"const": 1}`, "keyword-not-in-dialect"},
		{dialect.OpenAPI20, `{"oneOf": [{}]}`, "keyword-not-in-dialect"},
		{dialect.OpenAPI31, `{"nullable": true}`, "keyword-not-in-dialect"},
		{dialect.OpenAPI30, `{"type": ["string", "null"]}`, "type-not-in-dialect"},
		{dialect.OpenAPI30, `{"items": [{}]}`, "schema-invalid!"},
		{dialect.OpenAPI30, `{"required": true}`, "schema-invalid!"},
		{dialect.OpenAPI30, `{"required": false}`, "required-form"},
		{dialect.OpenAPI30, `{"nullable": true}`, "nullable-without-type"},
		{dialect.OpenAPI30, `{"type": "string", "nullable": true, "enum": ["a"]}`, "nullable-enum"},
		{dialect.OpenAPI30, `{"discriminator": {}}`, "discriminator-invalid"},
		{dialect.OpenAPI30, `{"discriminator": {"propertyName": "k", "mapping": {"a": "None"}}}`, "discriminator-base discriminator-mapping"},
		{dialect.OpenAPI30, `{"a": {"type": "string"}, "allOf": [{"$ref": "#/a", "minLength": 1, "description": "d"}]}`, "keyword-unknown ref-sibling-ignored"},
	}
	for _, tt := range tests {
		_, diags := lowerText(t, tt.text, "", tt.v, Neutral)
		// What the metaschema says beside our own findings is not compared.
		got := codes(diags)
		if !strings.Contains(tt.want, "schema-metaschema") {
			got = slices.DeleteFunc(got, func(c string) bool { return c == "schema-metaschema" })
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%v %s: findings = %v, want %q", dialect.Of(tt.v), tt.text, diags, tt.want)
		}
		for _, d := range diags {
			if d.Severity == diag.Error || d.Line == 0 || d.File != "test.json" || d.Message == "" {
				t.Errorf("%s: finding %+v, want a warning or note with a place", tt.text, d)
			}
		}
	}
}

func TestUnenforceableStandsInTheSchema(t *testing.T) {
	s, _ := lowerText(t, `{"properties": {"a": {"minLength": "x", "maxLength": 1}}}`, "", dialect.Draft7, Neutral)
	a := s.Properties[0].Schema
	if fmt.Sprint(a.Unenforceable) != "[schema-invalid]" || a.MinLength != nil || a.MaxLength == nil || len(s.Unenforceable) != 0 {
		t.Errorf("a = %+v, want schema-invalid and maxLength alone", a)
	}
}

func TestKeywords(t *testing.T) {
	s, _ := lowerText(t, `{
		"type": ["integer", "null"], "enum": [1, 1.0], "const": 1, "minimum": 1.50, "maximum": 10, "exclusiveMaximum": 1e2,
		"items": [{}, true], "additionalItems": false, "contains": {}, "minContains": 0, "maxContains": 4294967296,
		"dependencies": {"a": ["b", "c"], "d": {"minLength": 1}}, "dependentRequired": {"e": []},
		"required": ["a", "a", "b"], "title": "T", "readOnly": true, "default": 5, "contentEncoding": "base64"
	}`, "", dialect.Draft201909, Neutral)
	check := func(name string, got, want any) {
		t.Helper()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	check("types", s.Types, ir.TypeInteger|ir.TypeNull)
	check("strict integer", s.StrictInteger, false)
	check("enum", len(s.Enum.Values), 2)
	check("const, a conjunct of its own", s.Refs[0].Target.Enum.Keyword, "const")
	check("minimum", s.Minimum.Text, "1.50")
	check("minimum at", s.Minimum.Loc.Pointer, "/minimum")
	check("document", s.Minimum.Loc.URI, "file:///test.json")
	check("exclusiveMaximum", s.ExclusiveMaximum.Text, "1e2")
	check("prefixItems", len(s.PrefixItems), 2)
	check("items keyword", s.ItemsKeyword, "additionalItems")
	check("items", *s.Items.Bool, false)
	check("contains", []uint32{s.Contains.Min, s.Contains.Max}, []uint32{0, 1<<32 - 1})
	check("has minContains", s.Contains.HasMin, true)
	check("evaluates", s.ContainsEvaluates, false)
	check("dependent names", len(s.DependentRequired), 2)
	check("dependent schemas", s.DependentSchemas[0].Name, "d")
	check("required", len(s.Required), 2)
	check("title", s.Title, "T")
	check("read only", s.ReadOnly, true)
	check("default", s.Default.Text, "5")
	check("encoding", s.ContentEncoding, "base64")
}

func TestDraft4(t *testing.T) {
	s, _ := lowerText(t, `{"type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 2, "exclusiveMaximum": false, "const": 1}`, "", dialect.Draft4, Neutral)
	if !s.StrictInteger || s.Minimum != nil || s.ExclusiveMinimum == nil || s.ExclusiveMinimum.Text != "1" ||
		s.Maximum == nil || s.ExclusiveMaximum != nil || s.Enum != nil {
		t.Errorf("schema = %+v, want 1 excluded, 2 included and no const", s)
	}
}

func TestFormatModes(t *testing.T) {
	const custom = "https://example.com/meta"
	meta := parse(t, custom, `{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "`+custom+`", "$vocabulary": {
		"https://json-schema.org/draft/2020-12/vocab/core": true, "https://json-schema.org/draft/2020-12/vocab/format-assertion": true}}`)
	reg := resolve.New(nil)
	reg.Add(meta)
	tests := []struct {
		v    dialect.Version
		text string
		mode FormatMode
		want bool
	}{
		{dialect.Draft202012, `{"format": "date"}`, 0, true},
		{dialect.Draft202012, `{"format": "date"}`, FormatByVocabulary, false},
		{dialect.Draft202012, `{"format": "date"}`, FormatByDialect, false},
		{dialect.Draft4, `{"format": "date"}`, FormatByVocabulary, false},
		{dialect.Draft4, `{"format": "date"}`, FormatByDialect, true},
		{dialect.OpenAPI31, `{"format": "date"}`, FormatByDialect, true},
		{dialect.Draft202012, `{"$schema": "` + custom + `", "format": "date"}`, FormatByVocabulary, true},
		{dialect.Draft202012, `{"format": 1}`, 0, false},
	}
	for _, tt := range tests {
		var diags diag.List
		l := New(reg, Options{Formats: tt.mode}, &diags)
		s := l.Schema(parse(t, "file:///a.json", tt.text).Root, dialect.Of(tt.v), Neutral)
		if (s.Format != nil) != tt.want {
			t.Errorf("%v %s in mode %d: format = %v, want %v", dialect.Of(tt.v), tt.text, tt.mode, s.Format, tt.want)
		}
	}
}

// Equal requests give the same schema, and a cycle is a cycle of pointers.
func TestSharing(t *testing.T) {
	doc := parse(t, "file:///a.json", `{"definitions": {"a": {"type": "string"}}, "properties": {
		"x": {"$ref": "#/definitions/a"}, "y": {"$ref": "#/definitions/a"}, "z": {"$ref": "#"}}}`)
	var diags diag.List
	l := New(nil, Options{}, &diags)
	s := l.Schema(doc.Root, dialect.Of(dialect.Draft7), Neutral)
	target := func(i int) *ir.Schema { return s.Properties[i].Schema.Refs[0].Target }
	if target(0) != target(1) || target(2) != s || l.Schema(doc.Root, dialect.Of(dialect.Draft7), Neutral) != s {
		t.Errorf("targets = %p, %p, %p of %p, want sharing", target(0), target(1), target(2), s)
	}
	if l.Schema(doc.Root, dialect.Of(dialect.Draft7), Request) == s {
		t.Error("another direction gave the same schema")
	}
}

// IDs are dense from 1 and the same in every run.
func TestIDs(t *testing.T) {
	text := `{"properties": {"a": {"$ref": "#/$defs/x"}, "b": {"anyOf": [{}, {"const": 1, "enum": [1]}]}}, "$defs": {"x": {"items": {"$ref": "#"}}}}`
	var first []string
	for run := range 3 {
		s, _ := lowerText(t, text, "", dialect.Draft202012, Neutral)
		var ids []string
		seen := map[*ir.Schema]bool{}
		var visit func(*ir.Schema)
		visit = func(s *ir.Schema) {
			if s == nil || seen[s] {
				return
			}
			seen[s] = true
			ids = append(ids, fmt.Sprintf("%04d %s", s.ID, s.Loc.Pointer))
			eachInPlace(s, visit)
			for _, p := range s.Properties {
				visit(p.Schema)
			}
			visit(s.Items)
		}
		visit(s)
		slices.Sort(ids)
		for i, id := range ids {
			if !strings.HasPrefix(id, fmt.Sprintf("%04d ", i+1)) {
				t.Fatalf("ids = %q, want dense from 1", ids)
			}
		}
		if run == 0 {
			first = ids
		} else if !slices.Equal(ids, first) {
			t.Errorf("ids = %q, want %q", ids, first)
		}
	}
}

func TestBudget(t *testing.T) {
	doc := parse(t, "", `{"properties": {"a": {"properties": {"b": {}}}, "c": {}}}`)
	var diags diag.List
	New(nil, Options{MaxSchemas: 2}, &diags).Schema(doc.Root, dialect.Of(dialect.Draft7), Neutral)
	if got := codes(diags); len(got) != 1 || got[0] != "schema-too-large!" {
		t.Errorf("findings = %v, want schema-too-large", diags)
	}
}

// Resources that all refer to each other and have anchors of their own make a
// scope for each set of them that was entered.
func TestScopesAreBounded(t *testing.T) {
	const n = 24
	var defs []string
	for i := range n {
		var refs []string
		for j := range n {
			refs = append(refs, fmt.Sprintf(`"p%d": {"$ref": "r%d"}`, j, j))
		}
		defs = append(defs, fmt.Sprintf(`"r%d": {"$id": "r%d", "$dynamicAnchor": "a%d", "properties": {%s}}`, i, i, i, strings.Join(refs, ",")))
	}
	doc := parse(t, "http://example.com/", `{"$ref": "r0", "$defs": {`+strings.Join(defs, ",")+`}}`)
	var diags diag.List
	New(nil, Options{MaxSchemas: 20000, SkipMetaschema: true}, &diags).Schema(doc.Root, dialect.Of(dialect.Draft202012), Neutral)
	if got := codes(diags); len(got) != 1 || got[0] != "schema-too-large!" {
		t.Errorf("findings = %v, want schema-too-large", got)
	}
}

// A document that names no dialect is read in the one of what refers to it, and
// one that does, in its own.
func TestDialectOfDocuments(t *testing.T) {
	reg := resolve.New(nil)
	reg.Add(parse(t, "http://example.com/plain.json", `{"definitions": {"x": {"const": 1}}}`))
	reg.Add(parse(t, "http://example.com/named.json", `{"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"x": {"const": 1}}}`))
	reg.Add(parse(t, "http://example.com/api.json", `{"openapi": "3.0.3", "components": {"schemas": {"x": {"const": 1}}}}`))
	reg.Add(parse(t, "http://example.com/api31.json", `{"openapi": "3.1.0", "jsonSchemaDialect": "http://json-schema.org/draft-04/schema#",
		"components": {"schemas": {"x": {"const": 1}}}}`))
	reg.Add(parse(t, "http://example.com/own.json", `{"openapi": "3.1.0", "components": {"schemas": {
		"x": {"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": {"const": 1}}}, "y": {"const": 1}}}}`))
	tests := []struct {
		v    dialect.Version
		ref  string
		want bool // const is enforced
	}{
		{dialect.Draft4, "plain.json#/definitions/x", false},
		{dialect.Draft6, "plain.json#/definitions/x", true},
		{dialect.Draft4, "named.json#/definitions/x", true},
		{dialect.Draft7, "api.json#/components/schemas/x", false},
		{dialect.Draft7, "api31.json#/components/schemas/x", false},
		{dialect.OpenAPI31, "own.json#/components/schemas/x/properties/a", false},
		{dialect.OpenAPI31, "own.json#/components/schemas/y", true},
	}
	for _, tt := range tests {
		var diags diag.List
		l := New(reg, Options{}, &diags)
		doc := parse(t, "http://example.com/root.json", `{"$ref": "`+tt.ref+`"}`)
		s := l.Schema(doc.Root, dialect.Of(tt.v), Neutral)
		if len(s.Refs) != 1 || (s.Refs[0].Target.Enum != nil) != tt.want {
			t.Errorf("%v to %s: const enforced = %v (%v), want %v", dialect.Of(tt.v), tt.ref, !tt.want, diags, tt.want)
		}
	}
}

// jsonSchemaDialect counts whatever dialect the caller believes in.
func TestJSONSchemaDialect(t *testing.T) {
	for uri, want := range map[string]bool{
		"http://json-schema.org/draft-04/schema#": false, "https://json-schema.org/draft/2020-12/schema": true,
		"https://spec.openapis.org/oas/3.1/dialect/base": true,
	} {
		s, diags := lowerText(t, `{"openapi": "3.1.0", "jsonSchemaDialect": "`+uri+`", "components": {"schemas": {"x": {"const": 1}}}}`,
			"/components/schemas/x", dialect.OpenAPI31, Request)
		if (s.Enum != nil) != want || len(diags) > 0 {
			t.Errorf("jsonSchemaDialect %s: const enforced = %v, findings %v, want %v", uri, !want, diags, want)
		}
	}
	s, diags := lowerText(t, `{"openapi": "3.1.0", "jsonSchemaDialect": "https://example.com/none", "components": {"schemas": {"x": {"const": 1}}}}`,
		"/components/schemas/x", dialect.OpenAPI31, Request)
	if got := codes(diags); len(got) != 1 || got[0] != "schema-unknown-dialect!" || len(s.Unenforceable) != 1 {
		t.Errorf("unknown jsonSchemaDialect: findings = %v, schema says %v, want schema-unknown-dialect", diags, s.Unenforceable)
	}
}

// A schema of an unknown dialect does not spoil its neighbours.
func TestUnknownDialectInside(t *testing.T) {
	const api = `{"openapi": "3.1.0", "components": {"schemas": {"x": {"$schema": "https://example.com/none", "items": {}}, "y": {}}}}`
	for pointer, want := range map[string]int{"/components/schemas/x": 1, "/components/schemas/x/items": 1, "/components/schemas/y": 0} {
		if s, _ := lowerText(t, api, pointer, dialect.OpenAPI31, Request); len(s.Unenforceable) != want {
			t.Errorf("%s: unenforceable = %v, want %d", pointer, s.Unenforceable, want)
		}
	}
}

// One document that two dialects refer to is read in both.
func TestOneDocumentInTwoDialects(t *testing.T) {
	reg := resolve.New(nil)
	reg.Add(parse(t, "http://example.com/plain.json", `{"const": 1}`))
	var diags diag.List
	l := New(reg, Options{}, &diags)
	for _, v := range []dialect.Version{dialect.Draft4, dialect.Draft7, dialect.Draft4} {
		doc := parse(t, "http://example.com/"+dialect.Of(v).String(), `{"$ref": "plain.json"}`)
		s := l.Schema(doc.Root, dialect.Of(v), Neutral)
		if got, want := s.Refs[0].Target.Enum != nil, v == dialect.Draft7; got != want {
			t.Errorf("%v: const enforced = %v, want %v", dialect.Of(v), got, want)
		}
	}
}

// Identifiers in an API description count where schemas stand, and not in
// examples.
func TestIdentifiersInDescriptions(t *testing.T) {
	const api = `{"openapi": "3.1.0",
		"paths": {"/a": {"get": {"parameters": [{"schema": {"$anchor": "param", "type": "integer"}}],
			"x-thing": {"schema": {"$anchor": "extension"}}}}},
		"components": {"schemas": {
			"A": {"$anchor": "a", "type": "string", "examples": [{"schema": {"$anchor": "example"}}]},
			"B": {"$id": "http://example.com/b.json", "type": "boolean", "$defs": {"in": {"$anchor": "in", "type": "null"}}},
			"R": {"properties": {
				"a": {"$ref": "#a"}, "param": {"$ref": "#param"}, "b": {"$ref": "http://example.com/b.json"}, "in": {"$ref": "b.json#in"},
				"example": {"$ref": "#example"}, "extension": {"$ref": "#extension"}}}}}}`
	doc := parse(t, "http://example.com/api.json", api)
	var diags diag.List
	l := New(nil, Options{}, &diags)
	s := l.Schema(source.AtPointer(doc.Root, "/components/schemas/R"), l.Dialect(doc, dialect.Of(dialect.Draft4)), Request)
	want := map[string]ir.Types{"a": ir.TypeString, "param": ir.TypeInteger, "b": ir.TypeBoolean, "in": ir.TypeNull}
	for _, p := range s.Properties {
		switch {
		case want[p.Name] == 0 && len(p.Schema.Refs) > 0:
			t.Errorf("%s: found a target, wanted none", p.Name)
		case want[p.Name] != 0 && (len(p.Schema.Refs) != 1 || p.Schema.Refs[0].Target.Types != want[p.Name]):
			t.Errorf("%s: no target of type %v; %v", p.Name, want[p.Name], diags)
		}
	}
	if len(diags) != 2 {
		t.Errorf("findings = %v, want two dangling references", diags)
	}
}

func TestDirection(t *testing.T) {
	const api = `{"openapi": "3.0.3", "components": {"schemas": {
		"own": {"required": ["id", "pw", "x"], "properties": {"id": {"readOnly": true}, "pw": {"writeOnly": true}, "x": {}}},
		"base": {"properties": {"id": {"readOnly": true}}},
		"needs": {"required": ["id", "x"]},
		"byRef": {"allOf": [{"$ref": "#/components/schemas/base"}, {"required": ["id", "x"]}]},
		"byTwoRefs": {"allOf": [{"$ref": "#/components/schemas/base"}, {"$ref": "#/components/schemas/needs"}]},
		"viaProperty": {"required": ["r", "s"], "properties": {"r": {"$ref": "#/components/schemas/ro"}, "s": {"allOf": [{"$ref": "#/components/schemas/ro"}]}}},
		"ro": {"type": "string", "readOnly": true},
		"nested": {"required": ["in"], "properties": {"id": {"readOnly": true}, "in": {"required": ["id"]}}},
		"circle": {"allOf": [{"$ref": "#/components/schemas/own"}], "properties": {"c": {"$ref": "#/components/schemas/circle"}}, "required": ["id", "c"]}
	}}}`
	tests := []struct {
		name string
		dir  Direction
		want string
	}{
		{"own", Neutral, "id pw x"}, {"own", Request, "pw x"}, {"own", Response, "id x"},
		{"byRef", Request, "x"}, {"byRef", Response, "id x"},
		{"byTwoRefs", Request, "x"}, {"byTwoRefs", Response, "id x"}, {"needs", Request, "id x"},
		{"viaProperty", Request, ""}, {"viaProperty", Response, "r s"},
		{"nested", Request, "in"},
		{"circle", Request, "c pw x"}, {"circle", Response, "c id x"},
	}
	for _, tt := range tests {
		s, _ := lowerText(t, api, "/components/schemas/"+tt.name, dialect.OpenAPI30, tt.dir)
		var names []string
		seen := map[*ir.Schema]bool{}
		var visit func(*ir.Schema)
		visit = func(s *ir.Schema) {
			if seen[s] {
				return
			}
			seen[s] = true
			for _, r := range s.Required {
				if !slices.Contains(names, r.Name) {
					names = append(names, r.Name)
				}
			}
			eachInPlace(s, visit)
		}
		visit(s)
		slices.Sort(names)
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s in direction %d: required = %q, want %q", tt.name, tt.dir, got, tt.want)
		}
	}
	s, _ := lowerText(t, api, "/components/schemas/nested", dialect.OpenAPI30, Request)
	if in := s.Properties[1].Schema; len(in.Required) != 1 {
		t.Errorf("required of the nested object = %v, want id", in.Required)
	}
}

func TestDiscriminator(t *testing.T) {
	const api = `{"openapi": "3.0.3", "components": {"schemas": {
		"Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["cat", "lion"]}}},
		"Dog": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"kind": {"enum": ["dog"]}}}]},
		"Pet": {"type": "object", "required": ["kind"]},
		"Lion": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["lion"]}}},
		"exclusive": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}], "discriminator": {"propertyName": "kind"}},
		"overlap": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Lion"}], "discriminator": {"propertyName": "kind"}},
		"open": {"anyOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Pet"}],
			"discriminator": {"propertyName": "kind", "mapping": {"katze": "#/components/schemas/Cat", "tier": "Pet"}}},
		"alone": {"discriminator": {"propertyName": "kind", "mapping": {"a": "Cat"}}}
	}}}`
	tests := []struct {
		name      string
		exclusive bool
		values    string
		found     string
	}{
		{"exclusive", true, "cat lion dog", ""},
		{"overlap", false, "Cat Lion", "discriminator-open"},
		{"open", false, "katze Cat tier Pet", "discriminator-open"},
		{"alone", false, "", "discriminator-base"},
	}
	for _, tt := range tests {
		s, diags := lowerText(t, api, "/components/schemas/"+tt.name, dialect.OpenAPI30, Request)
		d := s.Discriminator
		var names []string
		for _, v := range d.Values {
			names = append(names, v.Name)
		}
		if d.Property != "kind" || d.Exclusive != tt.exclusive || strings.Join(names, " ") != tt.values || strings.Join(codes(diags), " ") != tt.found {
			t.Errorf("%s: discriminator = %+v, values %q, findings %v; want exclusive %v, %q, %q", tt.name, d, names, diags, tt.exclusive, tt.values, tt.found)
		}
	}
}

func TestCountOf(t *testing.T) {
	tests := []struct {
		text string
		want uint32
		ok   bool
	}{
		{"0", 0, true}, {"-0", 0, true}, {"0.0", 0, true}, {"5", 5, true}, {"5.0", 5, true}, {"50e-1", 5, true}, {"0.5e1", 5, true},
		{"1e2", 100, true}, {"4294967295", 1<<32 - 1, true}, {"4294967296", 1<<32 - 1, true}, {"1e400", 1<<32 - 1, true},
		{"1e99999999999999999999", 1<<32 - 1, true}, {"99999999999999999999999", 1<<32 - 1, true},
		{"-1", 0, false}, {"1.5", 0, false}, {"1e-1", 0, false}, {"1e-99999999999999999999", 0, false},
	}
	for _, tt := range tests {
		got, ok := countOf(&source.Node{Kind: source.Number, Text: tt.text})
		if got != tt.want || ok != tt.ok {
			t.Errorf("countOf(%s) = %d, %v, want %d, %v", tt.text, got, ok, tt.want, tt.ok)
		}
	}
}

// Whatever a document holds, lowering ends, does not panic and leaves a graph
// that a validator can follow.
func FuzzLower(f *testing.F) {
	for _, seed := range []string{
		`{}`, `true`, `[]`, `{"$ref": "#"}`, `{"$id": "a", "$ref": "a#/x", "x": {"$id": "b", "$ref": "#"}}`,
		`{"$dynamicRef": "#a", "$defs": {"x": {"$dynamicAnchor": "a", "$id": "y", "items": {"$dynamicRef": "#a"}}}}`,
		`{"allOf": [{"$ref": "#/allOf/1"}, {"$ref": "#/allOf/0"}], "required": ["a"], "properties": {"a": {"readOnly": true}}}`,
		`{"openapi": "3.1.0", "components": {"schemas": {"a": {"$schema": "x"}}}}`,
		`{"$schema": "http://json-schema.org/draft-04/schema#", "id": "#x", "dependencies": {"a": 1}}`,
		`{"discriminator": {"propertyName": "a", "mapping": {"b": 1}}, "oneOf": [{}]}`,
		`{"minimum": 1e999999999, "multipleOf": 0e5}`,
	} {
		f.Add(seed, uint8(dialect.Draft202012))
		f.Add(seed, uint8(dialect.OpenAPI30))
	}
	f.Fuzz(func(t *testing.T, text string, version uint8) {
		doc, err := source.Parse("fuzz.json", "http://example.com/fuzz.json", []byte(text))
		if err != nil {
			return
		}
		v := dialect.Version(version%9 + 1)
		var diags diag.List
		l := New(nil, Options{MaxSchemas: 1000, SkipMetaschema: true}, &diags)
		l.Schema(doc.Root, dialect.Of(v), Request)
		steps := 0
		for _, s := range l.memo {
			open := map[*ir.Schema]bool{}
			var visit func(*ir.Schema)
			visit = func(s *ir.Schema) {
				if steps++; steps > 10000 {
					return
				}
				if open[s] {
					t.Fatalf("schema at %q applies to itself in place: %s", s.Loc.Pointer, text)
				}
				open[s] = true
				eachInPlace(s, visit)
				open[s] = false
			}
			visit(s)
		}
	})
}

// TestFindingsSame holds the words of findings that come from a library against
// each other: it walks maps.
func TestFindingsSame(t *testing.T) {
	const text = `{"exclusiveMinimum": true, "exclusiveMaximum": true}`
	_, first := lowerText(t, text, "", dialect.Draft4, Neutral)
	for range 64 {
		if _, diags := lowerText(t, text, "", dialect.Draft4, Neutral); !slices.Equal(diags, first) {
			t.Fatalf("%s: findings = %v, want %v as before", text, diags, first)
		}
	}
	if len(first) != 1 {
		t.Errorf("%s: findings = %v, want one", text, first)
	}
}
