package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// emitter writes fields to a tape as the shapes say.
type emitter struct {
	out      *json.Tape
	raw      uint8  // how texts are decoded (rawForm..)
	body     []byte // what texts of rawBody are parts of
	jsonText bool   // objects may come as JSON text
	sub      json.Tape
	parser   *json.Parser
	maxDepth uint32
	readings
}

// How the part of a multipart body is read.
const (
	partText = iota
	partJSON
	partBinary
)

// Value makes the value of parameter i, as the first node of Tape. skip is set
// where there is nothing to judge: an optional parameter that is not there, or
// an empty one that may be empty.
func (d *Decoder) Value(i uint32) (code verdict.Code, skip bool) {
	p := d.t.Param(d.params.Start + i)
	f := &d.fields[i]
	if f.kind == fieldEmpty {
		if p.Flags()&table.ParamFlagRequired != 0 {
			return verdict.ParamMissing, true
		}
		return verdict.Allow, true
	}
	if p.Flags()&table.ParamFlagDeprecated != 0 {
		d.Deprecated++
	}
	if f.kind == fieldText && len(f.raw) == 0 && p.Flags()&table.ParamFlagAllowEmpty != 0 {
		return verdict.Allow, true
	}
	switch p.In() {
	case table.InQuery, table.InQuerystring:
		d.raw = rawForm
		if p.Flags()&table.ParamFlagAllowReserved != 0 {
			d.raw = rawPercent // RFC 6570 section 3.2.3: '+' stands for itself
		}
	case table.InPath:
		d.raw = rawPercent
	case table.InHeader:
		d.raw = rawField
	case table.InCookie:
		d.raw = rawPercent
		if p.Style() == table.StyleCookie {
			d.raw = rawField
		}
	}
	if f.kind == fieldText && d.lone(p) {
		d.start(&d.Tape, i)
		d.given = d.num
		d.Tape.Nodes, d.Tape.Src = d.Tape.Nodes[:0], d.buf.b[:cap(d.buf.b)]
		raw := f.raw
		if d.raw == rawField {
			raw = text.Trim(raw)
		}
		code = d.scalar(raw, f.shape)
		return code, p.Flags()&table.ParamFlagTypeOnly != 0 && code == verdict.Allow && d.typed(d.types(f.shape))
	}
	d.jsonText = p.Style() == table.StyleDeepObject || p.Style() == table.StyleContentForm
	d.start(&d.Tape, i)
	return d.write(), false
}

// Given reports whether the request has a value for parameter i that Value has put
// on the tape, whether or not there was something to judge.
func (d *Decoder) Given(i uint32) bool {
	f := &d.fields[i]
	if f.kind == fieldEmpty {
		return false
	}
	return f.kind != fieldText || len(f.raw) != 0 || d.t.Param(d.params.Start+i).Flags()&table.ParamFlagAllowEmpty == 0
}

// lone reports a parameter that is one scalar and nothing else, written without
// a mark in front: most are. Its text needs no style to be read.
func (d *Decoder) lone(p table.Param) bool {
	if d.types(p.Shape())&(table.TypeArray|table.TypeObject) != 0 {
		return false
	}
	s := p.Style()
	return s == table.StyleSimple || s == table.StyleForm || s == table.StyleCookie
}

// typed reports that the value on the tape is of one of types, without asking
// the schema.
func (d *Decoder) typed(types uint16) bool {
	switch n := d.Tape.Nodes[0]; n.Kind() {
	case json.KindString:
		return types&table.TypeString != 0
	case json.KindNumber:
		return n.Meta&json.FlagInteger != 0 || types&table.TypeNumber != 0
	}
	return true // read as a boolean or null because types has it
}

// start begins the readings of field i, onto out.
func (d *Decoder) start(out *json.Tape, i uint32) {
	d.out, d.root, d.mark = out, i, uint32(len(d.buf.b))
	d.readings.begin()
}

// write makes the current reading of the root field. Of a reading that can't be
// made nothing can be read otherwise: the tape is in pieces.
func (d *Decoder) write() verdict.Code {
	code := d.writeRoot()
	if code != verdict.Allow {
		d.numUnsure = 0
	}
	return code
}

func (d *Decoder) writeRoot() verdict.Code {
	d.buf.b = d.buf.b[:d.mark]
	if d.raw == rawBody {
		d.out.Reset(d.body)
	} else {
		d.out.Reset(d.buf.b[:cap(d.buf.b)])
	}
	d.num, d.more = d.kept(), false
	d.numUnsure = 0
	if d.inBody {
		return d.field(d.root)
	}
	p := d.t.Param(d.params.Start + d.root)
	switch p.Style() {
	case table.StyleContentJSON:
		return d.json(d.fields[d.root].raw)
	case table.StyleContentText:
		return d.scalar(d.fields[d.root].raw, p.Shape())
	case table.StyleContentForm:
		return d.field(d.root)
	}
	return d.styled(d.root, p.Style(), p.Flags()&table.ParamFlagExplode != 0, p.Name())
}

// kept is the number of fields that the request gave; reading makes more for
// the members of objects that are one text.
func (d *Decoder) kept() uint32 {
	if d.given == 0 {
		d.given = d.num
	}
	return d.given
}

