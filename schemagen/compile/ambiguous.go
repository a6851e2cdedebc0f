package compile

import (
	"slices"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
)

const codeDuplicates = "duplicate-discriminator"

// duplicates finds operations that let names stand twice in an object whose schema
// is chosen by one of its members: which of the two the upstream goes by is not
// known, and so neither is the schema.
func (b *builder) duplicates(op *ir.Operation) {
	if !op.AllowDuplicateNames || b.opts.Profile == ProfileOpenAPI || op.Body == nil {
		return
	}
	t := newTaint()
	for _, m := range op.Body.Media {
		if m.Kind == ir.BodyJSON || m.Kind == ir.BodyNDJSON {
			t.add(m.Schema)
		}
	}
	for _, s := range t.schemas {
		if s.Discriminator == nil {
			continue
		}
		d := diag.Diagnostic{
			Code: codeDuplicates, Severity: diag.Warning, Unenforceable: true, Operation: op.Method + " " + op.Path,
			Message: "found allowDuplicateNames for a body whose schema is chosen by the member \"" + s.Discriminator.Property + "\", wanted names that stand once",
			Hint:    "leave allowDuplicateNames out for this operation, or waive the finding by name",
		}.At(op.Node)
		if slices.Contains(op.Waivers, codeDuplicates) {
			d.Severity, d.Unenforceable, d.Hint = diag.Note, false, ""
			d.Message += " (waived)"
		} else {
			op.Unenforceable = append(op.Unenforceable, codeDuplicates)
		}
		b.diags.Add(d)
		return
	}
}
