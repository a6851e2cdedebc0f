package param

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// MaxParams bounds the parameters of one operation.
const MaxParams = 256

// Limits sizes a Decoder.
type Limits struct {
	TextBytes int // decoded texts of one request's parameters, or of one form
	Values    int // parameters, fields and parts of one request
	Nodes     int // of the tape of one parameter
	Depth     int // of JSON in parameters and fields
	Seed      uint64
}

// Decoder collects the raw texts of an operation's parameters, or of a form's
// fields, and turns them into values. It is made once and reused; all that it
// returns is valid until the next Begin, Form or Multipart.
//
// Invariants: during the parameters of an operation, fields[i] belongs to its
// i-th parameter; during a body, fields[0] is the whole form.
type Decoder struct {
	Tape json.Tape // the value of the last Value call, at node 0

	t       *table.Table
	op      table.Op
	params  table.Range
	lax     uint32 // what passes although it is ambiguous (OpFlag..)
	places  uint8  // bit 1<<in: the operation declares parameters there
	lengths uint64 // bit n: of a header field a name is n bytes long, modulo 64
	tree
	form   formState
	picked [maxPicked]uint32
	multipart
	emitter

	// Deprecated counts deprecated parameters that the request has.
	Deprecated uint32
}

// New returns a Decoder. parser reads JSON inside parameters and fields, and
// is not used between calls.
func New(l Limits, parser *json.Parser) *Decoder {
	d := &Decoder{}
	d.Tape.Nodes = make([]json.Node, 0, l.Nodes)
	d.own = make([]byte, 0, l.TextBytes)
	d.tree.init(l.Values+MaxParams, l.Seed)
	d.parser, d.maxDepth = parser, uint32(l.Depth)
	return d
}

// Begin starts the parameters of op.
func (d *Decoder) Begin(t *table.Table, op table.Op) verdict.Code {
	d.t, d.op, d.params, d.lax = t, op, op.Params(), op.Flags()
	if d.params.Count > MaxParams {
		return verdict.Internal // schemagen refuses such an operation
	}
	d.begun()
	return verdict.Allow
}

// begun makes a field of each of params, without a value.
func (d *Decoder) begun() {
	d.buf.b = d.own
	d.reset()
	d.places, d.lengths, d.Deprecated, d.inBody, d.given = 0, 0, 0, false, 0
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		d.places |= 1 << p.In()
		if p.In() == table.InHeader {
			d.lengths |= 1 << (uint(len(p.Name())) & 63)
		}
		d.fields[i] = field{shape: p.Shape(), first: none, last: none, next: none, parent: none, encoding: none}
	}
	d.num = d.params.Count
}

// Has reports whether the operation declares a parameter in place in.
func (d *Decoder) Has(in uint8) bool { return d.places>>in&1 != 0 }

// find is the parameter with that place, name and hash of the name.
func (d *Decoder) find(in uint8, name []byte, hash uint32) (uint32, bool) {
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		if p.Hash() == hash && p.In() == in && string(p.Name()) == string(name) {
			return i, true
		}
	}
	return 0, false
}

// types is the types of a shape.
func (d *Decoder) types(shape uint32) uint16 {
	if shape == table.NoIndex {
		return 0
	}
	return d.t.Shape(shape).Types()
}

const scalars = table.TypeNull | table.TypeBoolean | table.TypeNumber | table.TypeInteger | table.TypeString

// spread reports an object whose members stand under names of their own: style
// form with explode. Its own name is not in the request.
func (d *Decoder) spread(p table.Param) bool {
	if s := p.Style(); s != table.StyleForm && s != table.StyleCookie {
		return false
	}
	types := d.types(p.Shape())
	return p.Flags()&table.ParamFlagExplode != 0 && types&table.TypeObject != 0
}

// Path takes the captures of the matched path, as they came.
func (d *Decoder) Path(captures [][]byte) verdict.Code {
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		if c := p.Capture(); c != table.NoIndex && c < uint32(len(captures)) {
			d.fields[i].kind, d.fields[i].raw = fieldText, captures[c]
		}
	}
	return verdict.Allow
}

