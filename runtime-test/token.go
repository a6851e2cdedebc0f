package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
)

const tokenHelp = `Print a token that a case file describes, minted against the present time, for use with curl.

EXAMPLES
  curl -H "Authorization: Bearer $(runtime-test token examples/shop/cases/shop.yaml alice)" ...`

func tokenCommand(out, errs io.Writer) *ffcli.Command {
	return &ffcli.Command{
		Name:       "token",
		ShortUsage: "runtime-test token FILE NAME",
		ShortHelp:  "print a token of a case file",
		LongHelp:   tokenHelp,
		FlagSet:    flagSet("runtime-test token", errs),
		Exec: func(_ context.Context, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("token: want a case file and a token's name, found %d arguments", len(args))
			}
			f, err := cases.Read(args[0])
			if err != nil {
				return fmt.Errorf("token: %w", err)
			}
			token, err := f.MintNamed(args[1], time.Now())
			if err != nil {
				return fmt.Errorf("token: %w", err)
			}
			fmt.Fprintln(out, token)
			return nil
		},
	}
}
