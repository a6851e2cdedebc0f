package lower

import (
	"fmt"
	"slices"
	"strconv"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// report identifies a finding, so that lowering a schema twice tells it once.
type report struct {
	node *source.Node
	code string
}

func (l *Lowerer) report(n *source.Node, d diag.Diagnostic) {
	key := report{n, d.Code}
	if _, dup := l.reported[key]; dup {
		return
	}
	l.reported[key] = struct{}{}
	d.Line, d.Col = n.Pos.Line, n.Pos.Col
	d.File, d.Pointer = source.Place(n)
	l.diags.Add(d)
}

// unenforceable reports that something in s, at n, is left out.
func (l *Lowerer) unenforceable(s *ir.Schema, n *source.Node, code, message, hint string) {
	if !slices.Contains(s.Unenforceable, code) {
		s.Unenforceable = append(s.Unenforceable, code)
	}
	l.report(n, diag.Diagnostic{Code: code, Severity: diag.Warning, Unenforceable: true, Message: message, Hint: hint})
}

func (l *Lowerer) warn(n *source.Node, code, message, hint string) {
	l.report(n, diag.Diagnostic{Code: code, Severity: diag.Warning, Message: message, Hint: hint})
}

func (l *Lowerer) note(n *source.Node, code, message string) {
	l.report(n, diag.Diagnostic{Code: code, Severity: diag.Note, Message: message})
}

func itoa(n int) string { return strconv.Itoa(n) }

// describe shows a value in a message: its kind, and its text when short.
func describe(n *source.Node) string {
	const maxShown = 40
	switch n.Kind {
	case source.Bool:
		return strconv.FormatBool(n.Bool)
	case source.Number, source.String:
		text := n.Text
		if len(text) > maxShown {
			text = text[:maxShown] + "..."
		}
		if n.Kind == source.String {
			return fmt.Sprintf("the string %q", text)
		}
		return text
	}
	return n.Kind.String()
}

func diagUnknownDialect(uri string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "schema-unknown-dialect", Severity: diag.Warning, Unenforceable: true,
		Message: "found the dialect " + uri + ", wanted one that is known or a metaschema among the given documents",
		Hint:    "give the metaschema as a resource, or name a standard dialect",
	}
}

func diagUnknownVocabulary(uris []string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "schema-unknown-vocabulary", Severity: diag.Warning, Unenforceable: true,
		Message: "found a metaschema that requires the vocabulary " + uris[0] + ", which is not known",
	}
}

// badDialect reports a schema whose dialect can't be followed, or a document
// whose jsonSchemaDialect can't. All of it is then unenforceable.
func (l *Lowerer) badDialect(at *source.Node, d diag.Diagnostic) {
	l.report(at, d)
	if at.Kind != source.Object {
		at = root(at)
	}
	l.bad[at] = d.Code
}

// dialectProblem is the code of what badDialect said about n or what n is in.
func (l *Lowerer) dialectProblem(n *source.Node) string {
	if len(l.bad) == 0 {
		return ""
	}
	for ; n != nil; n = n.Parent {
		if code := l.bad[n]; code != "" {
			return code
		}
	}
	return ""
}
