package policy

import (
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Defaults of fetched keys.
const (
	defaultRefreshSeconds  = 300
	defaultMaxStaleSeconds = 24 * 3600
	defaultTimeoutMs       = 2000
	defaultCooldownSeconds = 2
)

// readRemote reads jwks of a provider: where its keys are fetched at run time.
func (p *Policy) readRemote(n *source.Node, issuer string) *ir.RemoteKeys {
	d := p.dec
	r := newRemote()
	f := p.remoteFields(r)
	f["discoveryFile"] = func(n *source.Node) {
		if uri := p.discovered(n, issuer); uri != "" {
			r.URI = p.hostURI(n, uri, "the URI of keys")
		}
	}
	d.object(n, "jwks", f, "cluster")
	if n.Kind == source.Object && (n.Get("uri") == nil) == (n.Get("discoveryFile") == nil) {
		d.errorf(n, "policy-missing", "found jwks with both or neither of uri and discoveryFile, wanted one of them")
	}
	p.checkRemote(n, r)
	return r
}

func newRemote() *ir.RemoteKeys {
	return &ir.RemoteKeys{RefreshSeconds: defaultRefreshSeconds, MaxStaleSeconds: defaultMaxStaleSeconds,
		TimeoutMs: defaultTimeoutMs, CooldownSeconds: defaultCooldownSeconds}
}

// remoteFields is the readers of what jwks and discovery have in common.
func (p *Policy) remoteFields(r *ir.RemoteKeys) fields {
	d := p.dec
	return fields{
		"uri":      func(n *source.Node) { r.URI = p.hostURI(n, d.str(n, "uri"), "the URI of keys") },
		"cluster":  func(n *source.Node) { r.Cluster = p.cluster(n, "cluster") },
		"refresh":  func(n *source.Node) { r.RefreshSeconds = p.seconds(n, "refresh", 1, 86400) },
		"maxStale": func(n *source.Node) { r.MaxStaleSeconds = p.seconds(n, "maxStale", 1, 30*86400) },
		"timeout":  func(n *source.Node) { r.TimeoutMs = uint16(d.duration(n, "timeout", 100e6, 30e9) / 1e6) },
		"cooldown": func(n *source.Node) { r.CooldownSeconds = uint16(p.seconds(n, "cooldown", 1, 60)) },
		"algorithms": func(n *source.Node) {
			d.array(n, "algorithms", func(n *source.Node) {
				a := oneOf(d, n, "an algorithm", algs)
				if a != 0 && a < ir.AlgRS256 {
					d.errorf(n, "policy-value", "found %s for keys that are fetched, wanted an algorithm of public keys", describe(n))
					return
				}
				r.Algorithms = append(r.Algorithms, a)
			})
			if n.Kind == source.Array && len(n.Items) == 0 {
				d.errorf(n, "policy-value", "found no algorithms, wanted at least one")
			}
		},
	}
}

// cluster reads the name of a cluster.
func (p *Policy) cluster(n *source.Node, what string) string {
	name := p.dec.str(n, what)
	if !visible(name) {
		p.dec.errorf(n, "policy-value", "found %s as %s, wanted the name of a cluster of the proxy", describe(n), what)
	}
	return name
}

// checkRemote checks what members of r have to do with each other, and fills in the
// algorithms.
func (p *Policy) checkRemote(n *source.Node, r *ir.RemoteKeys) {
	if r.MaxStaleSeconds < r.RefreshSeconds {
		p.dec.errorf(n, "policy-value", "found keys that count for less time (maxStale) than they are kept before they are fetched again (refresh), wanted as long at least")
	}
	if len(r.Algorithms) == 0 {
		for a := ir.AlgRS256; a <= ir.AlgEdDSA; a++ {
			r.Algorithms = append(r.Algorithms, a)
		}
	}
}

// hostURI checks a URI that the proxy is to call.
func (p *Policy) hostURI(n *source.Node, uri, what string) string {
	if _, authority, _ := table.SplitURI([]byte(uri)); len(authority) == 0 || !visible(uri) {
		p.dec.errorf(n, "policy-value", "found %q as %s, wanted http:// or https://, a host and a path, without user or fragment", uri, what)
		return ""
	}
	return uri
}

// visible reports visible ASCII.
func visible(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) < 0
}

// discovered reads a provider's metadata (OpenID Connect Discovery 1.0 section 3, RFC
// 8414 section 2) that was fetched for the build, and returns its jwks_uri. The issuer has
// to be the provider's: a document of somebody else names somebody else's keys.
func (p *Policy) discovered(n *source.Node, issuer string) string {
	data, path, ok := p.readFile(n, "discoveryFile")
	if !ok {
		return ""
	}
	doc, err := source.Parse(path, n.Doc.URI, data)
	if err != nil {
		p.dec.errorf(n, "policy-file", "found no metadata of a provider: %v", err)
		return ""
	}
	if got := doc.Root.Str("issuer"); got != issuer {
		p.dec.errorf(n, "policy-file", "found metadata of the issuer %q, wanted that of %q", got, issuer)
		return ""
	}
	uri := doc.Root.Str("jwks_uri")
	if uri == "" {
		p.dec.errorf(n, "policy-file", "found metadata without jwks_uri, wanted one")
	}
	return uri
}
