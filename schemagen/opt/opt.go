// Package opt rewrites ir.Schema graphs into others that accept the same values
// and are cheaper to judge. It works on a copy.
//
// Each rule is one file. A rule looks at one schema and its direct subschemas
// and reports whether it changed anything; the driver applies all rules, parts
// before wholes, until nothing changes. A rule never makes a schema for which
// it would fire again, or the driver would not end; it stops with a panic after
// far more rounds than any schema needs.
//
// What stays is the place of every keyword, so that a refusal still names where
// the description says so. Schemas that evaluate members or elements for an
// unevaluatedProperties or unevaluatedItems around them (tracked schemas) keep
// every subschema that could evaluate something.
package opt

import "portcullis/schemagen/ir"

// Optimiser rewrites the schemas of one build. It is not safe for concurrent
// use.
type Optimiser struct {
	// copies holds what has been copied, apart for tracked schemas: there, other
	// rewrites are allowed.
	copies  [2]map[*ir.Schema]*ir.Schema
	clean   map[*ir.Schema]bool // originals that reach no unevaluated keyword
	fresh   []*ir.Schema        // copies not yet rewritten, parts before wholes
	uses    map[*ir.Schema]int
	cycles  map[*ir.Schema]bool
	tracks  bool // the schemas being rewritten are tracked
	enabled func(rule string) bool
	fired   map[string]int
	lastID  int
}

// rule rewrites s in place and reports whether it did.
type rule struct {
	name  string
	apply func(o *Optimiser, s *ir.Schema) bool
}

// rules returns the rules in the order of application.
func rules() []rule {
	return []rule{
		{"drop-trivial", dropTrivial},
		{"fold-constants", foldConstants},
		{"unwrap-single", unwrapSingle},
		{"implied-by-enum", impliedByEnum},
		{"drop-subsumed", dropSubsumed},
		{"inline-refs", inlineRefs},
		{"merge-all-of", mergeAllOf},
		{"order-branches", orderBranches},
	}
}

// New returns an Optimiser with all rules.
func New() *Optimiser {
	return &Optimiser{
		copies:  [2]map[*ir.Schema]*ir.Schema{{}, {}},
		clean:   map[*ir.Schema]bool{},
		uses:    map[*ir.Schema]int{},
		cycles:  map[*ir.Schema]bool{},
		fired:   map[string]int{},
		enabled: func(string) bool { return true },
	}
}

// Only keeps the rules for which enabled is true; Share is "share".
func (o *Optimiser) Only(enabled func(rule string) bool) { o.enabled = enabled }

// Fired returns how often each rule changed something.
func (o *Optimiser) Fired() map[string]int { return o.fired }

// maxRounds bounds how often one schema is gone over. Each round removes or
// merges something; more rounds than this mean a rule that undoes another.
const maxRounds = 1000

// Schema returns the rewritten form of s. Equal requests give the same result.
func (o *Optimiser) Schema(s *ir.Schema) *ir.Schema {
	o.tracks = o.tracked(s)
	mode := 0
	if o.tracks {
		mode = 1
	}
	c := o.clone(o.copies[mode], s)
	all := rules()
	for i := 0; i < len(o.fresh); i++ {
		o.rewrite(o.fresh[i], all)
	}
	o.fresh = o.fresh[:0]
	return c
}

// tracked reports whether s reaches an unevaluated keyword.
func (o *Optimiser) tracked(s *ir.Schema) bool {
	seen := map[*ir.Schema]bool{}
	found := false
	var visit func(x *ir.Schema)
	visit = func(x *ir.Schema) {
		if found || seen[x] || o.clean[x] {
			return
		}
		seen[x] = true
		found = hasUnevaluated(x)
		x.Each(visit)
	}
	visit(s)
	if !found {
		for x := range seen {
			o.clean[x] = true
		}
	}
	return found
}

func (o *Optimiser) rewrite(s *ir.Schema, all []rule) {
	for round := 0; ; round++ {
		if round > maxRounds {
			panic("opt: rules do not come to an end at " + s.Loc.Pointer)
		}
		changed := false
		for _, r := range all {
			if o.enabled(r.name) && r.apply(o, s) {
				o.fired[r.name]++
				changed = true
			}
		}
		if !changed {
			return
		}
	}
}

// clone copies the graph from s on, each schema once.
func (o *Optimiser) clone(copies map[*ir.Schema]*ir.Schema, s *ir.Schema) *ir.Schema {
	if s == nil {
		return nil
	}
	if c := copies[s]; c != nil {
		o.uses[c]++
		return c
	}
	c := new(ir.Schema)
	*c = *s
	copies[s] = c
	o.uses[c] = 1
	o.lastID = max(o.lastID, s.ID)
	mapChildren(c, func(x *ir.Schema) *ir.Schema { return o.clone(copies, x) })
	o.fresh = append(o.fresh, c)
	return c
}

