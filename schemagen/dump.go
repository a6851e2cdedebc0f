package main

import (
	"context"
	"fmt"
	"os"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/filter/table"
	"portcullis/schemagen/dump"
)

const dumpHelp = `Prints a table as text: providers, limits, hosts and paths, and what each
operation asks for. The text is for people; it may change.

EXAMPLES
  schemagen dump api.tbl
  schemagen dump -match 'POST /orders' api.tbl
  schemagen dump -programs api.tbl               (with the instructions of schemas)`

func dumpCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen dump", e)
	var o dump.Options
	fs.BoolVar(&o.Programs, "programs", false, "print the instructions of schemas as well")
	fs.StringVar(&o.Match, "match", "", "only operations whose method and path, or id, hold this `text`")
	return &ffcli.Command{
		Name:       "dump",
		ShortUsage: "schemagen dump [flags] TABLE",
		ShortHelp:  "print a table as text",
		LongHelp:   dumpHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) != 1 {
				return usagef(e, "found %d arguments, wanted one table: schemagen dump api.tbl", len(args))
			}
			t, err := openTable(args[0])
			if err != nil {
				return err
			}
			return dump.Table(e.stdout, t, o)
		},
	}
}

// openTable reads and verifies a table.
func openTable(path string) (*table.Table, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the table: %w", err)
	}
	t, code, off := table.Open(data)
	if code != table.ErrNone {
		return nil, fmt.Errorf("read the table %s: %v at byte %d", path, code, off)
	}
	return t, nil
}
