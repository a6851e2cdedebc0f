// Package proxy prints configuration for the proxies that load the filter:
// Envoy's HTTP filter, a whole Envoy bootstrap, a resource file for hot reload,
// and Istio's EnvoyFilter.
//
// The settings that the judgement relies on are printed with it, never left to
// defaults: how headers are held until the verdict, that paths reach the filter
// as they came, and that header names with underscores do not.
package proxy

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"portcullis/filter/table"
)

// Targets of Print.
const (
	TargetEnvoy     = "envoy"
	TargetEnvoyECDS = "envoy-ecds"
	TargetIstio     = "istio"
)

// Options is what a configuration is made from.
type Options struct {
	Target    string
	Bootstrap bool   // with TargetEnvoy: a whole, runnable bootstrap
	Listen    string // host:port, default 127.0.0.1:8080
	Upstream  string // host:port, default 127.0.0.1:8081
	Admin     string // host:port of the admin interface, "" for none
	Module    string // path of filter.wasm as the proxy sees it
	Table     []byte // nil: the table is linked into the module
	Hold      string // "stop" or "buffer"
	ECDS      string // with Bootstrap: path of the resource file to take the filter from
	Version   string // of the ECDS resource; any change makes Envoy read it again
	// Clusters is what the filter calls. Targets that have no place for them say what
	// to add.
	Clusters []Cluster
	// Plugin holds further members of the plugin configuration, as in
	// filter/FORMATS.md.
	Plugin map[string]any
	// MaxBodyBytes is the plugin's limit; the proxy's buffer is made larger, so
	// that the filter answers before the proxy does.
	MaxBodyBytes uint32
	// Upgrades is protocols that connections may change to, beside those of Table.
	Upgrades []string
	// MaxResponse is the same for the bodies of responses that are judged.
	MaxResponse uint32
}

// bufferFactor is how many times the plugin's limit the proxy buffers. What comes in
// one read may pass the plugin's limit by far before the plugin is asked.
const bufferFactor = 4

// Print returns the configuration as YAML.
func Print(o Options) (string, error) {
	o.Upgrades = upgrades(o)
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	if o.Upstream == "" {
		o.Upstream = "127.0.0.1:8081"
	}
	if o.Hold == "" {
		o.Hold = "stop"
	}
	if o.Hold != "stop" && o.Hold != "buffer" {
		return "", fmt.Errorf("hold is %q, want stop or buffer", o.Hold)
	}
	if o.MaxBodyBytes == 0 {
		o.MaxBodyBytes = 1 << 20
	}
	if o.MaxResponse == 0 {
		o.MaxResponse = 1 << 20
	}
	if o.Version == "" {
		o.Version = "1"
	}
	name := ""
	switch {
	case o.Target == TargetEnvoy && o.Bootstrap:
		name = "bootstrap"
	case o.Target == TargetEnvoy:
		name = "filters"
	case o.Target == TargetEnvoyECDS:
		name = "ecds"
	case o.Target == TargetIstio:
		name = "istio"
	default:
		return "", fmt.Errorf("target is %q, want envoy, envoy-ecds, istio or ratelimit", o.Target)
	}
	plugin, err := pluginJSON(o)
	if err != nil {
		return "", err
	}
	d := data{Options: o, Plugin: plugin, BufferBytes: bufferFactor * max(o.MaxBodyBytes, o.MaxResponse)}
	for _, a := range []struct {
		to   *address
		text string
	}{{&d.ListenAt, o.Listen}, {&d.UpstreamAt, o.Upstream}, {&d.AdminAt, o.Admin}} {
		if a.text == "" {
			continue
		}
		if *a.to, err = parseAddress(a.text); err != nil {
			return "", err
		}
	}
	for _, c := range o.Clusters {
		at, err := parseAddress(c.Address)
		if err != nil {
			return "", err
		}
		d.Calls = append(d.Calls, cluster{c, at})
	}
	var b strings.Builder
	if err := templates.ExecuteTemplate(&b, name, d); err != nil {
		return "", err
	}
	if name == "filters" || name == "ecds" {
		if err := templates.ExecuteTemplate(&b, "clusters to add", d); err != nil {
			return "", err
		}
		return strings.TrimRight(b.String(), "\n") + "\n", nil
	}
	return b.String(), nil
}

// PluginConfiguration is the JSON text that the filter is configured with.
func pluginJSON(o Options) (string, error) {
	m := map[string]any{"hold": o.Hold, "maxBodyBytes": o.MaxBodyBytes, "table": "linked"}
	if o.Table != nil {
		m["table"] = base64.StdEncoding.EncodeToString(o.Table)
	}
	for k, v := range o.Plugin {
		m[k] = v
	}
	text, err := json.Marshal(m)
	return string(text), err
}

type data struct {
	Options
	Plugin                        string
	BufferBytes                   uint32
	ListenAt, UpstreamAt, AdminAt address
	Calls                         []cluster
}

type address struct {
	Host string
	Port int
}

// Type is the cluster discovery type that suits the host.
func (a address) Type() string {
	if net.ParseIP(a.Host) != nil {
		return "STATIC"
	}
	return "STRICT_DNS"
}

func parseAddress(s string) (address, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return address{}, fmt.Errorf("address is %q, want host:port", s)
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return address{}, fmt.Errorf("port is %q in address %q, want a number up to 65535", port, s)
	}
	return address{host, n}, nil
}

// quote writes a YAML double-quoted scalar; JSON strings are a subset.
func quote(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// indent shifts every line of text by n spaces, but the first.
func indent(n int, text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", n))
}

var templates = func() *template.Template {
	t := template.New("")
	t.Funcs(template.FuncMap{
		"quote": quote,
		"commented": func(n int, c cluster) (string, error) {
			var b strings.Builder
			err := t.ExecuteTemplate(&b, "cluster", c)
			return strings.ReplaceAll(strings.TrimRight(b.String(), "\n"), "\n", "\n#"+strings.Repeat(" ", n-1)), err
		},
		"in": func(n int, name string, d any) (string, error) {
			var b strings.Builder
			err := t.ExecuteTemplate(&b, name, d)
			return indent(n, b.String()), err
		},
	})
	template.Must(t.Parse(clusterText))
	return template.Must(t.Parse(text))
}()

// upgrades is the protocols that connections may change to, each once. A table that
// can't be read has none: the filter will say what is wrong with it.
func upgrades(o Options) []string {
	out := slices.Clone(o.Upgrades)
	t, err, _ := table.Open(o.Table)
	if err == table.ErrNone {
		for i := range t.NumExtras() {
			list := t.Extra(i).Upgrades()
			for j := range list.Len() {
				out = append(out, string(list.At(j)))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
