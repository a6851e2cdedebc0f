package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/envoy"
	"portcullis/runtime-test/host"
)

const runHelp = `Run the cases of case files (see the package comment of runtime-test/cases) on engines. What is needed is built first: the module by build.sh,
the tables by schemagen. The last line is "N passed, N failed", counted over cases and engines.

EXAMPLES
  runtime-test run examples/shop/cases/*.yaml
  runtime-test run -engine native,wazero,proxytest,envoy -format json examples/shop/cases/shop.yaml
  runtime-test run -engine wazero -profile envoy-1.36 -case 'limit' -v examples/limits/cases/limits.yaml`

// engineMaker makes an engine when it is asked for.
type engineMaker func(opt engineOptions) (cases.Engine, error)

type engineOptions struct {
	profile string
	envoy   string // version
	module  string // path of a module; "" builds the filter
}

// engineMakers are the engines by name.
var engineMakers = map[string]engineMaker{
	"native": func(engineOptions) (cases.Engine, error) { return cases.Native{}, nil },
	"envoy":  envoyEngine,
	"wazero": func(opt engineOptions) (cases.Engine, error) {
		m, err := module(opt.module)
		return &cases.Wazero{Module: m, Profile: host.Profile(opt.profile)}, err
	},
	"proxytest": func(opt engineOptions) (cases.Engine, error) {
		m, err := module(opt.module)
		return &cases.Proxytest{Module: m}, err
	},
}

// envoyEngine finds an installed Envoy; it needs the module as a file.
func envoyEngine(opt engineOptions) (cases.Engine, error) {
	root, err := cases.Root()
	if err != nil {
		return nil, err
	}
	binary, err := envoy.Find(root, opt.envoy)
	if err != nil {
		return nil, err
	}
	if opt.module == "" {
		if _, err := cases.Module(); err != nil {
			return nil, err
		}
		opt.module = filepath.Join(root, "build", "filter.wasm")
	}
	return &envoy.Engine{Binary: binary, Module: opt.module}, nil
}

func runCommand(out, errs io.Writer) *ffcli.Command {
	fs := flagSet("runtime-test run", errs)
	engines := fs.String("engine", "wazero", "engines, separated by commas: "+strings.Join(cases.EngineNames, ", "))
	format := fs.String("format", "text", "text or json (one object a line, then the summary as text)")
	profile := fs.String("profile", string(host.Envoy140), "host profile of engine wazero: envoy-1.40 or envoy-1.36")
	version := fs.String("envoy", envoy.Versions[0], "version of engine envoy: "+strings.Join(envoy.Versions, ", "))
	match := fs.String("case", "", "run only cases whose name matches this regular expression")
	verbose := fs.Bool("v", false, "print cases that pass as well")
	wasm := fs.String("module", "", "use this module in place of the one that build.sh makes")
	return &ffcli.Command{
		Name:       "run",
		ShortUsage: "runtime-test run [flags] FILE...",
		ShortHelp:  "run declarative cases on one or more engines",
		LongHelp:   runHelp,
		FlagSet:    fs,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("run: no case files")
			}
			if *format != "text" && *format != "json" {
				return fmt.Errorf("run: -format is %q, want text or json", *format)
			}
			pattern, err := regexp.Compile(*match)
			if err != nil {
				return fmt.Errorf("run: -case: %w", err)
			}
			r := runner{out: out, json: *format == "json", verbose: *verbose}
			r.Match, r.OnResult = pattern.MatchString, r.print
			if err := r.engines(*engines, engineOptions{*profile, *version, *wasm}); err != nil {
				return fmt.Errorf("run: %w", err)
			}
			return r.files(ctx, args)
		},
	}
}

type runner struct {
	cases.Runner
	out            io.Writer
	json, verbose  bool
	passed, failed int
	problems       int
}

func (r *runner) engines(list string, opt engineOptions) error {
	for _, name := range strings.Split(list, ",") {
		maker, ok := engineMakers[name]
		if !ok {
			return fmt.Errorf("engine %q is unknown, want one of %s", name, strings.Join(cases.EngineNames, ", "))
		}
		e, err := maker(opt)
		if err != nil {
			return fmt.Errorf("engine %s: %w", name, err)
		}
		r.Engines = append(r.Engines, e)
	}
	return nil
}

func (r *runner) files(ctx context.Context, paths []string) error {
	var files []*cases.File
	for _, p := range paths { // read all before running any: a typing error should not cost minutes
		f, err := cases.Read(p)
		if err != nil {
			return fmt.Errorf("run: %w", err)
		}
		files = append(files, f)
	}
	var broken error
	for _, f := range files {
		if _, err := r.Run(ctx, f); err != nil {
			fmt.Fprintln(r.out, "ERROR", err)
			broken = fmt.Errorf("run: %d of %d files could not be run", r.brokenFiles(), len(files))
		}
	}
	fmt.Fprintf(r.out, "%d passed, %d failed\n", r.passed, r.failed)
	if broken != nil {
		return broken
	}
	if r.failed > 0 {
		return errFindings
	}
	return nil
}

func (r *runner) brokenFiles() int { r.problems++; return r.problems }

func (r *runner) print(res cases.Result) {
	if res.Passed {
		r.passed++
	} else {
		r.failed++
	}
	if r.json {
		text, err := json.Marshal(res)
		if err == nil {
			fmt.Fprintf(r.out, "%s\n", text)
		}
		return
	}
	if res.Passed && !r.verbose {
		return
	}
	word := "FAIL"
	if res.Passed {
		word = "ok  "
	}
	fmt.Fprintf(r.out, "%s %-9s %s:%d %s (%v)\n", word, res.Engine, res.File, res.Line, res.Case, res.Elapsed.Round(time.Millisecond))
	for _, w := range res.Wrong {
		fmt.Fprintf(r.out, "     %s\n", strings.ReplaceAll(w, "\n", "\n     "))
	}
}
