package openapi

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
)

// shaper makes the shapes of one description. A shape is that of a set of
// schemas: all that may apply to one value.
type shaper struct {
	types map[*ir.Schema]decodable
	made  map[string]*ir.Shape // by the set
	sets  int                  // of made, those of more than one schema
	full  bool                 // there were more such sets than maxShapes
}

// maxShapes bounds the shapes of one description that are of several schemas:
// there can be many more sets of schemas than schemas.
const maxShapes = 1 << 16

func newShaper() *shaper {
	return &shaper{types: map[*ir.Schema]decodable{}, made: map[string]*ir.Shape{}}
}

// shape is what texts may become by s; nil is a string.
func (w *walker) shape(s *ir.Schema) *ir.Shape {
	if s == nil {
		return nil
	}
	return w.shapes.of([]*ir.Schema{s})
}

// of is the shape of a set of schemas; nil for the empty set.
func (h *shaper) of(set []*ir.Schema) *ir.Shape {
	if len(set) == 0 {
		return nil
	}
	var key strings.Builder
	for _, s := range set {
		fmt.Fprintf(&key, "%p ", s)
	}
	if shape, ok := h.made[key.String()]; ok {
		return shape
	}
	if len(set) > 1 {
		if h.sets >= maxShapes {
			h.full = true
			return nil
		}
		h.sets++
	}
	shape := &ir.Shape{}
	h.made[key.String()] = shape // before its parts, which may hold it
	h.fill(shape, set)
	return shape
}

// fill computes shape from the schemas of set and all that apply with them.
func (h *shaper) fill(shape *ir.Shape, set []*ir.Schema) {
	var all []*ir.Schema
	for _, s := range set {
		shape.Types |= h.typesOf(s).types
		for _, a := range applicable(s) {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	if shape.Types == 0 {
		shape.Types = impliedTypes(all)
	}
	for _, s := range all {
		shape.Binary = shape.Binary || isBinary(s)
	}
	if shape.Types == 0 && !slices.ContainsFunc(all, func(s *ir.Schema) bool { return s.Pattern != nil || s.Format != nil }) {
		shape.Binary = true // anything, hence any bytes
	}
	if shape.Types&ir.TypeArray != 0 {
		h.fillArray(shape, all)
	}
	if shape.Types&ir.TypeObject != 0 {
		h.fillObject(shape, all)
	}
}

func (h *shaper) fillArray(shape *ir.Shape, all []*ir.Schema) {
	var rest []*ir.Schema
	longest := 0
	for _, s := range all {
		longest = max(longest, len(s.PrefixItems))
		rest = appendSchema(rest, s.Items)
		rest = appendSchema(rest, s.UnevaluatedItems)
		if s.Contains != nil {
			rest = appendSchema(rest, s.Contains.Schema)
		}
	}
	for i := range longest {
		var at []*ir.Schema
		for _, s := range all {
			switch {
			case i < len(s.PrefixItems):
				at = appendSchema(at, s.PrefixItems[i])
			default:
				at = appendSchema(at, s.Items)
			}
			if s.Contains != nil {
				at = appendSchema(at, s.Contains.Schema)
			}
		}
		shape.Prefix = append(shape.Prefix, h.of(at))
	}
	shape.Items = h.of(rest)
}

func (h *shaper) fillObject(shape *ir.Shape, all []*ir.Schema) {
	var names []string
	sets := map[string][]*ir.Schema{}
	var rest []*ir.Schema
	for _, s := range all {
		for _, p := range s.Properties {
			if _, ok := sets[p.Name]; !ok {
				names = append(names, p.Name)
			}
			sets[p.Name] = appendSchema(sets[p.Name], p.Schema)
		}
		for _, other := range []*ir.Schema{s.AdditionalProperties, s.UnevaluatedProperties} {
			rest = appendSchema(rest, other)
			shape.Open = shape.Open || other != nil && (other.Bool == nil || *other.Bool)
		}
		for _, p := range s.PatternProperties {
			rest = appendSchema(rest, p.Schema)
			shape.Open = true
		}
	}
	for _, name := range names {
		shape.Props = append(shape.Props, ir.ShapeProp{Name: name, Shape: h.of(sets[name])})
	}
	shape.Additional = h.of(rest)
}

// appendSchema adds s to a set, unless it says nothing.
func appendSchema(set []*ir.Schema, s *ir.Schema) []*ir.Schema {
	if s == nil || s.Bool != nil || slices.Contains(set, s) {
		return set
	}
	return append(set, s)
}

// impliedTypes is what a schema without types is about: the types that its
// keywords are for. Read otherwise they would have nothing to say.
func impliedTypes(all []*ir.Schema) (t Types) {
	for _, s := range all {
		if s.Items != nil || s.PrefixItems != nil || s.MinItems != nil || s.MaxItems != nil || s.Contains != nil || s.UniqueItems != nil {
			t |= ir.TypeArray
		}
		if s.Properties != nil || s.PatternProperties != nil || s.Required != nil || s.AdditionalProperties != nil ||
			s.MinProperties != nil || s.MaxProperties != nil || s.PropertyNames != nil {
			t |= ir.TypeObject
		}
		if s.Minimum != nil || s.Maximum != nil || s.ExclusiveMinimum != nil || s.ExclusiveMaximum != nil || s.MultipleOf != nil {
			t |= ir.TypeNumber
		}
	}
	return t
}

// isBinary reports a string that is bytes: by its format, as OpenAPI 2.0 and
// 3.0 say it, or by its content (OpenAPI 3.1.1 section 4.1.2.3).
func isBinary(s *ir.Schema) bool {
	if s.Format != nil && s.Format.Name == "binary" {
		return true
	}
	if n := s.Loc.Node; n != nil && (n.Str("format") == "binary" || n.Str("type") == "file") {
		return true
	}
	return s.ContentMediaType != "" && s.ContentEncoding == "" && !strings.HasPrefix(s.ContentMediaType, "text/") && !isJSON(s.ContentMediaType)
}

func isJSON(mediaType string) bool { return kindOf(mediaRange(mediaType)) == ir.BodyJSON }
