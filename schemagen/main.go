// Command schemagen compiles API descriptions and policies into tables for the
// filter, and shows what is in them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the input has findings that fail, or a file can't be had
	exitUsage  = 2 // the command line is wrong
)

// env is what commands see of the process.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool      // stderr is one: colour and progress are welcome
	usage          io.Writer // where help goes; nobody reads it beside a mistake
}

// errFailed is the error of a command that has said why already.
var errFailed = errors.New("failed")

// commands lists every command. Each is a function in a file of its name.
func commands(e env) []*ffcli.Command {
	return []*ffcli.Command{
		buildCommand(e),
		checkCommand(e),
		dumpCommand(e),
		explainCommand(e),
		diffCommand(e),
		reportCommand(e),
		keysCommand(e),
		configCommand(e),
		linkCommand(e),
	}
}

func main() {
	os.Exit(run(os.Args[1:], env{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, terminal: isTerminal(os.Stderr)}))
}

// run runs one command line and returns the exit code.
func run(args []string, e env) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(e.stderr, "internal error, please report: %v\n%s", p, debug.Stack())
			code = exitFailed
		}
	}()
	e.usage = io.Discard
	if asksHelp(args) {
		e.usage = e.stderr
	}
	fs := newFlagSet("schemagen", e)
	root := &ffcli.Command{
		ShortUsage: "schemagen <command> [flags] [arguments]",
		ShortHelp:  "compile API descriptions into tables for the Portcullis filter",
		LongHelp: "Each command has its own help: schemagen build -help\n\n" +
			"Exit codes: 0 fine, 1 findings that fail, or a file that can't be had, 2 the command line is wrong.",
		FlagSet:     fs,
		Subcommands: commands(e),
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				var names []string
				for _, c := range commands(e) {
					names = append(names, c.Name)
				}
				return usagef(e, "found the command %q, wanted one of %s", args[0], strings.Join(names, ", "))
			}
			return flag.ErrHelp
		},
	}
	if err := root.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return exitOK // help was asked for and printed
		}
		fmt.Fprintf(e.stderr, "schemagen: %s; %s -help says what there is\n", strings.TrimPrefix(err.Error(), "error parsing commandline arguments: "), called(args))
		return exitUsage
	}
	err := root.Run(context.Background())
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, flag.ErrHelp): // no command given
		return exitUsage
	case errors.Is(err, errUsage):
		return exitUsage
	case !errors.Is(err, errFailed):
		fmt.Fprintf(e.stderr, "schemagen: %v\n", err)
	}
	return exitFailed
}

// errUsage is the error of a command line that has been told off already.
var errUsage = errors.New("usage")

// usagef says what is wrong with a command line.
func usagef(e env, format string, args ...any) error {
	fmt.Fprintf(e.stderr, "schemagen: "+format+"\n", args...)
	return errUsage
}

func newFlagSet(name string, e env) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(e.usage)
	return fs
}

// asksHelp reports a command line that is answered with help: one that asks for it,
// or says nothing.
func asksHelp(args []string) bool {
	for _, a := range args {
		if a == "-h" || a == "-help" || a == "--help" || a == "--h" {
			return true
		}
	}
	return len(args) == 0 || len(args) == 1 && args[0] == "keys"
}

// called is the command of a command line, for a hint.
func called(args []string) string {
	out := "schemagen"
	for _, a := range args {
		if a == "" || a[0] == '-' || strings.ContainsAny(a, "./") {
			break
		}
		out += " " + a
	}
	return out
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
