package regex

// simplify rewrites the tree so that less has to be built, and shapes are
// plainer to see. What matches somewhere in a text stays the same.
func simplify(n *node) *node { return flatten(n).trimStart() }

// flatten puts the parts of a sequence inside a sequence into the outer one,
// drops what is empty, and makes one set of alternatives that are sets.
func flatten(n *node) *node {
	if len(n.subs) == 0 {
		return n
	}
	out := *n
	out.subs = make([]*node, 0, len(n.subs))
	for _, sub := range n.subs {
		sub = flatten(sub)
		switch {
		case n.op == opCat && sub.op == opCat:
			out.subs = append(out.subs, sub.subs...)
		case n.op == opCat && sub.op == opEmpty:
		case n.op == opAlt && sub.op == opAlt:
			out.subs = append(out.subs, sub.subs...)
		default:
			out.subs = append(out.subs, sub)
		}
	}
	switch n.op {
	case opCat:
		return cat(out.subs...)
	case opAlt:
		return joinSets(&out)
	case opRepeat:
		if n.max == 0 || out.subs[0].op == opEmpty {
			return cat()
		}
		if n.min == 1 && n.max == 1 {
			return out.subs[0]
		}
		if out.subs[0].takesNothing() { // to ask twice is to ask once
			if n.min == 0 {
				return cat()
			}
			return out.subs[0]
		}
	}
	return &out
}

// takesNothing reports that n reads no character, wherever it matches.
func (n *node) takesNothing() bool {
	switch n.op {
	case opEmpty, opStart, opEnd, opLook:
		return true
	case opSet:
		return false
	}
	for _, sub := range n.subs {
		if !sub.takesNothing() {
			return false
		}
	}
	return true
}

// joinSets turns a|b|[cd] into [abcd] if all alternatives are sets.
func joinSets(n *node) *node {
	var all set
	for _, sub := range n.subs {
		if sub.op != opSet {
			return n
		}
		all = append(all, sub.set...)
	}
	return &node{op: opSet, set: all.normalise()}
}

// trimStart uses that a search may begin anywhere: x{2,9}y is somewhere in a
// text if and only if x{2}y is. Without it a long optional start multiplies
// the states on the way. An x with an assertion inside is left alone.
func (n *node) trimStart() *node {
	switch n.op {
	case opAlt:
		out := *n
		out.subs = make([]*node, len(n.subs))
		for i, sub := range n.subs {
			out.subs[i] = sub.trimStart()
		}
		return &out
	case opCat:
		first := n.subs[0].trimStart()
		rest := n.subs[1:]
		if first.op == opEmpty {
			return cat(rest...).trimStart()
		}
		return cat(append([]*node{first}, rest...)...)
	case opRepeat:
		if n.min == n.max || n.hasAssertion() {
			return n
		}
		if n.min == 0 {
			return cat()
		}
		out := *n
		out.max = n.min
		return &out
	}
	return n
}

func (n *node) hasAssertion() bool {
	if n.op == opStart || n.op == opEnd || n.op == opLook {
		return true
	}
	for _, sub := range n.subs {
		if sub.hasAssertion() {
			return true
		}
	}
	return false
}
