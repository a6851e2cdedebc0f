package openapi

import (
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// decodable is what parameter text may become, by the schema: the decoder has
// nothing else to go by.
type decodable struct {
	types Types
	known bool // false: the schema does not say, text stays text
}

// Types is ir.Types, for short.
type Types = ir.Types

// unknown is a schema that does not say.
var unknown = decodable{}

// typesOf is the types of s and everything that applies with it.
func (h *shaper) typesOf(s *ir.Schema) decodable {
	d, ok := h.types[s]
	if !ok {
		d = typesVia(s, nil)
		h.types[s] = d
	}
	return d
}

func typesVia(s *ir.Schema, seen []*ir.Schema) decodable {
	if s == nil || s.Bool != nil || slices.Contains(seen, s) {
		return unknown
	}
	seen = append(seen, s)
	out := unknown
	if s.Types != 0 {
		out = decodable{s.Types, true}
	} else if s.Enum != nil {
		out = enumTypes(s.Enum)
	}
	for _, r := range s.Refs {
		out = out.and(typesVia(r.Target, seen))
	}
	for _, a := range s.AllOf {
		out = out.and(typesVia(a, seen))
	}
	out = out.and(anyTypes(s.AnyOf, seen))
	return out.and(anyTypes(s.OneOf, seen))
}

// anyTypes is the types of alternatives.
func anyTypes(alternatives []*ir.Schema, seen []*ir.Schema) decodable {
	out := decodable{known: len(alternatives) > 0}
	for _, a := range alternatives {
		t := typesVia(a, seen)
		if !t.known {
			return unknown
		}
		out.types |= t.types
	}
	return out
}

// and is the types that both allow.
func (d decodable) and(e decodable) decodable {
	switch {
	case !d.known:
		return e
	case !e.known:
		return d
	}
	return decodable{widen(d.types)&e.types | d.types&widen(e.types), true}
}

// widen adds integer to number, which holds it.
func widen(t Types) Types {
	if t&ir.TypeNumber != 0 {
		t |= ir.TypeInteger
	}
	return t
}

func enumTypes(e *ir.Enum) decodable {
	out := decodable{known: true}
	for _, v := range e.Values {
		switch v.Kind {
		case source.Null:
			out.types |= ir.TypeNull
		case source.Bool:
			out.types |= ir.TypeBoolean
		case source.Number:
			if strings.ContainsAny(v.Text, ".eE") {
				out.types |= ir.TypeNumber
			} else {
				out.types |= ir.TypeInteger
			}
		case source.String:
			out.types |= ir.TypeString
		case source.Array:
			out.types |= ir.TypeArray
		case source.Object:
			out.types |= ir.TypeObject
		}
	}
	return out
}

// applicable is s and every schema that may apply to the same instance, each
// once.
func applicable(s *ir.Schema) (seen []*ir.Schema) {
	var visit func(s *ir.Schema)
	visit = func(s *ir.Schema) {
		if s == nil || slices.Contains(seen, s) {
			return
		}
		seen = append(seen, s)
		for _, r := range s.Refs {
			visit(r.Target)
		}
		for _, list := range [][]*ir.Schema{s.AllOf, s.AnyOf, s.OneOf, {s.If, s.Then, s.Else}} {
			for _, c := range list {
				visit(c)
			}
		}
		for _, p := range s.DependentSchemas {
			visit(p.Schema)
		}
		if s.Discriminator != nil {
			for _, p := range s.Discriminator.Values {
				visit(p.Schema)
			}
		}
	}
	visit(s)
	return seen
}
