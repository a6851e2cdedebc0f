package openapi

import (
	"unicode/utf8"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// unbounded is a size that a schema does not bound.
const unbounded = ^uint32(0)

// bounded is the largest sizes in any value that a schema accepts.
type bounded struct{ depth, str, items, name uint32 }

var open = bounded{unbounded, unbounded, unbounded, unbounded}

// min is what two schemas allow that both apply; max what either does.
func (a bounded) min(b bounded) bounded {
	return bounded{min(a.depth, b.depth), min(a.str, b.str), min(a.items, b.items), min(a.name, b.name)}
}

func (a bounded) max(b bounded) bounded {
	return bounded{max(a.depth, b.depth), max(a.str, b.str), max(a.items, b.items), max(a.name, b.name)}
}

// bounds sets what the parser may refuse of op's JSON bodies before any schema
// is asked: what is far beyond all that the schemas accept. What is near it is
// left to them, who say which keyword was violated.
func (w *walker) bounds(op *ir.Operation) {
	if op.Body == nil {
		return
	}
	all, found := bounded{}, false
	for _, m := range op.Body.Media {
		if m.Kind == ir.BodyJSON || m.Kind == ir.BodyNDJSON && !m.Sequence {
			all, found = all.max(w.boundsOf(m.Schema, map[*ir.Schema]bool{})), true
		}
	}
	if !found {
		return
	}
	far := func(n, slack uint32) uint32 {
		if n >= 1<<30 {
			return 0
		}
		return n*2 + slack
	}
	if d := far(all.depth, 4); d != 0 && d < 1<<16 && op.MaxDepth == 0 {
		op.MaxDepth = uint16(d)
	}
	op.MaxString, op.MaxItems, op.MaxName = far(all.str, 256), far(all.items, 64), far(all.name, 256)
}

// boundsOf is the bounds of s; on is the schemas that it is part of.
func (w *walker) boundsOf(s *ir.Schema, on map[*ir.Schema]bool) bounded {
	if s == nil || on[s] || s.Bool != nil && *s.Bool {
		return open // what holds itself has no bound
	}
	if s.Bool != nil {
		return bounded{}
	}
	if b, ok := w.bound[s]; ok {
		return b
	}
	on[s] = true
	out := w.ownBounds(s, on)
	for _, r := range s.Refs {
		out = out.min(w.boundsOf(r.Target, on))
	}
	for _, c := range s.AllOf {
		out = out.min(w.boundsOf(c, on))
	}
	for _, list := range [][]*ir.Schema{s.AnyOf, s.OneOf} {
		if len(list) == 0 {
			continue
		}
		any := bounded{}
		for _, c := range list {
			any = any.max(w.boundsOf(c, on))
		}
		out = out.min(any)
	}
	delete(on, s)
	// In a cycle the answer depends on where it began, but it is never too low.
	w.bound[s] = out
	return out
}

// ownBounds is what the keywords of s bound by themselves.
func (w *walker) ownBounds(s *ir.Schema, on map[*ir.Schema]bool) (out bounded) {
	types := s.Types
	if s.Enum != nil {
		for _, v := range s.Enum.Values {
			out = out.max(sizes(v))
		}
		return out
	}
	if types == 0 {
		return open
	}
	if types&ir.TypeString != 0 {
		out.str = unbounded
		if s.MaxLength != nil && s.MaxLength.N < 1<<26 {
			out.str = s.MaxLength.N * escapedBytes
		}
	}
	if types&ir.TypeArray != 0 {
		own := bounded{items: unbounded}
		if s.MaxItems != nil {
			own.items = s.MaxItems.N
		}
		if s.MaxItems == nil || s.MaxItems.N > uint32(len(s.PrefixItems)) {
			own = own.max(w.boundsOf(s.Items, on))
		}
		for _, p := range s.PrefixItems {
			own = own.max(w.boundsOf(p, on))
		}
		if s.MaxItems != nil {
			own.items = max(s.MaxItems.N, own.items)
		}
		out = out.max(own.deeper())
	}
	if types&ir.TypeObject != 0 {
		own := bounded{}
		rest := s.AdditionalProperties
		closed := rest != nil && rest.Bool != nil && !*rest.Bool && len(s.PatternProperties) == 0
		for _, p := range s.Properties {
			own = own.max(w.boundsOf(p.Schema, on))
			own.name = max(own.name, uint32(len(p.Name))*escapedBytes)
		}
		for _, p := range s.PatternProperties {
			own = own.max(w.boundsOf(p.Schema, on))
		}
		own = own.max(w.boundsOf(rest, on))
		switch {
		case closed:
			own.items = max(own.items, uint32(len(s.Properties)))
		case s.MaxProperties != nil:
			own.items, own.name = max(own.items, s.MaxProperties.N), unbounded
		default:
			own.items, own.name = unbounded, unbounded
		}
		out = out.max(own.deeper())
	}
	return out
}

// escapedBytes is how long a code point can be in JSON: two escapes.
const escapedBytes = 12

func (b bounded) deeper() bounded {
	if b.depth != unbounded {
		b.depth++
	}
	return b
}

// sizes is the sizes in one value.
func sizes(v *source.Node) (out bounded) {
	switch v.Kind {
	case source.String:
		out.str = uint32(utf8.RuneCountInString(v.Text)) * escapedBytes
	case source.Array, source.Object:
		for i, item := range v.Items {
			out = out.max(sizes(item))
			if v.Kind == source.Object {
				out.name = max(out.name, uint32(len(v.Keys[i].Name))*escapedBytes)
			}
		}
		out.items = max(out.items, uint32(len(v.Items)))
		out = out.deeper()
	}
	return out
}
