package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"portcullis/schemagen/compile"
	"portcullis/schemagen/diag"
)

// group is findings that differ in the operation alone: a shared parameter is
// told once, with the number of operations that it hurts.
type group struct {
	diag.Diagnostic
	ops []string
}

func groups(list diag.List) []group {
	type key struct {
		code, file, message string
		line, col           int
	}
	at := map[key]int{}
	var out []group
	for _, d := range list {
		k := key{d.Code, d.File, d.Message, d.Line, d.Col}
		i, ok := at[k]
		if !ok {
			i = len(out)
			at[k] = i
			out = append(out, group{Diagnostic: d})
		}
		if d.Operation != "" {
			out[i].ops = append(out[i].ops, d.Operation)
		}
		if d.Severity > out[i].Severity || d.Unenforceable {
			out[i].Severity, out[i].Unenforceable = max(d.Severity, out[i].Severity), true
		}
	}
	return out
}

// counts is how many findings of each kind a build has.
type counts struct {
	Errors        int `json:"errors"`
	Unenforceable int `json:"unenforceable"`
	Warnings      int `json:"warnings"`
	Notes         int `json:"notes"`
}

func count(list []group) (c counts) {
	for _, g := range list {
		switch {
		case g.Severity == diag.Error:
			c.Errors++
		case g.Unenforceable:
			c.Unenforceable++
		case g.Severity == diag.Warning:
			c.Warnings++
		default:
			c.Notes++
		}
	}
	return c
}

// printText prints findings one a line, with hints below, and a summary.
// Notes are counted only: they say what is fine.
func printText(e env, r *compile.Result, strict bool, out string, took time.Duration) {
	list := groups(r.Diags)
	hinted := map[string]bool{}
	for _, g := range list {
		if g.Severity == diag.Note {
			continue
		}
		sev, colour := "warning", "33"
		if g.Severity == diag.Error || g.Unenforceable && strict {
			sev, colour = "error", "31"
		}
		fmt.Fprintf(e.stderr, "%s:%d:%d: %s: %s [%s]%s\n", g.File, g.Line, g.Col, e.paint(colour, sev), g.Message, g.Code, operations(g.ops))
		if g.Hint != "" && !hinted[g.Code+g.Hint] {
			hinted[g.Code+g.Hint] = true // once for each kind is enough
			fmt.Fprintf(e.stderr, "\thint: %s\n", g.Hint)
		}
	}
	for _, line := range unnamed(r, list) {
		fmt.Fprintln(e.stderr, line)
	}
	c := count(list)
	fmt.Fprintf(e.stderr, "%s, %d of them denied as unenforceable; %s, %d unenforceable, %s, %s; %.1f s\n",
		plural(r.NumOperations(), "operation"), len(r.Denied), plural(c.Errors, "error"), c.Unenforceable,
		plural(c.Warnings, "warning"), plural(c.Notes, "note"), took.Seconds())
	switch {
	case r.Table == nil && c.Errors == 0:
		fmt.Fprintln(e.stderr, "no table: waive what is acceptable by name in the policy, or build with -strict=false to deny what can't be enforced")
	case r.Table == nil:
		fmt.Fprintln(e.stderr, "no table: there are errors")
	case out != "":
		fmt.Fprintf(e.stderr, "%s: %d bytes\n", out, len(r.Table))
	default:
		fmt.Fprintf(e.stderr, "table of %d bytes not written: name a file with -o\n", len(r.Table))
	}
}

// maxUnnamed bounds what unnamed lists.
const maxUnnamed = 20

// unnamed says of each denied operation what no finding says of it by name: a
// finding in a schema stands for all that reach it.
func unnamed(r *compile.Result, list []group) (lines []string) {
	named := map[[2]string]bool{} // operation and code
	for _, g := range list {
		for _, op := range g.ops {
			named[[2]string{op, g.Code}] = true
		}
	}
	more := 0
	for _, op := range r.Denied {
		name := op.Method + " " + op.Path
		codes := slices.DeleteFunc(slices.Clone(op.Unenforceable), func(code string) bool { return named[[2]string{name, code}] })
		switch {
		case len(codes) == 0:
		case len(lines) == maxUnnamed:
			more++
		default:
			lines = append(lines, fmt.Sprintf("%s can't be enforced for a schema that it reaches [%s]", name, strings.Join(codes, ", ")))
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

func operations(ops []string) string {
	switch len(ops) {
	case 0:
		return ""
	case 1:
		return " in " + ops[0]
	}
	return fmt.Sprintf(" in %s and %d more", ops[0], len(ops)-1)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (e env) paint(colour, text string) string {
	if !e.terminal || os.Getenv("NO_COLOR") != "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// finding is a finding as JSON.
type finding struct {
	Code          string   `json:"code"`
	Severity      string   `json:"severity"`
	Unenforceable bool     `json:"unenforceable"`
	File          string   `json:"file"`
	Line          int      `json:"line"`
	Column        int      `json:"column"`
	Pointer       string   `json:"pointer"`
	Operations    []string `json:"operations,omitempty"`
	Message       string   `json:"message"`
	Hint          string   `json:"hint,omitempty"`
}

var severities = map[diag.Severity]string{diag.Note: "note", diag.Warning: "warning", diag.Error: "error"}

// printJSON prints everything about a build as one JSON object.
func printJSON(w io.Writer, r *compile.Result, out string) error {
	list := groups(r.Diags)
	doc := struct {
		OK           bool      `json:"ok"`
		Output       string    `json:"output,omitempty"`
		Bytes        int       `json:"bytes"`
		InputsDigest string    `json:"inputsDigest"`
		Operations   int       `json:"operations"`
		Denied       []string  `json:"denied"`
		Counts       counts    `json:"counts"`
		Findings     []finding `json:"findings"`
	}{
		OK: r.Table != nil, Bytes: len(r.Table), InputsDigest: hex.EncodeToString(r.Build.InputsDigest[:]),
		Operations: r.NumOperations(), Denied: []string{}, Counts: count(list), Findings: []finding{},
	}
	if r.Table != nil {
		doc.Output = out
	}
	for _, op := range r.Denied {
		doc.Denied = append(doc.Denied, op.Method+" "+op.Path)
	}
	for _, g := range list {
		doc.Findings = append(doc.Findings, finding{
			g.Code, severities[g.Severity], g.Unenforceable, g.File, g.Line, g.Col, g.Pointer, g.ops, g.Message, g.Hint,
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(doc)
}
