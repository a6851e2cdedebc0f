// Package dialect is the dialects of JSON Schema as data: which keywords exist
// in which of them, where their subschemas stand, and the rules by which they
// differ (siblings of $ref, integers, exclusive bounds, identifiers).
//
// It knows JSON Schema draft 4, draft 6, draft 7, 2019-09 and 2020-12, and the
// schema objects of OpenAPI 2.0, 3.0, 3.1 and 3.2. It reads no documents and
// lowers nothing; package lower asks it.
package dialect

// Version is a rule set. The zero value is invalid.
type Version uint8

// The rule sets. The order within JSON Schema is by age.
const (
	Draft4 Version = iota + 1
	Draft6
	Draft7
	Draft201909
	Draft202012
	OpenAPI20 // schema objects of OpenAPI 2.0, a subset of draft 4
	OpenAPI30 // schema objects of OpenAPI 3.0, a subset of draft 5
	OpenAPI31 // 2020-12 with the OAS base vocabulary
	OpenAPI32 // 2020-12 with the OAS base vocabulary of OpenAPI 3.2
	numVersions
)

// Dialect is a rule set with the vocabularies that are in force. It is
// comparable; the zero value is invalid.
type Dialect struct {
	Version Version
	// Vocab is every vocabulary for the versions that have none.
	Vocab Vocab
}

// ItemsForm says what `items` may be.
type ItemsForm uint8

// The forms of items.
const (
	ItemsBoth   ItemsForm = iota + 1 // a schema, or an array with additionalItems for the rest
	ItemsSchema                      // a schema; OpenAPI 2.0 and 3.0
	ItemsPrefix                      // a schema for what comes after prefixItems
)

// Rules is what sets a dialect apart besides its keywords.
type Rules struct {
	Name    string // "draft2020-12", "openapi3.0"
	URI     string // of the metaschema, without fragment
	OpenAPI bool
	// IDKeyword changes the base URI: "id", "$id", or "" where there is none.
	IDKeyword string
	// AnchorInID: a fragment in IDKeyword names the schema (drafts 4 to 7).
	AnchorInID bool
	// RefHidesSiblings: the members beside $ref are not looked at.
	RefHidesSiblings bool
	// BooleanSchemas: true and false are schemas everywhere. additionalProperties
	// and additionalItems may be booleans in every dialect.
	BooleanSchemas bool
	// StrictInteger: 1.0 is not an integer.
	StrictInteger bool
	// BooleanExclusive: exclusiveMinimum and exclusiveMaximum are booleans that
	// change minimum and maximum.
	BooleanExclusive bool
	Items            ItemsForm
	// ContainsEvaluates: what matched contains is evaluated for unevaluatedItems.
	ContainsEvaluates bool
	// TypeArray: type may be an array of names.
	TypeArray bool
	// FormatAsserts: the specification of the dialect makes format an assertion
	// where nothing else is said.
	FormatAsserts bool
	// EmptyArrays: required, enum and the arrays of dependencies may be empty.
	EmptyArrays bool
}

var rules = [numVersions]Rules{
	Draft4: {
		Name: "draft4", URI: "http://json-schema.org/draft-04/schema",
		IDKeyword: "id", AnchorInID: true, RefHidesSiblings: true,
		StrictInteger: true, BooleanExclusive: true, Items: ItemsBoth,
		TypeArray: true, FormatAsserts: true,
	},
	Draft6: {
		Name: "draft6", URI: "http://json-schema.org/draft-06/schema",
		IDKeyword: "$id", AnchorInID: true, RefHidesSiblings: true,
		BooleanSchemas: true, Items: ItemsBoth,
		TypeArray: true, FormatAsserts: true, EmptyArrays: true,
	},
	Draft7: {
		Name: "draft7", URI: "http://json-schema.org/draft-07/schema",
		IDKeyword: "$id", AnchorInID: true, RefHidesSiblings: true,
		BooleanSchemas: true, Items: ItemsBoth,
		TypeArray: true, FormatAsserts: true, EmptyArrays: true,
	},
	Draft201909: {
		Name: "draft2019-09", URI: "https://json-schema.org/draft/2019-09/schema",
		IDKeyword: "$id", BooleanSchemas: true, Items: ItemsBoth,
		TypeArray: true, EmptyArrays: true,
	},
	Draft202012: {
		Name: "draft2020-12", URI: "https://json-schema.org/draft/2020-12/schema",
		IDKeyword: "$id", BooleanSchemas: true, Items: ItemsPrefix,
		ContainsEvaluates: true, TypeArray: true, EmptyArrays: true,
	},
	OpenAPI20: {
		Name: "openapi2.0", OpenAPI: true, RefHidesSiblings: true,
		StrictInteger: true, BooleanExclusive: true, Items: ItemsSchema,
		FormatAsserts: true,
	},
	OpenAPI30: {
		Name: "openapi3.0", OpenAPI: true, RefHidesSiblings: true,
		StrictInteger: true, BooleanExclusive: true, Items: ItemsSchema,
		FormatAsserts: true,
	},
	OpenAPI31: {
		Name: "openapi3.1", URI: "https://spec.openapis.org/oas/3.1/dialect/base", OpenAPI: true,
		IDKeyword: "$id", BooleanSchemas: true, Items: ItemsPrefix,
		ContainsEvaluates: true, TypeArray: true, FormatAsserts: true, EmptyArrays: true,
	},
	OpenAPI32: {
		Name: "openapi3.2", URI: "https://spec.openapis.org/oas/3.2/dialect/2025-09-17", OpenAPI: true,
		IDKeyword: "$id", BooleanSchemas: true, Items: ItemsPrefix,
		ContainsEvaluates: true, TypeArray: true, FormatAsserts: true, EmptyArrays: true,
	},
}

// Rules returns the rules of d.
func (d Dialect) Rules() *Rules { return &rules[d.Version] }

// String is the name of d's rule set.
func (d Dialect) String() string {
	if d.Version == 0 || d.Version >= numVersions {
		return "no dialect"
	}
	return rules[d.Version].Name
}

// Of returns the dialect of v with its default vocabularies.
func Of(v Version) Dialect {
	d := Dialect{Version: v, Vocab: AllVocab &^ (VocabFormatAssertion | VocabOpenAPI)}
	if rules[v].OpenAPI {
		d.Vocab |= VocabOpenAPI
	}
	return d
}
