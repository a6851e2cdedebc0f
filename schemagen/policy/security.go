package policy

import (
	"fmt"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// security stands in place of the description's.
type security struct {
	public    bool
	providers []string
	consumers []string
	all       bool      // every consumer
	key       ir.Scheme // where the key of a consumer stands
	scopes    []string
	node      *source.Node
}

func (p *Policy) readSecurity(n *source.Node) *security {
	d := p.dec
	s := &security{node: n}
	d.object(n, "security", fields{
		"public":    func(n *source.Node) { s.public = d.onlyTrue(n, "public") },
		"providers": func(n *source.Node) { s.providers = d.strs(n, "providers", 1) },
		"consumers": func(n *source.Node) {
			if n.Kind == source.Array {
				s.consumers = d.strs(n, "consumers", 1)
				return
			}
			s.all = oneOf(d, n, "consumers", map[string]bool{"all": true})
		},
		"keyIn":  func(n *source.Node) { p.readKeyIn(n, &s.key) },
		"scopes": func(n *source.Node) { s.scopes = d.strs(n, "scopes", 0) },
	})
	if n.Kind != source.Object {
		return s
	}
	of := 0
	for _, on := range []bool{s.public, s.providers != nil, s.all || s.consumers != nil} {
		if on {
			of++
		}
	}
	if of != 1 || s.public && s.scopes != nil {
		d.errorf(n, "policy-value", "found security that is none or several of public, with providers and with consumers, wanted one of them")
	}
	if (n.Get("consumers") == nil) != (n.Get("keyIn") == nil) {
		d.errorf(n, "policy-missing", "found security with one of consumers and keyIn, wanted both or neither")
	}
	return s
}

var keyPlaces = map[string]ir.In{"header": ir.InHeader, "query": ir.InQuery, "cookie": ir.InCookie}

// readKeyIn reads where a key stands.
func (p *Policy) readKeyIn(n *source.Node, s *ir.Scheme) {
	text := p.dec.str(n, "keyIn")
	kind, name, named := strings.Cut(text, ":")
	in, ok := keyPlaces[kind]
	switch {
	case text == "basic":
		s.Kind = ir.SchemeBasic
	case text == "bearer":
		s.Kind, s.In, s.ParamName, s.InBearer = ir.SchemeAPIKey, ir.InHeader, "authorization", true
	case ok && named && isFieldName(name):
		if s.Kind, s.In, s.ParamName = ir.SchemeAPIKey, in, name; in == ir.InHeader {
			s.ParamName = strings.ToLower(name)
		}
	default:
		p.dec.errorf(n, "policy-value", "found %s as keyIn, wanted header:NAME, query:NAME, cookie:NAME, basic or bearer", describe(n))
	}
}

// Security is the requirements that stand in place of the description's; ok is
// false when the policy sets none.
func (s *Scope) Security(op *ir.Operation) (reqs []ir.Requirement, ok bool) {
	sec := s.done[op].security
	if sec == nil {
		return nil, false
	}
	if sec.public {
		return nil, true
	}
	key := fmt.Sprintf("%q %q %v %d %d %q %v", sec.providers, sec.consumers, sec.all, sec.key.Kind, sec.key.In, sec.key.ParamName, sec.key.InBearer)
	scheme := s.policy.made[key]
	if scheme == nil {
		if sec.providers != nil {
			scheme = &ir.Scheme{Kind: ir.SchemeBearer, Providers: s.providers(sec.providers, sec.node)}
		} else {
			made := sec.key
			scheme = &made
			scheme.Bound, scheme.AllConsumers, scheme.Consumers = true, sec.all, s.consumers(sec.consumers, sec.node)
		}
		scheme.API, scheme.Name, scheme.Node = op.API, "policy", sec.node
		s.policy.made[key] = scheme
	}
	return []ir.Requirement{{Uses: []ir.SchemeUse{{Scheme: scheme, Scopes: sec.scopes}}}}, true
}
