package opt

import (
	"fmt"
	"strings"

	"portcullis/filter/le"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// shareLeast is the weight from which a schema is worth sharing: below it
// repeating costs less, and the place in the description stays exact.
const shareLeast = 4

// Share replaces equal schemas below the roots by one of them and returns what
// stands for each root. It starts from what each schema says by itself and
// refines by what its subschemas say, until the partition does not change: so
// cycles are no obstacle. The place that a refusal names is that of the one
// that stays.
func (o *Optimiser) Share(roots []*ir.Schema) []*ir.Schema {
	if !o.enabled("share") {
		return roots
	}
	all := reachable(roots)
	index := make(map[*ir.Schema]int, len(all))
	for i, x := range all {
		index[x] = i
	}
	own := map[string]uint32{}
	class := make([]uint32, len(all))
	parts := make([][]int, len(all))
	for i, x := range all {
		sig := signature(x)
		id, ok := own[sig]
		if !ok {
			id = uint32(len(own))
			own[sig] = id
		}
		class[i] = id
		y := *x
		mapChildren(&y, func(c *ir.Schema) *ir.Schema {
			if c != nil {
				parts[i] = append(parts[i], index[c])
			}
			return c
		})
	}
	// A class is split as long as its members' parts are of different classes.
	next := make([]uint32, len(all))
	for n := len(own); ; {
		ids := make(map[string]uint32, n)
		var key []byte
		for i := range all {
			key = le.AppendU32(key[:0], class[i])
			for _, p := range parts[i] {
				key = le.AppendU32(key, class[p])
			}
			id, ok := ids[string(key)]
			if !ok {
				id = uint32(len(ids))
				ids[string(key)] = id
			}
			next[i] = id
		}
		class, next = next, class
		if len(ids) == n {
			break
		}
		n = len(ids)
	}
	first := make(map[uint32]*ir.Schema, len(all))
	for i, x := range all {
		if first[class[i]] == nil {
			first[class[i]] = x
		}
	}
	swap := func(x *ir.Schema) *ir.Schema {
		if x == nil || weight(x) < shareLeast {
			return x
		}
		if f := first[class[index[x]]]; f != x {
			o.fired["share"]++
			return f
		}
		return x
	}
	for _, x := range all {
		mapChildren(x, swap)
	}
	out := make([]*ir.Schema, len(roots))
	for i, s := range roots {
		out[i] = swap(s)
	}
	return out
}

// reachable lists the schemas from the roots on, in a reproducible order.
func reachable(roots []*ir.Schema) []*ir.Schema {
	var all []*ir.Schema
	seen := map[*ir.Schema]bool{}
	var visit func(x *ir.Schema) *ir.Schema
	visit = func(x *ir.Schema) *ir.Schema {
		if x != nil && !seen[x] {
			seen[x] = true
			all = append(all, x)
			y := *x
			mapChildren(&y, visit)
		}
		return x
	}
	for _, s := range roots {
		visit(s)
	}
	return all
}

// signature writes everything that s says without its subschemas, but for its
// place: two schemas with the same signature have the same keywords, with the
// same names and numbers of subschemas.
func signature(s *ir.Schema) string {
	var b strings.Builder
	w := func(args ...any) { fmt.Fprintln(&b, args...) }
	if s.Bool != nil {
		w("bool", *s.Bool)
	}
	w(s.Types, s.StrictInteger, s.ContainsEvaluates, s.ItemsKeyword == "additionalItems")
	if s.Enum != nil {
		w("enum", s.Enum.Keyword)
		for _, v := range s.Enum.Values {
			value(&b, v)
		}
	}
	for i, n := range []*ir.Number{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf} {
		if n != nil {
			w("n", i, n.Text)
		}
	}
	for i, n := range []*ir.Count{s.MinLength, s.MaxLength, s.MinItems, s.MaxItems, s.MinProperties, s.MaxProperties} {
		if n != nil {
			w("c", i, n.N)
		}
	}
	if s.Pattern != nil {
		w("pattern", fmt.Sprintf("%q", s.Pattern.Source))
	}
	if s.Format != nil {
		w("format", s.Format.Name)
	}
	w(s.UniqueItems != nil)
	if s.Contains != nil {
		w("contains", s.Contains.Min, s.Contains.Max, s.Contains.HasMin)
	}
	for _, r := range s.Required {
		w("required", fmt.Sprintf("%q", r.Name))
	}
	for _, d := range s.DependentRequired {
		w("dependent", fmt.Sprintf("%q %q", d.Name, d.Needs))
	}
	for i, list := range [][]ir.Property{s.Properties, s.DependentSchemas} {
		for _, p := range list {
			w("p", i, fmt.Sprintf("%q", p.Name))
		}
	}
	for _, p := range s.PatternProperties {
		w("pp", fmt.Sprintf("%q", p.Pattern.Source))
	}
	w(len(s.Refs), len(s.PrefixItems), len(s.AllOf), len(s.AnyOf), len(s.OneOf))
	for _, x := range []*ir.Schema{s.Items, s.AdditionalProperties, s.PropertyNames, s.Not, s.If, s.Then, s.Else, s.UnevaluatedItems, s.UnevaluatedProperties} {
		w(x != nil)
	}
	if s.Discriminator != nil {
		w("discriminator", s.Discriminator.Property)
	}
	return b.String()
}

func value(b *strings.Builder, v *source.Node) {
	fmt.Fprintf(b, "%d %t %q %d(", v.Kind, v.Bool, v.Text, len(v.Items))
	for i, x := range v.Items {
		if v.Kind == source.Object {
			fmt.Fprintf(b, "%q:", v.Keys[i].Name)
		}
		value(b, x)
	}
	b.WriteString(")")
}
