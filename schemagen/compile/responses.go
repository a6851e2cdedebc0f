package compile

import (
	"slices"

	"portcullis/schemagen/ir"
)

// eachOfResponses calls f with every schema that judges responses of op.
func eachOfResponses(op *ir.Operation, f func(*ir.Schema)) {
	if op.Responses == nil {
		return
	}
	for _, r := range op.Responses.List {
		for _, h := range r.Headers {
			f(h.Schema)
		}
		for _, m := range r.Media {
			f(m.Schema)
		}
	}
}

// settleResponses refuses the media types of responses that can't be judged
// exactly. A header field that can't denies the operation: it has no type by
// which to tell the responses apart.
func (b *builder) settleResponses(op *ir.Operation, t *taint, denying map[string]bool) {
	if op.Responses == nil {
		return
	}
	for _, r := range op.Responses.List {
		for _, h := range r.Headers {
			for _, code := range t.of(h.Schema, op) {
				denying[code] = true
				if !slices.Contains(op.Unenforceable, code) {
					op.Unenforceable = append(op.Unenforceable, code)
				}
			}
		}
		for _, m := range r.Media {
			codes := t.of(m.Schema, op)
			for _, code := range codes {
				denying[code] = true
			}
			if len(codes) > 0 {
				m.Kind, m.Schema, m.Action = ir.BodyOpaque, nil, ir.ActionDeny
			}
		}
	}
}
