package openapi

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// maxServerURLs bounds the expansion of server variables with enum.
const maxServerURLs = 64

// mounts is where the servers say that the API answers: at the path of each
// URL, on any host. What stands before the path is the proxy's business, and
// the policy's where it names hosts.
func (w *walker) mounts(servers *source.Node) []ir.Mount {
	var out []ir.Mount
	if servers != nil && servers.Kind == source.Array {
		for _, s := range servers.Items {
			if s.Str("url") == "" {
				w.report(diag.Warning, s, "server-url", "found a server without a URL, wanted one: it is left out", "set hosts and basePath in the policy")
				continue
			}
			for _, u := range w.serverURLs(s) {
				base, ok := basePath(u)
				if !ok {
					w.report(diag.Warning, s, "server-url", fmt.Sprintf("found the server URL %q, wanted a URL whose path can be matched: it is left out", u), "set hosts and basePath in the policy")
					continue
				}
				m := ir.Mount{BasePath: base}
				if !slices.Contains(out, m) {
					out = append(out, m)
				}
			}
		}
	}
	if len(out) == 0 {
		// OpenAPI 3.1.1 section 4.8.1: without servers, one with the URL /.
		out = []ir.Mount{{}}
	}
	return out
}

// mounts20 is the same for OpenAPI 2.0's basePath.
func (w *walker) mounts20() []ir.Mount {
	n := w.root.Get("basePath")
	if n == nil {
		return []ir.Mount{{}}
	}
	base, ok := basePath(n.Text)
	if !ok || n.Kind != source.String {
		w.report(diag.Warning, n, "server-url", fmt.Sprintf("found the basePath %q, wanted a path that can be matched: it is left out", n.Text), "set basePath in the policy")
	}
	return []ir.Mount{{BasePath: base}}
}

// serverURLs is the URL of a server with its variables replaced: by each value
// of their enum, by their default where there is no enum.
func (w *walker) serverURLs(s *source.Node) []string {
	urls := []string{s.Str("url")}
	vars := s.Get("variables")
	if vars == nil || vars.Kind != source.Object {
		return urls
	}
	for i, v := range vars.Items {
		expr := "{" + vars.Keys[i].Name + "}"
		if !strings.Contains(urls[0], expr) {
			continue
		}
		values := variableValues(v)
		var next []string
		for _, u := range urls {
			for _, val := range values {
				next = append(next, strings.ReplaceAll(u, expr, val))
			}
		}
		if len(next) > maxServerURLs {
			w.report(diag.Warning, v, "server-variables", fmt.Sprintf("found server variables with more than %d combinations, wanted fewer: their first ones count", maxServerURLs), "set hosts and basePath in the policy")
			next = next[:maxServerURLs]
		}
		urls = next
	}
	return urls
}

func variableValues(v *source.Node) []string {
	values := []string{}
	if d := v.Get("default"); d != nil {
		values = append(values, d.Text)
	}
	if e := v.Get("enum"); e != nil && e.Kind == source.Array {
		for _, n := range e.Items {
			if !slices.Contains(values, n.Text) {
				values = append(values, n.Text)
			}
		}
	}
	if len(values) == 0 {
		values = []string{""}
	}
	return values
}

// basePath is the path of a server URL, percent-decoded and without the slash
// at its end.
func basePath(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(text, "{}") {
		return "", false
	}
	// A relative URL is relative to where the description is served from, which
	// a gateway takes to be the root.
	path := "/" + strings.TrimPrefix(u.EscapedPath(), "/")
	var out strings.Builder
	for _, seg := range strings.Split(path[1:], "/") {
		lit, ok := decodeLiteral(seg)
		switch {
		case !ok || lit == "..":
			return "", false
		case lit == "" || lit == ".":
			continue
		}
		out.WriteString("/" + lit)
	}
	return out.String(), true
}

// operationServers reads the servers of an operation or path item, which stand
// in place of the API's.
func (w *walker) operationServers(op, shared *source.Node) {
	servers := op.Get("servers")
	if servers == nil {
		servers = shared
	}
	if servers == nil || w.version == version20 {
		return
	}
	if m := w.mounts(servers); !slices.Equal(m, w.api.Mounts) {
		w.op.Mounts = m
	}
}
