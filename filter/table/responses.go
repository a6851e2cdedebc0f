package table

// Words of a response of an operation.
//
//	status from|to<<16 media(2) headers(2: params) zero(3)
//
// An operation's responses are in order of preference: exact statuses, then
// ranges, then the default, which takes all.
const (
	ResponseStatus  = 0
	ResponseMedia   = 1 // none: no body may come
	ResponseHeaders = 3
)

// Statuses that HTTP has (RFC 9110 section 15).
const (
	minStatus = 100
	maxStatus = 599
)

// ResponseMode says whether and how the operation's responses are judged: 0 not
// at all, ModeEnforce so that what is not declared does not leave, ModeMonitor
// so that it is counted.
func (o Op) ResponseMode() uint8 { return uint8(o.w[OpModes] >> 24) }

// Responses is the declared responses.
func (o Op) Responses() Range { return rangeAt(o.w[:], OpResponses) }

// JudgesResponses reports whether any operation's responses are judged.
func (t *Table) JudgesResponses() bool {
	for i := uint32(0); i < t.NumOps(); i++ {
		if t.Op(i).ResponseMode() != 0 {
			return true
		}
	}
	return false
}

// Response is one declared response.
type Response struct{ w *[wordsResponse]uint32 }

// Response is the i-th response.
func (t *Table) Response(i uint32) Response {
	return Response{(*[wordsResponse]uint32)(t.responses[i*wordsResponse:])}
}

// Covers reports whether status is one of the response's.
func (r Response) Covers(status uint16) bool {
	return uint32(status) >= r.w[ResponseStatus]&0xffff && uint32(status) <= r.w[ResponseStatus]>>16
}

// Statuses is the first and the last status that it is for.
func (r Response) Statuses() (from, to uint16) {
	return uint16(r.w[ResponseStatus]), uint16(r.w[ResponseStatus] >> 16)
}

// Media is the media types of the body; none: no body may come.
func (r Response) Media() Range { return rangeAt(r.w[:], ResponseMedia) }

// Headers is the declared header fields, as parameters.
func (r Response) Headers() Range { return rangeAt(r.w[:], ResponseHeaders) }