// Query takes the query, without its '?'. unknown is what happens to a name
// that the operation does not declare; under ActionMonitor and ActionPass the
// number of those is returned. On a refusal name is the parameter it is about.
func (d *Decoder) Query(q []byte, unknown uint8) (code verdict.Code, name []byte, passed int) {
	if d.Has(table.InQuerystring) {
		return d.whole(q), nil, 0
	}
	for len(q) > 0 {
		// Most names are plain and declared: they need not be decoded.
		n, hash := plainName(q)
		if n > 0 && n < len(q) && q[n] == '=' {
			if i, ok := d.find(table.InQuery, q[:n], hash); ok {
				if p := d.t.Param(d.params.Start + i); d.types(p.Shape())&(table.TypeArray|table.TypeObject) == 0 {
					var value []byte
					var semicolon bool
					name = q[:n]
					value, q, semicolon = cutPair(q[n+1:])
					if semicolon && d.lax&table.OpFlagRawSemicolon == 0 && p.Flags()&table.ParamFlagAllowReserved == 0 {
						return verdict.ParamAmbiguous, name, passed
					}
					if code := d.add(i, value, false); code != verdict.Allow {
						return code, name, passed
					}
					continue
				}
			}
		}
		var pair []byte
		pair, q = text.Cut(q, '&')
		if len(pair) == 0 {
			continue
		}
		rawName, value := text.Cut(pair, '=')
		at, code := d.buf.name(rawName, true)
		if code != verdict.Allow {
			return code, nil, passed
		}
		name = d.text(at)
		if d.divided(pair) && !d.reserved(rawName, at) {
			return verdict.ParamAmbiguous, name, passed
		}
		code, found := d.query(at, value)
		if code != verdict.Allow {
			return code, name, passed
		}
		if found || d.credential(name) {
			continue
		}
		if unknown != table.ActionMonitor && unknown != table.ActionPass {
			return verdict.ParamUnknown, name, passed
		}
		if d.overrides(name) {
			return verdict.RequestOverride, name, passed
		}
		passed++
	}
	return verdict.Allow, nil, passed
}

// plainName is the length of the plain text that s begins with, and its hash.
func plainName(s []byte) (n int, hash uint32) {
	hash = hashStart
	for n < len(s) {
		c := s[n]
		if c == '=' || c == '&' || plain[c>>5]>>(c&31)&1 == 0 {
			break
		}
		hash = (hash ^ uint32(c)) * hashPrime
		n++
	}
	return n, hash
}

// whole gives the query to the parameter that is all of it (OpenAPI 3.2.0
// section 4.12.2.3).
func (d *Decoder) whole(q []byte) verdict.Code {
	for i := uint32(0); i < d.params.Count; i++ {
		p := d.t.Param(d.params.Start + i)
		if p.In() != table.InQuerystring {
			continue
		}
		if p.Style() != table.StyleContentForm {
			if len(q) > 0 {
				d.fields[i].kind, d.fields[i].raw = fieldText, q
			}
			return verdict.Allow
		}
		if len(q) == 0 {
			return verdict.Allow
		}
		d.fields[i].kind = fieldMap
		return d.pairs(i, q, table.Range{})
	}
	return verdict.Allow
}

// query puts one pair where it belongs; found is false when that is nowhere.
func (d *Decoder) query(at span, value []byte) (code verdict.Code, found bool) {
	name := d.text(at)
	if i, ok := d.find(table.InQuery, name, at.hash); ok {
		if p := d.t.Param(d.params.Start + i); !d.spread(p) || d.types(p.Shape())&scalars != 0 {
			return d.add(i, value, d.repeats(p)), true
		}
	}
	if n := index(name, '['); n > 0 {
		base := span{at.off, uint32(n), table.HashSegment(name[:n])}
		if i, ok := d.find(table.InQuery, name[:n], base.hash); ok {
			if p := d.t.Param(d.params.Start + i); p.Style() == table.StyleDeepObject {
				return d.deep(i, span{at.off + uint32(n), at.n - uint32(n), 0}, value), true
			}
		}
	}
	if d.aliases(name) {
		return verdict.ParamAmbiguous, true
	}
	return d.member(table.InQuery, at, value)
}

// reserved reports the name of a parameter whose value may hold reserved bytes, a ';'
// among them.
func (d *Decoder) reserved(rawName []byte, at span) bool {
	i, ok := d.find(table.InQuery, d.text(at), at.hash)
	return ok && index(rawName, ';') < 0 && d.t.Param(d.params.Start+i).Flags()&table.ParamFlagAllowReserved != 0
}

// member gives a pair to the object that has such a member, spread over the
// query or the cookies: first to one that names it, then to one that takes any.
func (d *Decoder) member(in uint8, at span, value []byte) (code verdict.Code, found bool) {
	for _, named := range [...]bool{true, false} {
		for i := uint32(0); i < d.params.Count; i++ {
			p := d.t.Param(d.params.Start + i)
			if p.In() != in || !d.spread(p) {
				continue
			}
			s := d.t.Shape(p.Shape())
			_, has := s.Member(d.text(at), at.hash)
			if has != named || !named && s.Flags()&table.ShapeFlagOpen == 0 {
				continue
			}
			c, code := d.child(i, at)
			if code != verdict.Allow {
				return code, true
			}
			return d.add(c, value, d.types(d.fields[c].shape)&table.TypeArray != 0), true
		}
	}
	return verdict.Allow, false
}

// repeats reports a parameter whose name may stand more than once.
func (d *Decoder) repeats(p table.Param) bool {
	types := d.types(p.Shape())
	switch p.In() {
	case table.InHeader: // RFC 9110 section 5.3: the same as one field with a list
		return types&(table.TypeArray|table.TypeObject) != 0
	case table.InQuery, table.InCookie:
		switch p.Style() {
		case table.StyleForm, table.StyleCookie, table.StyleSpaceDelimited, table.StylePipeDelimited, table.StyleTabDelimited:
			return p.Flags()&table.ParamFlagExplode != 0 && types&table.TypeArray != 0
		}
	}
	return false
}

