package explain

import (
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"portcullis/filter/format"
	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
)

// Schema is what one value must be, read back from a program: a conjunction of
// everything that is set. Schemas form a graph; a cycle is a recursive schema.
// The zero value takes anything.
type Schema struct {
	Never   bool        // nothing matches
	Types   []string    // any of them; empty: any
	strict  bool        // 1.0 is no integer
	Enums   [][]string  // JSON texts, sorted; one of each list
	Numbers []Bound     // in the order of the program
	Length  Count       // of a string, in characters
	Items   Count       // of an array
	Members Count       // of an object
	Texts   []Text      // patterns and formats
	Unique  bool        // no two elements are equal
	Objects []Object    // each judges all members
	Arrays  []Array     // each judges all elements
	Contain []Contains  // elements that must be there
	Choices []Choice    // anyOf and oneOf
	Nots    []*Schema   // must not match
	Ifs     []Condition // if, then, else and what depends on a member
	// Scoped is set when members or elements that nothing has judged are
	// refused or judged by Rest (unevaluatedProperties, unevaluatedItems).
	Scoped bool
	Rest   []*Schema // nil elements refuse
	Place  string    // where the description says so
}

// Bound is an assertion about a number.
type Bound struct{ Keyword, Value string }

// Count is a range of counts. Max is meaningful when Bounded.
type Count struct {
	Min, Max uint32
	Bounded  bool
}

// Text is an assertion about a string that only the engine can decide.
type Text struct {
	Keyword string // "pattern" or "format"
	Value   string // the format's name, or the place of the pattern
	key     string // equal for what takes the same strings
}

// Object is one set of properties.
type Object struct {
	Props      []Prop // sorted by name
	Patterns   []PatternProp
	Names      *Schema
	Closed     bool    // members that nothing names are refused
	Additional *Schema // nil: anything
	Needs      map[string][]string
}

// Prop is a named member.
type Prop struct {
	Name     string
	Required bool
	Named    bool    // false: required, but `properties` does not have it
	Schema   *Schema // nil: anything
}

// PatternProp is the members whose names match.
type PatternProp struct {
	Pattern string
	key     string
	Schema  *Schema
}

// Array is one set of rules for elements.
type Array struct {
	Prefix []*Schema
	Others *Schema
}

// Contains is how many elements must match.
type Contains struct {
	Schema *Schema
	Count  Count
}

// Choice is alternatives.
type Choice struct {
	One      bool // exactly one, otherwise at least one
	Branches []Branch
}

// Branch is an alternative, and when it is the one that counts, if something
// tells.
type Branch struct {
	When   string
	Schema *Schema
}

// Condition applies Then or Else.
type Condition struct {
	If         *Schema
	Has        string // with If nil: when the member is there
	Then, Else *Schema
}

var typeNames = []string{"null", "boolean", "object", "array", "number", "string", "integer"}

// reader decompiles the programs of one table.
type reader struct {
	t    *table.Table
	s    *table.SchemaSections
	memo map[uint32]*Schema
	dfas map[uint32]string // offset to a text that is equal for equal automata
}

func newReader(t *table.Table) *reader {
	r := &reader{t: t, s: &t.Schema, memo: map[uint32]*Schema{}, dfas: map[uint32]string{}}
	var offs []uint32
	for _, in := range r.s.Program {
		switch in.Op {
		case table.OpAssertPattern:
			offs = append(offs, in.C)
		case table.OpLoopProperties:
			_, _, patterns, _ := r.set(in.C)
			for i := 0; i < len(patterns); i += 3 {
				offs = append(offs, patterns[i+table.PatternDFA])
			}
		}
	}
	slices.Sort(offs)
	offs = slices.Compact(offs)
	for i, off := range offs {
		end := uint32(len(r.s.Patterns))
		if i+1 < len(offs) {
			end = offs[i+1]
		}
		r.dfas[off] = hex.EncodeToString(r.s.Patterns[off:end])
	}
	return r
}

// entry is the schema of an entry; nil takes anything.
func (r *reader) entry(e uint32) *Schema {
	if e == table.NoIndex {
		return nil
	}
	return r.block(r.s.Proc(e, table.ProcPC))
}

// block is the schema of the code at pc, 0 for none.
func (r *reader) block(pc uint32) *Schema {
	if pc == 0 {
		return nil
	}
	if s, ok := r.memo[pc]; ok {
		return s
	}
	s := &Schema{}
	r.memo[pc] = s
	r.run(pc, table.NoIndex, s, nil)
	return s
}

