package isel

import (
	"strconv"
	"strings"

	"portcullis/filter/format"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// schema emits all keywords of k: cheap assertions first, then what looks at
// parts of the value, then applicators, and what needs to know the evaluated
// parts last.
func (c *Compiler) schema(k key) {
	s, t := k.s, tracking(k)
	if s.Bool != nil {
		if !*s.Bool {
			c.inst(table.Inst{Op: table.OpAssertFail}, c.placeOf(s.Loc))
		}
		return
	}
	scope := uint32(0)
	scoped := needsScope(s)
	if scoped {
		scope = c.inst(table.Inst{Op: table.OpCtlScope}, c.placeOf(s.Loc))
		c.push()
	}
	c.types(s)
	c.enum(s)
	c.numbers(s)
	c.strings(s)
	c.counts(s)
	for i := range s.Refs {
		c.inPlace(s.Refs[i].Target, t)
	}
	for _, x := range s.AllOf {
		c.inPlace(x, t)
	}
	c.object(k)
	c.array(k)
	c.logic(k)
	c.unevaluated(k)
	if scoped {
		c.pop()
		c.end(scope + 1)
		c.code[scope].C = c.target()
	}
}

// inPlace emits x for the current value.
func (c *Compiler) inPlace(x *ir.Schema, track uint8) {
	if x = canonical(x); !isTrue(x) {
		c.run(key{x, track})
	}
}

func (c *Compiler) types(s *ir.Schema) {
	if s.Types == 0 {
		return
	}
	c.inst(table.Inst{Op: table.OpAssertType, A: typeMask(s)}, c.place(s.TypesLoc, s.Loc, "type"))
}

func typeMask(s *ir.Schema) uint8 {
	m := uint8(s.Types) & 0x7f
	if s.StrictInteger && m&table.TypeInteger != 0 {
		m |= table.TypeStrict
	}
	return m
}

func (c *Compiler) numbers(s *ir.Schema) {
	for _, b := range []struct {
		n  *ir.Number
		op table.Opcode
		kw string
	}{
		{s.Minimum, table.OpAssertMinimum, "minimum"},
		{s.Maximum, table.OpAssertMaximum, "maximum"},
		{s.ExclusiveMinimum, table.OpAssertExclusiveMinimum, "exclusiveMinimum"},
		{s.ExclusiveMaximum, table.OpAssertExclusiveMaximum, "exclusiveMaximum"},
		{s.MultipleOf, table.OpAssertMultipleOf, "multipleOf"},
	} {
		if b.n == nil {
			continue
		}
		in := table.Inst{Op: b.op, C: c.number(b.n.Text)}
		if v, err := strconv.ParseInt(b.n.Text, 10, 64); err == nil {
			in.A, in.D, in.E = table.NumberInt, uint32(v), uint32(uint64(v)>>32)
		}
		if places, ok := powerOfTen(b.n.Text); ok && b.op == table.OpAssertMultipleOf {
			in.A, in.D, in.E = table.NumberPlaces, places, 0
		}
		c.inst(in, c.place(b.n.Loc, s.Loc, b.kw))
	}
}

// powerOfTen returns n for the text of ten to the power of -n: 1, 0.1, 0.01.
func powerOfTen(text string) (uint32, bool) {
	if text == "1" {
		return 0, true
	}
	zeros, ok := strings.CutSuffix(text, "1")
	zeros, ok2 := strings.CutPrefix(zeros, "0.")
	return uint32(len(zeros)) + 1, ok && ok2 && strings.Trim(zeros, "0") == ""
}

const noBound = ^uint32(0)

// bounds emits a pair of counts: one instruction where both keywords stand in
// s, one each where they came from elsewhere.
func (c *Compiler) bounds(op table.Opcode, lo, hi *ir.Count, s *ir.Schema, loName, hiName string) {
	if lo != nil && lo.N == 0 {
		lo = nil
	}
	if hi != nil && hi.N == noBound {
		hi = nil
	}
	if (lo == nil || at(lo.Loc, s.Loc, loName)) && (hi == nil || at(hi.Loc, s.Loc, hiName)) {
		in := table.Inst{Op: op, D: noBound}
		if lo != nil {
			in.C = lo.N
		}
		if hi != nil {
			in.D = hi.N
		}
		if lo != nil || hi != nil {
			c.inst(in, c.placeOf(s.Loc))
		}
		return
	}
	if lo != nil {
		c.inst(table.Inst{Op: op, A: 1, C: lo.N, D: noBound}, c.place(lo.Loc, s.Loc, loName))
	}
	if hi != nil {
		c.inst(table.Inst{Op: op, A: 1, D: hi.N}, c.place(hi.Loc, s.Loc, hiName))
	}
}

// at reports whether loc is that of a keyword of the schema at schema, or of
// nothing in particular.
func at(loc, schema ir.Loc, keyword string) bool {
	return loc == ir.Loc{} || loc.URI == schema.URI && loc.Pointer == schema.Pointer+"/"+keyword
}

func (c *Compiler) strings(s *ir.Schema) {
	c.bounds(table.OpAssertLength, s.MinLength, s.MaxLength, s, "minLength", "maxLength")
	if s.Format != nil {
		if id, ok := format.Lookup(s.Format.Name); ok && format.Applies(id) != 0 {
			c.inst(table.Inst{Op: table.OpAssertFormat, C: uint32(id)}, c.place(s.Format.Loc, s.Loc, "format"))
		}
	}
	if s.Pattern != nil {
		if d := c.dfas[s.Pattern.Source]; d.ok && !d.all {
			c.inst(table.Inst{Op: table.OpAssertPattern, C: d.off}, c.place(s.Pattern.Loc, s.Loc, "pattern"))
		}
	}
}

func (c *Compiler) counts(s *ir.Schema) {
	c.bounds(table.OpAssertItems, s.MinItems, s.MaxItems, s, "minItems", "maxItems")
	c.bounds(table.OpAssertProperties, s.MinProperties, s.MaxProperties, s, "minProperties", "maxProperties")
}

func (c *Compiler) enum(s *ir.Schema) {
	if s.Enum == nil {
		return
	}
	c.inst(table.Inst{Op: table.OpAssertEnum, C: c.enumSet(s.Enum.Values)}, c.place(s.Enum.Loc, s.Loc, s.Enum.Keyword))
}

// needsScope reports whether s refuses or judges what is not evaluated.
func needsScope(s *ir.Schema) bool {
	return s.UnevaluatedItems != nil && !isTrue(s.UnevaluatedItems) ||
		s.UnevaluatedProperties != nil && !isTrue(s.UnevaluatedProperties)
}

func (c *Compiler) unevaluated(k key) {
	s := k.s
	c.unevaluatedOne(table.OpLoopUnevaluatedItems, s.UnevaluatedItems, k.track&trackItems != 0, s.UnevaluatedItemsLoc, s.Loc, "unevaluatedItems")
	c.unevaluatedOne(table.OpLoopUnevaluatedProperties, s.UnevaluatedProperties, k.track&trackProperties != 0, s.UnevaluatedPropertiesLoc, s.Loc, "unevaluatedProperties")
}

// unevaluatedOne emits the loop over what has not been evaluated. Marks matter
// only if a schema around k asks for them.
func (c *Compiler) unevaluatedOne(op table.Opcode, x *ir.Schema, mark bool, loc, schema ir.Loc, kw string) {
	if x == nil {
		return
	}
	x = canonical(x)
	in := table.Inst{Op: op}
	if mark {
		in.A |= table.LoopMark
	}
	if isTrue(x) {
		if !mark {
			return
		}
		in.A |= table.LoopOther
	}
	at := c.inst(in, c.place(loc, schema, kw))
	if !isTrue(x) && !isFalse(x) {
		c.push()
		c.block(key{x, 0}, c.putInst(at))
		c.pop()
	} else {
		c.push()
		c.pop()
	}
	c.code[at].E = c.target()
}

// putInst returns a blockSite's put for the operands D and B of an instruction.
func (c *Compiler) putInst(at uint32) func(pc, head uint32) {
	return func(pc, head uint32) { c.code[at].D, c.code[at].B = pc, uint16(head) }
}
