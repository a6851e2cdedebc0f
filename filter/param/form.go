package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// begin starts the body of media type m.
func (d *Decoder) begin(t *table.Table, m table.Media, kind uint8) {
	d.t = t
	d.buf.b = d.own
	d.reset()
	d.fields[0] = field{shape: m.Shape(), first: none, last: none, next: none, parent: none, kind: kind, encoding: none}
	d.num, d.inBody, d.jsonText = 1, true, true
}

// Form reads an application/x-www-form-urlencoded body of media type m as one
// object, onto out (URL Standard section 5.1, OpenAPI 3.1.2 section 4.8.14.3).
// Fields that are arrays are repeated, objects are JSON or have their members
// in brackets, unless the description gives them a style.
func (d *Decoder) Form(t *table.Table, m table.Media, body []byte, out *json.Tape) verdict.Code {
	d.begin(t, m, fieldMap)
	d.raw = rawForm
	if d.plainForm(m, body, out) {
		return verdict.Allow
	}
	d.begin(t, m, fieldMap)
	if code := d.pairs(0, body, m.Fields()); code != verdict.Allow {
		return code
	}
	d.start(out, 0)
	return d.write()
}

// maxPicked bounds the fields of a plain form that are no strings.
const maxPicked = 512

// plainForm reads a form of which every name is there once, and every field is
// a scalar that stands under its own name. It reports false, with nothing
// decided, for any other.
func (d *Decoder) plainForm(m table.Media, body []byte, out *json.Tape) bool {
	if cap(d.own) < len(body)+formSlack || cap(out.Nodes) == 0 {
		return false
	}
	for i := m.Fields().Start; i < m.Fields().End(); i++ {
		if d.t.Field(i).Style() != 0 {
			return false
		}
	}
	size := 16
	for size < len(d.slots) && size < len(body)/2 {
		size *= 2
	}
	s := &d.form
	s.src, s.out, s.nodes, s.seen = body, d.own[:len(body)+formSlack], out.Nodes[:cap(out.Nodes)], d.slots[:size]
	s.picked, s.bloom, s.mask, s.gen = d.picked[:], m.Bloom(), uint64(size-1), uint64(d.gen)
	s.divide = uint64(^d.lax) / table.OpFlagRawSemicolon & 1
	s.at, s.num, s.numPicked, s.high = 0, 1, 0, 0
	runForm(s)
	good := s.status == formGood && (s.high == 0 || json.ValidUTF8(s.out[:s.at]))
	num := s.num
	s.src, s.out, s.nodes, s.seen = nil, nil, nil, nil // not to be kept alive
	if !good {
		return false
	}
	out.Src, out.Nodes = d.own[:len(body)+formSlack], out.Nodes[:num]
	out.Nodes[0] = json.Node{Meta: json.KindObject, Len: uint32(num-1) / 2, Ext: uint32(num)}
	d.start(out, 0)
	d.given = d.num
	if m.Shape() != none {
		shape := d.t.Shape(m.Shape())
		for at := uint64(1); at < num; at += 2 {
			name := &out.Nodes[at]
			text := out.Src[name.Off : name.Off+name.Len]
			if !mangles(text) {
				continue
			}
			if _, named := shape.Member(text, table.HashSegment(text)); !named && d.aliasesMember(shape, text) {
				return false
			}
		}
	}
	for _, at := range d.picked[:s.numPicked] {
		name, value := &out.Nodes[at], &out.Nodes[at+1]
		text := out.Src[name.Off : name.Off+name.Len]
		shape, named := uint32(none), false
		if m.Shape() != none {
			s := d.t.Shape(m.Shape())
			if shape, named = s.Member(text, table.HashSegment(text)); !named && d.aliasesMember(s, text) {
				return false
			}
		}
		if !named && d.overrides(text) {
			return false
		}
		types := d.types(shape)
		if types&(table.TypeArray|table.TypeObject) != 0 {
			return false
		}
		if node, specific := d.specific(types, value.Off, value.Len); specific {
			if types&table.TypeString != 0 {
				d.unsure(at + 1)
			}
			*value = node
		}
	}
	return true
}

// Text reads a body that is one text as the shape of m says: a string, or a
// number, boolean or null. binary bodies are bytes.
func (d *Decoder) Text(t *table.Table, m table.Media, body []byte, out *json.Tape, binary bool) verdict.Code {
	d.begin(t, m, fieldText)
	d.fields[0].raw = body
	if binary {
		d.fields[0].how = partBinary
	}
	d.raw, d.body = rawBody, body
	d.start(out, 0)
	return d.write()
}

