package main

import (
	"net"

	"portcullis/filter/table"
	"portcullis/schemagen/proxy"
)

// keyClusters is the clusters that the keys of t's providers are fetched by, and that their
// tokens are asked about by.
func keyClusters(t *table.Table) (out []proxy.Cluster) {
	seen := map[string]bool{}
	add := func(name string, scheme, authority []byte, what string) {
		if seen[name] {
			return
		}
		seen[name] = true
		host, port, err := net.SplitHostPort(string(authority))
		if err != nil {
			host, port = string(authority), "80"
			if string(scheme) == "https" {
				port = "443"
			}
			if n := len(host); n > 1 && host[0] == '[' && host[n-1] == ']' {
				host = host[1 : n-1]
			}
		}
		c := proxy.Cluster{Name: name, Address: net.JoinHostPort(host, port), What: what}
		if string(scheme) == "https" {
			c.TLS = host
		}
		out = append(out, c)
	}
	for i := range t.NumProviders() {
		of := " of the provider " + string(t.Provider(i).Name)
		if in, ok := t.Introspection(i); ok {
			scheme, authority, _ := table.SplitURI(in.URI)
			add(string(in.Cluster), scheme, authority, "the introspection of tokens"+of)
		}
		r, ok := t.Remote(i)
		if !ok {
			continue
		}
		scheme, authority, _ := table.SplitURI(r.URI)
		if len(r.KeysOrigin) == 0 {
			add(string(r.Cluster), scheme, authority, "the keys"+of)
			continue
		}
		add(string(r.Cluster), scheme, authority, "the metadata"+of)
		scheme, authority, _ = table.SplitURI(append(r.KeysOrigin[:len(r.KeysOrigin):len(r.KeysOrigin)], '/'))
		add(string(r.KeysCluster), scheme, authority, "the keys"+of)
	}
	return out
}
