// Package irtest is a slow interpreter of ir.Schema that is right by looking at
// it: one function a keyword, numbers as fractions, no early end. Tests hold
// compiled schemas against it.
//
// It refuses nothing and bounds nothing. What lower marked as unenforceable is
// not there to be enforced.
package irtest

import (
	"slices"
	"strconv"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Options are the parts that are tested elsewhere and can be replaced.
type Options struct {
	// Pattern reports whether the ECMA-262 expression matches text somewhere.
	// nil uses schemagen/regex; what that can't compile matches everything.
	Pattern func(expression, text string) bool
	// Format reports whether v is in the format; nil uses filter/format.
	Format func(name string, v *source.Node) bool
}

// Failure is one assertion that did not hold.
type Failure struct {
	Instance string // JSON Pointer of the value
	Keyword  string // "false" for the schema false
	Schema   ir.Loc
}

// Validator judges values against one schema.
type Validator struct {
	schema *ir.Schema
	opts   Options
}

// New returns a validator for s.
func New(s *ir.Schema, opts Options) *Validator {
	if opts.Pattern == nil {
		opts.Pattern = matcher()
	}
	if opts.Format == nil {
		opts.Format = checkFormat
	}
	return &Validator{s, opts}
}

// Validate returns every assertion that v fails, innermost ones only; none when
// v is valid. A failed anyOf, oneOf, not or contains is one failure of that
// keyword, beside the failures of the branches or items.
func (x *Validator) Validate(v *source.Node) []Failure {
	r := x.run(x.schema, v)
	return r.failures
}

// result is the outcome of one schema for one value with the annotations that
// unevaluatedItems and unevaluatedProperties look at.
type result struct {
	failures   []Failure
	properties map[string]bool // evaluated members
	items      map[int]bool    // evaluated items
}

func (r *result) valid() bool { return len(r.failures) == 0 }

// adopt takes the annotations of a subschema that applied to the same value.
func (r *result) adopt(sub *result) {
	for name := range sub.properties {
		r.properties[name] = true
	}
	for i := range sub.items {
		r.items[i] = true
	}
}

// state is one schema object being applied to one value.
type state struct {
	*Validator
	s *ir.Schema
	v *source.Node
	result
}

func (x *Validator) run(s *ir.Schema, v *source.Node) *result {
	st := &state{Validator: x, s: s, v: v}
	st.properties, st.items = map[string]bool{}, map[int]bool{}
	if s.Bool != nil {
		if !*s.Bool {
			st.fail("false", s.Loc)
		}
		return &st.result
	}
	st.anyType()
	st.inPlace()
	switch v.Kind {
	case source.Number:
		st.number()
	case source.String:
		st.text()
	case source.Array:
		st.array()
	case source.Object:
		st.object()
	}
	return &st.result
}

func (st *state) fail(keyword string, loc ir.Loc) {
	st.failures = append(st.failures, Failure{source.Pointer(st.v), keyword, loc})
}

// must applies s to v, which may be st's value or a part of it.
func (st *state) must(s *ir.Schema, v *source.Node) *result {
	r := st.run(s, v)
	st.failures = append(st.failures, r.failures...)
	return r
}

func (st *state) anyType() {
	s := st.s
	if s.Types != 0 && !st.hasType(s.Types) {
		st.fail("type", s.TypesLoc)
	}
	if s.Enum != nil && !slices.ContainsFunc(s.Enum.Values, func(e *source.Node) bool { return Equal(e, st.v) }) {
		st.fail(s.Enum.Keyword, s.Enum.Loc)
	}
	if s.Format != nil && !st.opts.Format(s.Format.Name, st.v) {
		st.fail("format", s.Format.Loc)
	}
}

func (st *state) hasType(t ir.Types) bool {
	switch st.v.Kind {
	case source.Null:
		return t&ir.TypeNull != 0
	case source.Bool:
		return t&ir.TypeBoolean != 0
	case source.String:
		return t&ir.TypeString != 0
	case source.Array:
		return t&ir.TypeArray != 0
	case source.Object:
		return t&ir.TypeObject != 0
	}
	return t&ir.TypeNumber != 0 || t&ir.TypeInteger != 0 && isInteger(st.v.Text, st.s.StrictInteger)
}

// inPlace applies everything that looks at the same value.
func (st *state) inPlace() {
	s := st.s
	for _, r := range s.Refs {
		st.adopt(st.must(r.Target, st.v))
	}
	for _, sub := range s.AllOf {
		st.adopt(st.must(sub, st.v))
	}
	st.choice("anyOf", s.AnyOf, s.AnyOfLoc, func(n int) bool { return n >= 1 })
	st.choice("oneOf", s.OneOf, s.OneOfLoc, func(n int) bool { return n == 1 })
	if s.Not != nil && st.run(s.Not, st.v).valid() {
		st.fail("not", s.NotLoc)
	}
	if s.If != nil {
		condition := st.run(s.If, st.v)
		if condition.valid() {
			st.adopt(condition)
			if s.Then != nil {
				st.adopt(st.must(s.Then, st.v))
			}
		} else if s.Else != nil {
			st.adopt(st.must(s.Else, st.v))
		}
	}
	for _, d := range s.DependentSchemas {
		if st.v.Get(d.Name) != nil {
			st.adopt(st.must(d.Schema, st.v))
		}
	}
}

func (st *state) choice(keyword string, branches []*ir.Schema, loc ir.Loc, enough func(valid int) bool) {
	if len(branches) == 0 {
		return
	}
	n := 0
	var inner []Failure
	for _, b := range branches {
		r := st.run(b, st.v)
		if r.valid() {
			n++
			st.adopt(r)
		}
		inner = append(inner, r.failures...)
	}
	if !enough(n) {
		st.fail(keyword, loc)
		st.failures = append(st.failures, inner...)
	}
}

func (st *state) number() {
	s, value := st.s, parse(st.v.Text)
	if n := s.Minimum; n != nil && value.cmp(parse(n.Text)) < 0 {
		st.fail("minimum", n.Loc)
	}
	if n := s.Maximum; n != nil && value.cmp(parse(n.Text)) > 0 {
		st.fail("maximum", n.Loc)
	}
	if n := s.ExclusiveMinimum; n != nil && value.cmp(parse(n.Text)) <= 0 {
		st.fail("exclusiveMinimum", n.Loc)
	}
	if n := s.ExclusiveMaximum; n != nil && value.cmp(parse(n.Text)) >= 0 {
		st.fail("exclusiveMaximum", n.Loc)
	}
	if n := s.MultipleOf; n != nil && !value.isMultipleOf(parse(n.Text)) {
		st.fail("multipleOf", n.Loc)
	}
}

func (st *state) text() {
	s, text := st.s, st.v.Text
	length := len([]rune(text))
	st.bound("minLength", s.MinLength, length, true)
	st.bound("maxLength", s.MaxLength, length, false)
	if s.Pattern != nil && !st.opts.Pattern(s.Pattern.Source, text) {
		st.fail("pattern", s.Pattern.Loc)
	}
}

// bound checks a length or a count against a lower or an upper bound.
func (st *state) bound(keyword string, c *ir.Count, n int, lower bool) {
	if c == nil {
		return
	}
	if lower && n < int(c.N) || !lower && n > int(c.N) {
		st.fail(keyword, c.Loc)
	}
}

func (st *state) array() {
	s, items := st.s, st.v.Items
	st.bound("minItems", s.MinItems, len(items), true)
	st.bound("maxItems", s.MaxItems, len(items), false)
	if s.UniqueItems != nil && hasEqual(items) {
		st.fail("uniqueItems", s.UniqueItems.Loc)
	}
	for i, item := range items {
		switch {
		case i < len(s.PrefixItems):
			st.must(s.PrefixItems[i], item)
			st.items[i] = true
		case s.Items != nil:
			st.must(s.Items, item)
			st.items[i] = true
		}
	}
	st.contains()
	if s.UnevaluatedItems != nil {
		for i, item := range items {
			if !st.items[i] {
				st.must(s.UnevaluatedItems, item)
				st.items[i] = true
			}
		}
	}
}

func (st *state) contains() {
	c := st.s.Contains
	if c == nil {
		return
	}
	n := 0
	var inner []Failure
	for i, item := range st.v.Items {
		r := st.run(c.Schema, item)
		inner = append(inner, r.failures...)
		if !r.valid() {
			continue
		}
		n++
		if st.s.ContainsEvaluates {
			st.items[i] = true
		}
	}
	if n < int(c.Min) {
		if c.HasMin && c.Min != 1 {
			st.fail("minContains", c.MinLoc)
		} else {
			st.fail("contains", c.Loc)
		}
		st.failures = append(st.failures, inner...)
	}
	if n > int(c.Max) {
		st.fail("maxContains", c.MaxLoc)
	}
}

func hasEqual(items []*source.Node) bool {
	for i := range items {
		for j := range i {
			if Equal(items[i], items[j]) {
				return true
			}
		}
	}
	return false
}

func (st *state) object() {
	s, v := st.s, st.v
	st.bound("minProperties", s.MinProperties, len(v.Items), true)
	st.bound("maxProperties", s.MaxProperties, len(v.Items), false)
	for _, r := range s.Required {
		if v.Get(r.Name) == nil {
			st.fail("required", r.Loc)
		}
	}
	for _, d := range s.DependentRequired {
		if v.Get(d.Name) == nil {
			continue
		}
		for _, name := range d.Needs {
			if v.Get(name) == nil {
				st.fail(dependentKeyword(d), d.Loc)
			}
		}
	}
	for i, key := range v.Keys {
		st.member(key.Name, v.Items[i])
	}
	if s.UnevaluatedProperties != nil {
		for i, key := range v.Keys {
			if !st.properties[key.Name] {
				st.must(s.UnevaluatedProperties, v.Items[i])
				st.properties[key.Name] = true
			}
		}
	}
}

// dependentKeyword is the keyword that d was split from.
func dependentKeyword(d ir.DependentRequired) string {
	if n := d.Loc.Node; n != nil && n.Parent != nil && n.Parent.Name == "dependencies" {
		return "dependencies"
	}
	return "dependentRequired"
}

func (st *state) member(name string, value *source.Node) {
	s := st.s
	found := false
	for _, p := range s.Properties {
		if p.Name == name {
			found = true
			st.must(p.Schema, value)
		}
	}
	for _, p := range s.PatternProperties {
		if st.opts.Pattern(p.Pattern.Source, name) {
			found = true
			st.must(p.Schema, value)
		}
	}
	if !found && s.AdditionalProperties != nil {
		found = true
		st.must(s.AdditionalProperties, value)
	}
	if found {
		st.properties[name] = true
	}
	if s.PropertyNames != nil {
		// The name is a value that stands nowhere: its failures are its member's.
		made := &source.Node{Kind: source.String, Text: name, Pos: value.Pos, Parent: value.Parent, Name: name, Doc: value.Doc}
		st.must(s.PropertyNames, made)
	}
}

// String is the line that tests print.
func (f Failure) String() string {
	return strconv.Quote(f.Instance) + " " + f.Keyword + " at " + f.Schema.Pointer
}
