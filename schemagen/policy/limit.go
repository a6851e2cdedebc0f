package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Bounds of limits.
const (
	maxRequests   = 1_000_000_000
	minWindow     = 1e6
	maxWindow     = 31 * 86400e9
	maxConcurrent = 1_000_000
	maxPlans      = 32
	maxOverrides  = 1024
)

func (p *Policy) readLimits(n *source.Node, into map[string]*ir.Limit) {
	p.dec.mapping(n, "limits", func(name string, n *source.Node) {
		p.name(n, name, "the name of a limit")
		if old, ok := into[name]; ok && p.givesWay("limit", name, n, old.Loc.Node) {
			return
		}
		into[name] = p.readLimit(name, n)
	})
}

func (p *Policy) readLimit(name string, n *source.Node) *ir.Limit {
	d := p.dec
	l := &ir.Limit{Name: name, Key: ir.LimitByOperation, Scope: ir.ScopeProxy, Mode: ir.ModeEnforce, Count: ir.CountAll,
		Cost: ir.CostConstant, CostValue: 1, Loc: loc(n)}
	f := p.rateFields(l)
	f["concurrent"] = func(n *source.Node) { l.Concurrent = uint32(d.integer(n, "concurrent", 1, maxConcurrent)) }
	f["by"] = func(n *source.Node) { p.readBy(n, l) }
	f["scope"] = func(n *source.Node) { l.Scope = oneOf(d, n, "scope", scopes) }
	f["mode"] = func(n *source.Node) { l.Mode = oneOf(d, n, "mode", modes) }
	f["count"] = func(n *source.Node) { l.Count = oneOf(d, n, "count", counts) }
	f["cost"] = func(n *source.Node) { p.readCost(n, l) }
	f["planBy"] = func(n *source.Node) { p.readPlanBy(n, l) }
	f["announce"] = func(n *source.Node) { l.Announce = d.boolean(n, "announce") }
	f["service"] = func(*source.Node) {} // with the scope, below
	f["legacyFields"] = func(n *source.Node) { l.Legacy = d.boolean(n, "legacyFields") }
	// Plans and overrides repeat what is set here, wherever it stands.
	f["plans"], f["overrides"] = func(*source.Node) {}, func(*source.Node) {}
	if n.Get("concurrent") != nil {
		d.object(n, "a limit", f)
		p.checkConcurrent(n, l)
		return l
	}
	d.object(n, "a limit", f, "requests", "per")
	p.settleBurst(l)
	p.checkLimit(n, l)
	p.fleetScope(n, l)
	p.readPlans(n, l)
	p.readOverrides(n, l)
	p.checkFleet(n, l)
	return l
}

var counts = map[string]ir.LimitCount{"all": ir.CountAll, "failures": ir.CountFailures}

// rateFields is the readers of a rate.
func (p *Policy) rateFields(l *ir.Limit) fields {
	d := p.dec
	return fields{
		"requests": func(n *source.Node) { l.Requests = d.integer(n, "requests", 1, maxRequests) },
		"per":      func(n *source.Node) { l.WindowNanos = d.duration(n, "per", minWindow, maxWindow) },
		"burst":    func(n *source.Node) { l.Burst = d.integer(n, "burst", 1, maxRequests) },
	}
}

func (p *Policy) settleBurst(l *ir.Limit) {
	if l.Burst == 0 {
		l.Burst = l.Requests
	}
}

var plainKeys = map[string]ir.LimitKey{
	"operation": ir.LimitByOperation, "group": ir.LimitByGroup, "subject": ir.LimitBySubject, "consumer": ir.LimitByConsumer, "address": ir.LimitByAddress,
	"certificate": ir.LimitByCertificate,
}

var namedKeys = map[string]ir.LimitKey{
	"claim": ir.LimitByClaim, "header": ir.LimitByHeader, "path": ir.LimitByPathParam, "query": ir.LimitByQueryParam,
}

