package policy

import (
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// responseRules is the setting `responses`. A zero mode is off.
type responseRules struct {
	mode   ir.Mode
	closed bool
	deep   bool
}

var responseModes = map[string]ir.Mode{"off": ir.ModeOff, "monitor": ir.ModeMonitor, "block": ir.ModeEnforce}

// readResponses reads a mode, or an object of mode, undeclared and at.
func (p *Policy) readResponses(n *source.Node) *responseRules {
	d := p.dec
	r := &responseRules{}
	if n.Kind != source.Object {
		r.mode = oneOf(d, n, "responses", responseModes)
		return r
	}
	d.object(n, "responses", fields{
		"mode": func(n *source.Node) { r.mode = oneOf(d, n, "mode", responseModes) },
		"undeclared": func(n *source.Node) {
			r.closed = oneOf(d, n, "undeclared", map[string]bool{"schema": false, "deny": true})
		},
		"at": func(n *source.Node) {
			r.deep = oneOf(d, n, "at", map[string]bool{"body": false, "deep": true})
		},
	}, "mode")
	return r
}

// model is what the walker fills, nil when responses are not judged.
func (r *responseRules) model() *ir.Responses {
	if r == nil || r.mode == 0 || r.mode == ir.ModeOff {
		return nil
	}
	return &ir.Responses{Mode: r.mode, Closed: r.closed, AtDeep: r.deep}
}
