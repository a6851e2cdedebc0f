package engine

import (
	"unicode/utf8"

	"portcullis/filter/json"
	"portcullis/filter/schema"
	"portcullis/filter/table"
	"portcullis/filter/text"
	"portcullis/filter/verdict"
)

// maxPointer bounds a pointer in an answer: names come from the body and may be as
// long as it. A longer one ends at a value around the one that failed.
const maxPointer = 1024

// AppendProblem appends the problem document (RFC 9457) of the refusal d:
//
//	{"type":"urn:portcullis:problem:body_invalid","title":"Invalid request body",
//	 "status":400,"code":"body_invalid","detail":"/price: -1 is less than 0",
//	 "errors":[{"in":"body","pointer":"/price","keyword":"minimum","detail":"-1 is less than 0"}]}
//
// With full unset, detail and errors are left out: what was wrong stays in the
// log. It must come before the engine's next check, and allocates nothing while
// dst has room.
func (e *Engine) AppendProblem(dst []byte, d *Decision, full bool) []byte {
	if e.head.code != d.Code || len(e.head.text) == 0 {
		e.head.write(d.Code)
	}
	dst = text.Bytes(dst, e.head.text)
	if full && d.Part != verdict.PartNone && !d.Code.OfResponse() {
		dst = text.Append(dst, `,"detail":`)
		mark := len(dst)
		dst = e.AppendDetail(text.Byte(dst, '"'), d)
		dst = text.Byte(escape(dst, mark+1), '"')
		dst = text.Append(dst, `,"errors":[{"in":"`)
		dst = text.Append(dst, d.Part.Name())
		dst = text.Byte(dst, '"')
		if name := e.refusedName(d); len(name) != 0 {
			dst = member(dst, "name")
			mark = len(dst)
			dst = text.Bytes(dst, name)
			dst = text.Byte(escape(dst, mark), '"')
		}
		if d.Failed {
			dst = member(dst, "pointer")
			mark = len(dst)
			dst = json.AppendPointerWithin(dst, e.failed, d.failure.Node, maxPointer)
			dst = text.Byte(escape(dst, mark), '"')
			dst = member(dst, "keyword")
			mark = len(dst)
			dst = schema.AppendKeyword(dst, e.t, d.failure)
			dst = text.Byte(escape(dst, mark), '"')
			dst = member(dst, "detail")
			mark = len(dst)
			dst = schema.AppendMessage(dst, e.t, d.failure, e.failed)
			dst = text.Byte(escape(dst, mark), '"')
		}
		dst = text.Append(dst, "}]")
	}
	return text.Byte(dst, '}')
}

// problemHead is what the documents of one code begin with. A flood is refused for
// one reason: it is put together once and copied from then on.
type problemHead struct {
	code verdict.Code
	text []byte
}

// headRoom is more than the head of any code takes.
const headRoom = 256

func (h *problemHead) write(c verdict.Code) {
	name := c.Name()
	b := text.Append(h.text[:0], `{"type":"urn:portcullis:problem:`)
	b = text.Append(b, name)
	b = text.Append(b, `","title":"`)
	b = text.Append(b, c.Title())
	b = text.Append(b, `","status":`)
	b = text.Uint(b, uint64(c.Status()))
	b = text.Append(b, `,"code":"`)
	b = text.Append(b, name)
	h.code, h.text = c, text.Byte(b, '"')
}

func member(dst []byte, name string) []byte {
	dst = text.Append(dst, `,"`)
	dst = text.Append(dst, name)
	return text.Append(dst, `":"`)
}

