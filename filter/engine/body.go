package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
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
	if r.EndStream {
		if known && length != 0 {
			return verdict.BodyLength
		}
		return e.absent(op, d)
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
	if f.seen&seenContentEncoding != 0 && !equalFold(identity, f.contentCoding) {
		d.Part = verdict.PartHeader
		return verdict.BodyEncoding
	}
	if f.seen&seenContentType == 0 {
		if known && !empty {
			d.Part = verdict.PartContentType
			return verdict.BodyMediaType
		}
		return verdict.NeedBody // only an empty body passes without a type
	}
	media, ok := matchMedia(e.t, op, f.contentType)
	if !ok {
		d.Part = verdict.PartContentType
		return verdict.BodyMediaType
	}
	m := e.t.Media(media)
	if !judged(m) && m.Action() != table.ActionPass {
		d.Part = verdict.PartContentType
		return verdict.BodyMediaType
	}
	d.Media = media
	return verdict.NeedBody
}

var identity = []byte("identity")

// judged reports whether the engine reads bodies of m's kind.
func judged(m table.Media) bool { return m.Kind() == table.BodyJSON }

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
// said NeedBody with d. Only Op, Media and Mode of d need to be kept between
// the two.
func (e *Engine) CheckBody(r *Request, d *Decision) {
	d.Failed, e.failed = false, nil
	if d.Op >= e.t.NumOps() || d.Media != table.NoIndex && d.Media >= e.t.Op(d.Op).Media().End() {
		d.Code = verdict.Internal
		return
	}
	d.Part = verdict.PartBody
	if d.Code = e.body(r.Body, e.t.Op(d.Op), d); d.Code == verdict.Allow {
		d.Part = verdict.PartNone
	}
}

func (e *Engine) body(b []byte, op table.Op, d *Decision) verdict.Code {
	if uint64(len(b)) > uint64(e.maxBody(op)) {
		return verdict.BodyTooLarge
	}
	if len(b) == 0 {
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
	if !judged(m) {
		return verdict.Allow // CheckHeaders let pass only what the policy lets pass
	}
	depth := op.MaxDepth()
	if depth == 0 || depth > e.opt.MaxDepth {
		depth = e.opt.MaxDepth
	}
	st := e.parser.Parse(&e.tape, b, json.Options{
		AllowDuplicates: op.Flags()&table.OpFlagAllowDuplicates != 0,
		MaxDepth:        depth,
	})
	if st != json.StatusOK {
		d.Offset = e.parser.ErrOffset
		return parseCode(st)
	}
	return e.judge(m.Entry(), &e.tape, verdict.BodyInvalid, d)
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
