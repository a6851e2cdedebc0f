package dialect

import "testing"

func TestLookup(t *testing.T) {
	tests := []struct {
		uri  string
		want string
	}{
		{"http://json-schema.org/draft-04/schema#", "draft4"},
		{"http://json-schema.org/draft-06/schema", "draft6"},
		{"https://json-schema.org/draft-07/schema#", "draft7"},
		{"https://json-schema.org/draft/2019-09/schema", "draft2019-09"},
		{"https://json-schema.org/draft/2020-12/schema", "draft2020-12"},
		{"https://spec.openapis.org/oas/3.1/dialect/base", "openapi3.1"},
		{"https://spec.openapis.org/oas/3.2/dialect/2025-09-17", "openapi3.2"},
		{"", "no dialect"},
		{"json-schema.org/draft-07/schema", "no dialect"},
		{"https://json-schema.org/draft-07/schema#/definitions/x", "no dialect"},
		{"https://example.com/meta", "no dialect"},
	}
	for _, tt := range tests {
		if d, ok := Lookup(tt.uri); d.String() != tt.want || ok != (tt.want != "no dialect") {
			t.Errorf("Lookup(%q) = %v, %v, want %v", tt.uri, d, ok, tt.want)
		}
	}
}

func TestByName(t *testing.T) {
	for _, name := range append(Names(), "2020-12", "2019-09", "7", "draft-07", "draft-7") {
		if _, ok := ByName(name); !ok {
			t.Errorf("ByName(%q) found nothing", name)
		}
	}
	for _, name := range []string{"", "draft", "draft3", "openapi", "2020"} {
		if d, ok := ByName(name); ok {
			t.Errorf("ByName(%q) = %v, want nothing", name, d)
		}
	}
}

func TestForOpenAPI(t *testing.T) {
	tests := []struct{ version, want string }{
		{"2.0", "openapi2.0"}, {"3.0.3", "openapi3.0"}, {"3.1.0", "openapi3.1"}, {"3.2.0", "openapi3.2"},
		{"3.1.0-rc1", "openapi3.1"}, {"3.10.0", "no dialect"}, {"", "no dialect"}, {"1.2", "no dialect"}, {"4.0.0", "no dialect"},
	}
	for _, tt := range tests {
		if d, _ := ForOpenAPI(tt.version); d.String() != tt.want {
			t.Errorf("ForOpenAPI(%q) = %v, want %v", tt.version, d, tt.want)
		}
	}
}

func TestKeyword(t *testing.T) {
	tests := []struct {
		version Version
		keyword string
		want    bool
	}{
		{Draft4, "const", false}, {Draft6, "const", true}, {Draft6, "if", false}, {Draft7, "if", true},
		{Draft7, "$defs", false}, {Draft201909, "$defs", true}, {Draft201909, "definitions", true},
		{Draft4, "id", true}, {Draft6, "id", false}, {Draft4, "$id", false},
		{Draft201909, "$recursiveRef", true}, {Draft202012, "$recursiveRef", false},
		{Draft201909, "$dynamicRef", false}, {Draft202012, "$dynamicRef", true},
		{Draft201909, "additionalItems", true}, {Draft202012, "additionalItems", false},
		{Draft201909, "prefixItems", false}, {Draft202012, "prefixItems", true},
		{OpenAPI20, "oneOf", false}, {OpenAPI30, "oneOf", true}, {OpenAPI30, "patternProperties", false},
		{OpenAPI30, "nullable", true}, {OpenAPI31, "nullable", false}, {OpenAPI31, "discriminator", true},
		{Draft202012, "discriminator", false}, {OpenAPI31, "unevaluatedProperties", true},
		{OpenAPI32, "$dynamicRef", true}, {Draft7, "unevaluatedItems", false}, {Draft7, "", false},
	}
	for _, tt := range tests {
		if got := Of(tt.version).Keyword(tt.keyword) != nil; got != tt.want {
			t.Errorf("%v has %q = %v, want %v", Of(tt.version), tt.keyword, got, tt.want)
		}
	}
	if !Of(OpenAPI20).Elsewhere("oneOf") || Of(OpenAPI20).Elsewhere("allOf") || Of(Draft7).Elsewhere("xml") {
		t.Error("Elsewhere: want oneOf only")
	}
}

func TestWithVocabularies(t *testing.T) {
	base := Of(Draft202012)
	d, unknown := WithVocabularies(base, []string{
		"https://json-schema.org/draft/2020-12/vocab/applicator",
		"https://example.com/vocab/optional",
		"https://example.com/vocab/required",
	}, []bool{true, false, true})
	if len(unknown) != 1 || unknown[0] != "https://example.com/vocab/required" {
		t.Errorf("unknown = %q, want the required one", unknown)
	}
	for name, want := range map[string]bool{"$ref": true, "properties": true, "minimum": false, "format": false, "title": false} {
		if got := d.Keyword(name) != nil; got != want {
			t.Errorf("keyword %q = %v, want %v", name, got, want)
		}
	}
	d, _ = WithVocabularies(base, []string{
		"https://json-schema.org/draft/2020-12/vocab/validation", "https://spec.openapis.org/oas/3.1/vocab/base",
		"https://json-schema.org/draft/2020-12/vocab/applicator",
	}, []bool{true, true, true})
	if d.Version != OpenAPI31 || d.Keyword("discriminator") == nil {
		t.Errorf("dialect with the OAS vocabulary = %v, want openapi3.1 with discriminator", d)
	}
	d, _ = WithVocabularies(base, []string{"https://json-schema.org/draft/2019-09/vocab/applicator"}, []bool{true})
	if d.Version != Draft201909 || d.Keyword("unevaluatedItems") == nil {
		t.Errorf("dialect of 2019-09 vocabularies = %v, want unevaluatedItems in draft2019-09", d)
	}
}

// Every keyword stands once, and every name is reachable through it.
func TestKeywordsAreUnique(t *testing.T) {
	if len(byName) != len(keywords) {
		t.Errorf("%d keywords under %d names", len(keywords), len(byName))
	}
}
