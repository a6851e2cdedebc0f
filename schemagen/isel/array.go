package isel

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

func (c *Compiler) array(k key) {
	s := k.s
	mark := tracking(k)&trackItems != 0
	c.items(s, mark)
	if s.Contains != nil {
		c.contains(s, mark && s.ContainsEvaluates)
	}
	if s.UniqueItems != nil {
		c.inst(table.Inst{Op: table.OpAssertUnique}, c.place(s.UniqueItems.Loc, s.Loc, "uniqueItems"))
	}
}

func (c *Compiler) items(s *ir.Schema, mark bool) {
	items := canonical(s.Items)
	needed := !isTrue(items) || mark && (items != nil || len(s.PrefixItems) > 0)
	for _, x := range s.PrefixItems {
		needed = needed || !isTrue(canonical(x))
	}
	if !needed {
		return
	}
	kw := s.ItemsKeyword
	if kw == "" {
		kw = "items"
	}
	if kw == "additionalItems" && isFalse(items) {
		// The array has the wrong length; no single element is wrong.
		c.inst(table.Inst{Op: table.OpAssertItems, A: 1, D: uint32(len(s.PrefixItems))}, c.place(s.ItemsLoc, s.Loc, kw))
		items = nil
	}
	in := table.Inst{Op: table.OpLoopItems, C: table.NoIndex}
	if mark {
		in.A |= table.LoopMark
		if items != nil {
			in.A |= table.LoopOther
		}
	}
	at := c.inst(in, c.place(s.ItemsLoc, s.Loc, kw))
	c.push()
	if !isTrue(items) {
		c.block(key{items, 0}, c.putInst(at))
	}
	if len(s.PrefixItems) > 0 {
		c.code[at].C = c.list(s.PrefixItems)
	}
	c.pop()
	c.code[at].E = c.target()
}

// list writes a tuple and emits its blocks.
func (c *Compiler) list(schemas []*ir.Schema) uint32 {
	base := len(c.lists)
	c.lists = append(c.lists, uint32(table.TupleEntries+2*len(schemas)), uint32(len(schemas)))
	c.lists = append(c.lists, make([]uint32, 2*len(schemas))...)
	for i, x := range schemas {
		if x = canonical(x); isTrue(x) {
			continue
		}
		at := base + table.TupleEntries + 2*i
		c.block(key{x, 0}, func(pc, head uint32) { c.lists[at], c.lists[at+1] = pc, head })
	}
	return uint32(base)
}

func (c *Compiler) contains(s *ir.Schema, mark bool) {
	x := s.Contains
	if x.Min == 0 && x.Max == noBound && !mark {
		return
	}
	in := table.Inst{Op: table.OpLoopContains, C: x.Min, D: x.Max}
	if mark {
		in.A |= table.LoopMark
	}
	at := c.inst(in, c.place(x.Loc, s.Loc, "contains"))
	c.push()
	start := c.target()
	c.inPlace(x.Schema, 0)
	c.end(start)
	c.pop()
	c.code[at].E = c.target()
}
