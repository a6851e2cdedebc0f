package limits

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/policy"
	"portcullis/schemagen/source"
)

const help = `Decide requests by a limit of a policy in virtual time, before it is deployed: how many are let through, who waits and how long. Arrivals are
constant:RATE, poisson:RATE or burst:N/EVERY, or several of them joined by '+', with RATE as 20/s, 90/m or 4/h; or a trace, a file with a line for each request:
its time in seconds or RFC 3339, the caller, and the cost, the last two optional.

EXAMPLES
  runtime-test limits -policy examples/shop/policy.yaml -limit password-reset -arrivals poisson:12/s -for 60s -svg reset.svg
  runtime-test limits -policy examples/shop/policy.yaml -limit sign-up -arrivals poisson:40/m+burst:30/2m -for 10m
  runtime-test limits -policy policy.yaml -limit each-user -callers 200 -arrivals poisson:50/s -for 5m`

// Command is `runtime-test limits`.
func Command(out, errs io.Writer) *ffcli.Command {
	fs := flag.NewFlagSet("runtime-test limits", flag.ContinueOnError)
	fs.SetOutput(errs)
	policyFile := fs.String("policy", "", "policy file")
	name := fs.String("limit", "", "limit of the policy; with a plan: NAME.PLAN")
	trace := fs.String("trace", "", "file of requests, in place of -arrivals; - is the standard input")
	arrivals := fs.String("arrivals", "", "how requests arrive")
	length := fs.Duration("for", time.Minute, "how long")
	callers := fs.Int("callers", 1, "who share the arrivals, at random; with -trace the file says")
	seed := fs.Uint64("seed", 1, "of what is random")
	svg := fs.String("svg", "", "plot to this file")
	return &ffcli.Command{
		Name:       "limits",
		ShortUsage: "runtime-test limits -policy FILE -limit NAME (-trace FILE | -arrivals SPEC) [-for 60s] [-callers N] [-svg FILE]",
		ShortHelp:  "simulate a limit in virtual time, and plot it",
		LongHelp:   help,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("limits: found argument %q, want flags only", args[0])
			}
			if *policyFile == "" || *name == "" || (*trace == "") == (*arrivals == "") || *length <= 0 {
				return errors.New("limits: want -policy, -limit, one of -trace and -arrivals, and a time over 0")
			}
			l, err := find(*policyFile, *name)
			if err != nil {
				return fmt.Errorf("limits: %w", err)
			}
			var list []Arrival
			if *trace != "" {
				list, err = open(*trace)
			} else {
				list, err = Generate(*arrivals, *length, *callers, *seed)
			}
			if err != nil {
				return fmt.Errorf("limits: %w", err)
			}
			r, err := Simulate(l, list, *length)
			if err != nil {
				return fmt.Errorf("limits: %w", err)
			}
			r.Print(out)
			if *svg == "" {
				return nil
			}
			f, err := os.Create(*svg)
			if err != nil {
				return fmt.Errorf("limits: %w", err)
			}
			return errors.Join(r.WriteSVG(f), f.Close())
		},
	}
}

// find reads a policy and returns one of its limits, or a plan of one.
func find(path, name string) (*ir.Limit, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	doc, err := source.Parse(path, "", data)
	if err != nil {
		return nil, err
	}
	var diags diag.List
	p := policy.Read(doc, &diags)
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, errors.New(d.String())
		}
	}
	var known []string
	for _, l := range p.Limits() {
		for _, x := range append([]*ir.Limit{l}, l.Plans...) {
			if x.Name == name {
				return x, nil
			}
			known = append(known, x.Name)
		}
	}
	sort.Strings(known)
	return nil, fmt.Errorf("%s has no limit %q, want one of %s", path, name, strings.Join(known, ", "))
}

func open(path string) ([]Arrival, error) {
	if path == "-" {
		return ReadTrace(os.Stdin)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadTrace(f)
}
