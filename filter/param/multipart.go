package param

import (
	"portcullis/filter/json"
	"portcullis/filter/media"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// maxPartHeads bounds the parts whose header fields are judged.
const maxPartHeads = 256

// partHead is the header fields of one part.
type partHead struct {
	encoding uint32
	head     []byte
}

// multipart is the state of reading one multipart body.
type multipart struct {
	skip     [256]uint8 // Horspool's table of the delimiter
	delim    [4 + 70]byte
	numDelim int
	heads    [maxPartHeads]partHead
	numHeads uint32
}

// Multipart reads a multipart/form-data body of media type m as one object,
// onto out (RFC 7578, RFC 2046 section 5.1, OpenAPI 3.1.2 section 4.8.15). It
// is stricter than the grammar where readers differ: nothing stands before the
// first delimiter or after the last, lines end in CRLF, nothing is folded,
// nothing of a part is encoded, and a delimiter inside a longer line is refused.
func (d *Decoder) Multipart(t *table.Table, m table.Media, boundary, body []byte, out *json.Tape) verdict.Code {
	d.begin(t, m, fieldMap)
	d.raw, d.body, d.numHeads = rawBody, body, 0
	d.buf.b = body[:len(body):len(body)] // names are in place
	if len(boundary) == 0 || len(boundary) > 70 {
		return verdict.BodyMediaType
	}
	d.numDelim = copy(d.delim[:], "\r\n--")
	d.numDelim += copy(d.delim[4:], boundary)
	n := uint8(d.numDelim)
	for i := range d.skip {
		d.skip[i] = n
	}
	for i, c := range d.delim[:n-1] {
		d.skip[c] = n - 1 - uint8(i)
	}
	// The first delimiter has no line in front of it.
	if len(body) < int(n)-2 || string(body[:n-2]) != string(d.delim[2:n]) {
		return verdict.BodySyntax
	}
	rest := body[n-2:]
	for {
		if len(rest) >= 2 && rest[0] == '-' && rest[1] == '-' {
			if rest = rest[2:]; len(rest) != 0 && string(rest) != "\r\n" {
				return verdict.BodySyntax
			}
			break
		}
		if len(rest) < 2 || rest[0] != '\r' || rest[1] != '\n' {
			return verdict.BodySyntax
		}
		end := d.delimiter(rest[2:])
		if end < 0 {
			return verdict.BodySyntax
		}
		if code := d.part(rest[2:2+end], m.Fields()); code != verdict.Allow {
			return code
		}
		rest = rest[2+end+int(n):]
	}
	d.start(out, 0)
	return d.write()
}

// delimiter is the place of the next delimiter in s, or -1.
func (d *Decoder) delimiter(s []byte) int {
	n := d.numDelim
	delim := d.delim[:n]
	// A part without header fields begins with the empty line that ends them;
	// one without anything is malformed, and has no delimiter of its own.
	for i := n - 1; i < len(s); i += int(d.skip[s[i]]) {
		if s[i] == delim[n-1] && string(s[i-n+1:i+1]) == string(delim) {
			return i - n + 1
		}
	}
	return -1
}

// part reads one part: header fields, an empty line, content.
func (d *Decoder) part(s []byte, encodings table.Range) verdict.Code {
	var disposition, contentType []byte
	seen := 0
	rest := s
	for {
		line, after, ok := crlf(rest)
		if !ok {
			return verdict.BodySyntax
		}
		rest = after
		if len(line) == 0 {
			break
		}
		name, value, ok := headerField(line)
		if !ok {
			return verdict.BodySyntax
		}
		bit := 0
		switch {
		case text.EqualFold("content-disposition", name):
			bit, disposition = 1, value
		case text.EqualFold("content-type", name):
			bit, contentType = 2, value
		case text.EqualFold("content-transfer-encoding", name):
			// RFC 7578 section 4.7: deprecated, and identity in what is left of it.
			if bit = 4; !text.EqualFold("binary", value) && !text.EqualFold("8bit", value) && !text.EqualFold("7bit", value) {
				return verdict.BodyEncoding
			}
		}
		if seen&bit != 0 {
			return verdict.BodySyntax
		}
		seen |= bit
	}
	head := s[:len(s)-len(rest)]
	raw, ok := formDataName(disposition)
	if !ok || !json.ValidUTF8(raw) {
		return verdict.BodySyntax
	}
	name := d.inPlace(raw)
	if code := d.partName(name); code != verdict.Allow {
		return code
	}
	c, code := d.child(0, name)
	if code != verdict.Allow {
		return code
	}
	encoding := d.encoding(name, encodings)
	d.fields[c].encoding = encoding
	how, code := d.partKind(contentType, encoding)
	if code != verdict.Allow {
		return code
	}
	if encoding != none && d.t.Field(encoding).Headers().Count > 0 {
		if d.numHeads == maxPartHeads {
			return verdict.ParamTooMany
		}
		d.heads[d.numHeads] = partHead{encoding, head}
		d.numHeads++
	}
	if code := d.add(c, rest, d.types(d.fields[c].shape)&table.TypeArray != 0); code != verdict.Allow {
		return code
	}
	if f := &d.fields[c]; f.kind == fieldList {
		c = f.last
	}
	d.fields[c].how = how
	return verdict.Allow
}

// partName refuses a part whose name some take for another's.
func (d *Decoder) partName(name span) verdict.Code {
	text := d.text(name)
	shape := d.fields[0].shape
	if shape == none {
		if d.overrides(text) {
			return verdict.RequestOverride
		}
		return verdict.Allow
	}
	s := d.t.Shape(shape)
	if _, named := s.Member(text, name.hash); named {
		return verdict.Allow
	}
	if d.lax&table.OpFlagBracketNames == 0 && encodedWord(text) {
		return verdict.ParamAmbiguous
	}
	return d.undeclared(s, text)
}

// partKind is how a part of that content type is read. A part without one is
// text (RFC 7578 section 4.4), or what the description says when that is one
// type.
func (d *Decoder) partKind(contentType []byte, encoding uint32) (uint8, verdict.Code) {
	typ := contentType
	if len(typ) > 0 {
		var params []byte
		var ok bool
		if typ, params, ok = media.Split(typ); !ok || !media.UTF8(params) {
			return 0, verdict.BodyMediaType
		}
	}
	if encoding != none {
		types := d.t.Field(encoding).ContentTypes()
		if n := types.Len(); n > 0 {
			if len(typ) == 0 && n == 1 {
				typ = types.At(0)
			}
			if len(typ) == 0 {
				typ = textPlain
			}
			ok := false
			for i := uint32(0); i < n; i++ {
				ok = ok || rangeMatches(types.At(i), typ)
			}
			if !ok {
				return 0, verdict.BodyMediaType
			}
		}
	}
	switch {
	case len(typ) == 0 || len(typ) > 5 && text.EqualFold("text/", typ[:5]) && !text.EqualFold("text/json", typ) || typ[len(typ)-1] == '*':
		return partText, verdict.Allow
	case text.EqualFold("application/json", typ), text.EqualFold("text/json", typ), len(typ) > 5 && text.EqualFold("+json", typ[len(typ)-5:]):
		return partJSON, verdict.Allow
	}
	return partBinary, verdict.Allow
}

var textPlain = []byte("text/plain")

// rangeMatches reports whether a lower-case media range has the type.
func rangeMatches(want, typ []byte) bool {
	if n := len(want); n >= 2 && want[n-1] == '*' {
		return n == 3 && want[0] == '*' || len(typ) >= n-1 && text.EqualFold(want[:n-1], typ[:n-1])
	}
	return text.EqualFold(want, typ)
}

// crlf splits s after the first line. A line feed or carriage return alone is
// refused.
func crlf(s []byte) (line, rest []byte, ok bool) {
	for i, c := range s {
		switch c {
		case '\r':
			if i+1 == len(s) || s[i+1] != '\n' {
				return nil, nil, false
			}
			return s[:i], s[i+2:], true
		case '\n', 0:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// headerField splits a line into name and value (RFC 9110 sections 5.1 and 5.5).
func headerField(line []byte) (name, value []byte, ok bool) {
	i := index(line, ':')
	if i <= 0 {
		return nil, nil, false
	}
	for _, c := range line[:i] {
		if !media.Token(c) {
			return nil, nil, false // a folded line begins with a space
		}
	}
	for _, c := range line[i+1:] {
		if c < ' ' && c != '\t' || c == 0x7f {
			return nil, nil, false
		}
	}
	return line[:i], text.Trim(line[i+1:]), true
}

// formDataName is the name in `form-data; name="..."; filename="..."` (RFC
// 7578 section 4.2). filename* is refused, as that section says, and so is a
// parameter that stands twice.
func formDataName(v []byte) (name []byte, ok bool) {
	kind, rest := text.Cut(v, ';')
	if !text.EqualFold("form-data", text.Trim(kind)) {
		return nil, false
	}
	names, files := 0, 0
	for rest = text.Trim(rest); len(rest) > 0; {
		at := index(rest, '=')
		if at <= 0 {
			return nil, false
		}
		key := rest[:at]
		var value []byte
		if value, rest, ok = quoted(rest[at+1:]); !ok {
			return nil, false
		}
		switch {
		case text.EqualFold("name", key):
			name = value
			names++
		case text.EqualFold("filename", key):
			files++
		default:
			return nil, false
		}
		rest = text.Trim(rest)
		if len(rest) == 0 {
			break
		}
		if rest[0] != ';' {
			return nil, false
		}
		if rest = text.Trim(rest[1:]); len(rest) == 0 {
			return nil, false
		}
	}
	return name, names == 1 && files <= 1
}

// quoted reads a quoted string, or a token (RFC 9110 section 5.6.2, narrower
// than RFC 2045's). Browsers write a quote inside as %22; a backslash, which
// readers take in two ways, is refused.
func quoted(s []byte) (value, rest []byte, ok bool) {
	if len(s) > 0 && s[0] == '"' {
		end := index(s[1:], '"')
		if end < 0 || index(s[1:1+end], '\\') >= 0 {
			return nil, nil, false
		}
		return s[1 : 1+end], s[2+end:], true
	}
	n := 0
	for n < len(s) && media.Token(s[n]) {
		n++
	}
	return s[:n], s[n:], n > 0
}

// NumPartHeads is how many parts of the last Multipart have header fields to
// be judged.
func (d *Decoder) NumPartHeads() uint32 { return d.numHeads }

// PartHeaders is what the description says of the header fields of part i.
func (d *Decoder) PartHeaders(i uint32) table.Range {
	return d.t.Field(d.heads[i].encoding).Headers()
}

// PartHeader makes the value of a header field of part i, as Value does.
func (d *Decoder) PartHeader(i, record uint32) (code verdict.Code, skip bool) {
	p := d.t.Param(record)
	var raw []byte
	found := false
	for rest := d.heads[i].head; ; {
		line, after, ok := crlf(rest)
		if !ok || len(line) == 0 {
			break
		}
		rest = after
		name, value, ok := headerField(line)
		if !ok || !text.EqualFold(p.Name(), name) {
			continue
		}
		if found {
			return verdict.ParamDuplicate, true
		}
		raw, found = value, true
	}
	if !found {
		if p.Flags()&table.ParamFlagRequired != 0 {
			return verdict.ParamMissing, true
		}
		return verdict.Allow, true
	}
	// The form on the other tape is judged by now: its fields are not needed.
	d.buf.b = d.own
	d.fields[0] = field{raw: raw, shape: p.Shape(), first: none, last: none, next: none, parent: none, kind: fieldText, encoding: none}
	d.num, d.inBody, d.raw = 1, false, rawField
	d.params = table.Range{Start: record, Count: 1}
	d.gen++
	d.start(&d.Tape, 0)
	return d.write(), false
}
