package engine

import (
	"bytes"

	"portcullis/filter/cel"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/token"
	"portcullis/filter/verdict"
)

// Header is one field of a request. Names are lower case, as HTTP/2 and every
// Proxy-Wasm host have them; pseudo-header fields are fields.
type Header struct{ Name, Value []byte }

// Request is what is known of a request. Its slices are valid during one call
// of the engine; nothing of it is kept.
type Request struct {
	Headers   []Header // all fields in order, pseudo-header fields included
	EndStream bool     // no body follows
	Body      []byte   // for CheckBody: the whole body
	NowNanos  int64    // Unix time
	Answers   Answers  // for CheckHeaders: of a request that waited

	fields fields
}

// fields is the header fields that decide something, found in one pass.
type fields struct {
	method, path, authority, scheme           []byte
	contentType, contentLength, contentCoding []byte
	authorization                             []byte
	upgrade, transferEncoding, protocol       []byte
	seen                                      uint32
}

// Bits of fields.seen.
const (
	seenMethod = 1 << iota
	seenPath
	seenAuthority
	seenScheme
	seenHost
	seenContentType
	seenContentLength
	seenContentEncoding
	seenAuthorization
	seenUpgrade
	seenTransferEncoding
	seenProtocol
	seenOverride // one of overrideNames, any number of times
)

// Decision is what the engine says of a request. It has a fixed size and is
// reused; CheckHeaders resets it, CheckBody goes on with it.
type Decision struct {
	Finding
	// Kept is what an allow expression needs beside the body. It is large: to reset
	// it is to forget how much of it is in use.
	Kept cel.Kept
}

// Finding is all of a Decision but for what is kept for the body.
type Finding struct {
	Code  verdict.Code
	Mode  uint8 // table.ModeEnforce, ModeMonitor, ModeOff: what a refusal does
	Part  verdict.Part
	Op    uint32 // operation, table.NoIndex when none was found
	Media uint32 // media type of the body, table.NoIndex
	Param uint32 // parameter's record, table.NoIndex
	Limit uint32 // limit's record that refused, table.NoIndex
	// Methods is the allowed methods of a 405.
	Methods table.Range
	// RetryAfterNanos is how long until a limit lets the request through.
	RetryAfterNanos int64
	// Later is what will be charged with the body.
	Later BodyCharges
	// Risk is how deep the request is looked at, and why.
	Risk Risk
	// Standings is how the request stands with its limits, where an answer tells.
	Standings Standings
	// Entered is set while the request counts as in flight: it has to leave the
	// engine's Gates, by Op, when its stream ends.
	Entered bool
	// Offset is the byte of the body at which it stops being JSON.
	Offset uint32
	// Unknown counts undeclared query parameters that were let through.
	Unknown uint32
	// Deprecated counts deprecated parameters that the request has.
	Deprecated uint32
	// Preflight is set for a CORS preflight request that the policy lets pass, or
	// that is answered here; Op is what it asks about.
	Preflight bool
	// CORS is the record by which a preflight request is answered here instead of
	// passing, table.NoIndex.
	CORS uint32
	// Encoded is set for a body whose Content-Encoding the policy lets pass unread.
	Encoded bool
	// Boundary is what divides a multipart body.
	Boundary Boundary
	// Provider is the index of the token's issuer, table.NoIndex.
	Provider uint32
	// Consumer is the index of who called by an API key or a certificate,
	// table.NoIndex when that is nobody with a name.
	Consumer uint32
	// Status is that of the response that was judged, 0 for requests.
	Status uint16
	// Unjudged is set when a response passes as it is: a stream, or a connection
	// that changes its protocol; and when a request's body does, whose type or coding
	// nobody can read.
	Unjudged bool
	// Wait is what NeedAnswer asks for.
	Wait Wait
	// Proved is set when the request's DPoP proof was found good and is used up.
	Proved bool
	// Failed is set when a schema refused; the engine holds the details until
	// its next call.
	Failed  bool
	failure schema.Failure
	fleet   bool // some of its limits are counted by a rate limit service
}

// Boundary is the boundary of a multipart body (RFC 2046 section 5.1.1).
type Boundary struct {
	n uint8
	b [70]byte
}

// reset makes d the decision on a new request.
func (d *Decision) reset() {
	d.Finding = Finding{} // cleared in place: a value with anything in it would be copied
	d.Mode = table.ModeEnforce
	d.Kept.Clear()
	d.Op, d.Media, d.Param, d.Limit = table.NoIndex, table.NoIndex, table.NoIndex, table.NoIndex
	d.CORS, d.Provider, d.Consumer = table.NoIndex, table.NoIndex, table.NoIndex
}

