package policy

import (
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Bounds of limits.
const (
	maxRequests = 1_000_000_000
	minWindow   = 1e6
	maxWindow   = 31 * 86400e9
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
	l := &ir.Limit{Name: name, Key: ir.LimitByOperation, Scope: ir.ScopeProxy, Mode: ir.ModeEnforce, Loc: loc(n)}
	d.object(n, "a limit", fields{
		"requests": func(n *source.Node) { l.Requests = d.integer(n, "requests", 1, maxRequests) },
		"per":      func(n *source.Node) { l.WindowNanos = d.duration(n, "per", minWindow, maxWindow) },
		"burst":    func(n *source.Node) { l.Burst = d.integer(n, "burst", 1, maxRequests) },
		"by":       func(n *source.Node) { l.Key, l.KeyName = p.readBy(n) },
		"scope":    func(n *source.Node) { l.Scope = oneOf(d, n, "scope", scopes) },
		"mode":     func(n *source.Node) { l.Mode = oneOf(d, n, "mode", modes) },
	}, "requests", "per")
	if l.Burst == 0 {
		l.Burst = l.Requests
	}
	return l
}

var plainKeys = map[string]ir.LimitKey{
	"operation": ir.LimitByOperation, "group": ir.LimitByGroup, "subject": ir.LimitBySubject, "address": ir.LimitByAddress,
}

var namedKeys = map[string]ir.LimitKey{
	"claim": ir.LimitByClaim, "header": ir.LimitByHeader, "path": ir.LimitByPathParam, "query": ir.LimitByQueryParam,
}

func (p *Policy) readBy(n *source.Node) (ir.LimitKey, string) {
	text := p.dec.str(n, "by")
	if k, ok := plainKeys[text]; ok {
		return k, ""
	}
	kind, name, _ := strings.Cut(text, ":")
	k, ok := namedKeys[kind]
	if !ok || name == "" || strings.ContainsAny(name, " \t\r\n") {
		p.dec.errorf(n, "policy-value", "found %s as by, wanted operation, group, subject, address, claim:NAME, header:NAME, path:NAME or query:NAME", describe(n))
		return ir.LimitByOperation, ""
	}
	if k == ir.LimitByHeader {
		name = strings.ToLower(name)
	}
	return k, name
}
