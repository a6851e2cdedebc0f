package policy

import (
	"regexp"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Bounds and defaults of rate limit services.
const (
	minDeadline     = 1e6
	maxDeadline     = 60e9
	defaultDeadline = 100 // ms
	defaultDomain   = "portcullis"
	maxServices     = 16
)

var onErrors = map[string]ir.OnError{"refuse": ir.OnErrorRefuse, "local": ir.OnErrorLocal, "pass": ir.OnErrorPass}

// printableRE is what clusters and domains are named by: they are written into logs
// and keys of others.
var printableRE = regexp.MustCompile(`^[!-~]{1,255}$`)

// readServices reads the rate limit services. Limits name them, so that they are read
// first, wherever they stand.
func (p *Policy) readServices(n *source.Node) {
	if n == nil {
		return
	}
	p.dec.mapping(n, "rateLimitServices", func(name string, n *source.Node) {
		p.name(n, name, "the name of a rate limit service")
		p.services[name] = p.readService(name, n)
	})
	if len(p.services) > maxServices {
		p.dec.errorf(n, "policy-value", "found %d rate limit services, wanted at most %d", len(p.services), maxServices)
	}
}

func (p *Policy) readService(name string, n *source.Node) *ir.RateLimitService {
	d := p.dec
	s := &ir.RateLimitService{Name: name, Domain: defaultDomain, DeadlineMillis: defaultDeadline, OnError: ir.OnErrorRefuse, Loc: loc(n)}
	printable := func(what string, to *string) func(*source.Node) {
		return func(n *source.Node) {
			if *to = d.str(n, what); !printableRE.MatchString(*to) {
				d.errorf(n, "policy-value", "found %s as %s, wanted 1 to 255 printable characters without spaces", describe(n), what)
			}
		}
	}
	d.object(n, "a rate limit service", fields{
		"cluster": printable("cluster", &s.Cluster),
		"domain":  printable("domain", &s.Domain),
		"deadline": func(n *source.Node) {
			s.DeadlineMillis = uint32(d.duration(n, "deadline", minDeadline, maxDeadline) / 1e6)
		},
		"onError": func(n *source.Node) { s.OnError = oneOf(d, n, "onError", onErrors) },
		"callers": func(n *source.Node) {
			s.Plain = oneOf(d, n, "callers", map[string]bool{"hashed": false, "plain": true})
		},
		"secret": func(n *source.Node) {
			s.Secret = d.str(n, "secret")
			p.name(n, s.Secret, "the name of a secret")
		},
	}, "cluster")
	if s.Plain && s.Secret != "" {
		d.errorf(n.Get("secret"), "policy-value", "found a secret beside callers: plain, wanted none: it keys the hash of callers: hashed")
	}
	return s
}

// fleetScope gives l, which n says is of the fleet, its service.
func (p *Policy) fleetScope(n *source.Node, l *ir.Limit) {
	d, at := p.dec, n.Get("service")
	if l.Scope != ir.ScopeFleet {
		if at != nil {
			d.errorf(at, "policy-value", "found a rate limit service for a limit that is not of the fleet, wanted scope: fleet or no service")
		}
		return
	}
	switch {
	case at != nil:
		name := d.str(at, "service")
		if l.Service = p.services[name]; l.Service == nil {
			d.errorf(at, "policy-unknown-service", "found the rate limit service %q, wanted one that rateLimitServices defines", name)
		}
	case len(p.services) == 1:
		for _, s := range p.services {
			l.Service = s
		}
	default:
		d.errorf(n.Get("scope"), "policy-missing", "found a limit of the fleet and %d rateLimitServices, wanted one there, or service to name it", len(p.services))
	}
}

// checkFleet finds what a limit of the fleet can't have; its plans and overrides are
// known.
func (p *Policy) checkFleet(n *source.Node, l *ir.Limit) {
	if l.Scope != ir.ScopeFleet {
		return
	}
	d := p.dec
	for _, v := range append(append([]*ir.Limit{l}, l.Plans...), l.Overrides...) {
		if !table.ServiceWindow(v.WindowNanos) && v.WindowNanos != 0 {
			d.errorf(v.Loc.Node.Get("per"), "policy-value", "found %s as per of a limit of the fleet, wanted 1s, 1m, 1h or 1d: rate limit services count in these", describe(v.Loc.Node.Get("per")))
		}
	}
	if l.Count != ir.CountAll {
		d.errorf(n.Get("count"), "policy-value", "found a limit of the fleet that counts failures, wanted one of all requests: failures are counted in the proxy")
	}
	if l.Cost == ir.CostByItems {
		d.errorf(n.Get("cost"), "policy-value", "found a limit of the fleet by the items of a body, wanted another cost: the service is asked before the body is there")
	}
	if s := l.Service; s != nil && !s.Plain && s.Secret == "" && l.Key != ir.LimitByOperation && l.Key != ir.LimitByGroup {
		d.errorf(n, "policy-missing", "found a limit of the fleet that counts callers and no secret in the rate limit service %q, wanted one, which keys their hash, or callers: plain", s.Name)
	}
}