// run reads code into s until its block ends, stop is reached or a jump is
// met, whose target it returns. calls is the procedures on the way. It is long
// because it is a table.
func (r *reader) run(pc, stop uint32, s *Schema, calls []uint32) (jump uint32) {
	for pc != stop && pc < uint32(len(r.s.Program)) {
		in := &r.s.Program[pc]
		if s.Place == "" && in.Op != table.OpCtlCall && in.Op != table.OpCtlTail {
			s.Place = string(schema.AppendLocation(nil, r.t, schema.Failure{Inst: pc}))
		}
		next := pc + 1
		switch in.Op {
		case table.OpAssertFail, table.OpAssertNone:
			s.Never = true
		case table.OpAssertType:
			r.types(s, in.A)
		case table.OpAssertMinimum, table.OpAssertMaximum, table.OpAssertExclusiveMinimum, table.OpAssertExclusiveMaximum, table.OpAssertMultipleOf:
			s.number(numberKeywords[in.Op], r.constant(in.C))
		case table.OpAssertLength:
			s.Length.and(in.C, in.D)
		case table.OpAssertItems:
			s.Items.and(in.C, in.D)
		case table.OpAssertProperties:
			s.Members.and(in.C, in.D)
		case table.OpAssertPattern:
			s.Texts = append(s.Texts, Text{"pattern", string(schema.AppendLocation(nil, r.t, schema.Failure{Inst: pc})), r.dfas[in.C]})
		case table.OpAssertFormat:
			name := format.ID(in.C).Name()
			s.Texts = append(s.Texts, Text{"format", name, name})
		case table.OpAssertUnique:
			s.Unique = true
		case table.OpAssertEnum:
			s.Enums = append(s.Enums, r.enum(in.C))
		case table.OpCtlEnd:
			return table.NoIndex
		case table.OpCtlTail, table.OpCtlCall:
			if slices.Contains(calls, in.C) {
				return table.NoIndex // a table that loops in place decides nothing more
			}
			if calls = append(calls[:len(calls):len(calls)], in.C); in.Op == table.OpCtlTail {
				pc = in.C
				continue
			}
			r.run(in.C, table.NoIndex, s, calls)
		case table.OpCtlJump:
			return in.C
		case table.OpCtlWhenType, table.OpCtlNote:
			// What depends on the type is about values of that type alone.
		case table.OpCtlWhenHas:
			then := &Schema{}
			r.run(pc+1, in.E, then, calls)
			s.Ifs = append(s.Ifs, Condition{Has: r.text(in.D, in.C), Then: then})
			next = in.E
		case table.OpCtlScope:
			s.Scoped = true
			r.run(pc+1, table.NoIndex, s, calls)
			next = in.C
		case table.OpCtlSwitchType:
			next = r.switchType(in, s, calls)
		case table.OpCtlSwitchValue:
			next = r.switchValue(in, s, calls)
		case table.OpLogicAnyOf, table.OpLogicOneOf:
			c := Choice{One: in.Op == table.OpLogicOneOf}
			for b := pc + 1; b < in.C && r.s.Program[b].Op == table.OpLogicBranch; b = r.s.Program[b].C {
				x := &Schema{}
				r.run(b+1, table.NoIndex, x, calls)
				c.Branches = append(c.Branches, Branch{"", x})
			}
			s.Choices = append(s.Choices, c)
			next = in.C
		case table.OpLogicNot:
			x := &Schema{}
			r.run(pc+1, table.NoIndex, x, calls)
			s.Nots = append(s.Nots, x)
			next = in.C
		case table.OpLogicIf:
			c := Condition{If: &Schema{}, Then: &Schema{}}
			r.run(pc+1, table.NoIndex, c.If, calls)
			next = in.D
			if end := r.run(in.C, in.D, c.Then, calls); end != table.NoIndex {
				c.Else = &Schema{}
				r.run(in.D, end, c.Else, calls)
				next = end
			}
			s.Ifs = append(s.Ifs, c)
		case table.OpLoopProperties:
			s.Objects = append(s.Objects, r.object(in))
			next = in.E
		case table.OpLoopItems:
			s.Arrays = append(s.Arrays, r.array(in))
			next = in.E
		case table.OpLoopContains:
			c := Contains{Schema: r.block(pc + 1)}
			c.Count.and(in.C, in.D)
			s.Contain = append(s.Contain, c)
			next = in.E
		case table.OpLoopUnevaluatedItems, table.OpLoopUnevaluatedProperties:
			if in.A&table.LoopOther == 0 {
				s.Rest = append(s.Rest, r.block(in.D))
			}
			next = in.E
		}
		pc = next
	}
	return table.NoIndex
}

var numberKeywords = map[table.Opcode]string{
	table.OpAssertMinimum: "minimum", table.OpAssertMaximum: "maximum",
	table.OpAssertExclusiveMinimum: "exclusiveMinimum", table.OpAssertExclusiveMaximum: "exclusiveMaximum",
	table.OpAssertMultipleOf: "multipleOf",
}

