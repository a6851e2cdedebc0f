package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// written is how a value is written: what styles are made of.
type written struct {
	sep   byte   // between elements, or names and values; 0: there is one text
	pairs bool   // members are "name=value"; otherwise names and values in turn
	name  []byte // in front of each element (matrix with explode)
}

// styled writes field i, serialised by a style (OpenAPI 3.1.2 section
// 4.8.12.6).
func (d *Decoder) styled(i uint32, style uint8, explode bool, name []byte) verdict.Code {
	f := &d.fields[i]
	if f.kind == fieldMap || f.kind == fieldList && style == table.StyleDeepObject {
		return d.field(i)
	}
	types := d.types(f.shape)
	if style == table.StyleDeepObject {
		return d.value(f.raw, f.shape, f.how)
	}
	how, raw, code := d.unwrap(f, style, explode, name)
	if code != verdict.Allow {
		return code
	}
	if f.kind == fieldList {
		if types&table.TypeArray == 0 && types&table.TypeObject != 0 {
			return d.object(i, raw, how)
		}
		return d.array(i, raw, how)
	}
	switch d.pick(types) {
	case table.TypeArray:
		return d.array(i, raw, how)
	case table.TypeObject:
		return d.object(i, raw, how)
	}
	if style == table.StyleMatrix && explode {
		n := len(name)
		if len(raw) > n && string(raw[:n]) == string(name) && raw[n] == '=' {
			raw = raw[n+1:]
		} else if string(raw) == string(name) {
			raw = nil
		} else {
			return verdict.ParamMalformed
		}
	}
	if (style == table.StyleMatrix) && index(raw, ';') >= 0 {
		return verdict.ParamMalformed
	}
	if d.raw == rawField {
		raw = text.Trim(raw)
	}
	return d.scalar(raw, f.shape)
}

// unwrap takes off what a style puts in front of a value.
func (d *Decoder) unwrap(f *field, style uint8, explode bool, name []byte) (how written, raw []byte, code verdict.Code) {
	raw = f.raw
	switch style {
	case table.StyleLabel:
		if len(raw) == 0 || raw[0] != '.' {
			return how, nil, verdict.ParamMalformed
		}
		if explode {
			return written{sep: '.', pairs: true}, raw[1:], verdict.Allow
		}
		return written{sep: ','}, raw[1:], verdict.Allow
	case table.StyleMatrix:
		if len(raw) == 0 || raw[0] != ';' {
			return how, nil, verdict.ParamMalformed
		}
		if explode {
			return written{sep: ';', pairs: true, name: name}, raw[1:], verdict.Allow
		}
		key, value := text.Cut(raw[1:], '=')
		if string(key) != string(name) {
			return how, nil, verdict.ParamMalformed
		}
		return written{sep: ','}, value, verdict.Allow
	case table.StyleSimple:
		return written{sep: ',', pairs: explode}, raw, verdict.Allow
	case table.StyleSpaceDelimited:
		how.sep = ' '
	case table.StylePipeDelimited:
		how.sep = '|'
	case table.StyleTabDelimited:
		how.sep = '\t'
	default:
		how.sep = ','
	}
	if explode {
		how.sep = 0
	}
	return how, raw, verdict.Allow
}

// next splits the first piece off s. more is false when it is the last one.
func (d *Decoder) next(s []byte, sep byte) (piece, rest []byte, more bool) {
	if sep == 0 {
		return s, nil, false
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == sep:
			return s[:i], s[i+1:], true
		case c == '+' && sep == ' ' && d.raw == rawForm:
			return s[:i], s[i+1:], true
		case c == '%' && d.raw != rawField && i+2 < len(s) && encodes(s[i+1], s[i+2], sep):
			return s[:i], s[i+3:], true
		}
	}
	return s, nil, false
}

// encodes reports that two hexadecimal digits are a delimiter that can only
// stand percent-encoded.
func encodes(hi, lo, sep byte) bool {
	return (sep == ' ' || sep == '|' || sep == '\t') && text.HexDigit(hi)<<4|text.HexDigit(lo) == sep && text.HexDigit(hi) < 16 && text.HexDigit(lo) < 16
}

