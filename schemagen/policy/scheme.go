package policy

import (
	"fmt"
	"slices"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// binding is who is accepted for a scheme: who has a token of one of these
// providers, or the key or certificate of one of these consumers.
type binding struct {
	providers []string
	consumers []string // nil: none, or all
	all       bool     // every consumer
	any       bool     // every certificate
	// certificates are accepted besides those of consumers; hops are those of
	// proxies in front.
	certificates, hops []*ir.Credential
	node               *source.Node
	used               bool
}

func (p *Policy) readSchemes(n *source.Node) map[string]*binding {
	out := map[string]*binding{}
	p.dec.mapping(n, "schemes", func(name string, n *source.Node) { out[name] = p.readBinding(n) })
	return out
}

// readBinding reads a list of providers, or an object that says what is listed.
func (p *Policy) readBinding(n *source.Node) *binding {
	d := p.dec
	b := &binding{node: n}
	if n.Kind == source.Array {
		b.providers = d.strs(n, "providers of a scheme", 1)
		return b
	}
	d.object(n, "a scheme", p.bindingFields(b))
	if n.Kind != source.Object {
		return b
	}
	p.checkBinding(n, b)
	return b
}

// bindingFields is the readers of what a scheme may say.
func (p *Policy) bindingFields(b *binding) fields {
	d := p.dec
	return fields{
		"providers": func(n *source.Node) { b.providers = d.strs(n, "providers of a scheme", 1) },
		"consumers": func(n *source.Node) {
			if n.Kind == source.Array {
				b.consumers = d.strs(n, "consumers of a scheme", 1)
				return
			}
			b.all = oneOf(d, n, "consumers", map[string]bool{"all": true})
		},
		"certificates": func(n *source.Node) {
			if n.Kind == source.String {
				b.any = oneOf(d, n, "certificates", map[string]bool{"any": true})
				return
			}
			b.certificates = p.readCertificates(n, "certificates of a scheme")
		},
		"forwardedBy": func(n *source.Node) { b.hops = p.readCertificates(n, "forwardedBy") },
	}
}

func (p *Policy) checkBinding(n *source.Node, b *binding) {
	if (b.providers != nil) == b.takesConsumers() {
		p.dec.errorf(n, "policy-missing", "found a scheme with both or neither of providers and consumers or certificates, wanted one of them")
	}
}

// takesConsumers reports whether others than the holders of tokens are accepted.
func (b *binding) takesConsumers() bool {
	return b.all || b.consumers != nil || b.any || b.certificates != nil
}

// certified reports whether b speaks of certificates.
func (b *binding) certified() bool { return b.any || b.certificates != nil || b.hops != nil }

// bind gives a scheme of the description its providers or consumers.
func (s *Scope) bind(scheme *ir.Scheme) {
	var b *binding
	if s.api != nil {
		b = s.api.schemes[scheme.Name]
	}
	if b == nil {
		b = s.policy.schemes[scheme.Name]
	}
	if b == nil {
		b = s.ext.schemes[scheme.Name]
	}
	if b == nil {
		b = s.policy.readSchemeExtension(scheme.Node)
	}
	if b == nil || scheme.Providers != nil || scheme.Bound {
		return
	}
	b.used = true
	if b.providers != nil {
		if scheme.Kind == ir.SchemeAPIKey && scheme.In == ir.InHeader && scheme.ParamName == "authorization" {
			// How descriptions before OpenAPI 3 say bearer token.
			scheme.Kind, scheme.In, scheme.ParamName = ir.SchemeBearer, 0, ""
		}
		if scheme.Kind != ir.SchemeBearer {
			s.policy.dec.errorf(b.node, "policy-scheme", "found providers for the scheme %q, which takes no token, wanted a bearer, oauth2 or openIdConnect scheme", scheme.Name)
			return
		}
		scheme.Providers = s.providers(b.providers, b.node)
		s.policy.holders(b.hops, true) // known, for tokens that are bound to certificates
		return
	}
	if b.certified() && scheme.Kind != ir.SchemeMutualTLS {
		s.policy.dec.errorf(b.node, "policy-scheme", "found certificates for the scheme %q, which takes none, wanted a scheme of type mutualTLS", scheme.Name)
		return
	}
	if scheme.Kind == ir.SchemeBearer {
		// A key in place of a token. The description asks for no more than a bearer.
		if t := scheme.Node.Str("type"); t != "http" {
			s.policy.dec.errorf(b.node, "policy-scheme", "found consumers for the scheme %q of type %s, wanted providers: its tokens are not API keys", scheme.Name, t)
			return
		}
		scheme.Kind, scheme.In, scheme.ParamName, scheme.InBearer = ir.SchemeAPIKey, ir.InHeader, "authorization", true
	}
	scheme.Bound, scheme.AllConsumers = true, b.all
	scheme.AnyCertificate = b.any
	scheme.Consumers = s.consumers(b.consumers, b.node)
	scheme.Consumers = append(scheme.Consumers, s.policy.holders(b.certificates, false)...)
	scheme.Consumers = append(scheme.Consumers, s.policy.holders(b.hops, true)...)
}

func (s *Scope) consumers(list []string, n *source.Node) (out []*ir.Consumer) {
	for _, name := range list {
		c, ok := s.policy.consumers[name]
		if !ok {
			s.unknown(n, "consumer", name, byName(names(s.policy.consumers)))
			continue
		}
		out = append(out, c)
	}
	return out
}

// gap is what a scheme is without that nobody can be told by.
type gap struct{ code, without, wanted, hint string }

// gaps is by kind.
var gaps = map[ir.SchemeKind]gap{
	ir.SchemeBearer: {"security-no-provider", "a provider", "one: every token is refused", "name the scheme's providers under schemes in the policy"},
	ir.SchemeBasic: {"security-basic", "consumers", "some: every user and password is refused",
		"give callers keys with schemagen keys new, list them under consumers in the policy, and say under schemes: {%s: {consumers: all}}"},
	ir.SchemeAPIKey: {"security-api-key", "consumers", "some: every API key is refused",
		"give callers keys with schemagen keys new, list them under consumers in the policy, and say under schemes: {%s: {consumers: all}}"},
	ir.SchemeMutualTLS: {"security-mutual-tls", "certificates", "some: every certificate is refused",
		"say in the policy which certificates consumers have, or the scheme takes: schemes: {%s: {consumers: all}} or {%s: {certificates: any}}"},
}

// stands reports whether a use of scheme stands. A scheme that the policy says
// nothing of refuses everybody, and is a finding; waived, it asks for nothing.
func (s *Scope) stands(op *ir.Operation, scheme *ir.Scheme) bool {
	if scheme.Bound || len(scheme.Providers) > 0 {
		return true
	}
	g := gaps[scheme.Kind]
	hint := strings.ReplaceAll(g.hint, "%s", scheme.Name)
	d := diag.Diagnostic{
		Code: g.code, Severity: diag.Warning, Unenforceable: true, Operation: op.Method + " " + op.Path,
		Message: fmt.Sprintf("found the security scheme %q without %s, wanted %s", scheme.Name, g.without, g.wanted),
		Hint:    hint,
	}.At(scheme.Node)
	if slices.Contains(op.Waivers, g.code) {
		d.Severity, d.Unenforceable, d.Hint = diag.Note, false, ""
		d.Message = fmt.Sprintf("found the security scheme %q without %s (waived)", scheme.Name, g.without)
		s.policy.dec.diags.Add(d)
		return false
	}
	s.policy.dec.diags.Add(d)
	return true
}

// keepQuery lets the query parameter of a waived API key pass: it is no undeclared
// one.
func keepQuery(op *ir.Operation, scheme *ir.Scheme) {
	if scheme.Kind != ir.SchemeAPIKey || scheme.In != ir.InQuery {
		return
	}
	for _, p := range op.Params {
		if p.In == ir.InQuerystring || p.In == ir.InQuery && p.Name == scheme.ParamName {
			return
		}
	}
	op.Params = append(op.Params, &ir.Param{Name: scheme.ParamName, In: ir.InQuery, Style: ir.StyleForm, AllowEmptyValue: true, Node: scheme.Node, Loc: loc(scheme.Node)})
}

// checkSchemeCount finds operations with more kinds of key than the filter looks for.
func (s *Scope) checkSchemeCount(op *ir.Operation) {
	var schemes []*ir.Scheme
	for _, req := range op.Security {
		for _, use := range req.Uses {
			if use.Scheme.Kind != ir.SchemeBearer && !slices.Contains(schemes, use.Scheme) {
				schemes = append(schemes, use.Scheme)
			}
		}
	}
	if len(schemes) <= maxKeySchemes {
		return
	}
	const code = "security-too-many"
	op.Unenforceable = append(op.Unenforceable, code)
	s.policy.dec.diags.Add(diag.Diagnostic{
		Code: code, Severity: diag.Warning, Unenforceable: true, Operation: op.Method + " " + op.Path,
		Message: fmt.Sprintf("found %d security schemes with keys and certificates in one operation, wanted at most %d", len(schemes), maxKeySchemes),
		Hint:    "replace the operation's security in the policy",
	}.At(op.Node))
}

// maxKeySchemes is the filter's bound.
const maxKeySchemes = 8

// checkCallers finds consumers that nothing takes.
func (p *Policy) checkCallers(apis []*ir.API) {
	if len(p.consumers) == 0 {
		return
	}
	for _, a := range apis {
		for _, op := range a.Operations {
			for _, req := range op.Security {
				for _, use := range req.Uses {
					if use.Scheme.NamesConsumers() {
						return
					}
				}
			}
		}
	}
	p.dec.diags.Add(diag.Diagnostic{
		Code: "policy-consumers", Severity: diag.Warning,
		Message: fmt.Sprintf("found %d consumers that no operation takes, wanted a scheme that does", len(p.consumers)),
		Hint:    "say under schemes in the policy which scheme of the description carries their keys: {NAME: {consumers: all}}",
	}.At(byName(p.consumers)[0].Loc.Node))
}

// checkSchemes reports bindings of schemes that no operation uses.
func (p *Policy) checkSchemes(schemes map[string]*binding) {
	for _, name := range byName(names(schemes)) {
		if b := schemes[name]; !b.used {
			p.dec.diags.Add(diag.Diagnostic{
				Code: "policy-scheme", Severity: diag.Warning,
				Message: fmt.Sprintf("found who is accepted for the scheme %q, which no operation uses, wanted one that is used", name),
			}.At(b.node))
		}
	}
}
