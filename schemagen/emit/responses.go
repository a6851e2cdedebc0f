package emit

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// responses writes what op may be answered with, and returns how it is judged
// and the range of the records.
func (w *writer) responses(op *ir.Operation) (mode uint32, records []uint32) {
	if op.Responses == nil || op.Deny {
		return 0, zeros(2)
	}
	var recs [][]uint32
	for _, r := range op.Responses.List {
		media := []uint32{w.count(table.SecMedia), uint32(len(r.Media))}
		for _, m := range r.Media {
			w.media(m, []uint32{0, 0})
		}
		headers := []uint32{w.count(table.SecParams), uint32(len(r.Headers))}
		for _, h := range r.Headers {
			w.param(h, nil)
		}
		rec := append([]uint32{uint32(r.From) | uint32(r.To)<<16}, media...)
		recs = append(recs, append(append(rec, headers...), zeros(3)...))
	}
	start := w.count(table.SecResponses)
	for _, r := range recs {
		w.record(table.SecResponses, r)
	}
	return uint32(op.Responses.Mode), []uint32{start, uint32(len(recs))}
}