// credential reports a query parameter that one of the operation's security
// schemes reads: it is declared there.
func (d *Decoder) credential(name []byte) bool {
	reqs := d.op.Requirements()
	for i := reqs.Start; i < reqs.End(); i++ {
		uses := d.t.Requirement(i)
		for j := uses.Start; j < uses.End(); j++ {
			scheme, _ := d.t.Use(j)
			s := d.t.Scheme(scheme)
			if s.Kind() == table.SchemeAPIKey && s.In() == table.InQuery && string(s.ParamName()) == string(name) {
				return true
			}
		}
	}
	return false
}

// Header takes a header field whose name is lower case. Fields that are no
// parameter are none of its business, but for those that some upstream takes for one.
func (d *Decoder) Header(name, value []byte) verdict.Code {
	if d.lengths>>(uint(len(name))&63)&1 == 0 {
		return verdict.Allow // no declared one is as long
	}
	if i, ok := d.find(table.InHeader, name, table.HashSegment(name)); ok {
		return d.add(i, value, d.repeats(d.t.Param(d.params.Start+i)))
	}
	if d.aliasesHeader(name) {
		return verdict.ParamAmbiguous
	}
	return verdict.Allow
}

// Cookie takes the value of a Cookie field: pairs separated by "; " (RFC 6265
// section 4.2.1). Unknown cookies are none of its business. A pair that holds
// '&' is several where a parameter of style form could have written it.
func (d *Decoder) Cookie(value []byte) (code verdict.Code, name []byte) {
	for len(value) > 0 {
		var pair []byte
		pair, value = text.Cut(value, ';')
		name, content := text.Cut(pair, '=')
		// Servers drop white space around names and values, not only the space
		// between pairs: "a =1" is a cookie a to them (RFC 6265 section 5.2).
		name, content = text.Trim(name), text.Trim(content)
		if d.aliasesCookie(name, content) {
			return verdict.ParamAmbiguous, name
		}
		at, ok := d.buf.copyName(name)
		if !ok {
			return verdict.RequestHeadersTooLarge, nil
		}
		if i, ok := d.find(table.InCookie, name, at.hash); ok {
			p := d.t.Param(d.params.Start + i)
			if !d.spread(p) || d.types(p.Shape())&scalars != 0 {
				if code := d.cookie(i, p, content); code != verdict.Allow {
					return code, name
				}
				continue
			}
		}
		if code := d.cookieMembers(at, pair, content); code != verdict.Allow {
			return code, name
		}
	}
	return verdict.Allow, nil
}

// cookie adds the text of a declared cookie. Style form with explode writes an
// array as "a=1&a=2".
func (d *Decoder) cookie(i uint32, p table.Param, content []byte) verdict.Code {
	repeats := d.repeats(p)
	if !repeats || p.Style() != table.StyleForm {
		return d.add(i, content, repeats)
	}
	for first := true; ; first = false {
		var piece []byte
		more := index(content, '&') >= 0
		piece, content = text.Cut(content, '&')
		if !first {
			var name []byte
			if name, piece = text.Cut(piece, '='); string(name) != string(p.Name()) {
				return verdict.ParamMalformed
			}
		}
		if code := d.add(i, piece, true); code != verdict.Allow || !more {
			return code
		}
	}
}

// cookieMembers gives the pairs of one cookie to objects of style form, which
// write "a=1&b=2".
func (d *Decoder) cookieMembers(at span, pair, content []byte) verdict.Code {
	if _, found := d.hasMember(at); !found {
		return verdict.Allow
	}
	if index(content, '&') < 0 {
		code, _ := d.member(table.InCookie, at, content)
		return code
	}
	for len(pair) > 0 {
		var one []byte
		one, pair = text.Cut(pair, '&')
		name, value := text.Cut(one, '=')
		at, ok := d.buf.copyName(text.Trim(name))
		if !ok {
			return verdict.RequestHeadersTooLarge
		}
		if code, _ := d.member(table.InCookie, at, text.Trim(value)); code != verdict.Allow {
			return code
		}
	}
	return verdict.Allow
}

// hasMember finds the cookie object that names a member so.
func (d *Decoder) hasMember(at span) (uint32, bool) {
	for i := uint32(0); i < d.params.Count; i++ {
		if p := d.t.Param(d.params.Start + i); p.In() == table.InCookie && d.spread(p) {
			if _, has := d.t.Shape(p.Shape()).Member(d.text(at), at.hash); has {
				return i, true
			}
		}
	}
	return 0, false
}

func index(s []byte, c byte) int {
	for i, x := range s {
		if x == c {
			return i
		}
	}
	return -1
}
