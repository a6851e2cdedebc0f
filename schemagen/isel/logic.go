package isel

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

func (c *Compiler) logic(k key) {
	s, t := k.s, tracking(k)
	discriminator := ""
	if s.Discriminator != nil {
		discriminator = s.Discriminator.Property
	}
	c.alternatives(table.OpLogicAnyOf, s.AnyOf, t, c.place(s.AnyOfLoc, s.Loc, "anyOf"), discriminator)
	c.alternatives(table.OpLogicOneOf, s.OneOf, t, c.place(s.OneOfLoc, s.Loc, "oneOf"), discriminator)
	if s.Not != nil {
		at := c.inst(table.Inst{Op: table.OpLogicNot}, c.place(s.NotLoc, s.Loc, "not"))
		c.push()
		start := c.target()
		c.inPlace(s.Not, 0)
		c.end(start)
		c.pop()
		c.code[at].C = c.target()
	}
	c.conditional(s, t)
	for _, d := range s.DependentSchemas {
		x := canonical(d.Schema)
		if isTrue(x) {
			continue
		}
		off, n := c.strs.Add(d.Name)
		at := c.inst(table.Inst{Op: table.OpCtlWhenHas, C: n, D: off}, 0)
		c.run(key{x, t})
		c.code[at].E = c.target()
	}
}

func (c *Compiler) conditional(s *ir.Schema, t uint8) {
	if s.If == nil || s.Then == nil && s.Else == nil && t == 0 {
		return
	}
	at := c.inst(table.Inst{Op: table.OpLogicIf}, c.place(s.IfLoc, s.Loc, "if"))
	c.push()
	start := c.target()
	c.inPlace(s.If, t)
	c.end(start)
	c.pop()
	c.code[at].C = c.target()
	c.inPlace(s.Then, t)
	if x := canonical(s.Else); isTrue(x) {
		c.code[at].D = c.target()
		return
	}
	jump := c.inst(table.Inst{Op: table.OpCtlJump}, 0)
	c.code[at].D = c.target()
	c.inPlace(s.Else, t)
	c.code[jump].C = c.target()
}
