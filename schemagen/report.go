package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/compile"
	"portcullis/schemagen/report"
)

const reportHelp = `Writes a posture report: operations, what protects each and what does not (no
authentication, no limit, unbounded strings and arrays, open objects, undeclared
media types), grouped by the OWASP API Security Top 10 (2023). One HTML file that
needs nothing else, for screen and paper.

EXAMPLES
  schemagen report -o report.html openapi.yaml
  schemagen report -o report.html -policy policy.yaml users.yaml orders.json
  schemagen report -title 'Shop, production' -date '' openapi.yaml > report.html`

func reportCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen report", e)
	var o compile.Options
	inputFlags(fs, &o)
	out := fs.String("o", "", "`file` to write to; without it the report goes to standard output")
	title := fs.String("title", "", "title; the descriptions' own without it")
	date := fs.String("date", time.Now().Format("2 January 2006"), "date to show; empty: none")
	return &ffcli.Command{
		Name:       "report",
		ShortUsage: "schemagen report [flags] SPEC...",
		ShortHelp:  "write a posture report as one HTML file",
		LongHelp:   reportHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) == 0 && o.PolicyPath == "" && len(o.Overlays) == 0 {
				return usagef(e, "found no description, wanted at least one: schemagen report -o report.html openapi.yaml")
			}
			o.Specs, o.Strict = args, false
			p := startProgress(e)
			o.Progress = p.set
			start := time.Now()
			r, err := compile.Build(o)
			p.stop()
			if err != nil {
				return err
			}
			if r.Table == nil {
				printText(e, r, false, "", time.Since(start))
				return errFailed
			}
			var b bytes.Buffer
			if err := report.Render(&b, report.Analyse(r, *title, *date)); err != nil {
				return fmt.Errorf("write the report: %w", err)
			}
			if *out == "" {
				_, err = e.stdout.Write(b.Bytes())
				return err
			}
			return writeFile(*out, b.Bytes())
		},
	}
}
