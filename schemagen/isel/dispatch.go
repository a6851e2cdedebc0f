package isel

import (
	"sort"

	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// alternatives emits anyOf or oneOf. Where the value's type, or the string in
// one of its members, leaves at most one branch that could match, it goes
// straight there: the verdict is the same, and the failure is the branch's.
func (c *Compiler) alternatives(op table.Opcode, branches []*ir.Schema, t uint8, loc uint32, discriminator string) {
	if len(branches) == 0 {
		return
	}
	var live []*ir.Schema
	var known []facts
	union := kinds(0)
	for _, x := range branches {
		if f := factsOf(x); f.kinds != 0 {
			live, known = append(live, x), append(known, f)
			union |= f.kinds
		}
	}
	if len(live) == 0 {
		c.inst(table.Inst{Op: table.OpAssertNone}, loc)
		return
	}
	if union != allKinds {
		c.inst(table.Inst{Op: table.OpAssertType, A: union.typesOf()}, loc)
	}
	groups := groupByKind(known)
	if len(groups) == 1 || !c.repeatable(live, groups, t) {
		c.group(op, live, known, t, loc, discriminator)
		return
	}
	at := c.inst(table.Inst{Op: table.OpCtlSwitchType, C: uint32(len(c.lists))}, 0)
	list := len(c.lists)
	c.lists = append(c.lists, table.TupleEntries+2*table.NumSwitchKinds, table.NumSwitchKinds)
	c.lists = append(c.lists, make([]uint32, 2*table.NumSwitchKinds)...)
	c.code[at].C = uint32(list)
	put := func(k kinds, pc uint32) {
		for kind := json.KindNull; kind <= json.KindObject; kind++ {
			if k>>kind&1 != 0 {
				c.lists[list+table.TupleEntries+2*(kind-1)] = pc
			}
		}
	}
	var jumps []uint32
	for i, g := range groups {
		put(g.kinds, c.target())
		some := make([]*ir.Schema, len(g.members))
		facts := make([]facts, len(g.members))
		for j, m := range g.members {
			some[j], facts[j] = live[m], known[m]
		}
		c.group(op, some, facts, t, loc, discriminator)
		if i < len(groups)-1 {
			jumps = append(jumps, c.inst(table.Inst{Op: table.OpCtlJump}, 0))
		}
	}
	end := c.target()
	put(allKinds&^union, end)
	for _, j := range jumps {
		c.code[j].C = end
	}
}

// kindGroup is the branches that could match values of some kinds.
type kindGroup struct {
	kinds   kinds
	members []int
}

func groupByKind(known []facts) []kindGroup {
	var groups []kindGroup
	for kind := json.KindNull; kind <= json.KindObject; kind++ {
		var members []int
		for i, f := range known {
			if f.kinds>>kind&1 != 0 {
				members = append(members, i)
			}
		}
		if members == nil {
			continue
		}
		found := false
		for g := range groups {
			if equalInts(groups[g].members, members) {
				groups[g].kinds |= 1 << kind
				found = true
			}
		}
		if !found {
			groups = append(groups, kindGroup{1 << kind, members})
		}
	}
	return groups
}

func equalInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// maxRepeated is the size of a branch that may be emitted once for each group.
const maxRepeated = 8

// repeatable reports whether no branch of size is in two groups.
func (c *Compiler) repeatable(branches []*ir.Schema, groups []kindGroup, t uint8) bool {
	uses := make([]int, len(branches))
	for _, g := range groups {
		for _, m := range g.members {
			uses[m]++
		}
	}
	for i, n := range uses {
		x := canonical(branches[i])
		if n < 2 || isTrue(x) {
			continue
		}
		if u := c.unit(key{x, t}); !u.isProc() && u.size > maxRepeated {
			return false
		}
	}
	return true
}

// group emits the branches that are left for some kinds of value.
func (c *Compiler) group(op table.Opcode, branches []*ir.Schema, known []facts, t uint8, loc uint32, discriminator string) {
	if len(branches) == 1 {
		c.inPlace(branches[0], t)
		return
	}
	if name, ok := dispatchName(known, discriminator); ok {
		c.switchValue(branches, known, name, t, loc)
		return
	}
	in := table.Inst{Op: op}
	if t != 0 {
		in.A = 1
	}
	at := c.inst(in, loc)
	c.push()
	for i, x := range branches {
		b := table.Inst{Op: table.OpLogicBranch}
		if i == len(branches)-1 {
			b.A = 1
		}
		branch := c.inst(b, 0)
		start := c.target()
		c.inPlace(x, t)
		c.end(start)
		c.code[branch].C = c.target()
	}
	c.pop()
	c.code[at].C = c.target()
}

// dispatchName finds a member that all branches require and whose string is
// another in each of them. Objects alone may match.
func dispatchName(known []facts, discriminator string) (string, bool) {
	names := append([]string(nil), known[0].order...)
	sort.SliceStable(names, func(i, j int) bool { return names[i] == discriminator && names[j] != discriminator })
	for _, name := range names {
		seen := map[string]bool{}
		ok := true
		for _, f := range known {
			if f.kinds != 1<<json.KindObject || !f.required[name] || f.strings[name] == nil {
				ok = false
				break
			}
			own := map[string]bool{}
			for _, s := range f.strings[name] {
				ok = ok && !seen[s]
				own[s] = true
			}
			for s := range own {
				seen[s] = true
			}
		}
		if ok {
			return name, true
		}
	}
	return "", false
}

func (c *Compiler) switchValue(branches []*ir.Schema, known []facts, name string, t uint8, loc uint32) {
	var list []string
	var owner []int
	seen := map[string]bool{}
	for i, f := range known {
		for _, s := range f.strings[name] {
			if !seen[s] {
				list, owner = append(list, s), append(owner, i)
			}
			seen[s] = true
		}
	}
	h, order, entry := c.texts(list)
	off, n := c.strs.Add(name)
	base := len(c.swtch)
	w := []uint32{0, off, n, json.HashName([]byte(name)), uint32(len(list)), h.log, h.mult}
	w = append(w, h.slots(order)...)
	first := base + len(w)
	for i := range order {
		w = append(append(w, entry(i)...), 0)
	}
	w[table.SwitchSize] = uint32(len(w))
	c.swtch = append(c.swtch, w...)
	at := c.inst(table.Inst{Op: table.OpCtlSwitchValue, C: uint32(base)}, 0)
	var jumps []uint32
	for b, x := range branches {
		pc := c.target()
		for i, o := range order {
			if owner[o] == b {
				c.swtch[first+4*i+table.SwitchTarget] = pc
			}
		}
		c.inPlace(x, t)
		jumps = append(jumps, c.inst(table.Inst{Op: table.OpCtlJump}, 0))
	}
	c.code[at].D = c.target()
	c.inst(table.Inst{Op: table.OpAssertNone}, loc)
	end := c.target()
	for _, j := range jumps {
		c.code[j].C = end
	}
}
