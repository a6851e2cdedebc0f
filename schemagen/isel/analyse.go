package isel

import "portcullis/schemagen/ir"

// Tracking: what the schemas around ask to be marked as evaluated.
const (
	trackProperties = 1 << 0
	trackItems      = 1 << 1
)

// key names one version of a schema: it is compiled once for each kind of
// tracking that it is reached under.
type key struct {
	s     *ir.Schema
	track uint8
}

// unit is a key with what is known about its code.
type unit struct {
	key
	uses   int
	size   int
	rec    bool // reaches itself
	memo   bool // verdicts are worth remembering
	proc   uint32
	hasPC  bool // proc is valid
	pc     uint32
	end    uint32  // of its own code
	refs   []*unit // procedures that its code leads to
	frames uint32  // most frames open at once, calls aside
	calls  []callDepth
	group  int // strongly connected component, numbered from 1

	index, low int // of the search for components
	onStack    bool
}

type callDepth struct {
	to    *unit
	depth uint32
}

func (u *unit) isProc() bool { return u.hasPC }

func (c *Compiler) unit(k key) *unit {
	u := c.units[k]
	if u == nil {
		u = &unit{key: k}
		c.units[k] = u
	}
	return u
}

func (c *Compiler) makeProc(u *unit) {
	u.proc, u.hasPC = uint32(len(c.entries)), true
	c.entries = append(c.entries, u)
}

// isTrue reports whether s accepts anything, evaluates nothing and has no
// other effect.
func isTrue(s *ir.Schema) bool {
	return s == nil || s.Bool != nil && *s.Bool || s.Bool == nil && isEmpty(s)
}

func isFalse(s *ir.Schema) bool { return s != nil && s.Bool != nil && !*s.Bool }

// isEmpty reports whether s has no keyword that asserts or applies.
func isEmpty(s *ir.Schema) bool {
	return s.Bool == nil && len(s.Refs) == 0 && isPlain(s)
}

// isPlain reports whether s has no such keyword but Refs.
func isPlain(s *ir.Schema) bool {
	return s.Types == 0 && s.Enum == nil &&
		s.Minimum == nil && s.Maximum == nil && s.ExclusiveMinimum == nil && s.ExclusiveMaximum == nil && s.MultipleOf == nil &&
		s.MinLength == nil && s.MaxLength == nil && s.Pattern == nil && s.Format == nil &&
		s.MinItems == nil && s.MaxItems == nil && s.UniqueItems == nil && len(s.PrefixItems) == 0 && s.Items == nil && s.Contains == nil &&
		s.MinProperties == nil && s.MaxProperties == nil && len(s.Required) == 0 && len(s.Properties) == 0 && len(s.PatternProperties) == 0 &&
		s.AdditionalProperties == nil && s.PropertyNames == nil && len(s.DependentRequired) == 0 && len(s.DependentSchemas) == 0 &&
		len(s.AllOf) == 0 && len(s.AnyOf) == 0 && len(s.OneOf) == 0 && s.Not == nil && s.If == nil &&
		s.UnevaluatedItems == nil && s.UnevaluatedProperties == nil
}

// canonical follows schemas that are nothing but one reference.
func canonical(s *ir.Schema) *ir.Schema {
	for hops := 0; s != nil && s.Bool == nil && len(s.Refs) == 1 && isPlain(s) && hops < 1000; hops++ {
		s = s.Refs[0].Target
	}
	return s
}

// tracking is what the keywords of s have to mark.
func tracking(k key) uint8 {
	t := k.track
	if k.s.UnevaluatedProperties != nil {
		t |= trackProperties
	}
	if k.s.UnevaluatedItems != nil {
		t |= trackItems
	}
	return t
}

// where says where a subschema applies.
type where uint8

const (
	inPlace  where = iota // to the same value
	inBranch              // to the same value, and its failure may be caught
	inMember              // to a named member
	inOther               // to other members
	inName                // to names of members
	inItem                // to elements
)

