package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// Bounds of what an upstream is told, in bytes: of one value, and of all of a
// request's. More is refused with forward_too_large.
const (
	maxForwardValue = 4 << 10
	maxForward      = 8 << 10
)

// reserved begins the names that are this filter's own.
const reserved = "x-portcullis-"

// forwarder is what an engine needs to tell upstreams who calls. Tables without
// forward rules have none.
//
// Invariants: fields and buf are about the last check; buf has room for maxForward
// bytes, so that fields' values stay where they are.
type forwarder struct {
	identity [][]byte // names of all rules' header fields
	keys     [][]byte // names of all header fields with credentials
	fields   []Header
	buf      []byte
	text     []byte // one unescaped string
	drops    bool   // the last request's credentials are to be removed
	sign     *signer
}

// newForwarder makes what t needs, nil when that is nothing.
func newForwarder(t *table.Table, o *Options) *forwarder {
	if t.NumForwards() == 0 {
		return nil
	}
	f := &forwarder{}
	most := 0
	for i := range t.NumForwards() {
		if t.ForwardKind(i) != table.ForwardRule {
			_, name, _ := t.ForwardField(i)
			f.identity = append(f.identity, name)
			continue
		}
		rule := t.Forward(i)
		most = max(most, int(rule.Fields.Count))
		if len(rule.Header) != 0 {
			f.identity = append(f.identity, rule.Header)
		}
		if rule.Secret != table.NoIndex && f.sign == nil {
			f.sign = newSigner(t, o)
		}
	}
	f.keys = append(f.keys, []byte("authorization"), []byte("proxy-authorization"), []byte(proofField))
	for i := range t.NumSchemes() {
		if s := t.Scheme(i); s.Kind() == table.SchemeAPIKey && s.In() == table.InHeader {
			f.keys = append(f.keys, s.ParamName())
		}
	}
	f.fields = make([]Header, 0, most+1)
	f.buf = make([]byte, 0, maxForward)
	f.text = make([]byte, 0, o.MaxTokenBytes)
	return f
}

// Forwards reports whether any operation's upstream is told who calls. What
// IsIdentity names must then not arrive from outside, in any mode.
func (e *Engine) Forwards() bool { return e.fwd != nil }

// IsIdentity reports a field that only this filter may set, in headers or
// trailers: the names of all forward rules and x-portcullis-*, in every spelling
// that some upstream takes for the same.
func (e *Engine) IsIdentity(name []byte) bool {
	f := e.fwd
	if f == nil {
		return false
	}
	if len(name) > len(reserved) && table.Alike(name[:len(reserved)], reserved) {
		return true
	}
	for _, own := range f.identity {
		if table.Alike(name, own) {
			return true
		}
	}
	return false
}

// DropsCredential reports a header field that shows a credential which is not to
// arrive, for the request of the last CheckHeaders.
func (e *Engine) DropsCredential(name []byte) bool {
	if e.fwd == nil || !e.fwd.drops {
		return false
	}
	for _, key := range e.fwd.keys {
		if table.Alike(name, key) {
			return true
		}
	}
	return false
}

// Forwarded is the header fields to set on the request of the last CheckHeaders,
// valid until the next. There may be some for a request that is refused, in mode
// monitor.
func (e *Engine) Forwarded() []Header {
	if e.fwd == nil {
		return nil
	}
	return e.fwd.fields
}

// forward is the last stage before the body: it makes what the upstream is told,
// where code lets the request pass, or mode monitor will. A value that can't be
// told refuses.
func (e *Engine) forward(r *Request, d *Decision, code verdict.Code) verdict.Code {
	f := e.fwd
	if f == nil {
		return code
	}
	f.fields, f.buf, f.drops = f.fields[:0], f.buf[:0], false
	if d.Op == table.NoIndex || d.Preflight {
		return code
	}
	index := e.t.Op(d.Op).Forward()
	if index == table.NoIndex {
		return code
	}
	rule := e.t.Forward(index)
	f.drops = rule.Credentials != table.CredentialsKeep
	passes := code == verdict.Allow || code == verdict.NeedBody
	if d.Mode == table.ModeOff || !passes && d.Mode != table.ModeMonitor {
		return code
	}
	for i := rule.Fields.Start; i < rule.Fields.End(); i++ {
		kind, name, path := e.t.ForwardField(i)
		start := len(f.buf)
		bad := e.appendForward(kind, path, d, code)
		if bad == 0 && len(f.buf)-start > maxForwardValue {
			bad = verdict.ForwardTooLarge
		}
		if bad != 0 || len(f.buf) == start {
			f.buf = f.buf[:start]
			code = worse(code, bad, d)
			continue
		}
		f.fields = append(f.fields, Header{name, f.buf[start:len(f.buf):len(f.buf)]})
	}
	if rule.Secret != table.NoIndex && (code == verdict.Allow || code == verdict.NeedBody) {
		bad := e.assert(r, &rule, d)
		code = worse(code, bad, d)
	}
	return code
}

