package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Bounds of what upstreams are told.
const (
	maxForwardFields = 32
	minLifetime      = 1e9
	maxLifetime      = 3600e9
	maxAsserted      = 256 // bytes of issuer and audience
	assertionHeader  = reservedHeader + "assertion"
	reservedHeader   = "x-portcullis-"
)

var forwardSources = map[string]ir.ForwardSource{
	"subject": ir.ForwardSubject, "issuer": ir.ForwardIssuer, "scopes": ir.ForwardScopes, "consumer": ir.ForwardConsumer, "provider": ir.ForwardProvider,
	"plan": ir.ForwardPlan, "risk": ir.ForwardRisk, "reasons": ir.ForwardReasons, "inspect": ir.ForwardInspect, "decision": ir.ForwardDecision,
}

var credentials = map[string]ir.Credentials{"keep": ir.CredentialsKeep, "remove": ir.CredentialsRemove, "replace": ir.CredentialsReplace}

// readForward reads what the upstream is told of who calls.
func (p *Policy) readForward(n *source.Node) *ir.Forward {
	d := p.dec
	f := &ir.Forward{Credentials: ir.CredentialsKeep, Loc: loc(n)}
	d.object(n, "forward", fields{
		"headers":     func(n *source.Node) { p.readForwardHeaders(n, f) },
		"credentials": func(n *source.Node) { f.Credentials = oneOf(d, n, "credentials", credentials) },
		"assertion":   func(n *source.Node) { f.Assertion = p.readAssertion(n) },
	})
	p.settleAssertion(n, f)
	return f
}

func (p *Policy) readForwardHeaders(n *source.Node, f *ir.Forward) {
	p.dec.mapping(n, "headers", func(name string, n *source.Node) {
		field := ir.ForwardField{Header: strings.ToLower(name), Loc: loc(n)}
		p.forwardHeader(n, field.Header, f)
		text := p.dec.str(n, "the source of a header")
		field.Source = forwardSources[text]
		switch kind, name, _ := strings.Cut(text, ":"); kind {
		case "claim":
			if path, ok := memberPath(name); ok {
				field.Source, field.Path = ir.ForwardClaim, path
			}
		case "attribute":
			if isFieldName(name) {
				field.Source, field.Path = ir.ForwardAttribute, []string{name}
			}
		}
		if field.Source == 0 && text != "" {
			p.dec.errorf(n, "policy-value", "found %s as the source of a header, wanted subject, issuer, provider, scopes, consumer, plan, risk, reasons, inspect, decision, attribute:NAME, claim:NAME or claim:/POINTER", describe(n))
		}
		f.Fields = append(f.Fields, field)
	})
	if len(f.Fields) > maxForwardFields {
		p.dec.errorf(n, "policy-value", "found %d headers, wanted at most %d", len(f.Fields), maxForwardFields)
	}
}

var fieldNameRE = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// unforwardable are fields that mean something to proxies and servers already.
var unforwardable = []string{
	"authorization", "proxy-authorization", "cookie", "host", "content-length", "content-type", "content-encoding", "content-range",
	"transfer-encoding", "te", "trailer", "connection", "keep-alive", "proxy-connection", "upgrade", "expect", "max-forwards", "range",
	"accept", "accept-encoding", "cache-control", "forwarded", "via", "origin", "date", "http2-settings", "x-request-id",
}

// forwardHeader finds what is wrong with the name of a header that f sets.
func (p *Policy) forwardHeader(n *source.Node, name string, f *ir.Forward) {
	if !fieldNameRE.MatchString(name) {
		p.dec.errorf(n, "policy-value", "found %q as a header, wanted at most 64 letters, digits, '-' and '_'", name)
		return
	}
	for _, other := range unforwardable {
		if table.Alike([]byte(name), other) {
			p.dec.errorf(n, "policy-value", "found %q as a header, which proxies and servers read, wanted one of the policy's own, such as x-user-id", name)
		}
	}
	for _, prefix := range []string{"x-envoy-", "x-forwarded-", "x-b3-"} {
		if len(name) >= len(prefix) && table.Alike([]byte(name[:len(prefix)]), prefix) {
			p.dec.errorf(n, "policy-value", "found %q as a header, whose kind proxies set, wanted one of the policy's own, such as x-user-id", name)
		}
	}
	for _, other := range f.Fields {
		if table.Alike([]byte(name), other.Header) {
			p.dec.errorf(n, "policy-value", "found the headers %q and %q, which some readers take for one, wanted one of them", other.Header, name)
		}
	}
}

func (p *Policy) readAssertion(n *source.Node) *ir.Assertion {
	d := p.dec
	a := &ir.Assertion{Issuer: "portcullis", LifetimeSeconds: 60}
	text := func(what string, to *string) func(*source.Node) {
		return func(n *source.Node) {
			if *to = d.str(n, what); len(*to) > maxAsserted {
				d.errorf(n, "policy-value", "found %d bytes as %s, wanted at most %d", len(*to), what, maxAsserted)
			}
		}
	}
	d.object(n, "an assertion", fields{
		"secret": func(n *source.Node) {
			a.Secret = d.str(n, "secret")
			p.name(n, a.Secret, "the name of a secret")
		},
		"audience": text("audience", &a.Audience),
		"issuer":   text("issuer", &a.Issuer),
		"header": func(n *source.Node) {
			a.Header = strings.ToLower(d.str(n, "header"))
			p.forwardHeader(n, a.Header, &ir.Forward{})
		},
		"lifetime": func(n *source.Node) {
			nanos := d.duration(n, "lifetime", minLifetime, maxLifetime)
			if a.LifetimeSeconds = uint32(nanos / 1e9); nanos%1e9 != 0 {
				d.errorf(n, "policy-value", "found %s as lifetime, wanted whole seconds", describe(n))
			}
		},
	}, "secret", "audience")
	return a
}

