// Package diag holds what schemagen has to say about its input: findings with
// a stable code, a place, and a way out. Nothing in schemagen prints or stops
// by itself; passes add to a List, and the command decides.
package diag

import (
	"fmt"
	"sort"
)

// Severity says what a finding does to a build.
type Severity uint8

// Severities, mildest first. The zero value is invalid.
const (
	Note Severity = iota + 1
	Warning
	Error // fails the build in every mode
)

// Diagnostic is one finding. Unenforceable findings fail a strict build and
// are warnings (with the operation compiled as deny) in a lenient one, unless
// the policy waives Code by name at that place.
type Diagnostic struct {
	Code          string // stable, kebab-case: "pattern-backreference"
	Severity      Severity
	Unenforceable bool
	File          string
	Line, Col     int
	Pointer       string // JSON Pointer of the place in File
	Operation     string // "POST /orders", when it is known
	Message       string // what was found and what was wanted
	Hint          string // the way out, "" when there is none
}

// List collects findings in any order.
type List []Diagnostic

// Add appends d.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Sort orders by file, line, column, code and message, and drops equal ones,
// so that the same input gives the same report.
func (l *List) Sort() {
	s := *l
	sort.SliceStable(s, func(i, j int) bool { return less(&s[i], &s[j]) })
	out := s[:0]
	for i := range s {
		if i == 0 || s[i] != s[i-1] {
			out = append(out, s[i])
		}
	}
	*l = out
}

func less(a, b *Diagnostic) bool {
	switch {
	case a.File != b.File:
		return a.File < b.File
	case a.Line != b.Line:
		return a.Line < b.Line
	case a.Col != b.Col:
		return a.Col < b.Col
	case a.Code != b.Code:
		return a.Code < b.Code
	case a.Operation != b.Operation:
		return a.Operation < b.Operation
	}
	return a.Message < b.Message
}

// String is the one-line form: file:line:col: severity: message [code].
func (d Diagnostic) String() string {
	sev := "note"
	switch d.Severity {
	case Warning:
		sev = "warning"
	case Error:
		sev = "error"
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s [%s]", d.File, d.Line, d.Col, sev, d.Message, d.Code)
}
