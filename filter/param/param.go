package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// MaxParams bounds the parameters of one operation.
const MaxParams = 256

// Decoder collects the raw texts of an operation's parameters and turns one
// after the other into a value. It is made once and reused; all it returns is
// valid until the next Begin.
//
// Invariants: raw[i] belongs to the i-th parameter of the operation that Begin
// was given, and is only meaningful where seen[i].
type Decoder struct {
	Tape   json.Tape // the value of the last Value call, at node 0
	buf    buffer
	params table.Range
	t      *table.Table
	seen   [MaxParams]bool
	raw    [MaxParams][]byte
}

// New returns a Decoder for requests whose parameters have at most maxBytes of
// text together, and maxNodes values each.
func New(maxBytes, maxNodes int) *Decoder {
	d := &Decoder{buf: buffer{make([]byte, 0, maxBytes)}}
	d.Tape.Nodes = make([]json.Node, 0, maxNodes)
	return d
}

// Begin starts the parameters of op.
func (d *Decoder) Begin(t *table.Table, op table.Op) verdict.Code {
	d.t, d.params = t, op.Params()
	if d.params.Count > MaxParams {
		return verdict.Internal // schemagen refuses such an operation
	}
	for i := uint32(0); i < d.params.Count; i++ {
		d.seen[i] = false
	}
	d.buf.b = d.buf.b[:0]
	return verdict.Allow
}

// set records the raw text of parameter i; a second one is refused, because
// which of the two the upstream takes is not known.
func (d *Decoder) set(i uint32, raw []byte) verdict.Code {
	if d.seen[i] {
		return verdict.ParamDuplicate
	}
	d.seen[i], d.raw[i] = true, raw
	return verdict.Allow
}

// find is the parameter with that place and name.
func (d *Decoder) find(in uint8, name []byte) (uint32, bool) {
	h := table.HashSegment(name)
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		if p.Hash() == h && p.In() == in && string(p.Name()) == string(name) {
			return i, true
		}
	}
	return 0, false
}

// Path takes the captures of the matched path, decoded.
func (d *Decoder) Path(captures [][]byte) {
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		if c := p.Capture(); c != table.NoIndex && c < uint32(len(captures)) {
			d.seen[i], d.raw[i] = true, captures[c]
		}
	}
}

// Query takes the query, without its '?'. unknown is what happens to a name
// that the operation does not declare; under ActionMonitor and ActionPass the
// number of those is returned. On a refusal name is the parameter it is about.
func (d *Decoder) Query(q []byte, unknown uint8) (code verdict.Code, name []byte, passed int) {
	for len(q) > 0 {
		var pair []byte
		pair, q = cut(q, '&')
		if len(pair) == 0 {
			continue
		}
		rawName, value := cut(pair, '=')
		off, n, code := d.buf.decode(rawName, true)
		if code != verdict.Allow {
			return code, nil, passed
		}
		name = d.buf.b[off : off+n]
		i, ok := d.find(table.InQuery, name)
		if !ok {
			if unknown != table.ActionMonitor && unknown != table.ActionPass {
				return verdict.ParamUnknown, name, passed
			}
			passed++
			continue
		}
		if code := d.set(i, value); code != verdict.Allow {
			return code, name, passed
		}
	}
	return verdict.Allow, nil, passed
}

// Header takes a header field whose name is lower case. Fields that are no
// parameter are none of its business.
func (d *Decoder) Header(name, value []byte) verdict.Code {
	if i, ok := d.find(table.InHeader, name); ok {
		return d.set(i, value)
	}
	return verdict.Allow
}

// HasHeaders reports whether the operation declares a parameter in place in.
func (d *Decoder) Has(in uint8) bool {
	for i := uint32(0); i < d.params.Count; i++ {
		if d.t.Param(d.params.Start+i).In() == in {
			return true
		}
	}
	return false
}

