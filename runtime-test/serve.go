package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/runtime-test/cases"
	"portcullis/runtime-test/host"
	"portcullis/runtime-test/server"
)

const serveHelp = `Put the filter in front of an upstream as an HTTP reverse proxy. The table is given compiled or as descriptions, which are compiled first. Refusals
and what else the filter logs go to the standard error stream. It runs until it is interrupted.

EXAMPLES
  runtime-test serve -spec openapi.yaml -policy policy.yaml -listen 127.0.0.1:8080 -upstream http://127.0.0.1:9000
  runtime-test serve -policy examples/shop/policy.yaml -spec examples/shop/shop.yaml -config '{"secrets":{"machines":"0123456789abcdef0123456789abcdef"}}' -upstream http://127.0.0.1:9000
  runtime-test serve -table api.tbl -config '{"mode":"monitor"}' -listen 127.0.0.1:8080 -upstream http://127.0.0.1:9000`

type specs []string

func (s *specs) String() string     { return fmt.Sprint(*s) }
func (s *specs) Set(v string) error { *s = append(*s, v); return nil }

func serveCommand(out, errs io.Writer) *ffcli.Command {
	fs := flagSet("runtime-test serve", errs)
	var spec specs
	fs.Var(&spec, "spec", "API description to compile; may be repeated")
	table := fs.String("table", "", "compiled table, in place of -spec")
	policy := fs.String("policy", "", "policy file, with -spec")
	strict := fs.Bool("strict", true, "with -spec: refuse what can't be enforced; false compiles it as deny")
	config := fs.String("config", "{}", "plugin configuration beside the table, as JSON; @FILE reads it from a file")
	listen := fs.String("listen", "127.0.0.1:8080", "address to listen on; port 0 picks one")
	upstream := fs.String("upstream", "", "URL of the upstream")
	workers := fs.Int("workers", 2, "VMs")
	wasm := fs.String("module", "", "use this module in place of the one that build.sh makes")
	return &ffcli.Command{
		Name:       "serve",
		ShortUsage: "runtime-test serve (-table FILE | -spec FILE [-policy FILE]) -listen ADDRESS -upstream URL",
		ShortHelp:  "put the filter in front of an upstream as a reverse proxy",
		LongHelp:   serveHelp,
		FlagSet:    fs,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("serve: found argument %q, want flags only", args[0])
			}
			if (*table == "") == (len(spec) == 0) {
				return errors.New("serve: want either -table or -spec")
			}
			target, err := url.Parse(*upstream)
			if err != nil || target.Host == "" {
				return fmt.Errorf("serve: -upstream is %q, want a URL such as http://127.0.0.1:9000", *upstream)
			}
			cfg, err := serveConfig(*config, *table, cases.CompileRequest{Specs: spec, Policy: *policy, Strict: *strict})
			if err != nil {
				return fmt.Errorf("serve: %w", err)
			}
			if cfg.Module, err = module(*wasm); err != nil {
				return fmt.Errorf("serve: %w", err)
			}
			cfg.Workers = *workers
			cfg.OnLog = func(l host.Log) { fmt.Fprintf(errs, "[%d] %s %s\n", l.Worker, l.Level, l.Message) }
			return serve(ctx, out, cfg, target, *listen)
		},
	}
}

// serveConfig makes the host's configuration out of the plugin's and the table.
func serveConfig(config, table string, compile cases.CompileRequest) (host.Config, error) {
	if len(config) > 0 && config[0] == '@' {
		text, err := os.ReadFile(config[1:])
		if err != nil {
			return host.Config{}, fmt.Errorf("-config: %w", err)
		}
		config = string(text)
	}
	s := cases.Setup{}
	if err := json.Unmarshal([]byte(config), &s.Config); err != nil {
		return host.Config{}, fmt.Errorf("-config: %w", err)
	}
	var err error
	if table != "" {
		s.Table, err = os.ReadFile(table)
	} else {
		s.Table, err = cases.Compile(compile)
	}
	if err != nil {
		return host.Config{}, err
	}
	text, err := cases.PluginConfig(s)
	return host.Config{Name: "portcullis", VMID: "portcullis", PluginConfig: text, AllowOnHeadersStopIteration: s.StopIteration(),
		BufferFilterBehind: s.BufferFilter()}, err
}

// serve listens until ctx ends, then lets requests finish for a while.
func serve(ctx context.Context, out io.Writer, cfg host.Config, upstream *url.URL, listen string) error {
	h, err := server.New(context.Background(), cfg, upstream, nil)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		h.Close()
		return fmt.Errorf("serve: %w", err)
	}
	fmt.Fprintf(out, "listening on http://%s for %s\n", l.Addr(), upstream)
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		err = srv.Shutdown(grace)
		cancel()
	}
	return errors.Join(err, h.Close())
}