// children calls f for each subschema of k that its code runs.
func children(k key, f func(w where, name string, child key)) {
	s, t := k.s, tracking(k)
	at := func(w where, name string, x *ir.Schema, track uint8) {
		if x = canonical(x); x != nil && !isTrue(x) {
			f(w, name, key{x, track})
		}
	}
	for i := range s.Refs {
		at(inPlace, "", s.Refs[i].Target, t)
	}
	for _, x := range s.AllOf {
		at(inPlace, "", x, t)
	}
	for _, x := range s.AnyOf {
		at(inBranch, "", x, t)
	}
	for _, x := range s.OneOf {
		at(inBranch, "", x, t)
	}
	at(inBranch, "", s.Not, 0)
	if s.If != nil && (s.Then != nil || s.Else != nil || t != 0) {
		at(inBranch, "", s.If, t)
		at(inPlace, "", s.Then, t)
		at(inPlace, "", s.Else, t)
	}
	for _, p := range s.DependentSchemas {
		at(inPlace, "", p.Schema, t)
	}
	for _, p := range s.Properties {
		at(inMember, p.Name, p.Schema, 0)
	}
	for _, p := range s.PatternProperties {
		at(inOther, p.Pattern.Source, p.Schema, 0)
	}
	at(inOther, "", s.AdditionalProperties, 0)
	at(inOther, "", s.UnevaluatedProperties, 0)
	at(inName, "", s.PropertyNames, 0)
	for _, x := range s.PrefixItems {
		at(inItem, "", x, 0)
	}
	at(inItem, "", s.Items, 0)
	if s.Contains != nil {
		at(inItem, "", s.Contains.Schema, 0)
	}
	at(inItem, "", s.UnevaluatedItems, 0)
}

// analyse counts uses, finds recursion and decides what becomes a procedure.
func (c *Compiler) analyse() {
	w := walker{c: c}
	for _, u := range c.entries {
		if u.index == 0 {
			w.visit(u)
		}
	}
	for _, u := range w.order {
		if !u.isProc() && (u.rec || u.uses > 1 && u.size > c.opts.InlineBudget) {
			c.makeProc(u)
		}
	}
	w.memos()
}

// walker finds strongly connected components (Tarjan) and sizes, children
// before parents.
type walker struct {
	c      *Compiler
	order  []*unit // as first met
	stack  []*unit
	groups int
}

func (w *walker) visit(u *unit) {
	u.index = len(w.order) + 1
	u.low = u.index
	w.order = append(w.order, u)
	w.stack = append(w.stack, u)
	u.onStack = true
	u.size = ownSize(u.s)
	children(u.key, func(_ where, _ string, k key) {
		child := w.c.unit(k)
		child.uses++
		switch {
		case child.index == 0:
			w.visit(child)
			u.low = min(u.low, child.low)
		case child.onStack:
			u.low = min(u.low, child.index)
			// The target of a way back has to be callable; with it cut out, what
			// is left of the component can be inlined.
			child.rec = true
		}
		if child.rec || child.isProc() || child.uses > 1 && child.size > w.c.opts.InlineBudget {
			u.size++
		} else {
			u.size += child.size
		}
	})
	if u.low != u.index {
		return
	}
	w.groups++
	for {
		x := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		x.onStack = false
		x.group = w.groups
		if x == u {
			return
		}
	}
}