// Cookie takes the value of a Cookie field: pairs separated by "; " (RFC 6265
// section 4.2.1). Unknown cookies are none of its business.
func (d *Decoder) Cookie(value []byte) (code verdict.Code, name []byte) {
	for len(value) > 0 {
		var pair []byte
		pair, value = cut(value, ';')
		for len(pair) > 0 && pair[0] == ' ' {
			pair = pair[1:]
		}
		name, text := cut(pair, '=')
		if i, ok := d.find(table.InCookie, name); ok {
			if code := d.set(i, text); code != verdict.Allow {
				return code, name
			}
		}
	}
	return verdict.Allow, nil
}

// Value makes the value of parameter i, as the first node of Tape. skip is set
// where there is nothing to judge: an optional parameter that is not there, or
// an empty one that may be empty.
func (d *Decoder) Value(i uint32) (code verdict.Code, skip bool) {
	p := d.t.Param(d.params.Start + i)
	if !d.seen[i] {
		if p.Flags()&table.ParamFlagRequired != 0 {
			return verdict.ParamMissing, true
		}
		return verdict.Allow, true
	}
	raw := d.raw[i]
	if len(raw) == 0 && p.Flags()&table.ParamFlagAllowEmpty != 0 {
		return verdict.Allow, true
	}
	var off, n uint32
	switch p.In() {
	case table.InQuery:
		off, n, code = d.buf.decode(raw, true)
	case table.InPath: // route decoded it
		var ok bool
		if off, n, ok = d.buf.copy(raw); ok {
			code = verdict.Allow
		} else {
			code = verdict.RequestPathTooLong
		}
	default:
		code = verdict.ParamMalformed
		if printable(raw) {
			var ok bool
			if off, n, ok = d.buf.copy(raw); ok {
				code = verdict.Allow
			} else {
				code = verdict.RequestHeadersTooLarge
			}
		}
	}
	if code != verdict.Allow {
		return code, false
	}
	d.Tape.Reset(d.buf.b)
	if !d.scalar(p.Types(), off, n) {
		return verdict.Internal, false
	}
	return verdict.Allow, false
}

// AsString replaces the value of the last Value call by its text, and reports
// whether that is another value that the schema may take: "1" is a number or a
// string to a schema that takes both.
func (d *Decoder) AsString(i uint32) bool {
	p := d.t.Param(d.params.Start + i)
	n := d.Tape.Nodes[0]
	if n.Kind() == json.KindString || p.Types()&table.TypeString == 0 {
		return false
	}
	d.Tape.Reset(d.Tape.Src)
	_, ok := d.Tape.AppendString(n.Off, n.Len)
	return ok
}

// scalar appends the text at off as the most specific of types that it can be;
// as a string when it can be none, so that the schema's type keyword refuses it
// with its place and name.
func (d *Decoder) scalar(types uint16, off, n uint32) bool {
	text := d.Tape.Src[off : off+n]
	if types&table.TypeBoolean != 0 {
		switch string(text) {
		case "true":
			_, ok := d.Tape.AppendBool(true, off, n)
			return ok
		case "false":
			_, ok := d.Tape.AppendBool(false, off, n)
			return ok
		}
	}
	if types&(table.TypeNumber|table.TypeInteger) != 0 {
		if _, ok := d.Tape.AppendNumber(off, n); ok {
			return true
		}
	}
	if types&table.TypeNull != 0 && string(text) == "null" {
		_, ok := d.Tape.AppendNull(off, n)
		return ok
	}
	_, ok := d.Tape.AppendString(off, n)
	return ok
}

// cut splits s at the first sep.
func cut(s []byte, sep byte) (before, after []byte) {
	for i, c := range s {
		if c == sep {
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}

// printable reports whether s is visible ASCII, space or tab: what a field
// value may hold without being read differently elsewhere (RFC 9110 section 5.5).
func printable(s []byte) bool {
	for _, c := range s {
		if c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}