// settleAssertion decides where the assertion stands.
func (p *Policy) settleAssertion(n *source.Node, f *ir.Forward) {
	switch a := f.Assertion; {
	case a == nil && f.Credentials == ir.CredentialsReplace:
		p.dec.errorf(n, "policy-missing", `found credentials "replace" without an assertion, wanted one: it is what stands in their place`)
	case a != nil && f.Credentials == ir.CredentialsReplace && a.Header != "":
		p.dec.errorf(n, "policy-value", `found a header for the assertion with credentials "replace", wanted one of them: the assertion stands in Authorization`)
	case a != nil && f.Credentials != ir.CredentialsReplace && a.Header == "":
		a.Header = assertionHeader
	}
	if a := f.Assertion; a != nil {
		for _, field := range f.Fields {
			if a.Header != "" && table.Alike([]byte(a.Header), field.Header) {
				p.dec.errorf(n, "policy-value", "found the header %q for the assertion and for the caller's %q, wanted two", a.Header, field.Header)
			}
		}
	}
}

// checkForwards finds what identity headers take away from descriptions and limits:
// no request brings them.
func (p *Policy) checkForwards(ops []*ir.Operation) {
	var set []string
	for _, op := range ops {
		if op.Forward == nil {
			continue
		}
		for _, f := range op.Forward.Fields {
			set = append(set, f.Header)
		}
		if a := op.Forward.Assertion; a != nil && a.Header != "" {
			set = append(set, a.Header)
		}
	}
	if set == nil {
		return
	}
	for _, op := range ops {
		p.checkForwardParams(op, set)
		p.checkCredentials(op)
	}
	for _, l := range p.Limits() {
		if l.Key == ir.LimitByHeader && isForwarded(l.KeyName, set) ||
			l.Cost == ir.CostByHeader && isForwarded(l.CostPath[0], set) || l.PlanBy == ir.LimitByHeader && isForwarded(l.PlanPath[0], set) {
			p.dec.errorf(l.Loc.Node, "policy-limit-key", "found the limit %q by a header that the policy sets, wanted what a request brings: that header is taken from every request first", l.Name)
		}
	}
}

// isForwarded reports a header that is taken from requests.
func isForwarded(name string, set []string) bool {
	if len(name) > len(reservedHeader) && table.Alike([]byte(name[:len(reservedHeader)]), reservedHeader) {
		return true
	}
	return slices.ContainsFunc(set, func(own string) bool { return table.Alike([]byte(name), own) })
}

// checkForwardParams finds header parameters that no request can bring.
func (p *Policy) checkForwardParams(op *ir.Operation, set []string) {
	const code = "forward-parameter"
	kept := op.Params[:0:0]
	for _, param := range op.Params {
		if param.In != ir.InHeader || !isForwarded(param.Name, set) {
			kept = append(kept, param)
			continue
		}
		d := diag.Diagnostic{
			Code: code, Severity: diag.Warning, Unenforceable: true, Operation: op.Method + " " + op.Path,
			Message: fmt.Sprintf("found the header parameter %q, which the policy sets, wanted one that requests bring: it is taken from every request", param.Name),
			Hint:    "waive it by name to leave the parameter out of the judgement",
		}.At(param.Node)
		if slices.Contains(op.Waivers, code) {
			d.Severity, d.Unenforceable, d.Hint = diag.Note, false, ""
			d.Message = fmt.Sprintf("found the header parameter %q, which the policy sets (waived: it is not judged)", param.Name)
		} else {
			op.Unenforceable = append(op.Unenforceable, code)
			kept = append(kept, param)
		}
		p.dec.diags.Add(d)
	}
	op.Params = kept
}

// checkCredentials finds credentials that can't be kept from the upstream: the request
// target is never rewritten, and neither is a field that holds other cookies.
func (p *Policy) checkCredentials(op *ir.Operation) {
	const code = "forward-credentials"
	if op.Forward == nil || op.Forward.Credentials == ir.CredentialsKeep {
		return
	}
	for _, r := range op.Security {
		for _, u := range r.Uses {
			if u.Scheme.Kind == ir.SchemeAPIKey && u.Scheme.In != ir.InHeader {
				d := diag.Diagnostic{
					Code: code, Severity: diag.Warning, Unenforceable: true, Operation: op.Method + " " + op.Path,
					Message: fmt.Sprintf("found an API key in the %s (scheme %q) where credentials are to be removed, wanted it in a header: it reaches the upstream",
						map[ir.In]string{ir.InQuery: "query", ir.InCookie: "cookie"}[u.Scheme.In], u.Scheme.Name),
					Hint: "say credentials: keep for this operation, or waive it by name where the upstream may have the key",
				}.At(op.Forward.Loc.Node)
				if slices.Contains(op.Waivers, code) {
					d.Severity, d.Unenforceable, d.Hint = diag.Note, false, ""
					d.Message += " (waived)"
				} else {
					op.Unenforceable = append(op.Unenforceable, code)
				}
				p.dec.diags.Add(d)
				return
			}
		}
	}
}