// number adds a bound, or tightens the one there is.
func (s *Schema) number(keyword, value string) {
	for i := range s.Numbers {
		b := &s.Numbers[i]
		if b.Keyword != keyword || keyword == "multipleOf" {
			continue
		}
		c := compareNumbers(value, b.Value)
		if (c > 0) == strings.HasSuffix(strings.ToLower(keyword), "minimum") && c != 0 {
			b.Value = value
		}
		return
	}
	s.Numbers = append(s.Numbers, Bound{keyword, value})
}

// compareNumbers compares JSON numbers of bounds; absurd exponents compare as
// texts.
func compareNumbers(a, b string) int {
	if len(a) > 64 || len(b) > 64 || strings.ContainsAny(a+b, "eE") {
		return strings.Compare(a, b)
	}
	x, ok := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	if !ok || !ok2 {
		return strings.Compare(a, b)
	}
	return x.Cmp(y)
}

// and narrows c to min..max; max NoIndex is unbounded.
func (c *Count) and(lo, hi uint32) {
	c.Min = max(c.Min, lo)
	if hi != table.NoIndex && (!c.Bounded || hi < c.Max) {
		c.Max, c.Bounded = hi, true
	}
}

// types narrows the types of s.
func (r *reader) types(s *Schema, mask uint8) {
	var names []string
	for i, name := range typeNames {
		if mask>>i&1 != 0 {
			names = append(names, name)
		}
	}
	s.strict = s.strict || mask&table.TypeStrict != 0
	if s.Types == nil {
		s.Types = names
		return
	}
	var both []string
	for _, n := range append(slices.Clone(names), s.Types...) {
		if takesType(names, n) && takesType(s.Types, n) && !slices.Contains(both, n) {
			both = append(both, n)
		}
	}
	if s.Types = both; both == nil {
		s.Never = true
	}
}

// takesType reports whether values of type name are among list.
func takesType(list []string, name string) bool {
	return slices.Contains(list, name) || name == "integer" && slices.Contains(list, "number")
}

func (r *reader) switchType(in *table.Inst, s *Schema, calls []uint32) (next uint32) {
	kinds := [...]string{"null", "false", "true", "number", "string", "array", "object"}
	var targets []uint32
	names := map[uint32][]string{}
	for i, k := range kinds {
		to := r.s.Lists[in.C+table.TupleEntries+2*uint32(i)]
		names[to] = append(names[to], k)
		if !slices.Contains(targets, to) {
			targets = append(targets, to)
		}
	}
	slices.Sort(targets)
	end := table.NoIndex
	c := Choice{}
	for _, to := range targets {
		if to == end {
			continue
		}
		x := &Schema{}
		if j := r.run(to, end, x, calls); j != table.NoIndex {
			end = j
		}
		list := strings.Join(names[to], " or ")
		c.Branches = append(c.Branches, Branch{"it is " + strings.Replace(list, "false or true", "boolean", 1), x})
	}
	s.Choices = append(s.Choices, c)
	if end == table.NoIndex { // no group jumps: never emitted so
		return uint32(len(r.s.Program))
	}
	return end
}

func (r *reader) switchValue(in *table.Inst, s *Schema, calls []uint32) (next uint32) {
	w := r.s.Switches[in.C:]
	name := r.text(w[table.SwitchName], w[table.SwitchName+1])
	entries := w[table.SwitchSlots+uint32(1)<<w[table.SwitchLog]:]
	values := map[uint32][]string{}
	var targets []uint32
	for i := range w[table.SwitchEntries] {
		e := entries[4*i:]
		to := e[table.SwitchTarget]
		if values[to] == nil {
			targets = append(targets, to)
		}
		values[to] = append(values[to], strconv.Quote(r.text(e[table.EnumEntryText], e[table.EnumEntryText+1]&^table.EnumEntryMore)))
	}
	slices.Sort(targets)
	end := in.D + 1
	c := Choice{One: true}
	for _, to := range targets {
		x := &Schema{}
		if j := r.run(to, in.D, x, calls); j != table.NoIndex {
			end = j
		}
		slices.Sort(values[to])
		c.Branches = append(c.Branches, Branch{strconv.Quote(name) + " is " + strings.Join(values[to], " or "), x})
	}
	s.Choices = append(s.Choices, c)
	return end
}

func (r *reader) text(off, n uint32) string { return string(r.s.Strings[off : off+n]) }