// AppendDetail appends one line for people: where, and what is wrong there. It
// may hold bytes of the request, bounded in number, as they came.
func (e *Engine) AppendDetail(dst []byte, d *Decision) []byte {
	if d.Code.OfResponse() {
		dst = text.Append(dst, "status ")
		dst = text.Uint(dst, uint64(d.Status))
		if d.Part == verdict.PartNone {
			return text.Append(text.Append(dst, ": "), d.Code.Title())
		}
		dst = text.Byte(dst, ' ')
	}
	if d.Part == verdict.PartNone {
		return text.Append(dst, d.Code.Title())
	}
	dst = text.Append(dst, d.Part.Name())
	if name := e.refusedName(d); len(name) != 0 {
		if d.Code.OfResponse() {
			dst = text.Byte(dst, ' ')
		} else {
			dst = text.Append(dst, " parameter ")
		}
		dst = text.Bytes(dst, name)
	}
	if d.Failed {
		mark := len(dst)
		dst = text.Byte(dst, ' ')
		dst = json.AppendPointerWithin(dst, e.failed, d.failure.Node, maxPointer)
		if len(dst) == mark+1 {
			dst = dst[:mark]
		}
		dst = text.Append(dst, ": ")
		return schema.AppendMessage(dst, e.t, d.failure, e.failed)
	}
	dst = text.Append(dst, ": ")
	switch d.Code {
	case verdict.LimitExceeded, verdict.LimitUnavailable, verdict.LimitConcurrency:
		if d.Limit != table.NoIndex {
			l := e.t.Limit(d.Limit)
			if l.Concurrent != 0 {
				dst = text.Append(text.Bytes(dst, l.Name), " allows ")
				return text.Append(text.Uint(dst, uint64(l.Concurrent)), " in flight")
			}
			dst = text.Bytes(dst, l.Name)
			dst = text.Append(dst, " allows ")
			dst = text.Uint(dst, l.Requests)
			dst = text.Append(dst, " in ")
			dst = appendDuration(dst, l.WindowNanos)
			return dst
		}
	case verdict.AuthorizeDeny:
		if d.Op < e.t.NumOps() && e.t.Op(d.Op).Expr() != table.NoIndex {
			if m := e.t.Expr(e.t.Op(d.Op).Expr()).Message(); len(m) != 0 {
				return text.Bytes(dst, m)
			}
		}
	case verdict.BodySyntax, verdict.BodyUTF8, verdict.BodyDuplicateName, verdict.BodyDepth, verdict.BodyNodes:
		dst = text.Append(dst, d.Code.Title())
		dst = text.Append(dst, " at byte ")
		return text.Uint(dst, uint64(d.Offset))
	}
	return text.Append(dst, d.Code.Title())
}

// refusedName is the name of the parameter that was refused: the
// description's, or the request's with at most maxName bytes of it.
func (e *Engine) refusedName(d *Decision) []byte {
	if d.Param != table.NoIndex {
		return e.t.Param(d.Param).Name()
	}
	switch d.Code {
	case verdict.ParamUnknown, verdict.ParamAmbiguous, verdict.RequestOverride:
	default:
		return nil
	}
	return e.unknown[:min(len(e.unknown), maxName)]
}

const maxName = 64

// AppendReason appends what a log line needs beside the code: the detail and,
// for a schema's refusal, the keyword and its place in the description; else whose
// credential it was, by public ids.
func (e *Engine) AppendReason(dst []byte, d *Decision) []byte {
	dst = e.AppendDetail(dst, d)
	if d.Failed {
		dst = text.Append(dst, " (")
		dst = schema.AppendLocation(dst, e.t, d.failure)
		return text.Byte(dst, ')')
	}
	return e.appendCaller(dst, d)
}

// appendDuration writes whole units where they fit, as policies do.
func appendDuration(dst []byte, nanos uint64) []byte {
	units := [...]struct {
		n    uint64
		name string
	}{{86400e9, "d"}, {3600e9, "h"}, {60e9, "m"}, {1e9, "s"}, {1e6, "ms"}}
	for _, u := range units {
		if nanos >= u.n && nanos%u.n == 0 {
			return text.Append(text.Uint(dst, nanos/u.n), u.name)
		}
	}
	return text.Append(text.Uint(dst, nanos), "ns")
}

// escape makes dst[from:] fit for a JSON string, in place at the end of dst:
// quotes, backslashes and controls are escaped, and bytes that are no UTF-8
// become U+FFFD.
func escape(dst []byte, from int) []byte {
	for from < len(dst) && dst[from] >= 0x20 && dst[from] < 0x80 && dst[from] != '"' && dst[from] != '\\' {
		from++ // most texts have nothing to escape
	}
	n := len(dst) // raw text is dst[from:n]; the escaped one is put behind it, then moved
	for i := from; i < n; {
		c := dst[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			i++
		case c < 0x80:
			dst = append(dst, c)
			i++
		default:
			size := validRune(dst[i:n])
			if size == 0 {
				dst = append(dst, 0xef, 0xbf, 0xbd)
				i++
				continue
			}
			dst = append(dst, dst[i:i+size]...)
			i += size
		}
	}
	m := copy(dst[from:], dst[n:])
	return dst[:from+m]
}

const hexDigits = "0123456789abcdef"

// validRune is the length of the UTF-8 sequence that b starts with, 0 when it
// is none.
func validRune(b []byte) int {
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}
