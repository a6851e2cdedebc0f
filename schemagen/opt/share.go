package opt

import (
	"strconv"

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
	var list []int // where all parts lie
	var sig []byte
	for i, x := range all {
		sig = signature(sig[:0], x)
		id, ok := own[string(sig)]
		if !ok {
			id = uint32(len(own))
			own[string(sig)] = id
		}
		class[i] = id
		start := len(list)
		x.Each(func(c *ir.Schema) { list = append(list, index[c]) })
		parts[i] = list[start:]
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
	var visit func(x *ir.Schema)
	visit = func(x *ir.Schema) {
		if !seen[x] {
			seen[x] = true
			all = append(all, x)
			x.Each(visit)
		}
	}
	for _, s := range roots {
		if s != nil {
			visit(s)
		}
	}
	return all
}

// signature appends everything that s says without its subschemas, but for its
// place: two schemas with the same signature have the same keywords, with the
// same names and numbers of subschemas.
func signature(b []byte, s *ir.Schema) []byte {
	flags := func(has ...bool) {
		for _, x := range has {
			b = strconv.AppendBool(b, x)
		}
	}
	num := func(n ...uint64) {
		for _, x := range n {
			b = append(strconv.AppendUint(b, x, 10), ' ')
		}
	}
	// text writes a tag, which tells one keyword from another, and strings whose
	// ends can be told.
	text := func(tag byte, list ...string) {
		b = append(b, tag)
		for _, x := range list {
			num(uint64(len(x)))
			b = append(b, x...)
		}
	}
	flags(s.Bool != nil, s.Bool != nil && *s.Bool, s.StrictInteger, s.ContainsEvaluates, s.ItemsKeyword == "additionalItems", s.UniqueItems != nil)
	num(uint64(s.Types))
	if s.Enum != nil {
		text('e', s.Enum.Keyword)
		for _, v := range s.Enum.Values {
			b = value(b, v)
		}
	}
	for i, n := range []*ir.Number{s.Minimum, s.Maximum, s.ExclusiveMinimum, s.ExclusiveMaximum, s.MultipleOf} {
		if n != nil {
			num(uint64(i))
			text('n', n.Text)
		}
	}
	for i, n := range []*ir.Count{s.MinLength, s.MaxLength, s.MinItems, s.MaxItems, s.MinProperties, s.MaxProperties} {
		if n != nil {
			text('c')
			num(uint64(i), uint64(n.N))
		}
	}
	if s.Pattern != nil {
		text('p', s.Pattern.Source)
	}
	if s.Format != nil {
		text('f', s.Format.Name)
	}
	if s.Contains != nil {
		text('C')
		num(uint64(s.Contains.Min), uint64(s.Contains.Max))
		flags(s.Contains.HasMin)
	}
	for _, r := range s.Required {
		text('r', r.Name)
	}
	for _, d := range s.DependentRequired {
		text('d', d.Name)
		text('D', d.Needs...)
	}
	for _, p := range s.Properties {
		text('m', p.Name)
	}
	for _, p := range s.DependentSchemas {
		text('M', p.Name)
	}
	for _, p := range s.PatternProperties {
		text('x', p.Pattern.Source)
	}
	text('#')
	num(uint64(len(s.Refs)), uint64(len(s.PrefixItems)), uint64(len(s.AllOf)), uint64(len(s.AnyOf)), uint64(len(s.OneOf)))
	flags(s.Items != nil, s.AdditionalProperties != nil, s.PropertyNames != nil, s.Not != nil, s.If != nil, s.Then != nil, s.Else != nil,
		s.UnevaluatedItems != nil, s.UnevaluatedProperties != nil)
	if s.Discriminator != nil {
		text('*', s.Discriminator.Property)
	}
	return b
}

func value(b []byte, v *source.Node) []byte {
	b = append(strconv.AppendUint(b, uint64(v.Kind), 10), ' ')
	b = strconv.AppendBool(b, v.Bool)
	b = append(strconv.AppendQuote(b, v.Text), ' ')
	b = append(strconv.AppendInt(b, int64(len(v.Items)), 10), '(')
	for i, x := range v.Items {
		if v.Kind == source.Object {
			b = append(strconv.AppendQuote(b, v.Keys[i].Name), ':')
		}
		b = value(b, x)
	}
	return append(b, ')')
}
