// Command runtime-test runs the filter outside a production proxy: declarative cases on several engines, the module in front of an upstream,
// and the checks of the schema engine against the official suites.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/limits"
	"portcullis/runtime-test/oracle"
	"portcullis/runtime-test/suite"
)

// Exit codes.
const (
	exitOK       = 0
	exitFindings = 1 // a case failed, a difference was found
	exitUsage    = 2 // the command was not understood or could not do its work
)

// errFindings says that the command did its work and found something; it has said what.
var errFindings = errors.New("findings")

// commands are the subcommands. Other packages bring theirs as constructors.
func commands(out, errs io.Writer) []*ffcli.Command {
	return []*ffcli.Command{
		runCommand(out, errs),
		serveCommand(out, errs),
		demoCommand(out, errs),
		requestsCommand(out, errs),
		tokenCommand(out, errs),
		attacksCommand(out, errs),
		suite.Command(out),
		suite.ValidateCommand(os.Stdin, out, errs),
		oracle.Command(out),
		limits.Command(out, errs),
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	usage := io.Writer(io.Discard) // nobody reads it beside a mistake
	if len(args) == 0 || slices.ContainsFunc(args, isHelp) {
		usage = errs
	}
	root := &ffcli.Command{
		Name:        "runtime-test",
		ShortUsage:  "runtime-test <command> [flags] [arguments]",
		ShortHelp:   "run the filter outside a production proxy",
		LongHelp:    "Exit codes: 0 fine, 1 findings, 2 the command was not understood or could not do its work.",
		FlagSet:     flagSet("runtime-test", usage),
		Subcommands: commands(out, errs),
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q, want one of %s", args[0], names(commands(out, errs)))
			}
			return flag.ErrHelp
		},
	}
	quiet(root, usage)
	err := root.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(errs, "runtime-test: %s; runtime-test COMMAND -help says what there is\n", strings.TrimPrefix(err.Error(), "error parsing commandline arguments: "))
		return exitUsage
	}
	if err == nil {
		err = root.Run(ctx)
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp):
		if len(args) > 0 && isHelp(args[len(args)-1]) {
			return exitOK // it was asked for
		}
		return exitUsage
	case errors.Is(err, errFindings), errors.Is(err, suite.ErrFailed):
		return exitFindings
	}
	fmt.Fprintln(errs, "runtime-test:", err)
	return exitUsage
}

// quiet sends the help of all commands to usage.
func quiet(c *ffcli.Command, usage io.Writer) {
	if c.FlagSet == nil {
		c.FlagSet = flag.NewFlagSet(c.Name, flag.ContinueOnError)
	}
	c.FlagSet.SetOutput(usage)
	for _, sub := range c.Subcommands {
		quiet(sub, usage)
	}
}

func isHelp(arg string) bool { return arg == "-h" || arg == "-help" || arg == "--help" }

func names(cs []*ffcli.Command) string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name)
	}
	return strings.Join(out, ", ")
}

// flagSet makes a flag set that reports instead of exiting.
func flagSet(name string, errs io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(errs)
	return fs
}
