package dialect

// versions is a set of Version.
type versions uint16

func only(vs ...Version) versions {
	var s versions
	for _, v := range vs {
		s |= 1 << v
	}
	return s
}

func (s versions) has(v Version) bool { return s>>v&1 != 0 }

// Shape says where the subschemas of a keyword stand.
type Shape uint8

// The shapes.
const (
	ShapeValue        Shape = iota + 1 // no subschemas
	ShapeSchema                        // the value is one
	ShapeSchemaList                    // an array of them
	ShapeSchemaOrList                  // either
	ShapeSchemaMap                     // an object of them
	ShapeDependencies                  // an object of schemas and arrays of names
)

// Keyword is one keyword of one or several dialects.
type Keyword struct {
	Name  string
	Shape Shape
	// Asserts: leaving it out can change a verdict.
	Asserts bool
	in      versions
	vocab   Vocab
}

// Groups of versions.
var (
	modern    = only(Draft201909, Draft202012, OpenAPI31, OpenAPI32)
	modern20  = only(Draft202012, OpenAPI31, OpenAPI32)
	since7    = modern | only(Draft7)
	since6    = since7 | only(Draft6)
	since4    = since6 | only(Draft4)
	openapi3  = only(OpenAPI30, OpenAPI31, OpenAPI32)
	openapi   = openapi3 | only(OpenAPI20)
	always    = since4 | openapi
	before19  = only(Draft4, Draft6, Draft7)
	before20  = before19 | only(Draft201909)
	noSwagger = since4 | openapi3
)

// keywords is every keyword of every dialect. `definitions` and `dependencies`
// stay known after they were replaced: their metaschemas keep both for
// compatibility (2020-12 appendix "compatibility").
var keywords = []Keyword{
	// core
	{"$ref", ShapeValue, true, always, VocabCore},
	{"$schema", ShapeValue, false, since4, VocabCore},
	{"id", ShapeValue, false, only(Draft4), VocabCore},
	{"$id", ShapeValue, false, since6, VocabCore},
	{"$anchor", ShapeValue, false, modern, VocabCore},
	{"$dynamicAnchor", ShapeValue, false, modern20, VocabCore},
	{"$dynamicRef", ShapeValue, true, modern20, VocabCore},
	{"$recursiveAnchor", ShapeValue, false, only(Draft201909), VocabCore},
	{"$recursiveRef", ShapeValue, true, only(Draft201909), VocabCore},
	{"$vocabulary", ShapeValue, false, modern, VocabCore},
	{"$comment", ShapeValue, false, since7, VocabCore},
	{"$defs", ShapeSchemaMap, false, modern, VocabCore},
	{"definitions", ShapeSchemaMap, false, since4, VocabCore},

	// applicators
	{"allOf", ShapeSchemaList, true, always, VocabApplicator},
	{"anyOf", ShapeSchemaList, true, noSwagger, VocabApplicator},
	{"oneOf", ShapeSchemaList, true, noSwagger, VocabApplicator},
	{"not", ShapeSchema, true, noSwagger, VocabApplicator},
	{"if", ShapeSchema, true, since7, VocabApplicator},
	{"then", ShapeSchema, true, since7, VocabApplicator},
	{"else", ShapeSchema, true, since7, VocabApplicator},
	{"dependentSchemas", ShapeSchemaMap, true, modern, VocabApplicator},
	{"dependencies", ShapeDependencies, true, since4, VocabApplicator},
	{"prefixItems", ShapeSchemaList, true, modern20, VocabApplicator},
	{"items", ShapeSchemaOrList, true, always, VocabApplicator},
	{"additionalItems", ShapeSchema, true, before20, VocabApplicator},
	{"contains", ShapeSchema, true, since6, VocabApplicator},
	{"properties", ShapeSchemaMap, true, always, VocabApplicator},
	{"patternProperties", ShapeSchemaMap, true, since4, VocabApplicator},
	{"additionalProperties", ShapeSchema, true, always, VocabApplicator},
	{"propertyNames", ShapeSchema, true, since6, VocabApplicator},
	{"unevaluatedItems", ShapeSchema, true, modern, VocabUnevaluated},
	{"unevaluatedProperties", ShapeSchema, true, modern, VocabUnevaluated},

	// validation
	{"type", ShapeValue, true, always, VocabValidation},
	{"enum", ShapeValue, true, always, VocabValidation},
	{"const", ShapeValue, true, since6, VocabValidation},
	{"multipleOf", ShapeValue, true, always, VocabValidation},
	{"maximum", ShapeValue, true, always, VocabValidation},
	{"exclusiveMaximum", ShapeValue, true, always, VocabValidation},
	{"minimum", ShapeValue, true, always, VocabValidation},
	{"exclusiveMinimum", ShapeValue, true, always, VocabValidation},
	{"maxLength", ShapeValue, true, always, VocabValidation},
	{"minLength", ShapeValue, true, always, VocabValidation},
	{"pattern", ShapeValue, true, always, VocabValidation},
	{"maxItems", ShapeValue, true, always, VocabValidation},
	{"minItems", ShapeValue, true, always, VocabValidation},
	{"uniqueItems", ShapeValue, true, always, VocabValidation},
	{"maxContains", ShapeValue, true, modern, VocabValidation},
	{"minContains", ShapeValue, true, modern, VocabValidation},
	{"maxProperties", ShapeValue, true, always, VocabValidation},
	{"minProperties", ShapeValue, true, always, VocabValidation},
	{"required", ShapeValue, true, always, VocabValidation},
	{"dependentRequired", ShapeValue, true, modern, VocabValidation},

	// format
	{"format", ShapeValue, true, always, VocabFormatAnnotation | VocabFormatAssertion},

	// content
	{"contentEncoding", ShapeValue, false, since7, VocabContent},
	{"contentMediaType", ShapeValue, false, since7, VocabContent},
	{"contentSchema", ShapeSchema, false, modern, VocabContent},

	// meta-data
	{"title", ShapeValue, false, always, VocabMetaData},
	{"description", ShapeValue, false, always, VocabMetaData},
	{"default", ShapeValue, false, always, VocabMetaData},
	{"deprecated", ShapeValue, false, modern | openapi3, VocabMetaData},
	{"readOnly", ShapeValue, false, since7 | openapi, VocabMetaData},
	{"writeOnly", ShapeValue, false, since7 | openapi3, VocabMetaData},
	{"examples", ShapeValue, false, since6, VocabMetaData},

	// OpenAPI
	{"nullable", ShapeValue, true, only(OpenAPI30), VocabOpenAPI},
	{"discriminator", ShapeValue, false, openapi, VocabOpenAPI},
	{"xml", ShapeValue, false, openapi, VocabOpenAPI},
	{"externalDocs", ShapeValue, false, openapi, VocabOpenAPI},
	{"example", ShapeValue, false, openapi, VocabOpenAPI},
}

var byName = func() map[string]*Keyword {
	m := make(map[string]*Keyword, len(keywords))
	for i := range keywords {
		m[keywords[i].Name] = &keywords[i]
	}
	return m
}()

// Keyword returns the keyword called name, or nil when it is not one in d.
func (d Dialect) Keyword(name string) *Keyword {
	k := byName[name]
	if k == nil || !k.in.has(d.Version) || k.vocab&d.Vocab == 0 {
		return nil
	}
	return k
}

// Elsewhere reports whether name is an asserting keyword of another dialect,
// which a document that uses it here most likely meant.
func (d Dialect) Elsewhere(name string) bool {
	k := byName[name]
	return k != nil && k.Asserts && !k.in.has(d.Version)
}