// made registers a schema that a rule made; it is rewritten like the others.
func (o *Optimiser) made(s *ir.Schema) *ir.Schema {
	o.lastID++
	s.ID = o.lastID
	o.uses[s] = 1
	o.rewrite(s, rules())
	return s
}

// mapChildren replaces every subschema x of s, as ir.Schema.Each has them, by
// f(x), in slices of its own.
func mapChildren(s *ir.Schema, f func(*ir.Schema) *ir.Schema) {
	list := func(in []*ir.Schema) []*ir.Schema {
		if in == nil {
			return nil
		}
		out := make([]*ir.Schema, len(in))
		for i, x := range in {
			out[i] = f(x)
		}
		return out
	}
	props := func(in []ir.Property) []ir.Property {
		if in == nil {
			return nil
		}
		out := make([]ir.Property, len(in))
		for i, p := range in {
			out[i] = ir.Property{Name: p.Name, Schema: f(p.Schema)}
		}
		return out
	}
	s.PrefixItems = list(s.PrefixItems)
	s.AllOf, s.AnyOf, s.OneOf = list(s.AllOf), list(s.AnyOf), list(s.OneOf)
	s.Properties, s.DependentSchemas = props(s.Properties), props(s.DependentSchemas)
	if s.PatternProperties != nil {
		out := make([]ir.PatternProperty, len(s.PatternProperties))
		for i, p := range s.PatternProperties {
			out[i] = ir.PatternProperty{Pattern: p.Pattern, Schema: f(p.Schema)}
		}
		s.PatternProperties = out
	}
	if s.Refs != nil {
		out := make([]ir.Ref, len(s.Refs))
		for i, r := range s.Refs {
			r.Target = f(r.Target)
			out[i] = r
		}
		s.Refs = out
	}
	if s.Contains != nil {
		x := *s.Contains
		x.Schema = f(x.Schema)
		s.Contains = &x
	}
	s.Items, s.AdditionalProperties, s.PropertyNames = f(s.Items), f(s.AdditionalProperties), f(s.PropertyNames)
	s.Not, s.If, s.Then, s.Else = f(s.Not), f(s.If), f(s.Then), f(s.Else)
	s.UnevaluatedItems, s.UnevaluatedProperties = f(s.UnevaluatedItems), f(s.UnevaluatedProperties)
}

// always reports whether s is the boolean schema b, or for true a schema
// without keywords.
func always(s *ir.Schema, b bool) bool {
	if s == nil {
		return false
	}
	if s.Bool != nil {
		return *s.Bool == b
	}
	return b && empty(s)
}

// empty reports whether s has no keyword that asserts or applies.
func empty(s *ir.Schema) bool {
	return s.Bool == nil && len(s.Refs) == 0 && len(s.AllOf) == 0 && len(s.AnyOf) == 0 && len(s.OneOf) == 0 &&
		s.Not == nil && s.If == nil && len(s.DependentSchemas) == 0 && onlyChecks(s) && !hasChecks(s)
}

// onlyChecks reports whether s looks at members and elements by no keyword.
func onlyChecks(s *ir.Schema) bool { return !hasObject(s) && !hasArray(s) && !hasUnevaluated(s) }

func hasObject(s *ir.Schema) bool {
	return len(s.Required) > 0 || len(s.DependentRequired) > 0 || s.PropertyNames != nil || hasMembers(s)
}

func hasMembers(s *ir.Schema) bool {
	return len(s.Properties) > 0 || len(s.PatternProperties) > 0 || s.AdditionalProperties != nil
}

func hasArray(s *ir.Schema) bool {
	return s.UniqueItems != nil || s.Contains != nil || hasElements(s)
}

func hasElements(s *ir.Schema) bool { return len(s.PrefixItems) > 0 || s.Items != nil }

func hasUnevaluated(s *ir.Schema) bool {
	return s.UnevaluatedItems != nil || s.UnevaluatedProperties != nil
}

// hasChecks reports whether s has a keyword that looks at the value alone.
func hasChecks(s *ir.Schema) bool {
	return s.Types != 0 || s.Enum != nil || hasNumber(s) || hasString(s) ||
		s.MinItems != nil || s.MaxItems != nil || s.MinProperties != nil || s.MaxProperties != nil
}

func hasNumber(s *ir.Schema) bool {
	return s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil
}

func hasString(s *ir.Schema) bool {
	return s.MinLength != nil || s.MaxLength != nil || s.Pattern != nil || s.Format != nil
}
