package compile

import (
	"fmt"
	"slices"

	"portcullis/schemagen/cel"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/policy"
)

// allow compiles the allow expressions of the operations. What is wrong with one is an
// error in the policy or the description; what can't be evaluated in the filter can be
// waived, and denies the operation otherwise.
func (b *builder) allow() {
	for _, a := range b.build.APIs {
		for _, op := range a.Operations {
			if x := b.scope[a].Allow(op); x != nil {
				b.allowExpression(op, x, b.scope[a].Tags(op))
			}
		}
	}
}

func (b *builder) allowExpression(op *ir.Operation, x *policy.Allow, tags []string) {
	compiled, problems := cel.Compile(x.Text, allowScope(op, tags))
	if compiled != nil {
		compiled.Message, compiled.Node = x.Message, x.Node
		op.Allow = compiled
	}
	if compiled != nil && len(op.Security) == 0 && cel.NamesCaller(compiled) {
		problems = append(problems, cel.Problem{Code: "allow-public", Warning: true, Line: 1, Col: 1,
			Message: "found claims or consumer of a public operation, wanted security for it: nobody is ever known there"})
	}
	for _, p := range problems {
		d := diag.Diagnostic{Code: p.Code, Severity: diag.Error, Hint: p.Hint, Operation: op.Method + " " + op.Path,
			Message: fmt.Sprintf("%s (%d:%d of the expression)", p.Message, p.Line, p.Col)}.At(x.Node)
		d.Line, d.Col = x.Node.Pos.Line, x.Node.Pos.Col
		switch {
		case p.Warning:
			d.Severity = diag.Warning
		case p.Code == cel.CodeUnsupported && slices.Contains(op.Waivers, p.Code):
			d.Severity, d.Hint = diag.Note, ""
			d.Message += " (waived)"
		case p.Code == cel.CodeUnsupported:
			d.Severity, d.Unenforceable = diag.Warning, true
			if !slices.Contains(op.Unenforceable, p.Code) {
				op.Unenforceable = append(op.Unenforceable, p.Code)
			}
		}
		b.diags.Add(d)
	}
}

// allowBodies finds expressions over bodies that can't be read as one value, once it
// is known how bodies are judged.
func (b *builder) allowBodies() {
	for _, a := range b.build.APIs {
		for _, op := range a.Operations {
			if op.Deny || op.Allow == nil || !op.Allow.NeedsBody || op.Body == nil {
				continue
			}
			if len(op.ContentEncodings) > 0 {
				d := diag.Diagnostic{Code: cel.CodeBody, Severity: diag.Error, Operation: op.Method + " " + op.Path,
					Message: "found an expression over the body beside contentEncodings, whose bodies pass unread, wanted one without it",
					Hint:    "set contentEncodings: [] for the operation, or leave the body out of the expression"}.At(op.Allow.Node)
				d.Line, d.Col = op.Allow.Node.Pos.Line, op.Allow.Node.Pos.Col
				b.diags.Add(d)
			}
			for _, m := range op.Body.Media {
				if what := unreadable(m); what != "" {
					d := diag.Diagnostic{Code: cel.CodeBody, Severity: diag.Error, Operation: op.Method + " " + op.Path,
						Message: fmt.Sprintf("found an expression over the body, which may be %s %s, wanted one without it", m.Range, what),
						Hint:    "deny the media type under mediaTypes, or leave the body out of the expression"}.At(op.Allow.Node)
					d.Line, d.Col = op.Allow.Node.Pos.Line, op.Allow.Node.Pos.Col
					b.diags.Add(d)
				}
			}
		}
	}
}

// unreadable says why a body of m is no value of an expression, "" where it is one.
func unreadable(m *ir.Media) string {
	switch {
	case m.Kind == ir.BodyOpaque && m.Action == ir.ActionPass:
		return "that passes unread"
	case m.Kind == ir.BodyBinary:
		return "of bytes"
	case m.Kind == ir.BodyNDJSON && !m.Sequence:
		return "of many values"
	}
	return ""
}

// allowScope is what expressions of op can name.
func allowScope(op *ir.Operation, tags []string) *cel.Scope {
	s := &cel.Scope{ID: op.ID, Method: op.Method, Path: op.Path, Tags: tags}
	places := map[ir.In]string{ir.InPath: "path", ir.InQuery: "query", ir.InHeader: "header", ir.InCookie: "cookie"}
	for i, p := range op.Params {
		if places[p.In] == "" { // all of a query string has no name
			continue
		}
		typ, numbers := cel.TypeOf(p)
		s.Params = append(s.Params, cel.Param{Place: places[p.In], Name: p.Name, Ordinal: uint32(i), Type: typ, Numbers: numbers, Required: p.Required})
	}
	switch {
	case op.Inspect < ir.InspectParameters:
		s.NoParams = "inspect: headers judges no parameters"
		s.NoBody = "inspect: headers judges no body"
	case op.Inspect < ir.InspectBody:
		s.NoBody = "inspect: parameters judges no body"
	case op.Body == nil:
		s.NoBody = "the operation has none"
	}
	return s
}
