package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// bytes writes a text that need not be UTF-8. Its length is in bytes (OpenAPI
// 3.1.2 section 4.8.24.4.1).
func (d *Decoder) bytes(raw []byte) verdict.Code {
	off, n, code := d.place(raw, false)
	if code == verdict.Allow && !push(d.out, json.Node{Meta: json.KindString, Off: off, Len: n}) {
		return verdict.ParamTooMany
	}
	return code
}

func push(t *json.Tape, n json.Node) bool {
	k := len(t.Nodes)
	if k == cap(t.Nodes) {
		return false
	}
	t.Nodes = t.Nodes[:k+1]
	t.Nodes[k] = n
	return true
}

// place makes raw a part of the tape's source.
func (d *Decoder) place(raw []byte, utf8 bool) (off, n uint32, code verdict.Code) {
	switch d.raw {
	case rawBody:
		at := d.inPlace(raw)
		off, n = at.off, at.n
		if utf8 && !json.ValidUTF8(raw) {
			return 0, 0, verdict.BodyUTF8
		}
		return off, n, verdict.Allow
	case rawField:
		if !printable(raw) {
			return 0, 0, verdict.ParamMalformed
		}
		var ok bool
		if off, n, ok = d.buf.copy(raw); !ok {
			return 0, 0, verdict.RequestHeadersTooLarge
		}
		return off, n, verdict.Allow
	}
	return d.buf.decode(raw, d.raw == rawForm)
}

// scalar writes a text as the most specific of the types that it can be; as a
// string when it can be none, so that the schema's type keyword refuses it
// with its place and name.
func (d *Decoder) scalar(raw []byte, shape uint32) verdict.Code {
	types, binary := uint16(0), false
	if shape != none {
		s := d.t.Shape(shape)
		types, binary = s.Types(), s.Flags()&table.ShapeFlagBinary != 0
	}
	if binary && types&^table.TypeString == 0 && d.raw == rawBody {
		return d.bytes(raw)
	}
	off, n, code := d.place(raw, true)
	if code != verdict.Allow {
		return code
	}
	node, specific := d.specific(types, off, n)
	if specific {
		if types&table.TypeString != 0 {
			d.unsure(uint32(len(d.out.Nodes)))
		}
		if !push(d.out, node) {
			return verdict.ParamTooMany
		}
		return verdict.Allow
	}
	text := json.Node{Meta: json.KindString, Off: off, Len: n}
	if (d.raw == rawForm || d.raw == rawPercent) && !d.buf.ascii || d.raw == rawBody && !isASCII(d.out.Src[off:off+n]) {
		text.Meta |= json.FlagNonASCII
	}
	if !push(d.out, text) {
		return verdict.ParamTooMany
	}
	return verdict.Allow
}

func isASCII(s []byte) bool {
	for _, c := range s {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// specific reads the text at off as a value that is no string.
func (d *Decoder) specific(types uint16, off, n uint32) (json.Node, bool) {
	text := d.out.Src[off : off+n]
	node := json.Node{Off: off, Len: n}
	if types&table.TypeBoolean != 0 {
		switch string(text) {
		case "true":
			node.Meta = json.KindTrue
			return node, true
		case "false":
			node.Meta = json.KindFalse
			return node, true
		}
	}
	if types&(table.TypeNumber|table.TypeInteger) != 0 {
		if flags, ok := json.ScanNumber(text); ok {
			node.Meta = json.KindNumber | flags
			return node, true
		}
	}
	if types&table.TypeNull != 0 && string(text) == "null" {
		node.Meta = json.KindNull
		return node, true
	}
	return node, false
}
