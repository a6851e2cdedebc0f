package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/host"
	"portcullis/runtime-test/requests"
)

const requestsHelp = `Make requests from descriptions and check every verdict: for each operation requests that are as it wants them, and others with one fault
each. What is expected comes from a second reading of the description that shares no code with the filter (see the package comment of
runtime-test/requests). What can't be generated is counted by its reason. The last line is "N passed, N failed", counted over engines.

Without -policy settings are strict and nobody is asked who he is.

EXAMPLES
  runtime-test requests -spec examples/shop/shop.yaml
  runtime-test requests -engine native,wazero -n 50 -seed 7 -spec api.yaml
  runtime-test requests -spec api.yaml -operation 'POST /orders' -v`

func requestsCommand(out, errs io.Writer) *ffcli.Command {
	fs := flagSet("runtime-test requests", errs)
	var specs list
	fs.Var(&specs, "spec", "description `file`; may be repeated, each is an API of one table")
	policy := fs.String("policy", "", "policy `file`")
	credentials := fs.Bool("credentials", false, "without -policy: ask callers who they are, as the descriptions do, and give them tokens and keys")
	engines := fs.String("engine", "native", "engines, separated by commas: "+strings.Join(cases.EngineNames, ", "))
	n := fs.Int("n", 40, "requests with a fault for each operation, at most; a tenth as many without one")
	seed := fs.Uint64("seed", 1, "seed; the same seed makes the same requests")
	match := fs.String("operation", "", "only operations whose method and path hold this `text`")
	format := fs.String("format", "text", "text or json (wrong verdicts as one object a line)")
	verbose := fs.Bool("v", false, "print reasons and operations without requests")
	most := fs.Int("wrong", 20, "print so many wrong verdicts")
	return &ffcli.Command{
		Name:       "requests",
		ShortUsage: "runtime-test requests -spec FILE [flags]",
		ShortHelp:  "make requests from descriptions and check every verdict",
		LongHelp:   requestsHelp,
		FlagSet:    fs,
		Exec: func(ctx context.Context, args []string) error {
			specs = append(specs, args...)
			if len(specs) == 0 {
				return fmt.Errorf("requests: found no -spec, want at least one")
			}
			if *n < 1 || *format != "text" && *format != "json" {
				return fmt.Errorf("requests: found -n %d -format %q, want a number over 0 and text or json", *n, *format)
			}
			var r runner
			if err := r.engines(*engines, engineOptions{string(host.Envoy140), envoy.Versions[0], ""}); err != nil {
				return fmt.Errorf("requests: %w", err)
			}
			printed := 0
			o := requests.Options{
				Specs: specs, Policy: *policy, Credentials: *credentials, Engines: r.Engines, Valid: max(*n/10, 1), Faults: *n, Seed: *seed, Match: *match,
				OnWrong: func(w requests.Wrong) {
					if printed++; printed > *most {
						return
					}
					printWrong(out, w, *format)
				},
			}
			report, err := requests.Run(ctx, o)
			if err != nil {
				return fmt.Errorf("requests: %w", err)
			}
			printReport(out, report, *seed, *verbose)
			if report.Failed > 0 {
				return errFindings
			}
			return nil
		},
	}
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return "" }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func printWrong(out io.Writer, w requests.Wrong, format string) {
	if format == "json" {
		if text, err := json.Marshal(w); err == nil {
			fmt.Fprintf(out, "%s\n", text)
		}
		return
	}
	fmt.Fprintf(out, "WRONG %-9s %s: %s: got %s, want %s\n     %s\n", w.Engine, w.Operation, w.What, w.Got, w.Expected, strings.ReplaceAll(w.Request, "\n", "\n     "))
	if w.Answer != "" {
		fmt.Fprintf(out, "     -> %s\n", strings.TrimSpace(w.Answer))
	}
}

func printReport(out io.Writer, r *requests.Report, seed uint64, verbose bool) {
	fmt.Fprintf(out, "%d operations, %d denied; %d requests without a fault, %d with one, %d changed and valid; %d operations without requests; seed %d\n",
		r.Operations, r.Denied, r.Valid, r.Faults, r.Harmless, len(r.Bare), seed)
	total := 0
	for _, n := range r.Ungenerate {
		total += n
	}
	if total > 0 {
		fmt.Fprintf(out, "not generated: %d\n", total)
	}
	for _, reason := range slices.SortedFunc(maps.Keys(r.Ungenerate), func(a, b string) int { return r.Ungenerate[b] - r.Ungenerate[a] }) {
		fmt.Fprintf(out, "  %6d  %s\n", r.Ungenerate[reason], reason)
	}
	if verbose {
		for _, b := range r.Bare {
			fmt.Fprintf(out, "  without requests: %s\n", b)
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed\n", r.Passed, r.Failed)
}
