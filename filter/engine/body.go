package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// announced judges what the header fields say about the body, and asks for it
// where there is something to judge.
func (e *Engine) announced(r *Request, op table.Op, d *Decision) verdict.Code {
	f := &r.fields
	d.Part = verdict.PartBody
	length, known, ok := f.length()
	if !ok {
		return verdict.BodyLength
	}
	declared := op.Flags()&table.OpFlagHasBody != 0
	if !declared && d.flags(op)&table.OpFlagAnyBody != 0 {
		d.Part = verdict.PartNone
		return verdict.Allow
	}
	if r.EndStream {
		if known && length != 0 {
			return verdict.BodyLength
		}
		return e.absent(op, d)
	}
	if f.upgrades() {
		// A server that does not upgrade would take what follows for a body, and
		// nobody would have judged it (RFC 9110 section 7.8).
		if known && length != 0 || f.seen&seenTransferEncoding != 0 {
			d.Part = verdict.PartHeader
			return verdict.RequestUpgrade
		}
		if code := e.absent(op, d); code != verdict.Allow {
			return code
		}
		return verdict.NeedBody // the plugin knows that there will be none
	}
	if known && length > uint64(e.maxBody(op)) {
		return verdict.BodyTooLarge
	}
	empty := known && length == 0
	if !declared {
		if known && !empty {
			return verdict.BodyUnexpected
		}
		return verdict.NeedBody // wait and see that it is empty
	}
	if f.seen&seenContentEncoding != 0 && !text.EqualFold("identity", f.contentCoding) {
		if d.Risk.Level == table.InspectDeep || !e.encodingAllowed(r, d.Op) {
			d.Part = verdict.PartHeader
			return verdict.BodyEncoding
		}
		d.Encoded = true
	}
	if f.seen&seenContentType == 0 {
		if known && !empty {
			d.Part = verdict.PartContentType
			return verdict.BodyMediaType
		}
		return verdict.NeedBody // only an empty body passes without a type
	}
	media, ok := matchMedia(e.t, op.Media(), f.contentType, &d.Boundary)
	if !ok {
		d.Part = verdict.PartContentType
		return verdict.BodyMediaType
	}
	m := e.t.Media(media)
	if m.Kind() == table.BodyOpaque && (m.Action() != table.ActionPass || d.Risk.Level == table.InspectDeep) {
		d.Part = verdict.PartContentType
		return verdict.BodyMediaType
	}
	d.Media = media
	return verdict.NeedBody
}

// preflight lets a preflight request for op pass when it has no body and would not
// become another request on its way: nothing else of it is judged (Fetch Standard
// section 4.8).
func (e *Engine) preflight(r *Request, op table.Op, d *Decision) verdict.Code {
	if code := e.overridden(r, op, d); code != verdict.Allow {
		return code
	}
	length, _, ok := r.fields.length()
	switch {
	case !ok || r.EndStream && length != 0:
		d.Part = verdict.PartBody
		return verdict.BodyLength
	case length != 0 || r.fields.seen&seenTransferEncoding != 0:
		d.Part = verdict.PartBody
		return verdict.BodyUnexpected
	case r.EndStream:
		return verdict.Allow
	}
	return verdict.NeedBody // wait and see that it is empty
}

// absent judges a request that has no body.
func (e *Engine) absent(op table.Op, d *Decision) verdict.Code {
	if op.Flags()&table.OpFlagBodyRequired != 0 {
		return verdict.BodyMissing
	}
	d.Part = verdict.PartNone
	return verdict.Allow
}

// maxBody is the limit of op's body in bytes.
func (e *Engine) maxBody(op table.Op) uint32 {
	if n := op.MaxBody(); n != 0 && n < e.opt.MaxBodyBytes {
		return n
	}
	return e.opt.MaxBodyBytes
}

// MaxBody is the limit of the body of the request that d is about, in bytes.
func (e *Engine) MaxBody(d *Decision) uint32 {
	if d.Op >= e.t.NumOps() {
		return e.opt.MaxBodyBytes
	}
	return e.maxBody(e.t.Op(d.Op))
}

// CheckBody judges r.Body, the whole body of a request for which CheckHeaders
// said NeedBody with d. Only Op, Media, Boundary, Preflight, Encoded, Mode, Later, Standings, Risk and Kept
// of d need to be kept between the two.
func (e *Engine) CheckBody(r *Request, d *Decision) {
	d.Failed, d.Unjudged, e.failed, e.lim.hits = false, false, nil, 0
	e.shown.tried = table.NoIndex // by whoever was judged last
	if d.Op >= e.t.NumOps() || d.Media != table.NoIndex && d.Media >= e.t.Op(d.Op).Media().End() {
		d.Code = verdict.Internal
		return
	}
	d.Part = verdict.PartBody
	if d.Code = e.body(r.Body, e.t.Op(d.Op), d); d.Code == verdict.Allow {
		d.Part = verdict.PartNone
		d.Code = e.allowed(r.Body, e.t.Op(d.Op), d)
	}
	e.strict(d, d.Code)
	e.chargeBody(r, d)
	e.CountRefusal(r.NowNanos, d)
}

