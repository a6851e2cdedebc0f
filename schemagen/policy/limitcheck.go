package policy

import (
	"fmt"

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
