package policy

import (
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// metadata is how the URI of a provider's metadata is made of its issuer: after it (OpenID
// Connect Discovery 1.0 section 4.1), or between its host and its path (RFC 8414 section
// 3.1).
var metadata = map[string]bool{"openid": false, "oauth": true}

// readDiscovery reads discovery of a provider: where it says, at run time, where its keys
// are.
func (p *Policy) readDiscovery(n *source.Node, issuer string) *ir.RemoteKeys {
	d := p.dec
	r := newRemote()
	between := false
	f := p.remoteFields(r)
	f["metadata"] = func(n *source.Node) { between = oneOf(d, n, "metadata", metadata) }
	f["keysOrigin"] = func(n *source.Node) {
		if r.KeysOrigin = d.str(n, "keysOrigin"); !isOrigin(r.KeysOrigin) {
			d.errorf(n, "policy-value", "found %s as keysOrigin, wanted http:// or https:// and a host, without a path", describe(n))
		}
	}
	f["keysCluster"] = func(n *source.Node) { r.KeysCluster = p.cluster(n, "keysCluster") }
	d.object(n, "discovery", f, "cluster")
	if n.Kind != source.Object {
		return r
	}
	switch {
	case n.Get("uri") == nil:
		if r.URI = metadataURI(issuer, between); r.URI == "" {
			d.errorf(n, "policy-missing", "found discovery without uri and the issuer %q, wanted an issuer with https:// and a host, or the uri of its metadata", issuer)
		}
	case n.Get("metadata") != nil:
		d.errorf(n, "policy-value", "found discovery with uri and metadata, wanted one of them: metadata says how the URI is made of the issuer")
	}
	if n.Get("keysCluster") != nil && n.Get("keysOrigin") == nil {
		d.errorf(n, "policy-missing", "found keysCluster without keysOrigin, wanted it: what stands behind that cluster")
	}
	if r.KeysOrigin == "" {
		scheme, authority, _ := table.SplitURI([]byte(r.URI))
		r.KeysOrigin = string(scheme) + "://" + string(authority)
	}
	if r.KeysCluster == "" {
		r.KeysCluster = r.Cluster
	}
	p.checkRemote(n, r)
	return r
}

// metadataURI is where an issuer has its metadata, "" for one that is no URI of a host.
func metadataURI(issuer string, between bool) string {
	issuer = strings.TrimSuffix(issuer, "/")
	scheme, authority, path := table.SplitURI([]byte(issuer + "/"))
	if len(authority) == 0 || !visible(issuer) || strings.Contains(string(path), "?") {
		return ""
	}
	if !between {
		return issuer + "/.well-known/openid-configuration"
	}
	return string(scheme) + "://" + string(authority) + "/.well-known/oauth-authorization-server" + strings.TrimSuffix(string(path), "/")
}

func isOrigin(text string) bool {
	scheme, host, _ := table.SplitOrigin([]byte(text))
	return len(scheme) != 0 && len(host) != 0 && visible(text)
}
