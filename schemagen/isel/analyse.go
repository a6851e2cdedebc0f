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
	state  uint8 // of the walk
	rec    bool  // reaches itself
	memo   bool  // verdicts are worth remembering
	proc   uint32
	hasPC  bool // proc is valid
	pc     uint32
	frames uint32 // most frames open at once, calls aside
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
		w.visit(u)
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
// again and again: those in components that a value leads back into by two
// ways at once.
func (w *walker) memos() {
	type way struct {
		at   where
		name string
		from *unit
	}
	seen := map[*unit][]way{} // ways into the component from units at one value
	groups := map[int]bool{}
	for _, u := range w.order {
		var ways []way
		w.ways(u, u.group, map[*unit]bool{}, func(at where, name string, from *unit) {
			for _, x := range ways {
				if overlap(x.at, x.name, at, name, x.from == from) {
					groups[u.group] = true
				}
			}
			if len(ways) < 200 {
				ways = append(ways, way{at, name, from})
			} else {
				groups[u.group] = true
			}
		})
		seen[u] = ways
	}
	for _, u := range w.order {
		u.memo = groups[u.group] && u.track == 0 && tracking(u.key) == 0
	}
}

// ways calls f for each step from a value that u judges to a part of it that
// stays in the component, u's in-place subschemas included.
func (w *walker) ways(u *unit, group int, seen map[*unit]bool, f func(at where, name string, from *unit)) {
	if seen[u] {
		return
	}
	seen[u] = true
	children(u.key, func(at where, name string, k key) {
		child := w.c.units[k]
		switch {
		case at == inPlace || at == inBranch:
			w.ways(child, group, seen, f)
		case child.group == group:
			f(at, name, u)
		}
	})
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
