package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/peterbourgon/ff/v3/ffcli"

	"portcullis/filter/config"
	"portcullis/schemagen/proxy"
)

const configHelp = `Prints configuration for a proxy that loads the filter: the HTTP filter with the
connection manager's settings that the judgement relies on, or a whole Envoy
bootstrap that runs as it is. How headers are held (-hold) and what the proxy
needs for that are always printed as a matching pair.

Targets: envoy; envoy-ecds, the resource file of Envoy's extension discovery, for
reload from disk without a restart; istio, an EnvoyFilter; ratelimit, what
envoyproxy/ratelimit is to count for the table's limits with scope: fleet.

EXAMPLES
  schemagen config -target envoy -table api.tbl -module /etc/envoy/filter.wasm
  schemagen config -target envoy -bootstrap -listen 0.0.0.0:8080 -upstream 127.0.0.1:9000 -table api.tbl -module build/filter.wasm > envoy.yaml
  schemagen config -target envoy -bootstrap -ecds /etc/envoy/portcullis.yaml > envoy.yaml
  schemagen config -target envoy-ecds -table api.tbl -module /etc/envoy/filter.wasm -version 7 > portcullis.yaml
  schemagen config -target istio -table api.tbl -module /var/lib/portcullis/filter.wasm
  schemagen config -target ratelimit -table api.tbl > config.yaml`

func configCommand(e env) *ffcli.Command {
	fs := newFlagSet("schemagen config", e)
	var o proxy.Options
	fs.StringVar(&o.Target, "target", proxy.TargetEnvoy, "what to print for: envoy, envoy-ecds, istio or ratelimit")
	fs.BoolVar(&o.Bootstrap, "bootstrap", false, "with -target envoy: print a whole bootstrap")
	fs.StringVar(&o.Listen, "listen", "127.0.0.1:8080", "with -bootstrap: `host:port` to listen on")
	fs.StringVar(&o.Upstream, "upstream", "127.0.0.1:8081", "with -bootstrap: `host:port` of the upstream")
	fs.StringVar(&o.Admin, "admin", "", "with -bootstrap: `host:port` of Envoy's admin interface; none by default")
	fs.StringVar(&o.ECDS, "ecds", "", "with -target envoy: take the filter from this resource `file` instead")
	fs.StringVar(&o.Version, "version", "1", "with -target envoy-ecds: version of the resource; change it with the table")
	fs.StringVar(&o.Module, "module", "filter.wasm", "path of the module, as the proxy sees it")
	fs.StringVar(&o.Hold, "hold", "stop", "how headers wait for the verdict: stop (StopIteration) or buffer (the buffer filter behind)")
	fs.Func("upgrade", "`protocol` that connections may change to, where the table is linked into the module; may be repeated", func(s string) error {
		o.Upgrades = append(o.Upgrades, s)
		return nil
	})
	fleet := fleetFlags(fs)
	table := fs.String("table", "", "table `file`; without it the table is linked into the module (schemagen link)")
	plugin := fs.String("plugin", "{}", "further members of the plugin configuration, as `JSON`; @FILE reads it from a file")
	return &ffcli.Command{
		Name:       "config",
		ShortUsage: "schemagen config [flags]",
		ShortHelp:  "print configuration for Envoy or Istio",
		LongHelp:   configHelp,
		FlagSet:    fs,
		Exec: func(_ context.Context, args []string) error {
			if len(args) > 0 {
				return usagef(e, "config: found the argument %q, wanted flags alone", args[0])
			}
			if *table != "" && o.ECDS != "" {
				return usagef(e, "config: found -table with -ecds: the table belongs into the resource file, which -target envoy-ecds prints")
			}
			if *table != "" {
				t, err := openTable(*table)
				if err != nil {
					return err
				}
				if o.Target == targetRateLimit {
					return fleet.print(e, t)
				}
				o.Clusters = append(append(o.Clusters, fleet.clusters(t)...), keyClusters(t)...)
				data, err := os.ReadFile(*table)
				if err != nil {
					return fmt.Errorf("read the table: %w", err)
				}
				o.Table = data
			}
			if o.Target == targetRateLimit {
				return usagef(e, "config: found -target ratelimit without -table, wanted the table whose limits it is for")
			}
			text := []byte(*plugin)
			if len(text) > 0 && text[0] == '@' {
				var err error
				if text, err = os.ReadFile(string(text[1:])); err != nil {
					return fmt.Errorf("read the plugin configuration: %w", err)
				}
			}
			if err := json.Unmarshal(text, &o.Plugin); err != nil {
				return usagef(e, "config: -plugin is no JSON object: %v", err)
			}
			if err := checkPlugin(text); err != nil {
				return usagef(e, "config: -plugin: %v", err)
			}
			if n, ok := o.Plugin["maxBodyBytes"].(float64); ok && n > 0 && n < 1<<29 {
				o.MaxBodyBytes = uint32(n)
			}
			if n, ok := o.Plugin["maxResponseBodyBytes"].(float64); ok && n > 0 && n < 1<<29 {
				o.MaxResponse = uint32(n)
			}
			out, err := proxy.Print(o)
			if err != nil {
				return usagef(e, "config: %v", err)
			}
			_, err = fmt.Fprint(e.stdout, out)
			return err
		},
	}
}

// plugin is the text of a plugin configuration, as the filter reads it.
type plugin []byte

// Range implements config.Source.
func (p plugin) Range(start, max uint32) ([]byte, bool) {
	if uint64(start) > uint64(len(p)) {
		return nil, false
	}
	return p[start:min(uint64(len(p)), uint64(start)+uint64(max))], true
}

// checkPlugin says what the filter would refuse of a plugin configuration.
func checkPlugin(text []byte) error {
	if _, err := config.Load(plugin(text), uint32(len(text))); err != nil {
		return err
	}
	return nil
}