func (e *Engine) body(b []byte, op table.Op, d *Decision) verdict.Code {
	if uint64(len(b)) > uint64(e.maxBody(op)) {
		return verdict.BodyTooLarge
	}
	switch {
	case d.Preflight && len(b) == 0:
		return verdict.Allow
	case d.Preflight:
		return verdict.BodyUnexpected
	case len(b) == 0:
		return e.absent(op, d)
	}
	if op.Flags()&table.OpFlagHasBody == 0 {
		return verdict.BodyUnexpected
	}
	if d.Media == table.NoIndex {
		d.Part = verdict.PartContentType
		return verdict.BodyMediaType
	}
	m := e.t.Media(d.Media)
	if d.Encoded {
		d.Unjudged = true
		return verdict.Allow
	}
	switch m.Kind() {
	case table.BodyJSON:
		return e.json(b, m.Entry(), op, d)
	case table.BodyNDJSON:
		return e.sequence(b, m, op, d)
	case table.BodyOpaque:
		d.Unjudged = true
		return verdict.Allow // CheckHeaders let pass only what the policy lets pass
	}
	return e.fields(b, m, d)
}

// json judges one JSON text.
func (e *Engine) json(b []byte, entry uint32, op table.Op, d *Decision) verdict.Code {
	depth := op.MaxDepth()
	if depth == 0 || depth > e.opt.MaxDepth {
		depth = e.opt.MaxDepth
	}
	st := e.parser.Parse(&e.tape, b, json.Options{
		AllowDuplicates: d.flags(op)&table.OpFlagAllowDuplicates != 0,
		MaxDepth:        depth,
		MaxString:       op.MaxString(),
		MaxItems:        op.MaxItems(),
		MaxName:         op.MaxName(),
	})
	if st != json.StatusOK {
		d.Offset = e.parser.ErrOffset
		return parseCode(st)
	}
	return e.judge(entry, &e.tape, verdict.BodyInvalid, d)
}

// sequence judges JSON texts that stand one after the other, each by itself or
// all as one array: one a line, where empty lines are none, or each behind a
// record separator (RFC 7464 section 2.2).
func (e *Engine) sequence(b []byte, m table.Media, op table.Op, d *Decision) verdict.Code {
	separator := byte('\n')
	if m.Flags()&table.MediaFlagRecords != 0 {
		if separator = 0x1e; b[0] != separator {
			return verdict.BodySyntax
		}
	}
	if m.Flags()&table.MediaFlagSequence != 0 {
		code := e.params.Lines(b, separator, &e.tape)
		if code != verdict.Allow {
			return bodyCode(code)
		}
		return e.judge(m.Entry(), &e.tape, verdict.BodyInvalid, d)
	}
	for start := 0; start < len(b); {
		end := start
		for end < len(b) && b[end] != separator {
			end++
		}
		if !blank(b[start:end]) {
			if code := e.json(b[start:end], m.Entry(), op, d); code != verdict.Allow {
				d.Offset += uint32(start)
				return code
			}
		}
		start = end + 1
	}
	return verdict.Allow
}

func blank(b []byte) bool {
	for _, c := range b {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// fields judges a body of texts: a form, a multipart body, or one text.
func (e *Engine) fields(b []byte, m table.Media, d *Decision) verdict.Code {
	code := verdict.Internal
	e.params.Lax(d.flags(e.t.Op(d.Op)))
	switch m.Kind() {
	case table.BodyForm:
		code = e.params.Form(e.t, m, b, &e.tape)
	case table.BodyMultipart:
		code = e.params.Multipart(e.t, m, d.Boundary.b[:d.Boundary.n], b, &e.tape)
	case table.BodyText, table.BodyBinary:
		code = e.params.Text(e.t, m, b, &e.tape, m.Kind() == table.BodyBinary)
	}
	if code != verdict.Allow {
		return bodyCode(code)
	}
	if code = e.judgeReadings(m.Entry(), &e.tape, verdict.BodyInvalid, d); code != verdict.Allow || m.Kind() != table.BodyMultipart {
		return code
	}
	return e.partHeaders(d)
}

// partHeaders judges the header fields that the description gives parts of a
// multipart body.
func (e *Engine) partHeaders(d *Decision) verdict.Code {
	for i := uint32(0); i < e.params.NumPartHeads(); i++ {
		r := e.params.PartHeaders(i)
		for j := r.Start; j < r.End(); j++ {
			code, skip := e.params.PartHeader(i, j)
			if code == verdict.Allow && skip {
				continue
			}
			if code == verdict.Allow {
				code = e.judgeReadings(e.t.Param(j).Entry(), &e.params.Tape, verdict.BodyInvalid, d)
			}
			if code != verdict.Allow {
				d.Param = j
				return bodyCode(code)
			}
		}
	}
	return verdict.Allow
}

// bodyCode is the code of a form whose field was refused with a parameter's.
func bodyCode(c verdict.Code) verdict.Code {
	switch c {
	case verdict.ParamMalformed:
		return verdict.BodySyntax
	case verdict.ParamDuplicate:
		return verdict.BodyDuplicateName
	case verdict.ParamMissing:
		return verdict.BodyInvalid
	case verdict.ParamAmbiguous:
		return verdict.BodyAmbiguous
	case verdict.ParamTooMany:
		return verdict.BodyNodes
	case verdict.RequestPathTooLong, verdict.RequestHeadersTooLarge:
		return verdict.BodyTooLarge
	}
	return c
}

func parseCode(st json.Status) verdict.Code {
	switch st {
	case json.ErrUTF8, json.ErrSurrogate:
		return verdict.BodyUTF8
	case json.ErrDuplicate:
		return verdict.BodyDuplicateName
	case json.ErrDepth:
		return verdict.BodyDepth
	case json.ErrNodes, json.ErrItems, json.ErrString, json.ErrName:
		return verdict.BodyNodes
	case json.ErrSize:
		return verdict.BodyTooLarge
	}
	return verdict.BodySyntax
}
