package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// upgradeAllowed reports whether the operation lets the connection change to the
// protocol that the request names, the only one (RFC 9110 section 7.8).
func (e *Engine) upgradeAllowed(r *Request, op uint32) bool {
	if e.t.Op(op).Flags()&table.OpFlagUpgrade == 0 {
		return false
	}
	x := e.t.FindExtra(op)
	if x == table.NoIndex {
		return false
	}
	list := e.t.Extra(x).Upgrades()
	for i := range list.Len() {
		if text.EqualFold(list.At(i), r.fields.upgrade) {
			return true
		}
	}
	return false
}

// connects makes an extended CONNECT (RFC 8441 section 4) what it would be in
// HTTP/1.1: a GET that asks for an upgrade.
func (f *fields) connects() verdict.Code {
	if f.protocol == nil {
		return verdict.Allow
	}
	if string(f.method) != "CONNECT" || len(f.protocol) == 0 || f.seen&seenUpgrade != 0 {
		return verdict.RequestMalformed
	}
	f.method, f.upgrade = methodGet, f.protocol
	return verdict.Allow
}

// encodingAllowed reports whether the operation lets bodies of the request's
// Content-Encoding pass unread.
func (e *Engine) encodingAllowed(r *Request, op uint32) bool {
	x := e.t.FindExtra(op)
	if x == table.NoIndex {
		return false
	}
	list := e.t.Extra(x).Encodings()
	for i := range list.Len() {
		if text.EqualFold(list.At(i), r.fields.contentCoding) {
			return true
		}
	}
	return false
}
