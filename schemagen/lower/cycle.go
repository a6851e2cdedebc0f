package lower

import "portcullis/schemagen/ir"

// cutCycles finds the schemas that apply to an instance only if they apply to
// the very same instance, and removes the references that close the circle
// (JSON Schema 2020-12 section 9.4.1). Every such circle has a reference in it,
// because schemas are nested as a tree otherwise.
//
// It is Tarjan's algorithm over the edges that consume nothing.
func (l *Lowerer) cutCycles(schemas []*ir.Schema) {
	c := cycles{index: map[*ir.Schema]int{}, low: map[*ir.Schema]int{}, open: map[*ir.Schema]bool{}, component: map[*ir.Schema]int{}}
	for _, s := range schemas {
		if c.index[s] == 0 {
			c.visit(s)
		}
	}
	for _, s := range schemas {
		kept := s.Refs[:0]
		for _, r := range s.Refs {
			if c.component[r.Target] == c.component[s] && c.component[s] != 0 {
				l.unenforceable(s, r.Loc.Node, "schema-infinite-recursion",
					"found a reference that leads back to its own schema without going deeper into the instance", "")
				continue
			}
			kept = append(kept, r)
		}
		s.Refs = kept
	}
}

type cycles struct {
	index, low map[*ir.Schema]int
	open       map[*ir.Schema]bool // on the stack
	component  map[*ir.Schema]int  // number of the circle that a schema is in, 0 for none
	stack      []*ir.Schema
	next, num  int
}

func (c *cycles) visit(s *ir.Schema) {
	c.next++
	c.index[s], c.low[s] = c.next, c.next
	c.stack = append(c.stack, s)
	c.open[s] = true
	self := false
	eachInPlace(s, func(t *ir.Schema) {
		self = self || t == s
		switch {
		case c.index[t] == 0:
			if c.visit(t); c.open[t] {
				c.low[s] = min(c.low[s], c.low[t])
			}
		case c.open[t]:
			c.low[s] = min(c.low[s], c.index[t])
		}
	})
	if c.low[s] != c.index[s] {
		return
	}
	size := 0
	for top := len(c.stack) - 1; c.stack[top] != s; top-- {
		size++
	}
	members := c.stack[len(c.stack)-size-1:]
	c.stack = c.stack[:len(c.stack)-size-1]
	if size > 0 || self {
		c.num++
	}
	for _, m := range members {
		delete(c.open, m)
		if size > 0 || self {
			c.component[m] = c.num
		}
	}
}

// eachInPlace calls f for each schema that s applies to its own instance.
func eachInPlace(s *ir.Schema, f func(*ir.Schema)) {
	for _, r := range s.Refs {
		f(r.Target)
	}
	for _, list := range [][]*ir.Schema{s.AllOf, s.AnyOf, s.OneOf} {
		for _, t := range list {
			f(t)
		}
	}
	for _, t := range []*ir.Schema{s.Not, s.If, s.Then, s.Else} {
		if t != nil {
			f(t)
		}
	}
	for _, p := range s.DependentSchemas {
		f(p.Schema)
	}
}
