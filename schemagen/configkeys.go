package main

import (
	"net"

	"portcullis/filter/table"
	"portcullis/schemagen/proxy"
)

// keyClusters is the clusters that the keys of t's providers are fetched by.
func keyClusters(t *table.Table) (out []proxy.Cluster) {
	seen := map[string]bool{}
	for i := range t.NumProviders() {
		r, ok := t.Remote(i)
		name := string(r.Cluster)
		if !ok || seen[name] {
			continue
		}
		seen[name] = true
		scheme, authority, _ := table.SplitURI(r.URI)
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
		c := proxy.Cluster{Name: name, Address: net.JoinHostPort(host, port), What: "the keys of the provider " + string(t.Provider(i).Name)}
		if string(scheme) == "https" {
			c.TLS = host
		}
		out = append(out, c)
	}
	return out
}