// field writes field i and what is under it.
func (d *Decoder) field(i uint32) verdict.Code {
	f := &d.fields[i]
	if f.encoding != none && d.inBody {
		if e := d.t.Field(f.encoding); e.Style() != 0 {
			encoding := f.encoding
			f.encoding = none // once
			code := d.styled(i, e.Style(), e.Explode(), e.Name())
			d.fields[i].encoding = encoding
			return code
		}
	}
	switch f.kind {
	case fieldText:
		return d.value(f.raw, f.shape, f.how)
	case fieldMap:
		return d.mapping(i)
	}
	node, ok := d.out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	n := uint32(0)
	for c := f.first; c != none; c = d.fields[c].next {
		e := &d.fields[c]
		if code := d.value(e.raw, d.item(f.shape, n), e.how); code != verdict.Allow {
			return code
		}
		n++
	}
	d.out.End(node)
	return verdict.Allow
}

// mapping writes a field whose children have names: an object, or an array
// whose elements are named by their indexes.
func (d *Decoder) mapping(i uint32) verdict.Code {
	f := &d.fields[i]
	types := d.types(f.shape)
	if types&table.TypeArray != 0 && (types&table.TypeObject == 0 || d.indexed(i)) {
		return d.elements(i)
	}
	node, ok := d.out.BeginObject(0)
	if !ok {
		return verdict.ParamTooMany
	}
	for c := f.first; c != none; c = d.fields[c].next {
		name := d.fields[c].name
		if _, ok := d.out.AppendName(name.off, name.n); !ok {
			return verdict.ParamTooMany
		}
		if code := d.field(c); code != verdict.Allow {
			return code
		}
	}
	d.out.End(node)
	return verdict.Allow
}

func (d *Decoder) indexed(i uint32) bool {
	n := uint32(0)
	for c := d.fields[i].first; c != none; c = d.fields[c].next {
		if k, ok := number(d.text(d.fields[c].name)); !ok || k != n {
			return false
		}
		n++
	}
	return true
}

// elements writes children named 0, 1, 2 and so on, in that order.
func (d *Decoder) elements(i uint32) verdict.Code {
	if !d.indexed(i) {
		return verdict.ParamMalformed
	}
	node, ok := d.out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	for c := d.fields[i].first; c != none; c = d.fields[c].next {
		if code := d.field(c); code != verdict.Allow {
			return code
		}
	}
	d.out.End(node)
	return verdict.Allow
}

// value writes one text that no style divides.
func (d *Decoder) value(raw []byte, shape uint32, how uint8) verdict.Code {
	types := d.types(shape)
	if how == partText {
		switch d.pick(types) {
		case table.TypeArray:
			if sep := d.t.Shape(shape).Separator(); sep != 0 {
				return d.divide(raw, shape, sep)
			}
			return d.one(raw, d.item(shape, 0), how)
		case table.TypeObject:
			if d.jsonText {
				return d.json(raw)
			}
		}
		return d.scalar(raw, shape)
	}
	// A part is one element of an array, unless it is a whole one in JSON.
	if types&table.TypeArray != 0 && types&(table.TypeString|table.TypeObject) == 0 && (how == partBinary || !isArray(raw)) {
		return d.one(raw, d.item(shape, 0), how)
	}
	if how == partBinary {
		return d.bytes(raw)
	}
	return d.json(raw)
}

// divide writes the elements of an array that is an element of another.
func (d *Decoder) divide(raw []byte, shape uint32, sep byte) verdict.Code {
	node, ok := d.out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	for n, more := uint32(0), true; more; n++ {
		var piece []byte
		piece, raw, more = d.next(raw, sep)
		if d.raw == rawField {
			piece = text.Trim(piece)
		}
		if code := d.value(piece, d.item(shape, n), partText); code != verdict.Allow {
			return code
		}
	}
	d.out.End(node)
	return verdict.Allow
}

func isArray(raw []byte) bool {
	for _, c := range raw {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return c == '['
		}
	}
	return false
}

// one writes an array with one element.
func (d *Decoder) one(raw []byte, item uint32, how uint8) verdict.Code {
	node, ok := d.out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	code := verdict.Allow
	switch how {
	case partJSON:
		code = d.json(raw)
	case partBinary:
		code = d.bytes(raw)
	default:
		code = d.element(raw, item)
	}
	if code == verdict.Allow {
		d.out.End(node)
	}
	return code
}

// element writes the one element of an array that stands there once.
func (d *Decoder) element(raw []byte, shape uint32) verdict.Code {
	if types := d.types(shape); d.jsonText && types&table.TypeObject != 0 && types&scalars == 0 {
		return d.json(raw)
	}
	return d.scalar(raw, shape)
}

// json writes a text that is JSON.
func (d *Decoder) json(raw []byte) verdict.Code {
	off, n, code := d.place(raw, true)
	if code != verdict.Allow {
		return code
	}
	at := len(d.out.Nodes)
	d.sub.Nodes = d.out.Nodes[at:at:cap(d.out.Nodes)]
	st := d.parser.Parse(&d.sub, d.out.Src[off:off+n], json.Options{MaxDepth: d.maxDepth})
	nodes := d.sub.Nodes
	d.sub = json.Tape{}
	switch st {
	case json.StatusOK:
	case json.ErrDuplicate:
		return verdict.ParamDuplicate
	case json.ErrNodes, json.ErrDepth:
		return verdict.ParamTooMany
	default:
		return verdict.ParamMalformed
	}
	for i := range nodes {
		nodes[i].Off += off
		if k := nodes[i].Kind(); k == json.KindArray || k == json.KindObject {
			nodes[i].Ext += uint32(at)
		}
	}
	d.out.Nodes = d.out.Nodes[:at+len(nodes)]
	return verdict.Allow
}
