package main

import (
	"flag"
	"fmt"

	"portcullis/filter/table"
	"portcullis/schemagen/proxy"
)

// targetRateLimit prints what a rate limit service is to count.
const targetRateLimit = "ratelimit"

// fleetConfig is what `schemagen config` is told of rate limit services.
type fleetConfig struct{ service, address string }

func fleetFlags(fs *flag.FlagSet) *fleetConfig {
	c := &fleetConfig{}
	fs.StringVar(&c.service, "service", "", "with -target ratelimit: which of the policy's rateLimitServices; the only one by default")
	fs.StringVar(&c.address, "ratelimit", "127.0.0.1:8081", "`host:port` of the rate limit service that limits with scope: fleet ask")
	return c
}

func (c *fleetConfig) print(e env, t *table.Table) error {
	text, err := proxy.RateLimit(t, c.service)
	if err != nil {
		return usagef(e, "config: %v", err)
	}
	_, err = fmt.Fprint(e.stdout, text)
	return err
}

// clusters is the clusters of the rate limit services of t.
func (c *fleetConfig) clusters(t *table.Table) (out []proxy.Cluster) {
	seen := map[string]bool{}
	for i := range t.NumServices() {
		s := t.Service(i)
		if name := string(s.Cluster); !seen[name] {
			seen[name] = true
			out = append(out, proxy.Cluster{Name: name, Address: c.address, HTTP2: true, What: "the rate limit service " + string(s.Name)})
		}
	}
	return out
}
