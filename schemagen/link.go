package main

import (
	"context"
	"fmt"
	"os"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/link"
)

const linkHelp = `Writes a table into a copy of the module, so that module and rules are one file:
one OCI artifact, and no limit on the size of the configuration. No toolchain is
needed. The plugin configuration then says "table": "linked", as it does by
default in what schemagen config prints.

EXAMPLES
  schemagen link -module build/filter.wasm -table api.tbl -o api.wasm`

func linkCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen link", e)
	module := fs.String("module", "", "module as build.sh makes it (`file`)")
	table := fs.String("table", "", "table to write into it (`file`)")
	out := fs.String("o", "", "`file` to write")
	return &ffcli.Command{
		Name:       "link",
		ShortUsage: "schemagen link -module FILE -table FILE -o FILE",
		ShortHelp:  "write a table into a copy of the module",
		LongHelp:   linkHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 || *module == "" || *table == "" || *out == "" {
				return usagef(e, "link: wanted -module, -table and -o, and nothing else")
			}
			if _, err := openTable(*table); err != nil {
				return err
			}
			data, err := os.ReadFile(*table)
			if err != nil {
				return fmt.Errorf("read the table: %w", err)
			}
			code, err := os.ReadFile(*module)
			if err != nil {
				return fmt.Errorf("read the module: %w", err)
			}
			linked, err := link.Link(code, data)
			if err != nil {
				return fmt.Errorf("link %s: %w", *module, err)
			}
			return writeFile(*out, linked)
		},
	}
}
