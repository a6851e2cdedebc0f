package delta

import (
	"reflect"
	"slices"

	"portcullis/schemagen/explain"
)

// equal reports that two schemas say the same in the same way. Recursive
// schemas are equal when no difference is found while going around.
func (d *differ) equal(a, b *explain.Schema) bool {
	a, b = or(a), or(b)
	if a == b {
		return true
	}
	p := pair{a, b}
	if v, ok := d.same[p]; ok {
		return v
	}
	if d.assumed[p] {
		return true
	}
	if d.assumed == nil {
		d.assumed = map[pair]bool{}
	}
	d.assumed[p] = true
	d.depth++
	v := d.equalParts(a, b)
	d.depth--
	// Equality is a conjunction all the way: one difference below makes the
	// outermost pair different, and what was assumed on the way is forgotten.
	if !v {
		d.same[p] = false
	}
	if d.depth == 0 {
		if v {
			for q := range d.assumed {
				d.same[q] = true
			}
		}
		d.assumed = nil
	}
	return v
}

func (d *differ) equalParts(a, b *explain.Schema) bool {
	return a.Never == b.Never && slices.Equal(a.Types, b.Types) && slices.EqualFunc(a.Enums, b.Enums, slices.Equal[[]string]) &&
		slices.Equal(a.Numbers, b.Numbers) && a.Length == b.Length && a.Items == b.Items && a.Members == b.Members &&
		slices.EqualFunc(a.Texts, b.Texts, explain.Text.Same) && a.Unique == b.Unique && a.Scoped == b.Scoped &&
		d.equalObjects(a.Objects, b.Objects) && d.equalArrays(a.Arrays, b.Arrays) && d.equalContains(a, b) &&
		d.equalChoices(a.Choices, b.Choices) && d.equalLists(a.Nots, b.Nots) && d.equalIfs(a, b) && d.equalLists(a.Rest, b.Rest)
}

func (d *differ) equalLists(a, b []*explain.Schema) bool {
	return slices.EqualFunc(a, b, func(x, y *explain.Schema) bool { return (x == nil) == (y == nil) && d.equal(x, y) })
}

func (d *differ) equalObjects(a, b []explain.Object) bool {
	return slices.EqualFunc(a, b, func(x, y explain.Object) bool {
		return x.Closed == y.Closed && reflect.DeepEqual(x.Needs, y.Needs) && d.equal(x.Names, y.Names) && d.equal(x.Additional, y.Additional) &&
			d.equalPatterns(x, y) && slices.EqualFunc(x.Props, y.Props, func(p, q explain.Prop) bool {
			return p.Name == q.Name && p.Required == q.Required && p.Named == q.Named && d.equal(p.Schema, q.Schema)
		})
	})
}

func (d *differ) equalPatterns(a, b explain.Object) bool {
	return slices.EqualFunc(a.Patterns, b.Patterns, func(p, q explain.PatternProp) bool {
		return p.Same(q) && d.equal(p.Schema, q.Schema)
	})
}

func (d *differ) equalArrays(a, b []explain.Array) bool {
	return slices.EqualFunc(a, b, func(x, y explain.Array) bool {
		return d.equalLists(x.Prefix, y.Prefix) && d.equal(x.Others, y.Others)
	})
}

func (d *differ) equalContains(a, b *explain.Schema) bool {
	return slices.EqualFunc(a.Contain, b.Contain, func(x, y explain.Contains) bool {
		return x.Count == y.Count && d.equal(x.Schema, y.Schema)
	})
}

func (d *differ) equalChoices(a, b []explain.Choice) bool {
	return slices.EqualFunc(a, b, func(x, y explain.Choice) bool {
		return x.One == y.One && slices.EqualFunc(x.Branches, y.Branches, func(p, q explain.Branch) bool {
			return p.When == q.When && d.equal(p.Schema, q.Schema)
		})
	})
}

func (d *differ) equalIfs(a, b *explain.Schema) bool {
	return slices.EqualFunc(a.Ifs, b.Ifs, func(x, y explain.Condition) bool {
		return x.Has == y.Has && d.equal(x.If, y.If) && d.equal(x.Then, y.Then) && d.equal(x.Else, y.Else)
	})
}
