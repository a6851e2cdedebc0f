package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/compile"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/sarif"
)

const checkHelp = `Says what is wrong with descriptions and a policy, and what of them would not be
enforced exactly, without writing anything: file, line and column, the JSON
Pointer of the place, how bad it is, and the way out.

Formats: text, for people and editors; json, everything as one object; sarif, a
SARIF 2.1.0 log, which code hosts show beside the lines.

Exit codes: 0 a build would succeed, 1 it would not, 2 the command line is wrong.

EXAMPLES
  schemagen check openapi.yaml
  schemagen check -policy policy.yaml -notes openapi.yaml
  schemagen check -format sarif -policy policy.yaml openapi.yaml > findings.sarif
  schemagen check -strict=false -overlay gateway.overlay.yaml openapi.yaml`

func checkCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen check", e)
	var o compile.Options
	inputFlags(fs, &o)
	strictFlag(fs, &o)
	format := fs.String("format", "text", "how findings are printed: text, json or sarif")
	notes := fs.Bool("notes", false, "with -format text: print notes as well, which say what is fine")
	return &ffcli.Command{
		Name:       "check",
		ShortUsage: "schemagen check [flags] SPEC...",
		ShortHelp:  "find what is wrong with descriptions and a policy",
		LongHelp:   checkHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if *format != "text" && *format != "json" && *format != "sarif" {
				return usagef(e, "found -format %q, wanted text, json or sarif", *format)
			}
			if len(args) == 0 && o.PolicyPath == "" && len(o.Overlays) == 0 {
				return usagef(e, "found no description, wanted at least one: schemagen check openapi.yaml")
			}
			o.Specs = args
			return check(e, o, *format, *notes)
		},
	}
}

func check(e env, o compile.Options, format string, notes bool) error {
	p := startProgress(e)
	o.Progress = p.set
	start := time.Now()
	r, err := compile.Build(o)
	p.stop()
	if err != nil {
		return err
	}
	switch format {
	case "json":
		err = printJSON(e.stdout, r, "")
	case "sarif":
		err = sarif.Write(e.stdout, sarifFindings(r, o.Strict))
	default:
		printCheck(e, r, o.Strict, notes, time.Since(start))
	}
	if err == nil && r.Table == nil {
		err = errFailed
	}
	return err
}

// level is what a finding is to a build.
func level(g group, strict bool) string {
	if g.Unenforceable && strict {
		return "error"
	}
	return severities[g.Severity]
}

func sarifFindings(r *compile.Result, strict bool) (out []sarif.Finding) {
	for _, g := range groups(r.Diags) {
		out = append(out, sarif.Finding{Diagnostic: g.Diagnostic, Level: level(g, strict), Operations: g.ops})
	}
	return out
}

// printCheck prints findings with their pointers and hints to stdout: they are
// what was asked for.
func printCheck(e env, r *compile.Result, strict, notes bool, took time.Duration) {
	list := groups(r.Diags)
	colours := map[string]string{"note": "36", "warning": "33", "error": "31"}
	for _, g := range list {
		if g.Severity == diag.Note && !notes {
			continue
		}
		sev := level(g, strict)
		fmt.Fprintf(e.stdout, "%s:%d:%d: %s: %s [%s]%s\n", g.File, g.Line, g.Col, e.paint(colours[sev], sev), g.Message, g.Code, operations(g.ops))
		if g.Pointer != "" {
			fmt.Fprintf(e.stdout, "\tat #%s\n", g.Pointer)
		}
		if g.Hint != "" {
			fmt.Fprintf(e.stdout, "\thint: %s\n", strings.ReplaceAll(g.Hint, "\n", "\n\t"))
		}
	}
	for _, line := range unnamed(r, list) {
		fmt.Fprintln(e.stdout, line)
	}
	c := count(list)
	fmt.Fprintf(e.stdout, "%s: %s, %d unenforceable, %s, %s; %.1f s\n", plural(r.NumOperations(), "operation"),
		plural(c.Errors, "error"), c.Unenforceable, plural(c.Warnings, "warning"), plural(c.Notes, "note"), took.Seconds())
}
