package lower

import (
	"slices"
	"strings"

	"portcullis/schemagen/source"
)

// In a request, a property that is readOnly is not required even where
// `required` names it, and writeOnly likewise in a response (OpenAPI 3.0.3,
// schema object). The property and the `required` may stand in different parts
// of one conjunction: allOf, and what $ref adds. So each part that names a
// required property is lowered with the names that another part relaxes.

// nameSet is a sorted set of names; nil is empty.
type nameSet []string

func (s nameSet) has(name string) bool {
	_, ok := slices.BinarySearch(s, name)
	return ok
}

func (s nameSet) join() string { return strings.Join(s, "\x00") }

func split(joined string) nameSet {
	if joined == "" {
		return nil
	}
	return strings.Split(joined, "\x00")
}

func union(a, b nameSet) nameSet {
	if len(a) == 0 {
		return b
	}
	if len(b) == 0 {
		return a
	}
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// subject is what is collected over a conjunction.
type subject uint8

const (
	relaxedNames  subject = iota + 1 // properties that the direction relaxes
	requiredNames                    // members of required
)

type nameKey struct {
	node *source.Node
	res  *resource
	dir  Direction
	what subject
}

// relaxed is the names that are not required in the conjunction of b.
func (b *builder) relaxed() nameSet {
	if b.ctx.dir == Neutral {
		return nil
	}
	return union(split(b.ctx.relax), b.l.collect(b.n, b.ctx, relaxedNames))
}

// relaxFor is the part of relaxed that matters to the conjunct n, so that a
// schema that requires none of it stays shared.
func (l *Lowerer) relaxFor(n *source.Node, ctx context, relaxed nameSet) string {
	if len(relaxed) == 0 {
		return ""
	}
	var out nameSet
	for _, name := range l.collect(n, ctx, requiredNames) {
		if relaxed.has(name) {
			out = append(out, name)
		}
	}
	return out.join()
}

// collect gathers names over n, its allOf and its references.
func (l *Lowerer) collect(n *source.Node, ctx context, what subject) nameSet {
	key := nameKey{n, ctx.res, ctx.dir, what}
	if names, ok := l.names[key]; ok {
		return names
	}
	l.names[key] = nil // ends a cycle of references
	if n.Kind != source.Object {
		return nil
	}
	if r := ctx.res.doc.roots[n]; r != nil {
		ctx.res = r
	}
	var names nameSet
	l.eachConjunct(n, ctx, func(n *source.Node, ctx context) {
		names = union(names, l.collect(n, ctx, what))
	})
	if !hasRef(n) || !ctx.res.dialect.Rules().RefHidesSiblings {
		names = union(names, l.ownNames(n, ctx, what))
	}
	l.names[key] = names
	return names
}

func (l *Lowerer) ownNames(n *source.Node, ctx context, what subject) nameSet {
	var names nameSet
	switch what {
	case requiredNames:
		if list := n.Get("required"); list != nil && list.Kind == source.Array {
			for _, item := range list.Items {
				if item.Kind == source.String {
					names = append(names, item.Text)
				}
			}
		}
	case relaxedNames:
		flag := "readOnly"
		if ctx.dir == Response {
			flag = "writeOnly"
		}
		if props := n.Get("properties"); props != nil && props.Kind == source.Object {
			for i, p := range props.Items {
				steps := 64
				if l.isFlagged(p, ctx, flag, &steps) {
					names = append(names, props.Keys[i].Name)
				}
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// isFlagged reports whether n, or what it is a conjunction with, says flag.
// steps bounds the references in a circle.
func (l *Lowerer) isFlagged(n *source.Node, ctx context, flag string, steps *int) bool {
	if *steps--; n.Kind != source.Object || *steps < 0 {
		return false
	}
	if r := ctx.res.doc.roots[n]; r != nil {
		ctx.res = r
	}
	hidden := hasRef(n) && ctx.res.dialect.Rules().RefHidesSiblings
	if !hidden && n.IsTrue(flag) && ctx.res.dialect.Keyword(flag) != nil {
		return true
	}
	found := false
	l.eachConjunct(n, ctx, func(n *source.Node, ctx context) {
		found = found || l.isFlagged(n, ctx, flag, steps)
	})
	return found
}

// eachConjunct calls f for what stands in n's allOf and behind its $ref.
func (l *Lowerer) eachConjunct(n *source.Node, ctx context, f func(*source.Node, context)) {
	if ref := n.Get("$ref"); ref != nil && ref.Kind == source.String {
		if t, err := l.resolve(ref.Text, ctx.res); err == nil {
			to := ctx
			to.res = t.res
			f(t.node, to)
		}
		if ctx.res.dialect.Rules().RefHidesSiblings {
			return
		}
	}
	if all := n.Get("allOf"); all != nil && all.Kind == source.Array {
		for _, item := range all.Items {
			f(item, ctx)
		}
	}
}
