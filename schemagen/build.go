package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/schemagen/compile"
)

const buildHelp = `Compiles API descriptions (OpenAPI 2.0, 3.0, 3.1 and 3.2, JSON or YAML) and a
policy into one table. Each argument is one API; without arguments the policy's
apis are built. References to other files are followed, never the network.

A strict build, the default, fails when anything would not be enforced exactly
as described and the policy does not waive it by name. With -strict=false such
things are warnings, and the operations that need them refuse every request.

Exit codes: 0 the table is written, 1 it is not, 2 the command line is wrong.

EXAMPLES
  schemagen build -o api.tbl openapi.yaml
  schemagen build -o api.tbl -policy policy.yaml users.yaml orders.json
  schemagen build -o api.tbl -strict=false github.json
  schemagen build -o api.tbl -resource https://example.com/common.json=common.json openapi.yaml
  schemagen build -o api.tbl -overlay gateway.overlay.yaml openapi.yaml
  schemagen build -format json openapi.yaml      (findings as JSON, no table)`

// resources is the flag -resource URI=FILE, as often as need be.
type resources map[string]string

func (r resources) String() string { return "" }

func (r resources) Set(s string) error {
	uri, file, ok := strings.Cut(s, "=")
	if !ok || uri == "" || file == "" {
		return errors.New("wanted URI=FILE")
	}
	r[uri] = file
	return nil
}

// files is a flag that names a file, as often as need be.
type files []string

func (f *files) String() string { return "" }

func (f *files) Set(s string) error {
	if s == "" {
		return errors.New("wanted a file")
	}
	*f = append(*f, s)
	return nil
}

// inputFlags adds the flags that name what a table is built from.
func inputFlags(fs *flag.FlagSet, o *compile.Options) {
	o.Resources = resources{}
	fs.StringVar(&o.PolicyPath, "policy", "", "policy `file`, YAML or JSON (examples/policy.schema.json describes it)")
	fs.Var((*files)(&o.Overlays), "overlay", "Overlay 1.0 document (`file`) to apply to the descriptions; may be repeated")
	fs.Var(resources(o.Resources), "resource", "`URI=FILE`: the file that stands for a remote document; a URI that ends in / stands for a folder; may be repeated")
}

func strictFlag(fs *flag.FlagSet, o *compile.Options) {
	fs.BoolVar(&o.Strict, "strict", true, "fail when something would not be enforced exactly and is not waived")
}

func buildCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen build", e)
	var o compile.Options
	inputFlags(fs, &o)
	strictFlag(fs, &o)
	out := fs.String("o", "", "`file` to write the table to; without it nothing is written")
	format := fs.String("format", "text", "how findings are printed: text or json")
	return &ffcli.Command{
		Name:       "build",
		ShortUsage: "schemagen build [flags] SPEC...",
		ShortHelp:  "compile descriptions and a policy into a table",
		LongHelp:   buildHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if *format != "text" && *format != "json" {
				return usagef(e, "found -format %q, wanted text or json", *format)
			}
			if len(args) == 0 && o.PolicyPath == "" && len(o.Overlays) == 0 {
				return usagef(e, "found no description, wanted at least one: schemagen build -o api.tbl openapi.yaml")
			}
			o.Specs = args
			return build(e, o, *out, *format)
		},
	}
}

func build(e env, o compile.Options, out, format string) error {
	p := startProgress(e)
	o.Progress = p.set
	start := time.Now()
	r, err := compile.Build(o)
	p.stop()
	if err != nil {
		return err
	}
	if r.Table != nil && out != "" {
		if err := writeFile(out, r.Table); err != nil {
			return err
		}
	}
	if format == "json" {
		if err := printJSON(e.stdout, r, out); err != nil {
			return err
		}
	} else {
		printText(e, r, o.Strict, out, time.Since(start))
	}
	if r.Table == nil {
		return errFailed
	}
	return nil
}

// writeFile writes data to path whole or not at all: readers never see half a
// table.
func writeFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(tmp.Name()) // after a rename it is not there
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
