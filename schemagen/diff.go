package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/filter/table"
	"portcullis/schemagen/compile"
	"portcullis/schemagen/delta"
	"portcullis/schemagen/explain"
)

const diffHelp = `Says what a new table, or description, will refuse that the old one let through,
and the reverse: operations, parameters, bodies, callers, limits and modes. It
compares what is enforced, not how it is written; where it can't be sure which
way a difference goes, it says may.

Each of OLD and NEW is a table or a description; descriptions are compiled with
-policy (-old-policy for the old one) and -strict=false.

Exit codes: 0 nothing that passed will be refused, 1 something will or may be, or
a file can't be read, 2 the command line is wrong.

EXAMPLES
  schemagen diff old.tbl new.tbl
  schemagen diff -policy policy.yaml main/openapi.yaml openapi.yaml
  schemagen diff -format json old.tbl openapi.yaml`

func diffCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen diff", e)
	format := fs.String("format", "text", "text or json")
	o := compile.Options{}
	inputFlags(fs, &o)
	oldPolicy := fs.String("old-policy", "", "policy `file` of the old description; -policy without it")
	return &ffcli.Command{
		Name:       "diff",
		ShortUsage: "schemagen diff [flags] OLD NEW",
		ShortHelp:  "say what a new table will refuse that the old one let through",
		LongHelp:   diffHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if *format != "text" && *format != "json" {
				return usagef(e, "found -format %q, wanted text or json", *format)
			}
			if len(args) != 2 {
				return usagef(e, "diff: found %d arguments, wanted two: schemagen diff OLD NEW", len(args))
			}
			before := o
			if *oldPolicy != "" {
				before.PolicyPath = *oldPolicy
			}
			old, err := readEither(e, args[0], before)
			if err != nil {
				return err
			}
			new, err := readEither(e, args[1], o)
			if err != nil {
				return err
			}
			return diff(e, delta.Compare(old, new), *format)
		},
	}
}

// readEither reads a table, or compiles a description.
func readEither(e env, path string, o compile.Options) (*explain.Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if len(data) >= 4 && binary.LittleEndian.Uint32(data) == table.Magic {
		t, code, off := table.Open(data)
		if code != table.ErrNone {
			return nil, fmt.Errorf("read the table %s: %v at byte %d", path, code, off)
		}
		return explain.Read(t), nil
	}
	o.Specs, o.Strict = []string{path}, false
	r, err := compile.Build(o)
	if err != nil {
		return nil, err
	}
	if r.Table == nil {
		printText(e, r, o.Strict, "", time.Duration(0))
		return nil, fmt.Errorf("compile %s: found errors, wanted a description that compiles", path)
	}
	t, code, off := table.Open(r.Table)
	if code != table.ErrNone {
		return nil, fmt.Errorf("open the table of %s: %v at byte %d", path, code, off)
	}
	return explain.Read(t), nil
}

var effects = map[delta.Effect]string{
	delta.Refuses: "refuses    ", delta.MayRefuse: "may refuse ", delta.Accepts: "accepts    ", delta.MayAccept: "may accept ",
	delta.MayChanges: "may do both",
}

func diff(e env, list []delta.Change, format string) error {
	if format == "json" {
		doc := struct {
			Breaking bool           `json:"breaking"`
			Changes  []delta.Change `json:"changes"`
		}{delta.Breaking(list), append([]delta.Change{}, list...)}
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(doc); err != nil {
			return err
		}
	} else {
		printChanges(e, list)
	}
	if delta.Breaking(list) {
		return errFailed
	}
	return nil
}

func printChanges(e env, list []delta.Change) {
	op := "\x00"
	breaking := 0
	for _, c := range list {
		if c.Operation != op {
			op = c.Operation
			title := op
			if title == "" {
				title = "every operation"
			}
			fmt.Fprintln(e.stdout, title)
		}
		colour := "32"
		if c.Effect.Breaking() {
			breaking++
			colour = "31"
		}
		fmt.Fprintf(e.stdout, "  %s  %s: %s\n", e.paint(colour, effects[c.Effect]), c.Where, c.Text)
		if c.Place != "" {
			fmt.Fprintf(e.stdout, "               at %s\n", c.Place)
		}
	}
	fmt.Fprintf(e.stdout, "%s, %d of which refuse or may refuse what passed\n", plural(len(list), "difference"), breaking)
}