// set is the parts of a property set: required bits, entries, patterns and
// dependents.
func (r *reader) set(at uint32) (required, entries, patterns, dependents []uint32) {
	w := r.s.PropSets[at:]
	masks := (w[table.SetBits] + 31) / 32
	rest := w[table.SetSlots+uint32(1)<<w[table.SetLog] : w[table.SetSize]]
	required, rest = rest[:masks], rest[masks:]
	entries, rest = rest[:4*w[table.SetEntries]], rest[4*w[table.SetEntries]:]
	patterns, dependents = rest[:3*w[table.SetPatterns]], rest[3*w[table.SetPatterns]:]
	return required, entries, patterns, dependents
}

func (r *reader) object(in *table.Inst) Object {
	w := r.s.PropSets[in.C:]
	required, entries, patterns, dependents := r.set(in.C)
	o := Object{Closed: in.A&table.PropsClosed != 0}
	if in.A&table.PropsOther != 0 {
		o.Additional = r.block(in.D)
	}
	if w[table.SetNames] != 0 {
		o.Names = r.block(w[table.SetNames])
	}
	name := func(i uint32) string {
		return r.text(entries[4*i+table.EntryName], entries[4*i+table.EntryInfo]&0xffff)
	}
	for i := range w[table.SetEntries] {
		e := entries[4*i:]
		p := Prop{Name: name(i), Named: e[table.EntryInfo]&table.EntryNamed != 0, Schema: r.block(e[table.EntryBlock])}
		p.Required = i < w[table.SetBits] && required[i/32]>>(i%32)&1 != 0
		o.Props = append(o.Props, p)
	}
	slices.SortFunc(o.Props, func(a, b Prop) int { return strings.Compare(a.Name, b.Name) })
	for i := 0; i < len(patterns); i += 3 {
		o.Patterns = append(o.Patterns, PatternProp{strconv.Itoa(i/3 + 1), r.dfas[patterns[i+table.PatternDFA]], r.block(patterns[i+table.PatternBlock])})
	}
	masks := uint32(len(required))
	for i := uint32(0); i < w[table.SetDependents]; i++ {
		d := dependents[i*(1+masks):]
		if o.Needs == nil {
			o.Needs = map[string][]string{}
		}
		of := name(d[0])
		for j := range w[table.SetBits] {
			if d[1+j/32]>>(j%32)&1 != 0 {
				o.Needs[of] = append(o.Needs[of], name(j))
			}
		}
		slices.Sort(o.Needs[of])
	}
	return o
}

func (r *reader) array(in *table.Inst) Array {
	a := Array{Others: r.block(in.D)}
	if in.C != table.NoIndex {
		for i := range r.s.Lists[in.C+table.TupleCount] {
			a.Prefix = append(a.Prefix, r.block(r.s.Lists[in.C+table.TupleEntries+2*i]))
		}
	}
	return a
}

// enum is the values of a set as JSON, sorted.
func (r *reader) enum(at uint32) []string {
	w := r.s.Enums[at:]
	out := []string{}
	entries := w[table.EnumSlots+uint32(1)<<w[table.EnumLog]:]
	for i := range w[table.EnumStrings] {
		e := entries[3*i:]
		out = append(out, strconv.Quote(r.text(e[table.EnumEntryText], e[table.EnumEntryText+1]&^table.EnumEntryMore)))
	}
	for _, l := range []struct {
		kind uint32
		name string
	}{{json.KindNull, "null"}, {json.KindFalse, "false"}, {json.KindTrue, "true"}} {
		if w[table.EnumLiterals]>>l.kind&1 != 0 {
			out = append(out, l.name)
		}
	}
	for _, c := range entries[3*w[table.EnumStrings]:][:w[table.EnumValues]] {
		out = append(out, r.constant(c))
	}
	slices.Sort(out)
	return out
}

// constant is a constant as JSON.
func (r *reader) constant(i uint32) string {
	n := r.s.Consts[i]
	switch n.Kind() {
	case json.KindNull:
		return "null"
	case json.KindFalse:
		return "false"
	case json.KindTrue:
		return "true"
	case json.KindNumber:
		return r.text(n.Off, n.Len)
	case json.KindString:
		return strconv.Quote(r.text(n.Off, n.Len))
	}
	tape := json.Tape{Src: r.s.Strings, Nodes: r.s.Consts}
	var parts []string
	for j := i + 1; j < n.Ext; j = tape.Next(j) {
		text := ""
		if n.Kind() == json.KindObject {
			text = strconv.Quote(r.text(r.s.Consts[j].Off, r.s.Consts[j].Len)) + ":"
			j++
		}
		parts = append(parts, text+r.constant(j))
	}
	if n.Kind() == json.KindObject {
		return "{" + strings.Join(parts, ",") + "}"
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// Same reports that t and u take the same strings for the same reason.
func (t Text) Same(u Text) bool { return t.Keyword == u.Keyword && t.key == u.key }

// Same reports that p and q are about the same names.
func (p PatternProp) Same(q PatternProp) bool { return p.key == q.key }
