package policy

import (
	"fmt"
	"math/big"
	"regexp"

	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Bounds of rules that count refusals.
const (
	maxRefusals   = 1000
	minRefusalAge = 1e9
	maxRefusalAge = 86400e9
)

// raisedTo is the levels that a rule may name: there is none under headers.
var raisedTo = map[string]ir.Inspect{"parameters": ir.InspectParameters, "body": ir.InspectBody, "deep": ir.InspectDeep}

var inspectNames = [...]string{"", "headers", "parameters", "body", "deep"}

// readInspect reads a level, or an object of level, sensitive and raise. Each of them
// stands for itself when settings are laid over each other.
func (p *Policy) readInspect(n *source.Node, s *settings) {
	d := p.dec
	if n.Kind != source.Object {
		s.inspect, s.inspectNode = oneOf(d, n, "inspect", inspects), n
		return
	}
	s.inspectNode = n
	d.object(n, "inspect", fields{
		"level": func(n *source.Node) { s.inspect = oneOf(d, n, "level", inspects) },
		"sensitive": func(n *source.Node) {
			v := d.boolean(n, "sensitive")
			s.sensitive = &v
		},
		"raise": func(n *source.Node) { s.raise = p.readRaise(n) },
	})
}

func (p *Policy) readRaise(n *source.Node) []ir.Raise {
	d := p.dec
	out := []ir.Raise{}
	counting := 0
	d.array(n, "raise", func(n *source.Node) {
		r := ir.Raise{Loc: loc(n)}
		d.object(n, "a rule of raise", fields{
			"when": func(n *source.Node) { p.readWhen(n, &r) },
			"to":   func(n *source.Node) { r.To = oneOf(d, n, "to", raisedTo) },
		}, "when", "to")
		if r.When == 0 || r.To == 0 {
			return
		}
		for _, other := range out {
			if other.When == r.When && other.Refusals == r.Refusals && other.WindowNanos == r.WindowNanos && r.When != ir.RaiseSample {
				d.errorf(n, "policy-value", "found a second rule of raise for the same thing, wanted one")
			}
		}
		if r.When == ir.RaiseRefusals {
			if counting++; counting > table.MaxRefusalRules {
				d.errorf(n, "policy-value", "found %d rules of raise that count refusals, wanted at most %d", counting, table.MaxRefusalRules)
			}
		}
		out = append(out, r)
	})
	if len(out) > table.MaxInspectionRules {
		d.errorf(n, "policy-value", "found %d rules of raise, wanted at most %d", len(out), table.MaxInspectionRules)
	}
	return out
}

// readWhen reads what a rule asks: a word, or an object that counts or samples.
func (p *Policy) readWhen(n *source.Node, r *ir.Raise) {
	d := p.dec
	if n.Kind != source.Object {
		r.When = oneOf(d, n, "when", map[string]ir.RaiseWhen{"anonymous": ir.RaiseAnonymous, "sensitive": ir.RaiseSensitive})
		return
	}
	d.object(n, "when", fields{
		"sample": func(n *source.Node) { r.When, r.Sample = ir.RaiseSample, p.readSample(n) },
		"refusals": func(n *source.Node) {
			r.When, r.Refusals = ir.RaiseRefusals, uint32(d.integer(n, "refusals", 1, maxRefusals))
		},
		"within": func(n *source.Node) { r.WindowNanos = d.duration(n, "within", minRefusalAge, maxRefusalAge) },
	})
	sample, refusals, within := n.Get("sample") != nil, n.Get("refusals") != nil, n.Get("within") != nil
	if sample == refusals || refusals != within {
		d.errorf(n, "policy-missing", "found neither one of sample and refusals with within, wanted {sample: 5%%} or {refusals: 3, within: 60s}")
		r.When = 0
	}
}

var percentRE = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,6})?%$`)

// readSample reads a percentage as a part of 2^32.
func (p *Policy) readSample(n *source.Node) uint32 {
	if n.Kind == source.String && percentRE.MatchString(n.Text) {
		part, _ := new(big.Rat).SetString(n.Text[:len(n.Text)-1])
		part.Mul(part, big.NewRat(1<<32, 100))
		whole := new(big.Int).Quo(part.Num(), part.Denom()).Uint64()
		if whole > 0 && whole < 1<<32 {
			return uint32(whole)
		}
	}
	p.dec.errorf(n, "policy-value", "found %s as sample, wanted a percentage above 0%% and under 100%%, such as 5%% or 0.25%%", describe(n))
	return 1
}

// inspection lays what over says of inspection over s.
func (s *settings) inspection(over settings) {
	if over.inspect != 0 {
		s.inspect = over.inspect
	}
	if over.inspectNode != nil {
		s.inspectNode = over.inspectNode
	}
	if over.raise != nil {
		s.raise = over.raise
	}
	if over.sensitive != nil {
		s.sensitive = over.sensitive
	}
}

// inspect fills in how deep op is looked at.
func (s *Scope) inspect(op *ir.Operation, m settings) {
	if m.inspect != 0 {
		op.Inspect = m.inspect
	}
	op.Inspection.Sensitive = m.sensitive != nil && *m.sensitive
	for _, r := range m.raise {
		// A rule of the defaults that can't raise anything here is left out: others
		// need it.
		if r.To > op.Inspect && (r.When != ir.RaiseSensitive || op.Inspection.Sensitive) {
			op.Inspection.Raise = append(op.Inspection.Raise, r)
		}
	}
}

// checkInspect tells what of op's requests nobody looks at, and finds what can't
// work. Op is walked and its security settled.
func (s *Scope) checkInspect(op *ir.Operation) {
	m := s.done[op]
	at := m.inspectNode
	if at == nil {
		return
	}
	add := func(code string, severity diag.Severity, format string, args ...any) {
		s.policy.dec.diags.Add(diag.Diagnostic{Code: code, Severity: severity, Operation: op.Method + " " + op.Path, Message: fmt.Sprintf(format, args...)}.At(at))
	}
	raised := op.Inspect
	for _, r := range op.Inspection.Raise {
		raised = max(raised, r.To)
		if r.When == ir.RaiseSample && r.To == ir.InspectDeep && relaxed(op) {
			add("inspect-sample", diag.Warning, "found a sample that is looked at deep where some requests pass unread or by name, wanted another rule: deep refuses those, at random")
		}
	}
	if op.Responses != nil && op.Responses.AtDeep && raised < ir.InspectDeep {
		add("inspect-responses", diag.Warning, "found responses that are judged at deep where no request is looked at so, wanted a rule of raise to deep: no response is judged")
	}
	left := ""
	switch {
	case op.Inspect < ir.InspectParameters && len(op.Params) > 0 && op.Body != nil:
		left = "parameters and bodies"
	case op.Inspect < ir.InspectParameters && len(op.Params) > 0:
		left = "parameters"
	case op.Inspect < ir.InspectBody && op.Body != nil:
		left = "bodies"
	}
	if left != "" {
		how := "whatever the risk"
		if raised > op.Inspect {
			how = fmt.Sprintf("unless a rule raises it to %s", inspectNames[raised])
		}
		add("inspect-lowered", diag.Note, "found inspect: %s, by which %s pass unjudged, %s", inspectNames[op.Inspect], left, how)
	}
	if len(op.Security) > 0 {
		return
	}
	for _, r := range op.Inspection.Raise {
		if r.When == ir.RaiseAnonymous && op.Inspect < r.To {
			add("inspect-anonymous", diag.Note, "found a rule of raise for anonymous callers on a public operation, where everybody is: all its requests are looked at %s", inspectNames[r.To])
		}
	}
}

// relaxed reports something of op's requests that deep refuses and body lets pass.
func relaxed(op *ir.Operation) bool {
	if op.Body != nil {
		for _, m := range op.Body.Media {
			if m.Kind == ir.BodyOpaque && m.Action == ir.ActionPass {
				return true
			}
		}
	}
	return len(op.ContentEncodings)+len(op.Upgrades) > 0 || op.AnyBody || op.AllowDuplicateNames || op.Ambiguous != (ir.Ambiguous{}) || op.UnknownQuery != ir.ActionDeny
}