// ownSize estimates the instructions of a schema without its subschemas.
func ownSize(s *ir.Schema) int {
	n := 0
	for _, has := range []bool{
		s.Bool != nil, s.Types != 0, s.Enum != nil, s.Minimum != nil, s.Maximum != nil, s.ExclusiveMinimum != nil,
		s.ExclusiveMaximum != nil, s.MultipleOf != nil, s.MinLength != nil || s.MaxLength != nil, s.Pattern != nil, s.Format != nil,
		s.MinItems != nil || s.MaxItems != nil, s.UniqueItems != nil, len(s.PrefixItems) > 0 || s.Items != nil, s.Contains != nil,
		s.MinProperties != nil || s.MaxProperties != nil, len(s.AnyOf) > 0, len(s.OneOf) > 0, s.Not != nil, s.If != nil,
		s.UnevaluatedItems != nil, s.UnevaluatedProperties != nil,
	} {
		if has {
			n++
		}
	}
	if len(s.Required)+len(s.Properties)+len(s.PatternProperties)+len(s.DependentRequired) > 0 || s.AdditionalProperties != nil || s.PropertyNames != nil {
		n += 1 + len(s.Properties)
	}
	return n + len(s.AnyOf) + len(s.OneOf) + len(s.DependentSchemas)
}

// memos marks the procedures whose verdict on one value could be asked for
// again and again. A unit doubles when two of its subschemas can lead to the
// same part of a value (or apply to the value itself by two ways); doublings
// multiply along a path of references. Where a component leads back into
// itself and doubles, the product has no bound but the value's depth; elsewhere
// it is bounded by two to the number of doublings. Procedures behind too many
// are remembered, and counting starts again behind them.
func (w *walker) memos() {
	members := make([][]*unit, w.groups+1)
	for _, u := range w.order {
		members[u.group] = append(members[u.group], u)
	}
	level := make([]int, w.groups+1)
	// Components are numbered children first.
	for g := w.groups; g > 0; g-- {
		doubles, cyclic := false, len(members[g]) > 1
		for _, u := range members[g] {
			doubles = doubles || w.doubles(u)
			cyclic = cyclic || u.rec
		}
		if cyclic && doubles || level[g] >= maxDoublings && members[g][0].isProc() {
			for _, u := range members[g] {
				u.memo = u.track == 0
			}
			level[g] = 0
		}
		if doubles {
			level[g]++
		}
		for _, u := range members[g] {
			children(u.key, func(_ where, _ string, k key) {
				if to := w.c.units[k].group; to != g {
					level[to] = max(level[to], level[g])
				}
			})
		}
	}
}

// maxDoublings is how many doublings are put up with: calls, two to its power
// at most, cost less than remembering.
const maxDoublings = 3

// maxWays bounds the ways that are compared with each other; a schema with
// more is taken to double.
const maxWays = 256

// doubles reports whether two ways out of u can lead to the same value.
func (w *walker) doubles(u *unit) bool {
	type way struct {
		at   where
		name string
		from *unit
	}
	var ways []way
	found := false
	seen := map[*unit]bool{}
	var walk func(u *unit)
	walk = func(u *unit) {
		if seen[u] {
			found = found || u.size > w.c.opts.InlineBudget
			return
		}
		seen[u] = true
		children(u.key, func(at where, name string, k key) {
			child := w.c.units[k]
			if found {
				return
			}
			if at == inPlace || at == inBranch {
				walk(child)
				return
			}
			if !w.deep(child) {
				return
			}
			for _, x := range ways {
				if overlap(x.at, x.name, at, name, x.from == u) {
					found = true
					return
				}
			}
			if ways = append(ways, way{at, name, u}); len(ways) > maxWays {
				found = true
			}
		})
	}
	walk(u)
	return found
}

// deep reports whether the unit looks at parts of its value: judging a scalar
// twice does no harm.
func (w *walker) deep(u *unit) bool {
	deep := false
	children(u.key, func(where, string, key) { deep = true })
	return deep
}

// overlap reports whether two ways can lead to the same part of a value.
func overlap(a where, aName string, b where, bName string, sameSchema bool) bool {
	switch {
	case a == inItem || b == inItem:
		return a == b
	case a == inName || b == inName:
		return a == b
	case a == inMember && b == inMember:
		return aName == bName
	case sameSchema && (a == inMember && bName == "" || b == inMember && aName == ""):
		return false // additionalProperties is for members that properties does not name
	}
	return true
}
