package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/explain"
)

const explainHelp = `Says what will be enforced for an operation: who may call, how often, parameters,
body, and where that differs from what its description may lead to expect. It
reads the table alone, so it is what the filter does. Without an operation it
lists them all; an operation is its method and path, or its operationId.

EXAMPLES
  schemagen explain -table api.tbl
  schemagen explain -table api.tbl 'POST /orders'
  schemagen explain -table api.tbl -format json createOrder`

func explainCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen explain", e)
	path := fs.String("table", "", "table `file`")
	format := fs.String("format", "text", "text or json")
	return &ffcli.Command{
		Name:       "explain",
		ShortUsage: "schemagen explain -table TABLE [flags] ['METHOD /path' | ID]",
		ShortHelp:  "say what will be enforced for an operation",
		LongHelp:   explainHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			switch {
			case *path == "":
				return usagef(e, "explain: found no -table, wanted one")
			case *format != "text" && *format != "json":
				return usagef(e, "found -format %q, wanted text or json", *format)
			case len(args) == 2: // POST /x, without quotes
				args = []string{strings.Join(args, " ")}
			case len(args) > 2:
				return usagef(e, "explain: found %d arguments, wanted one operation: 'POST /orders'", len(args))
			}
			t, err := openTable(*path)
			if err != nil {
				return err
			}
			return explainTable(e, explain.Read(t), args, *format)
		},
	}
}

func explainTable(e env, t *explain.Table, args []string, format string) error {
	ops := t.Operations
	if len(args) > 0 {
		if ops = t.Find(args[0]); len(ops) == 0 {
			return fmt.Errorf("explain: found no operation %q, wanted one of the table: schemagen explain -table TABLE lists them", args[0])
		}
	}
	switch {
	case format == "json":
		docs := []explain.Document{}
		for _, op := range ops {
			docs = append(docs, op.Document(len(args) > 0))
		}
		enc := json.NewEncoder(e.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(docs)
	case len(args) == 0:
		t.List(e.stdout)
	default:
		for i, op := range ops {
			if i > 0 {
				fmt.Fprintln(e.stdout)
			}
			op.Write(e.stdout)
		}
	}
	return nil
}