// scan fills r.fields and refuses what no reader may see twice or can read:
// a doubled pseudo-header field, Host, Authorization, Content-Type,
// Content-Length, Content-Encoding, Upgrade or Transfer-Encoding (RFC 9110
// section 5.3, RFC 9113 section 8.3.1). size is that of all names and values.
func (r *Request) scan() (code verdict.Code, size uint32) {
	code = verdict.Allow
	f := &r.fields
	*f = fields{}
	for i := range r.Headers {
		h := &r.Headers[i]
		bit := uint32(0)
		size += uint32(len(h.Name) + len(h.Value))
		switch len(h.Name) {
		case 4:
			if is(h.Name, "host") {
				bit = seenHost
				if f.authority == nil {
					f.authority = h.Value
				} else if string(f.authority) != string(h.Value) {
					code = verdict.RequestDuplicateHeader
				}
			}
		case 5:
			if is(h.Name, ":path") {
				bit, f.path = seenPath, h.Value
			}
		case 7:
			switch {
			case is(h.Name, ":method"):
				bit, f.method = seenMethod, h.Value
			case is(h.Name, ":scheme"):
				bit, f.scheme = seenScheme, h.Value
			case is(h.Name, "upgrade"):
				bit, f.upgrade = seenUpgrade, h.Value
			}
		case 9:
			if is(h.Name, ":protocol") {
				bit, f.protocol = seenProtocol, h.Value
				if f.protocol == nil {
					f.protocol = h.Name[:0]
				}
			}
		case 10:
			if is(h.Name, ":authority") {
				bit = seenAuthority
				if f.authority != nil && string(f.authority) != string(h.Value) {
					code = verdict.RequestDuplicateHeader
				}
				f.authority = h.Value
			}
		case 12:
			if is(h.Name, "content-type") {
				bit, f.contentType = seenContentType, h.Value
			}
		case 13:
			if is(h.Name, "authorization") {
				bit, f.authorization = seenAuthorization, h.Value
			} else if isOverride(h.Name) {
				f.seen |= seenOverride
			}
		case 14:
			if is(h.Name, "content-length") {
				bit, f.contentLength = seenContentLength, h.Value
			} else if isOverride(h.Name) {
				f.seen |= seenOverride
			}
		case 16:
			if is(h.Name, "content-encoding") {
				bit, f.contentCoding = seenContentEncoding, h.Value
			}
		case 17:
			if is(h.Name, "transfer-encoding") {
				bit, f.transferEncoding = seenTransferEncoding, h.Value
			} else if isOverride(h.Name) {
				f.seen |= seenOverride
			}
		case 22:
			if isOverride(h.Name) {
				f.seen |= seenOverride
			}
		}
		if f.seen&bit != 0 {
			code = verdict.RequestDuplicateHeader
		}
		f.seen |= bit
	}
	switch {
	case code != verdict.Allow:
	case joined(f.authorization):
		code = verdict.RequestDuplicateHeader
	case len(f.method) == 0 || f.seen&seenPath == 0:
		code = verdict.RequestMalformed
	}
	return code, size
}

// is reports that a name of want's length is want. Two bytes tell most names apart
// without a call.
func is(name []byte, want string) bool {
	return name[1] == want[1] && name[0] == want[0] && string(name) == want
}

// joined reports a comma in a bearer credential: some proxies hand two
// Authorization fields on as one, joined by a comma (RFC 9110 section 5.3), and
// no token has one (RFC 6750 section 2.1).
func joined(authorization []byte) bool {
	if _, _, bearer := token.Shown(authorization); !bearer {
		return false
	}
	return bytes.IndexByte(authorization, ',') >= 0
}

// transfer refuses a Transfer-Encoding other than chunked, and one beside a
// Content-Length: two readers may take two bodies from such a request (RFC
// 9112 sections 6.1 and 6.3).
func (f *fields) transfer() verdict.Code {
	if f.seen&seenTransferEncoding == 0 {
		return verdict.Allow
	}
	if !text.EqualFold("chunked", f.transferEncoding) || f.seen&seenContentLength != 0 {
		return verdict.BodyLength
	}
	return verdict.Allow
}

// upgrades reports a request that leaves HTTP when it is answered: what follows
// its header fields is no body.
func (f *fields) upgrades() bool { return len(f.upgrade) != 0 || string(f.method) == "CONNECT" }

// length is the declared Content-Length; ok is false when the field is there
// and is not a plain number.
func (f *fields) length() (n uint64, known, ok bool) {
	return plainNumber(f.contentLength, f.seen&seenContentLength != 0)
}

// plainNumber reads a Content-Length: at most 18 digits and nothing else.
func plainNumber(b []byte, present bool) (n uint64, known, ok bool) {
	if !present {
		return 0, false, true
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, true, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, true, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true, true
}