// array writes the pieces of field i's text, or of each of its texts.
func (d *Decoder) array(i uint32, raw []byte, how written) verdict.Code {
	f := &d.fields[i]
	node, ok := d.out.BeginArray(0)
	if !ok {
		return verdict.ParamTooMany
	}
	n := uint32(0)
	child := f.first
	if f.kind == fieldList {
		raw = d.fields[child].raw
	}
	if d.raw == rawField && len(text.Trim(raw)) == 0 && f.kind != fieldList {
		d.out.End(node) // an empty field is an empty list
		return verdict.Allow
	}
	for {
		for more := true; more; n++ {
			var piece []byte
			piece, raw, more = d.next(raw, how.sep)
			if how.name != nil {
				var key []byte
				if key, piece = text.Cut(piece, '='); string(key) != string(how.name) {
					return verdict.ParamMalformed
				}
			}
			if d.raw == rawField {
				piece = text.Trim(piece)
			}
			if code := d.value(piece, d.item(f.shape, n), partText); code != verdict.Allow {
				return code
			}
		}
		if f.kind != fieldList {
			break
		}
		if child = d.fields[child].next; child == none {
			break
		}
		raw = d.fields[child].raw
	}
	d.out.End(node)
	return verdict.Allow
}

func (d *Decoder) item(shape, i uint32) uint32 {
	if shape == none {
		return none
	}
	return d.t.Shape(shape).Item(i)
}

// object writes the members in field i's text.
func (d *Decoder) object(i uint32, raw []byte, how written) verdict.Code {
	if d.num == uint32(len(d.fields)) {
		return verdict.ParamTooMany
	}
	// A field of its own, so that another reading finds i as it was.
	c := d.num
	d.num++
	f := &d.fields[i]
	d.fields[c] = field{shape: f.shape, first: none, last: none, next: none, parent: none, kind: fieldMap, encoding: none}
	child := f.first
	if f.kind == fieldList {
		raw = d.fields[child].raw
	}
	for {
		if code := d.members(c, raw, how); code != verdict.Allow {
			return code
		}
		if f.kind != fieldList {
			break
		}
		if child = d.fields[child].next; child == none {
			break
		}
		raw = d.fields[child].raw
	}
	return d.field(c)
}

// members reads members of object c from one text.
func (d *Decoder) members(c uint32, raw []byte, how written) verdict.Code {
	for more := true; more; {
		var key, value []byte
		key, raw, more = d.next(raw, how.sep)
		if how.pairs {
			at := index(key, '=')
			if at < 0 && how.sep != ';' { // RFC 6570 section 3.2.7: ";name" alone is an empty value
				return verdict.ParamMalformed
			}
			key, value = text.Cut(key, '=')
		} else {
			if !more {
				return verdict.ParamMalformed // a name without a value
			}
			value, raw, more = d.next(raw, how.sep)
		}
		if d.raw == rawField {
			key, value = text.Trim(key), text.Trim(value)
		}
		name, code := d.placeName(key)
		if code != verdict.Allow {
			return code
		}
		m, code := d.child(c, name)
		if code == verdict.Allow {
			code = d.add(m, value, false)
		}
		if code != verdict.Allow {
			return code
		}
	}
	return verdict.Allow
}

// placeName decodes a member's name into the buffer.
func (d *Decoder) placeName(raw []byte) (span, verdict.Code) {
	switch d.raw {
	case rawBody:
		if !json.ValidUTF8(raw) {
			return span{}, verdict.BodyUTF8
		}
		return d.inPlace(raw), verdict.Allow
	case rawField:
		if !printable(raw) {
			return span{}, verdict.ParamMalformed
		}
		at, ok := d.buf.copyName(raw)
		if !ok {
			return span{}, verdict.RequestHeadersTooLarge
		}
		return at, verdict.Allow
	}
	return d.buf.name(raw, d.raw == rawForm)
}

// inPlace is the span of a part of the body.
func (d *Decoder) inPlace(raw []byte) span {
	at := span{hash: table.HashSegment(raw), n: uint32(len(raw))}
	if at.n > 0 {
		at.off = uint32(cap(d.body) - cap(raw))
	}
	return at
}
