package engine

import (
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// Response is what is known of the answer to a request. Its slices are valid
// during one call of the engine.
type Response struct {
	Headers   []Header // all fields in order, :status included
	EndStream bool     // no body follows
	Head      bool     // it answers HEAD
	Upgrade   bool     // it answers an upgrade or CONNECT that was let through
	GRPC      bool     // it answers a gRPC request
	Body      []byte   // for CheckResponseBody: the whole body

	status        int // index of the fields in Headers, -1 when absent
	contentType   int
	contentLength int
	contentCoding int
}

// JudgesResponses reports whether any operation's responses are judged.
func (e *Engine) JudgesResponses() bool { return e.t.JudgesResponses() }

// ResponseMode says what becomes of the response to the request that d let
// through: 0 when it is not judged, else ModeEnforce or ModeMonitor. Of the
// request's mode and that of the operation's responses the greater holds.
func (e *Engine) ResponseMode(d *Decision) uint8 {
	if d.Op >= e.t.NumOps() || d.Mode == table.ModeOff || d.Preflight {
		return 0
	}
	m := e.t.Op(d.Op).ResponseMode()
	if m == 0 || d.Risk.Level != table.InspectDeep && e.onlyDeep(d.Op) {
		return 0
	}
	return max(m, d.Mode)
}

// MaxResponse is the limit of a response's body that is judged, in bytes.
func (e *Engine) MaxResponse() uint32 { return e.opt.MaxResponse }

// CheckResponseHeaders judges the header fields of the response to a request for
// d.Op. d.Code is Allow, NeedBody when its body has to be judged, or what is
// wrong with it.
func (e *Engine) CheckResponseHeaders(r *Response, d *Decision) {
	d.Failed, d.Unjudged, d.Status, d.Media, e.failed = false, false, 0, table.NoIndex, nil
	if d.Op >= e.t.NumOps() {
		d.Code = verdict.Internal
		return
	}
	d.Code = e.responseHeaders(r, e.t.Op(d.Op), d)
}

func (e *Engine) responseHeaders(r *Response, op table.Op, d *Decision) verdict.Code {
	d.Part = verdict.PartHeader
	if !r.scan() {
		return verdict.ResponseHeader
	}
	d.Part = verdict.PartNone
	var ok bool
	if d.Status, ok = r.statusCode(); !ok {
		return verdict.ResponseStatus
	}
	if d.Status == 101 && r.Upgrade || r.GRPC && isGRPC(r.value(r.contentType)) && e.takesGRPC(op) {
		d.Unjudged = true
		return verdict.Allow
	}
	rec, ok := e.findResponse(op, d.Status)
	if !ok && d.Status == 304 {
		// It stands for the 200 that the client has (RFC 9110 section 15.4.5).
		rec, ok = e.findResponse(op, 200)
	}
	if !ok {
		return verdict.ResponseStatus
	}
	bare := r.Head || d.Status == 204 || d.Status == 304 // has no body (RFC 9110 section 6.4.1)
	if code := e.responseFields(r, rec.Headers(), r.Head || d.Status == 304, d); code != verdict.Allow {
		return code
	}
	if bare && !(r.Head && r.contentType >= 0) {
		return verdict.Allow
	}
	return e.responseMedia(r, rec, bare, d)
}

// responseMedia judges what the header fields say about the body.
func (e *Engine) responseMedia(r *Response, rec table.Response, bare bool, d *Decision) verdict.Code {
	length, known, ok := plainNumber(r.value(r.contentLength), r.contentLength >= 0)
	if !ok {
		d.Part = verdict.PartHeader
		return verdict.ResponseHeader
	}
	empty := r.EndStream || known && length == 0
	declared := rec.Media()
	if declared.Count == 0 {
		if bare || empty {
			return verdict.Allow
		}
		if d.Part = verdict.PartBody; known {
			return verdict.ResponseBody
		}
		return verdict.NeedBody // wait and see that it is empty
	}
	d.Part = verdict.PartContentType
	if r.contentType < 0 {
		if !empty {
			return verdict.ResponseMediaType
		}
		d.Part = verdict.PartBody
		return e.emptyResponse(declared)
	}
	if d.Media, ok = matchMedia(e.t, declared, r.value(r.contentType), nil); !ok {
		return verdict.ResponseMediaType
	}
	m := e.t.Media(d.Media)
	switch m.Kind() {
	case table.BodyJSON: // without a schema too: a type that lies may carry anything
	case table.BodyNDJSON:
		d.Unjudged, d.Part = true, verdict.PartNone
		return verdict.Allow
	default:
		if m.Action() != table.ActionPass {
			return verdict.ResponseMediaType
		}
		d.Part = verdict.PartNone
		return verdict.Allow
	}
	d.Part = verdict.PartNone
	if bare {
		return verdict.Allow
	}
	if r.contentCoding >= 0 && !text.EqualFold("identity", r.value(r.contentCoding)) {
		d.Part = verdict.PartHeader
		return verdict.ResponseEncoding
	}
	d.Part = verdict.PartBody
	if known && length > uint64(e.opt.MaxResponse) {
		return verdict.ResponseTooLarge
	}
	return verdict.NeedBody
}

// emptyResponse judges that there is no body and no content type where media
// are declared: JSON is never empty.
func (e *Engine) emptyResponse(media table.Range) verdict.Code {
	for i := media.Start; i < media.End(); i++ {
		if e.t.Media(i).Kind() != table.BodyJSON {
			return verdict.Allow
		}
	}
	return verdict.ResponseBody
}

// ResponseTrailerAllowed reports whether a response to op with that status may end
// with a trailer of that name, in lower case. A recipient may take trailers for header
// fields (RFC 9110 section 6.5.1): one that is declared there was judged there.
func (e *Engine) ResponseTrailerAllowed(op uint32, status uint16, name []byte) bool {
	if op >= e.t.NumOps() || len(name) == 0 || name[0] == ':' {
		return false
	}
	for _, f := range headerOnly {
		if string(name) == f {
			return false
		}
	}
	rec, ok := e.findResponse(e.t.Op(op), status)
	if !ok && status == 304 {
		rec, ok = e.findResponse(e.t.Op(op), 200)
	}
	if !ok {
		return false
	}
	for i := rec.Headers().Start; i < rec.Headers().End(); i++ {
		if string(e.t.Param(i).Name()) == string(name) {
			return false
		}
	}
	return true
}

// headerOnly is fields that frame a response, say how it is read or kept, or set
// state: no trailer may (RFC 9110 section 6.5.1).
var headerOnly = [...]string{
	"content-length", "content-type", "content-encoding", "content-range", "content-disposition", "transfer-encoding", "trailer", "connection", "upgrade",
	"set-cookie", "location", "cache-control", "expires", "vary", "date", "age", "retry-after", "www-authenticate", "authentication-info",
	"access-control-allow-origin", "access-control-allow-credentials",
}

// findResponse is the declared response for a status.
func (e *Engine) findResponse(op table.Op, status uint16) (table.Response, bool) {
	r := op.Responses()
	for i := r.Start; i < r.End(); i++ {
		if rec := e.t.Response(i); rec.Covers(status) {
			return rec, true
		}
	}
	return table.Response{}, false
}

// responseFields judges the declared header fields. Where optional is set none
// has to be there. Each Set-Cookie field is a value of its own (RFC 6265 section
// 3); other fields of one name are one list.
func (e *Engine) responseFields(r *Response, fields table.Range, optional bool, d *Decision) verdict.Code {
	for i := fields.Start; i < fields.End(); i++ {
		p := e.t.Param(i)
		each := string(p.Name()) == "set-cookie"
		code, from := verdict.Allow, 0
		for from < len(r.Headers) && code == verdict.Allow {
			code, from = e.responseField(r, i, from, each, optional || from > 0, d)
		}
		if code != verdict.Allow {
			d.Param, d.Part = i, verdict.PartHeader
			if code == verdict.Internal {
				return code
			}
			return verdict.ResponseHeader
		}
	}
	return verdict.Allow
}

// responseField judges the fields of one name from an index on, or with each
// only the first of them. It returns where to go on.
func (e *Engine) responseField(r *Response, param uint32, from int, each, optional bool, d *Decision) (verdict.Code, int) {
	if code := e.params.BeginFields(e.t, table.Range{Start: param, Count: 1}); code != verdict.Allow {
		return code, from
	}
	rec := e.t.Param(param)
	found := false
	for from < len(r.Headers) && !(each && found) {
		h := &r.Headers[from]
		from++
		if string(h.Name) != string(rec.Name()) {
			continue
		}
		found = true
		if code := e.params.Header(h.Name, h.Value); code != verdict.Allow {
			return code, from
		}
	}
	if !found && optional {
		return verdict.Allow, len(r.Headers)
	}
	code, skip := e.params.Value(0)
	if code != verdict.Allow || skip {
		return code, from
	}
	return e.judgeReadings(rec.Entry(), &e.params.Tape, verdict.ParamInvalid, d), from
}

// CheckResponseBody judges r.Body, the whole body of a response for which
// CheckResponseHeaders said NeedBody with d. Only Op, Media, Mode and Status of
// d need to be kept between the two.
func (e *Engine) CheckResponseBody(r *Response, d *Decision) {
	d.Failed, d.Unjudged, e.failed = false, false, nil
	if d.Op >= e.t.NumOps() || d.Media != table.NoIndex && d.Media >= e.t.NumMedia() {
		d.Code = verdict.Internal
		return
	}
	d.Part = verdict.PartBody
	if d.Code = e.responseBody(r.Body, d); d.Code == verdict.Allow {
		d.Part = verdict.PartNone
	}
}

func (e *Engine) responseBody(b []byte, d *Decision) verdict.Code {
	switch {
	case d.Media == table.NoIndex && len(b) == 0:
		return verdict.Allow
	case d.Media == table.NoIndex:
		return verdict.ResponseBody
	case uint64(len(b)) > uint64(e.opt.MaxResponse):
		return verdict.ResponseTooLarge
	}
	switch code := e.json(b, e.t.Media(d.Media).Entry(), e.t.Op(d.Op), d); code {
	case verdict.Allow, verdict.Internal:
		return code
	case verdict.BodyNodes, verdict.BodyTooLarge:
		return verdict.ResponseTooLarge
	}
	return verdict.ResponseBody
}

// scan finds the fields that decide something. A second one of them is refused:
// who reads the other one sees another response.
func (r *Response) scan() bool {
	r.status, r.contentType, r.contentLength, r.contentCoding = -1, -1, -1, -1
	for i := range r.Headers {
		var at *int
		switch string(r.Headers[i].Name) {
		case ":status":
			at = &r.status
		case "content-type":
			at = &r.contentType
		case "content-length":
			at = &r.contentLength
		case "content-encoding":
			at = &r.contentCoding
		default:
			continue
		}
		if *at >= 0 {
			return false
		}
		*at = i
	}
	return true
}

// value is the value of the field with that index, nothing for -1.
func (r *Response) value(i int) []byte {
	if i < 0 || i >= len(r.Headers) {
		return nil
	}
	return r.Headers[i].Value
}

// statusCode is the status (RFC 9110 section 15: three digits, 100 to 599).
func (r *Response) statusCode() (status uint16, ok bool) {
	b := r.value(r.status)
	if len(b) != 3 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		status = status*10 + uint16(c-'0')
	}
	return status, status >= 100 && status <= 599
}

// takesGRPC reports an operation whose requests may be gRPC's: what a caller without a
// body says to be must not let a response pass.
func (e *Engine) takesGRPC(op table.Op) bool {
	_, ok := matchMedia(e.t, op.Media(), grpcType, nil)
	return ok
}

var grpcType = []byte("application/grpc")

// isGRPC reports a gRPC content type, with or without a message format.
func isGRPC(contentType []byte) bool {
	const grpc = "application/grpc"
	if len(contentType) < len(grpc) || !text.EqualFold(grpc, contentType[:len(grpc)]) {
		return false
	}
	rest := contentType[len(grpc):]
	return len(rest) == 0 || rest[0] == '+' || rest[0] == ';'
}