func (p *Policy) readBy(n *source.Node, l *ir.Limit) {
	text := p.dec.str(n, "by")
	if k, ok := plainKeys[text]; ok {
		l.Key = k
		return
	}
	kind, name, _ := strings.Cut(text, ":")
	k, ok := namedKeys[kind]
	path, good := memberPath(name)
	if !ok || k == ir.LimitByClaim && !good || !isFieldName(name) {
		p.dec.errorf(n, "policy-value", "found %s as by, wanted operation, group, subject, consumer, certificate, address, claim:NAME, header:NAME, path:NAME or query:NAME", describe(n))
		return
	}
	l.Key, l.KeyName = k, name
	switch k {
	case ir.LimitByClaim:
		l.KeyPath = path
	case ir.LimitByHeader:
		l.KeyName = strings.ToLower(name)
	}
}

func isFieldName(name string) bool { return name != "" && !strings.ContainsAny(name, " \t\r\n") }

// memberPath is the member names that text leads through: a JSON Pointer (RFC
// 6901) where it starts with a slash, one name elsewhere.
func memberPath(text string) (path []string, ok bool) {
	if !strings.HasPrefix(text, "/") {
		return []string{text}, isFieldName(text)
	}
	for _, token := range strings.Split(text[1:], "/") {
		for rest := token; ; {
			_, after, found := strings.Cut(rest, "~")
			if !found {
				break
			}
			if after == "" || after[0] != '0' && after[0] != '1' {
				return nil, false
			}
			rest = after[1:]
		}
		path = append(path, strings.NewReplacer("~1", "/", "~0", "~").Replace(token))
	}
	return path, true
}

func (p *Policy) readCost(n *source.Node, l *ir.Limit) {
	if n.Kind == source.Number {
		l.CostValue = uint32(p.dec.integer(n, "cost", 1, maxRequests))
		return
	}
	kind, name, _ := strings.Cut(n.Text, ":")
	path, ok := memberPath(name)
	ok = ok && n.Kind == source.String
	switch {
	case ok && kind == "header" && isFieldName(name):
		l.Cost, l.CostPath = ir.CostByHeader, []string{strings.ToLower(name)}
	case ok && kind == "claim":
		l.Cost, l.CostPath = ir.CostByClaim, path
	case ok && kind == "items" && name[0] == '/':
		l.Cost, l.CostPath = ir.CostByItems, path
	case n.Kind == source.String && n.Text == "items": // the body itself
		l.Cost = ir.CostByItems
	default:
		p.dec.errorf(n, "policy-value", "found %s as cost, wanted a number, header:NAME, claim:NAME, items or items:/POINTER", describe(n))
	}
}

func (p *Policy) readPlanBy(n *source.Node, l *ir.Limit) {
	kind, name, _ := strings.Cut(p.dec.str(n, "planBy"), ":")
	path, ok := memberPath(name)
	switch {
	case n.Text == "consumer":
		l.PlanBy = ir.LimitByConsumer
	case ok && kind == "claim":
		l.PlanBy, l.PlanPath = ir.LimitByClaim, path
	case ok && kind == "header":
		l.PlanBy, l.PlanPath = ir.LimitByHeader, []string{strings.ToLower(name)}
	default:
		p.dec.errorf(n, "policy-value", "found %s as planBy, wanted consumer, claim:NAME or header:NAME", describe(n))
	}
}

// variant is l with another rate, for callers that match.
func (p *Policy) variant(n *source.Node, l *ir.Limit, what, match string) *ir.Limit {
	v := *l
	v.Plans, v.Overrides, v.Loc, v.Match = nil, nil, loc(n), match
	v.Requests, v.WindowNanos, v.Burst = 0, 0, 0
	p.dec.object(n, what, p.rateFields(&v), "requests", "per")
	p.settleBurst(&v)
	return &v
}