// Lines reads JSON texts that are divided by separator as one array, onto out.
// What is blank between two is none.
func (d *Decoder) Lines(body []byte, separator byte, out *json.Tape) verdict.Code {
	d.raw, d.body, d.out = rawBody, body, out
	out.Reset(body)
	node, ok := out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = text.Cut(rest, separator)
		if len(trimSpace(line)) == 0 {
			continue
		}
		if code := d.json(line); code != verdict.Allow {
			return code
		}
	}
	out.End(node)
	return verdict.Allow
}

func trimSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t' || s[0] == '\r' || s[0] == '\n') {
		s = s[1:]
	}
	return s
}

// pairs puts the pairs of a form under the map i.
func (d *Decoder) pairs(i uint32, body []byte, encodings table.Range) verdict.Code {
	for len(body) > 0 {
		var pair []byte
		pair, body = text.Cut(body, '&')
		if len(pair) == 0 {
			continue
		}
		rawName, value := text.Cut(pair, '=')
		name, code := d.buf.name(rawName, true)
		if code == verdict.Allow && d.divided(pair) {
			code = verdict.ParamAmbiguous
		}
		if code == verdict.Allow {
			code = d.pair(i, name, value, encodings)
		}
		if code != verdict.Allow {
			return code
		}
	}
	return verdict.Allow
}

// pair puts one pair of a form under the map i. A name with brackets leads
// into the field before them, unless the whole name is declared.
func (d *Decoder) pair(i uint32, name span, value []byte, encodings table.Range) verdict.Code {
	shape := d.fields[i].shape
	if shape == none {
		if d.overrides(d.text(name)) {
			return verdict.RequestOverride
		}
	} else {
		s := d.t.Shape(shape)
		if _, named := s.Member(d.text(name), name.hash); !named {
			if n := index(d.text(name), '['); n > 0 {
				base := span{name.off, uint32(n), table.HashSegment(d.text(name)[:n])}
				if below, has := s.Member(d.text(base), base.hash); (has || s.Flags()&table.ShapeFlagOpen != 0) && d.types(below)&(table.TypeArray|table.TypeObject) != 0 {
					c, code := d.child(i, base)
					if code != verdict.Allow {
						return code
					}
					return d.deep(c, span{name.off + uint32(n), name.n - uint32(n), 0}, value)
				}
			}
			if c, code, spread := d.spreadField(i, name, encodings); spread {
				if code == verdict.Allow {
					code = d.add(c, value, d.types(d.fields[c].shape)&table.TypeArray != 0)
				}
				return code
			}
			if code := d.undeclared(s, d.text(name)); code != verdict.Allow {
				return code
			}
		}
	}
	c, code := d.child(i, name)
	if code != verdict.Allow {
		return code
	}
	if d.fields[c].kind == fieldEmpty {
		d.fields[c].encoding = d.encoding(name, encodings)
	}
	repeats := d.types(d.fields[c].shape)&table.TypeArray != 0
	if e := d.fields[c].encoding; repeats && e != none {
		f := d.t.Field(e)
		repeats = f.Style() == 0 || f.Explode()
	}
	return d.add(c, value, repeats)
}

// undeclared refuses a field that the object s does not name and that some take for
// another.
func (d *Decoder) undeclared(s table.Shape, name []byte) verdict.Code {
	switch {
	case d.overrides(name):
		return verdict.RequestOverride
	case d.aliasesMember(s, name):
		return verdict.ParamAmbiguous
	}
	return verdict.Allow
}

// encoding is what the description says of the field with that name.
func (d *Decoder) encoding(name span, encodings table.Range) uint32 {
	for i := encodings.Start; i < encodings.End(); i++ {
		if f := d.t.Field(i); f.Hash() == name.hash && string(f.Name()) == string(d.text(name)) {
			return i
		}
	}
	return none
}

// spreadField finds the object of style form with explode that has a member
// with that name: the object's own name is not in the form.
func (d *Decoder) spreadField(i uint32, name span, encodings table.Range) (c uint32, code verdict.Code, found bool) {
	s := d.t.Shape(d.fields[i].shape)
	for e := encodings.Start; e < encodings.End(); e++ {
		f := d.t.Field(e)
		if f.Style() != table.StyleForm || !f.Explode() {
			continue
		}
		below, _ := s.Member(f.Name(), f.Hash())
		if d.types(below)&table.TypeObject == 0 {
			continue
		}
		if _, named := d.t.Shape(below).Member(d.text(name), name.hash); !named {
			continue
		}
		at, ok := d.buf.copyName(f.Name())
		if !ok {
			return 0, verdict.ParamTooMany, true
		}
		if c, code = d.child(i, at); code == verdict.Allow {
			c, code = d.child(c, name)
		}
		return c, code, true
	}
	return 0, verdict.Allow, false
}