// worse is bad where it refuses what code lets pass.
func worse(code, bad verdict.Code, d *Decision) verdict.Code {
	if bad == 0 || code != verdict.Allow && code != verdict.NeedBody {
		return code
	}
	d.Part = verdict.PartSecurity
	return bad
}

// appendForward appends the value of a field to f.buf: nothing where there is
// none, or its code when there is one that can't be told.
func (e *Engine) appendForward(kind uint8, path table.Names, d *Decision, code verdict.Code) verdict.Code {
	f := e.fwd
	if kind >= table.ForwardRisk {
		return f.appendRisk(kind, d, code)
	}
	if !e.known {
		return 0
	}
	who := e.Principal()
	if who.Consumer != table.NoIndex {
		c := e.t.Consumer(who.Consumer)
		switch kind {
		case table.ForwardConsumer:
			return f.appendValue(c.Name(), true)
		case table.ForwardPlan:
			return f.appendValue(c.Plan(), true)
		case table.ForwardAttribute:
			value, _ := c.Attribute(path.At(0))
			return f.appendValue(value, true)
		}
	}
	if !who.Token {
		if kind == table.ForwardScopes && who.Consumer != table.NoIndex {
			return f.appendNames(e.t.Consumer(who.Consumer).Scopes())
		}
		return 0
	}
	switch kind {
	case table.ForwardSubject:
		return f.appendValue(who.Subject, true)
	case table.ForwardIssuedBy:
		return f.appendValue(e.t.Provider(who.Provider).Issuer, true)
	case table.ForwardProvider:
		return f.appendValue(e.t.Provider(who.Provider).Name, true)
	case table.ForwardScopes:
		return e.appendScopes()
	case table.ForwardClaim:
		t := e.tokens.Claims()
		if at, ok := find(t, path); ok {
			return f.appendNode(t, at)
		}
	}
	return 0
}

// appendNames appends the scopes of a consumer as appendScopes does.
func (f *forwarder) appendNames(scopes table.Names) verdict.Code {
	for i := range scopes.Len() {
		if i > 0 {
			f.buf = text.Byte(f.buf, ' ')
		}
		if code := f.appendValue(scopes.At(i), false); code != 0 {
			return code
		}
		if len(f.buf) == cap(f.buf) {
			return verdict.ForwardTooLarge
		}
	}
	return 0
}

// appendScopes appends the token's scopes with a space between each two.
func (e *Engine) appendScopes() verdict.Code {
	f := e.fwd
	start := len(f.buf)
	for rest := e.tokens.ScopeText(); len(rest) > 0; {
		var scope []byte
		scope, rest = e.tokens.CutScope(rest)
		if len(scope) == 0 {
			continue
		}
		if len(f.buf) > start {
			f.buf = text.Byte(f.buf, ' ')
		}
		// A space in a scope would make two of it.
		if code := f.appendValue(scope, false); code != 0 {
			return code
		}
	}
	return 0
}

// appendNode appends a claim: a string, a number or a boolean as it is, an array
// of those with commas between. null is no value; objects, and arrays and nulls in
// arrays, have no form that readers would agree on.
func (f *forwarder) appendNode(t *json.Tape, at uint32) verdict.Code {
	switch t.Nodes[at].Kind() {
	case json.KindNull:
		return 0
	case json.KindArray:
		for i := at + 1; i < t.Nodes[at].Ext; i++ {
			if i > at+1 {
				if len(f.buf) == cap(f.buf) {
					return verdict.ForwardTooLarge
				}
				f.buf = text.Byte(f.buf, ',')
			}
			if code := f.appendScalar(t, i); code != 0 {
				return code
			}
		}
		return 0
	}
	return f.appendScalar(t, at)
}

func (f *forwarder) appendScalar(t *json.Tape, at uint32) verdict.Code {
	switch t.Nodes[at].Kind() {
	case json.KindString:
		return f.appendValue(t.String(at, f.text[:0]), true)
	case json.KindNumber, json.KindTrue, json.KindFalse:
		return f.appendValue(t.Text(at), true)
	}
	return verdict.ForwardValue
}

// appendValue appends one text so that percent-decoding gives it back, whatever it
// holds, and so that commas divide the elements of lists and nothing else: what is
// no visible ASCII character, '%' and ',' are percent-encoded (RFC 3986 section
// 2.1). Spaces between others stay where spaces are set. Controls have no business
// in a field, encoded or not.
func (f *forwarder) appendValue(s []byte, spaces bool) verdict.Code {
	for i, c := range s {
		if len(f.buf)+3 > cap(f.buf) {
			return verdict.ForwardTooLarge
		}
		switch {
		case c < ' ' || c == 0x7f:
			return verdict.ForwardValue
		case c == ' ' && spaces && i > 0 && i < len(s)-1, c > ' ' && c < 0x7f && c != '%' && c != ',':
			f.buf = text.Byte(f.buf, c)
		default:
			f.buf = appendPercent(f.buf, c)
		}
	}
	return 0
}

// appendPercent appends a byte percent-encoded (RFC 3986 section 2.1).
func appendPercent(dst []byte, c byte) []byte {
	const hex = "0123456789ABCDEF"
	return append(dst, '%', hex[c>>4], hex[c&15])
}