func (p *Policy) readPlans(n *source.Node, l *ir.Limit) {
	list := n.Get("plans")
	if (list == nil) != (n.Get("planBy") == nil) {
		p.dec.errorf(n, "policy-missing", "found a limit with one of plans and planBy, wanted both or neither")
	}
	if list == nil {
		return
	}
	p.dec.mapping(list, "plans", func(name string, n *source.Node) {
		p.name(n, name, "the name of a plan")
		v := p.variant(n, l, "a plan", name)
		v.Name = l.Name + "." + name
		l.Plans = append(l.Plans, v)
	})
	p.sortVariants(list, "plans", l.Plans, maxPlans)
}

func (p *Policy) readOverrides(n *source.Node, l *ir.Limit) {
	list := n.Get("overrides")
	if list == nil {
		return
	}
	if l.Key == ir.LimitByOperation || l.Key == ir.LimitByGroup {
		p.dec.errorf(list, "policy-value", "found overrides of a limit by operation or group, wanted a limit by what callers differ in")
		return
	}
	p.dec.mapping(list, "overrides", func(key string, n *source.Node) {
		match := key
		if l.Key == ir.LimitByAddress {
			var ok bool
			if match, ok = addressKey(key); !ok {
				p.dec.errorf(n, "policy-value", "found %q as an address, wanted one of IPv4 or IPv6", key)
			}
		}
		if key == "" || len(key) > 256 {
			p.dec.errorf(n, "policy-value", "found a key of %d bytes in overrides, wanted 1 to 256", len(key))
		}
		l.Overrides = append(l.Overrides, p.variant(n, l, "an override", match))
	})
	p.sortVariants(list, "overrides", l.Overrides, maxOverrides)
}

// addressKey is what the filter counts an address by: IPv4 whole, of IPv6 the
// 64 bits that a subscriber has one of.
func addressKey(text string) (key string, ok bool) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return "", false
	}
	a = a.Unmap()
	b := a.AsSlice()
	return string(b[:min(len(b), 8)]), true
}

func (p *Policy) sortVariants(n *source.Node, what string, list []*ir.Limit, most int) {
	slices.SortFunc(list, func(a, b *ir.Limit) int { return cmp.Compare(a.Match, b.Match) })
	for i := 1; i < len(list); i++ {
		if list[i].Match == list[i-1].Match {
			p.dec.errorf(list[i].Loc.Node, "policy-value", "found two %s for one key, wanted one", what)
		}
	}
	if len(list) > most {
		p.dec.errorf(n, "policy-value", "found %d %s, wanted at most %d", len(list), what, most)
	}
}

// checkLimit finds what does not go together in a rate.
func (p *Policy) checkLimit(n *source.Node, l *ir.Limit) {
	if l.Count != ir.CountFailures {
		return
	}
	if l.Key == ir.LimitBySubject || l.Key == ir.LimitByClaim || l.Key == ir.LimitByConsumer {
		p.dec.errorf(n, "policy-value", "found a limit of failures by who the caller is, wanted a key that a caller without a good credential has")
	}
	for _, name := range []string{"cost", "planBy"} {
		if m := n.Get(name); m != nil {
			p.dec.errorf(m, "policy-value", "found %s in a limit of failures, wanted none: each failure counts one", name)
		}
	}
}

// checkConcurrent finds what a limit of requests in flight can't have.
func (p *Policy) checkConcurrent(n *source.Node, l *ir.Limit) {
	if l.Key != ir.LimitByOperation && l.Key != ir.LimitByGroup {
		p.dec.errorf(n.Get("by"), "policy-value", "found %s as by of concurrent, wanted operation or group", describe(n.Get("by")))
	}
	for _, name := range []string{"requests", "per", "burst", "count", "cost", "planBy", "plans", "overrides", "announce", "legacyFields", "service"} {
		if m := n.Get(name); m != nil {
			p.dec.errorf(m, "policy-value", "found %s beside concurrent, wanted a limit of one kind: an operation may have several", name)
		}
	}
	if m := n.Get("scope"); m != nil && l.Scope != ir.ScopeWorker {
		p.dec.errorf(m, "policy-value", "found %s as scope of concurrent, wanted worker: each worker counts its own requests in flight", describe(m))
	}
	l.Scope = ir.ScopeWorker
}
