package requests

import (
	"strconv"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// form writes v as application/x-www-form-urlencoded: scalars and arrays of
// them as fields of a name each, what has the style deepObject with brackets as
// tools write them (OpenAPI 3.1.2 section 4.8.15).
func form(media *ir.Media, v *source.Node) (out []string, err error) {
	if v.Kind != source.Object || len(v.Items) == 0 {
		return nil, cannot("a form that is no object, or empty")
	}
	for i, item := range v.Items {
		name := v.Keys[i].Name
		f := field(media, name)
		if f != nil && (f.Style != ir.StyleForm && f.Style != ir.StyleDeepObject && f.Style != 0 || f.Style == ir.StyleForm && !f.Explode || len(f.ContentTypes) > 0) {
			return nil, cannot("a field of a form with a style or type of its own")
		}
		deep := f != nil && f.Style == ir.StyleDeepObject
		list, err := formField(encode(name), item, deep, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

func field(media *ir.Media, name string) *ir.Field {
	for _, f := range media.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

func formField(name string, v *source.Node, deep bool, depth int) (out []string, err error) {
	if text, ok := scalar(v); ok {
		if text == "" || text == "null" || strings.Contains(text, "\x00") {
			return nil, cannot("a field of a form that is empty")
		}
		return []string{name + "=" + encode(text)}, nil
	}
	switch {
	case v.Kind == source.Null || len(v.Items) == 0:
		return nil, cannot("a field of a form that is empty")
	case v.Kind == source.Array && !deep:
		for _, item := range v.Items {
			if _, ok := scalar(item); !ok {
				return nil, cannot("a field of a form with nested parts")
			}
			list, err := formField(name, item, false, 0)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
		return out, nil
	case !deep && depth == 0: // OpenAPI 3.1.2 section 4.8.15: objects are JSON
		return []string{name + "=" + encode(jsonText(v))}, nil
	case !deep:
		return nil, cannot("a field of a form with nested parts")
	}
	for i, item := range v.Items {
		key := strconv.Itoa(i)
		if v.Kind == source.Object {
			key = encode(v.Keys[i].Name)
		}
		list, err := formField(name+"%5B"+key+"%5D", item, true, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// formBody makes a body that is a form.
func (m *maker) formBody(d *draft, media *ir.Media) error {
	if media.Schema == nil {
		return cannot("a form without a schema")
	}
	var last error = cannot("a form")
	for range 40 {
		g := &generator{Rand: m.rand, goals: d.goals, plain: true}
		v, err := g.value([]*ir.Schema{media.Schema}, 0)
		if err != nil {
			last = err
			continue
		}
		if v.Kind != source.Object {
			continue
		}
		// Members that can't be written go, if they may.
		for i := len(v.Items) - 1; i >= 0; i-- {
			one := &source.Node{Kind: source.Object}
			set(one, v.Keys[i].Name, clone(v.Items[i]))
			if _, err := form(media, one); err != nil {
				last = err
				v.Items[i].Remove()
			}
		}
		if _, err := form(media, v); err != nil {
			last = err
			continue
		}
		valid, sure := m.judge.valid(media.Schema, v)
		switch {
		case !sure:
			last = cannot("a pattern that is too hard")
		case valid:
			d.media, d.body = media, v
			return nil
		}
	}
	return last
}

// formMutant adds a change of a form.
func (m *maker) formMutant(base *draft, mu mutant, add adder) {
	value := mu.value()
	if _, err := form(base.media, value); err != nil || mu.from == source.Array && mu.part.Kind != source.Array || mu.from != source.Array && mu.part.Kind == source.Array || mu.part.Kind == source.Object && len(mu.part.Items) == 0 {
		return // an array of one is written like its item
	}
	list := m.readings(base, mu)
	if list == nil {
		m.cannot("a change of a form with too many readings")
		return
	}
	good, certain := false, true
	for _, r := range list {
		valid, sure := m.judge.valid(base.media.Schema, r)
		good, certain = good || valid, certain && sure
	}
	if !certain {
		m.cannot("a change under a pattern that is too hard")
		return
	}
	add(func(d *draft) { d.body = value }, mu.what, good)
}
