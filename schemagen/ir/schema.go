// Package ir is the compiler's model between the front end (documents and
// dialects) and the back end (tables): APIs, operations and schemas with every
// reference resolved and every dialect difference gone.
//
// It holds data and no passes. Values are built by openapi, lower and policy,
// rewritten by opt, and read by isel and emit.
package ir

import "portcullis/schemagen/source"

// Types is a set of JSON types. 0 means that the schema does not say.
type Types uint16

// The members of a Types set. Integer without Number admits only integers;
// Number admits both.
const (
	TypeNull Types = 1 << iota
	TypeBoolean
	TypeObject
	TypeArray
	TypeNumber
	TypeString
	TypeInteger
)

// Loc is where a keyword or schema came from: cold data for refusals and
// diagnostics.
type Loc struct {
	Node    *source.Node // may be nil for made-up schemas
	URI     string       // absolute URI of the document or resource
	Pointer string       // JSON Pointer of the place in it
}

// Schema is one schema after lowering. A nil keyword field is an absent
// keyword. Schemas form a graph: $ref is resolved into Refs, and cycles are
// pointer cycles.
//
// Dynamic references are specialised away by lower: a schema reached under two
// dynamic scopes that resolve its $dynamicRef differently is two Schemas.
// Draft differences are gone: items-as-array is PrefixItems, boolean
// exclusive bounds are ExclusiveMinimum/Maximum, dependencies are split,
// nullable is in Types/Enum, $ref siblings are dropped where the draft drops
// them, readOnly/writeOnly are applied for the direction that was asked for.
//
// All keywords of a Schema apply to the same instance (a conjunction).
type Schema struct {
	ID  int // unique in one build, dense from 1, assigned in a reproducible order
	Loc Loc

	// Bool is set for the boolean schemas true and false; every other field is
	// then empty.
	Bool *bool

	Types    Types // from `type`, nullable included; 0 = any
	TypesLoc Loc
	// StrictInteger: 1.0 is not an integer (draft 4).
	StrictInteger bool

	Enum *Enum // enum or const

	Minimum, Maximum, ExclusiveMinimum, ExclusiveMaximum, MultipleOf *Number

	MinLength, MaxLength *Count
	Pattern              *Pattern
	Format               *Format

	MinItems, MaxItems *Count
	UniqueItems        *Keyword
	PrefixItems        []*Schema
	PrefixItemsLoc     Loc
	Items              *Schema // for the items after PrefixItems
	ItemsLoc           Loc
	ItemsKeyword       string // "items" or "additionalItems", for messages
	Contains           *Contains

	MinProperties, MaxProperties *Count
	Required                     []Required
	Properties                   []Property // document order, unique names
	PropertiesLoc                Loc
	PatternProperties            []PatternProperty
	AdditionalProperties         *Schema
	AdditionalPropertiesLoc      Loc
	PropertyNames                *Schema
	PropertyNamesLoc             Loc
	DependentRequired            []DependentRequired
	DependentSchemas             []Property
	DependentSchemasLoc          Loc

	Refs             []Ref // $ref, $dynamicRef, $recursiveRef: targets that also apply
	AllOf            []*Schema
	AllOfLoc         Loc
	AnyOf            []*Schema
	AnyOfLoc         Loc
	OneOf            []*Schema
	OneOfLoc         Loc
	Not              *Schema
	NotLoc           Loc
	If, Then, Else   *Schema
	IfLoc            Loc
	ThenLoc, ElseLoc Loc
	Discriminator    *Discriminator

	UnevaluatedItems         *Schema
	UnevaluatedItemsLoc      Loc
	UnevaluatedProperties    *Schema
	UnevaluatedPropertiesLoc Loc
	// ContainsEvaluates: items that matched Contains count as evaluated for
	// UnevaluatedItems (JSON Schema 2020-12 section 11.2; not in 2019-09).
	ContainsEvaluates bool

	// Unenforceable lists the codes of diagnostics that were raised inside this
	// very schema object and can't be enforced exactly; an operation that
	// reaches one is compiled as deny unless waived.
	Unenforceable []string

	// Annotations that later passes use.
	Default             *Value
	Deprecated          bool
	ReadOnly, WriteOnly bool
	ContentMediaType    string
	ContentEncoding     string
	Title               string
	XPortcullis         []source.Key // names of x-portcullis-* members seen here
}

// Keyword is the place of a keyword whose presence is all there is to it.
type Keyword struct{ Loc Loc }

// Number is a numeric bound, as JSON number text.
type Number struct {
	Text string
	Loc  Loc
}

// Count is a length or count bound. Values above 2^32-1 are clamped to it
// (no instance is longer).
type Count struct {
	N   uint32
	Loc Loc
}

// Pattern is an ECMA-262 regular expression.
type Pattern struct {
	Source string
	Loc    Loc
}

// Format is an asserted format; lower leaves it out where formats do not assert.
type Format struct {
	Name string
	Loc  Loc
}

// Enum is the values of enum, or the one value of const.
type Enum struct {
	Values  []*Value
	Keyword string // "enum" or "const"
	Loc     Loc
}

// Value is a JSON constant.
type Value = source.Node

// Contains is contains with its bounds: by default at least one.
type Contains struct {
	Schema *Schema
	Min    uint32
	Max    uint32 // ^uint32(0) = unbounded
	Loc    Loc
	MinLoc Loc
	MaxLoc Loc
	HasMin bool
}

// Required is one required name.
type Required struct {
	Name string
	Loc  Loc
}

// Property is a named subschema.
type Property struct {
	Name   string
	Schema *Schema
}

// PatternProperty is a subschema for the names that match a pattern.
type PatternProperty struct {
	Pattern Pattern
	Schema  *Schema
}

// DependentRequired is the names that must be there when Name is.
type DependentRequired struct {
	Name  string
	Needs []string
	Loc   Loc
}

// Each calls f for every subschema of s, those of Refs included.
func (s *Schema) Each(f func(*Schema)) {
	one := func(x *Schema) {
		if x != nil {
			f(x)
		}
	}
	for _, list := range [][]*Schema{s.PrefixItems, s.AllOf, s.AnyOf, s.OneOf} {
		for _, x := range list {
			one(x)
		}
	}
	for _, list := range [][]Property{s.Properties, s.DependentSchemas} {
		for _, p := range list {
			one(p.Schema)
		}
	}
	for _, p := range s.PatternProperties {
		one(p.Schema)
	}
	for _, r := range s.Refs {
		one(r.Target)
	}
	if s.Contains != nil {
		one(s.Contains.Schema)
	}
	for _, x := range []*Schema{s.Items, s.AdditionalProperties, s.PropertyNames, s.Not, s.If, s.Then, s.Else, s.UnevaluatedItems, s.UnevaluatedProperties} {
		one(x)
	}
}

// Ref is a resolved reference.
type Ref struct {
	Target  *Schema
	Keyword string // "$ref", "$dynamicRef", "$recursiveRef"
	Loc     Loc
}

// Discriminator is OpenAPI's, resolved. Values map the property's string to a
// schema; it is an assertion only as far as OpenAPI says so, and lower sets
// Exclusive when dispatch by it gives the same verdict as trying every branch.
type Discriminator struct {
	Property  string
	Values    []Property // discriminator value -> schema, in order
	Exclusive bool
	Loc       Loc
}
