package suite

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// ErrFailed is the error of a command that did its work and found failures,
// which it has told already.
var ErrFailed = errors.New("some tests failed")

// ErrUsage is the error of a command that was called wrongly.
var ErrUsage = errors.New("usage")

// OpenEngine returns the engine called name: "native", "wazero" or
// "reference". guest is the module of the wazero engine, or "" to build it.
// close ends what the engine has started.
func OpenEngine(name, guest string) (engine Engine, close func() error, err error) {
	none := func() error { return nil }
	switch name {
	case "native":
		return &Native{}, none, nil
	case "reference":
		return Reference{}, none, nil
	case "wazero":
		e, err := NewWasm(guest)
		if err != nil {
			return nil, none, err
		}
		return e, e.Close, nil
	}
	return nil, none, fmt.Errorf("%w: found the engine %q, wanted native, wazero or reference", ErrUsage, name)
}

const suiteHelp = `Run every test of a suite and say which are judged otherwise than they want.

EXAMPLES
  runtime-test suite -dir JSON-Schema-Test-Suite
  runtime-test suite -dir JSON-Schema-Test-Suite -draft draft2020-12 -optional -engine wazero`

// Command is `runtime-test suite`.
func Command(stdout io.Writer) *ffcli.Command {
	fs := flag.NewFlagSet("runtime-test suite", flag.ContinueOnError)
	dir := fs.String("dir", "", "folder with tests/ and remotes/, laid out like the JSON-Schema-Test-Suite")
	draft := fs.String("draft", "", "folder under tests/ to run alone, such as draft2020-12")
	optional := fs.Bool("optional", false, "run the optional tests too; formats assert under optional/format only")
	engine, guest := engineFlags(fs)
	return &ffcli.Command{
		Name:       "suite",
		ShortUsage: "runtime-test suite -dir D [-draft NAME] [-optional] [-engine native|wazero|reference]",
		ShortHelp:  "run a JSON Schema test suite",
		LongHelp:   suiteHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if *dir == "" || len(args) > 0 {
				return fmt.Errorf("%w: wanted -dir and no arguments", ErrUsage)
			}
			e, end, err := OpenEngine(*engine, *guest)
			if err != nil {
				return err
			}
			defer end()
			ok, err := Report(stdout, Options{Dir: *dir, Draft: *draft, Optional: *optional, Engine: e})
			if err == nil && !ok {
				err = ErrFailed
			}
			return err
		},
	}
}

func engineFlags(fs *flag.FlagSet) (engine, guest *string) {
	engine = fs.String("engine", "native", "native, wazero, or reference (the slow interpreter)")
	guest = fs.String("guest", "", "module of the wazero engine; built with the Go toolchain when empty")
	return engine, guest
}
