package policy

import (
	"fmt"
	"slices"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Defaults of introspection.
const (
	defaultAnswerTimeoutMs = 2000
	defaultAnswerCache     = 60 // seconds
	defaultAnswerNegative  = 5  // seconds
	defaultAnswerCalls     = 32
	defaultAnswerRate      = 200
)

// askedTokens is what a provider may be asked about.
var askedTokens = map[string][2]bool{"opaque": {true, false}, "jwt": {false, true}, "any": {true, true}}

// readIntrospection reads introspection of a provider: where its tokens are asked about.
func (p *Policy) readIntrospection(n *source.Node) *ir.Introspection {
	d := p.dec
	v := &ir.Introspection{Opaque: true, TimeoutMs: defaultAnswerTimeoutMs, CacheSeconds: defaultAnswerCache, NegativeSeconds: defaultAnswerNegative,
		MaxCalls: defaultAnswerCalls, Rate: defaultAnswerRate, Loc: loc(n)}
	d.object(n, "introspection", fields{
		"uri": func(n *source.Node) {
			if v.URI = d.str(n, "uri"); v.URI != "" {
				v.URI = p.hostURI(n, v.URI, "the URI of introspection")
			}
		},
		"cluster": func(n *source.Node) { v.Cluster = p.cluster(n, "cluster") },
		"client": func(n *source.Node) {
			d.object(n, "client", fields{
				"id": func(n *source.Node) { v.Client = d.str(n, "id") },
				"secret": func(n *source.Node) {
					v.Secret = d.str(n, "secret")
					p.name(n, v.Secret, "the name of a secret")
				},
			}, "id", "secret")
		},
		"tokens": func(n *source.Node) {
			what := oneOf(d, n, "tokens", askedTokens)
			v.Opaque, v.JWT = what[0], what[1]
		},
		"timeout": func(n *source.Node) {
			v.TimeoutMs = uint32(d.duration(n, "timeout", 100e6, table.MaxIntrospectionTimeout*1e6) / 1e6)
		},
		"cache": func(n *source.Node) { v.CacheSeconds = p.seconds(n, "cache", 0, table.MaxIntrospectionCache) },
		"negativeCache": func(n *source.Node) {
			v.NegativeSeconds = p.seconds(n, "negativeCache", 0, table.MaxIntrospectionNegative)
		},
		"maxCalls": func(n *source.Node) { v.MaxCalls = uint32(d.integer(n, "maxCalls", 1, table.MaxIntrospectionCalls)) },
		"callsPerSecond": func(n *source.Node) {
			v.Rate = uint32(d.integer(n, "callsPerSecond", 1, table.MaxIntrospectionRate))
		},
		"optional": func(n *source.Node) {
			for i, claim := range d.strs(n, "optional", 1) {
				switch claim {
				case "iss":
					v.MayLackIssuer = true
				case "aud":
					v.MayLackAudience = true
				case "exp":
					v.MayLackExpiry = true
				default:
					d.errorf(n.Items[i], "policy-value", "found %s in optional, wanted iss, aud or exp", describe(n.Items[i]))
				}
			}
		},
	}, "uri", "cluster", "client")
	return v
}

// checkIntrospection finds what a provider can't have beside its introspection, and that it
// has something its tokens are judged by.
func (p *Policy) checkIntrospection(n *source.Node, v *ir.Provider) {
	d := p.dec
	asked, sources := v.Introspection, 0
	for _, name := range []string{"keys", "jwks", "discovery"} {
		if n.Get(name) != nil {
			sources++
		}
	}
	switch {
	case sources > 1, sources == 0 && asked == nil:
		d.errorf(n, "policy-missing", "found a provider with %d of keys, jwks and discovery, wanted one of them, or introspection alone", sources)
	case asked != nil && asked.JWT && sources != 0:
		d.errorf(n.Get("introspection"), "policy-value", "found introspection of JWTs beside keys that would verify none, wanted tokens: opaque or no keys")
	case asked != nil && !asked.JWT && sources == 0 && v.TokenTypes != nil:
		d.errorf(n.Get("tokenTypes"), "policy-value", "found tokenTypes of a provider without JWTs, wanted none: opaque tokens have no typ")
	}
	if asked != nil && asked.MayLackAudience && n.Get("anyAudience") != nil {
		d.errorf(n.Get("introspection").Get("optional"), "policy-value", "found an optional aud beside anyAudience, wanted one of them")
	}
}

// checkAsked finds operations whose tokens would be shown to the servers of several
// providers: what one has issued is nothing for the others to see.
func (s *Scope) checkAsked(op *ir.Operation) {
	var asked []*ir.Provider
	for _, req := range op.Security {
		for _, use := range req.Uses {
			for _, v := range use.Scheme.Providers {
				if v.Introspection != nil && !slices.Contains(asked, v) {
					asked = append(asked, v)
				}
			}
		}
	}
	if len(asked) < 2 {
		return
	}
	s.policy.dec.errorf(asked[1].Introspection.Loc.Node, "policy-introspection", "found %s, which takes tokens of %q and %q, both with introspection, wanted one: a token would be shown to the server of the other",
		fmt.Sprintf("the operation %s %s", op.Method, op.Path), asked[0].Name, asked[1].Name)
}
