package engine

import (
	"portcullis/filter/json"
	"portcullis/filter/table"
	"portcullis/filter/verdict"
)

// parameters decodes and judges the operation's parameters in the order of the
// description.
func (e *Engine) parameters(r *Request, op table.Op, d *Decision) verdict.Code {
	p := e.params
	if code := p.Begin(e.t, op); code != verdict.Allow {
		return code
	}
	unknownAction := op.UnknownQuery()
	if d.Risk.Level == table.InspectDeep {
		p.Lax(d.flags(op))
		unknownAction = table.ActionDeny
	}
	for i := 0; i < e.match.N; i++ {
		e.captures[i] = e.match.Raw(e.path, i)
	}
	p.Path(e.captures[:e.match.N])
	code, name, unknown := p.Query(e.path.Query, unknownAction)
	if d.Unknown = uint32(unknown); code != verdict.Allow {
		d.Part = verdict.PartQuery
		if d.Param = e.paramNamed(op, table.InQuery, name); d.Param == table.NoIndex {
			e.unknown = name
		}
		return code
	}
	if code := e.fieldParameters(r, op, d); code != verdict.Allow {
		return code
	}
	params := op.Params()
	wants := e.allow.begin(e.t, op)
	for i := uint32(0); i < params.Count; i++ {
		code, skip := p.Value(i)
		if code == verdict.Allow && skip {
			if wants>>i&1 != 0 && p.Given(i) {
				e.allow.keep(i, &p.Tape)
			}
			continue
		}
		rec := e.t.Param(params.Start + i)
		if code == verdict.Allow {
			code = e.judgeReadings(rec.Entry(), &p.Tape, verdict.ParamInvalid, d)
		}
		if code != verdict.Allow {
			d.Param, d.Part = params.Start+i, partOf(rec.In())
			return code
		}
		if wants>>i&1 != 0 {
			e.allow.keep(i, &p.Tape)
		}
	}
	d.Deprecated = p.Deprecated
	return verdict.Allow
}

// judgeReadings judges the value that the decoder has put on tape, in each of
// the ways in which its text can be read. A refusal is about the first one.
func (e *Engine) judgeReadings(entry uint32, tape *json.Tape, bad verdict.Code, d *Decision) verdict.Code {
	code := e.judge(entry, tape, bad, d)
	for tried := false; code == bad; tried = true {
		made, again := e.params.Retry(d.failure.Node)
		if !again {
			if tried && e.params.First() == verdict.Allow {
				code = e.judge(entry, tape, bad, d)
			}
			return code
		}
		if made == verdict.Allow {
			code = e.judge(entry, tape, bad, d)
		}
	}
	return code
}

// fieldParameters collects header and cookie parameters.
func (e *Engine) fieldParameters(r *Request, op table.Op, d *Decision) verdict.Code {
	headers, cookies := e.params.Has(table.InHeader), e.params.Has(table.InCookie)
	if !headers && !cookies {
		return verdict.Allow
	}
	for i := range r.Headers {
		h := &r.Headers[i]
		if headers {
			if code := e.params.Header(h.Name, h.Value); code != verdict.Allow {
				d.Part, d.Param = verdict.PartHeader, e.paramNamed(op, table.InHeader, h.Name)
				if d.Param == table.NoIndex {
					e.unknown = h.Name
				}
				return code
			}
		}
		if cookies && string(h.Name) == "cookie" {
			if code, name := e.params.Cookie(h.Value); code != verdict.Allow {
				d.Part, d.Param = verdict.PartCookie, e.paramNamed(op, table.InCookie, name)
				if d.Param == table.NoIndex {
					e.unknown = name
				}
				return code
			}
		}
	}
	return verdict.Allow
}

// paramNamed is the record of a declared parameter, NoIndex for others.
func (e *Engine) paramNamed(op table.Op, in uint8, name []byte) uint32 {
	r := op.Params()
	for i := r.Start; i < r.End(); i++ {
		if p := e.t.Param(i); p.In() == in && string(p.Name()) == string(name) {
			return i
		}
	}
	return table.NoIndex
}

func partOf(in uint8) verdict.Part {
	switch in {
	case table.InPath:
		return verdict.PartPath
	case table.InQuery, table.InQuerystring:
		return verdict.PartQuery
	case table.InHeader:
		return verdict.PartHeader
	case table.InCookie:
		return verdict.PartCookie
	}
	return verdict.PartNone
}
