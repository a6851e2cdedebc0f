package policy

import (
	"fmt"
	"slices"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
)

// maxItemLimits is how many limits of an operation may cost by the body.
const maxItemLimits = 2

// checkItems finds limits of op whose cost stands in a body that is not read.
func (s *Scope) checkItems(op *ir.Operation) {
	n := 0
	for _, l := range op.Limits {
		if l.Cost != ir.CostByItems {
			continue
		}
		n++
		if hasJSON(op) && op.Inspect >= ir.InspectBody {
			s.checkUncounted(op, l)
			continue
		}
		s.policy.dec.diags.Add(diag.Diagnostic{
			Code: "policy-limit-cost", Severity: diag.Warning, Operation: op.Method + " " + op.Path,
			Message: fmt.Sprintf("found the limit %q by the items of a body for %s %s, wanted an operation whose JSON bodies are judged: each request costs %d", l.Name, op.Method, op.Path, l.CostValue),
		}.At(s.done[op].limitsNode))
	}
	if n > maxItemLimits {
		s.policy.dec.errorf(s.done[op].limitsNode, "policy-value", "found %d limits by the items of a body, wanted at most %d", n, maxItemLimits)
	}
}

// checkUncounted finds bodies that op takes beside JSON and whose items are not counted,
// and JSON of which another member may be read than the one that is counted.
func (s *Scope) checkUncounted(op *ir.Operation, l *ir.Limit) {
	found := ""
	for _, m := range op.Body.Media {
		switch m.Kind {
		case ir.BodyJSON, ir.BodyForm, ir.BodyMultipart:
		default:
			if found == "" && !(m.Kind == ir.BodyNDJSON && m.Sequence) {
				found = fmt.Sprintf("which takes %s too: such a body costs %d", m.Range, l.CostValue)
			}
		}
	}
	if found == "" && op.AllowDuplicateNames {
		found = "where a name may stand twice: the first of them is counted"
	}
	if found == "" && len(op.ContentEncodings) > 0 {
		found = fmt.Sprintf("which takes encoded bodies unread: such a body costs %d", l.CostValue)
	}
	if found == "" {
		return
	}
	s.policy.dec.diags.Add(diag.Diagnostic{
		Code: "policy-limit-cost", Severity: diag.Warning, Operation: op.Method + " " + op.Path,
		Message: fmt.Sprintf("found the limit %q by the items of a body for %s %s, %s", l.Name, op.Method, op.Path, found),
	}.At(s.done[op].limitsNode))
}

// checkService finds limits of op that ask several rate limit services: a request
// waits for one.
func (s *Scope) checkService(op *ir.Operation) {
	var first *ir.Limit
	for _, l := range op.Limits {
		switch {
		case l.Service == nil:
		case first == nil:
			first = l
		case l.Service != first.Service:
			s.policy.dec.errorf(s.done[op].limitsNode, "policy-value", "found the limits %q and %q of different rate limit services for %s %s, wanted those of one", first.Name, l.Name, op.Method, op.Path)
			return
		}
	}
}

func hasJSON(op *ir.Operation) bool {
	if op.Body == nil {
		return false
	}
	for _, m := range op.Body.Media {
		if m.Kind == ir.BodyJSON {
			return true
		}
	}
	return false
}

// checkConsumerLimit finds a limit by what no caller of op can be.
func (s *Scope) checkConsumerLimit(op *ir.Operation, l *ir.Limit) {
	if l.Key != ir.LimitByConsumer && l.PlanBy != ir.LimitByConsumer {
		return
	}
	for _, req := range op.Security {
		for _, use := range req.Uses {
			if use.Scheme.NamesConsumers() {
				return
			}
		}
	}
	s.policy.dec.diags.Add(diag.Diagnostic{
		Code: "policy-limit-key", Severity: diag.Warning, Operation: op.Method + " " + op.Path,
		Message: fmt.Sprintf("found the limit %q by the consumer for %s %s, wanted an operation that consumers are told by: its requests all share one count", l.Name, op.Method, op.Path),
	}.At(s.done[op].limitsNode))
}

// checkPlans finds consumers with a plan that no limit has.
func (p *Policy) checkPlans() {
	var plans []string
	chosen := false
	for _, l := range p.Limits() {
		if l.PlanBy != ir.LimitByConsumer {
			continue
		}
		chosen = true
		for _, v := range l.Plans {
			plans = append(plans, v.Match)
		}
	}
	for _, c := range p.Consumers() {
		if !chosen || c.Plan == "" || slices.Contains(plans, c.Plan) {
			continue
		}
		msg := fmt.Sprintf("found the plan %q of the consumer %q, wanted one that a limit with planBy: consumer has", c.Plan, c.Name)
		if near := nearest(c.Plan, plans); near != "" {
			msg += fmt.Sprintf(": did you mean %q?", near)
		}
		p.dec.errorf(c.Loc.Node.Get("plan"), "policy-unknown-plan", "%s", msg)
	}
}
