package policy

import (
	"fmt"
	"math/big"
	"strings"

	"portcullis/schemagen/diag"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// amazon is how the members of a description that Amazon API Gateway reads
// begin. Two of them are settings here: request validators, which say how deep
// requests are looked at, and throttles, which are limits. They are weaker than
// x-portcullis-* members at the same place.
const amazon = "x-amazon-apigateway-"

const (
	amazonValidators = amazon + "request-validators"
	amazonValidator  = amazon + "request-validator"
)

// amazonThrottles is the names that throttles go by.
var amazonThrottles = []string{amazon + "throttling", amazon + "throttle"}

// amazonElsewhere is why the others mean nothing to a filter, by what they begin
// with: they are about what stands behind it.
var amazonElsewhere = []struct{ name, why string }{
	{amazon + "integration", "it says what the gateway calls, which is the proxy's business"},
	{amazon + "authorizer", "bind the scheme to providers in the policy"},
	{amazon + "authtype", "bind the scheme to providers in the policy"},
	{amazon + "auth", "bind the scheme to providers in the policy"},
	{amazon + "policy", "a resource policy is not read: say in the policy who may call"},
	{amazon + "api-key-source", "name where the key stands in the security scheme"},
	{amazon + "cors", "the proxy answers preflight requests"},
	{amazon + "minimum-compression-size", "it is about answers"},
	{amazon + "gateway-responses", "it is about answers"},
	{amazon + "binary-media-types", "media types are read from the operations"},
	{amazon + "endpoint-configuration", "it is about the gateway"},
	{amazon + "importexport-version", "it is about the gateway"},
	{amazon + "documentation", "it is for people"},
	{amazon + "tag-value", "it is about the gateway"},
	{amazon + "any-method", ""},
}

// readAmazonValidators reads the validators that the root defines.
func (p *Policy) readAmazonValidators(root *source.Node) map[string]ir.Inspect {
	out := map[string]ir.Inspect{}
	n := root.Get(amazonValidators)
	if n == nil {
		return out
	}
	if n.Kind != source.Object {
		p.dec.errorf(n, "amazon-validator", "found %s as %s, wanted an object", n.Kind, amazonValidators)
		return out
	}
	for i, v := range n.Items {
		name := n.Keys[i].Name
		body, params := p.amazonBool(v, "validateRequestBody"), p.amazonBool(v, "validateRequestParameters")
		switch {
		case body && params:
			out[name] = ir.InspectBody
		case params:
			out[name] = ir.InspectParameters
		case body:
			out[name] = ir.InspectBody
			p.amazonNote(v, diag.Note, "amazon-validator", fmt.Sprintf("found the validator %q of bodies alone: parameters are judged as well", name), "")
		default:
			out[name] = ir.InspectHeaders
			p.amazonNote(v, diag.Note, "amazon-validator", fmt.Sprintf("found the validator %q, which looks at nothing: neither parameters nor bodies are judged where it is used", name), "")
		}
	}
	return out
}

func (p *Policy) amazonBool(n *source.Node, name string) bool {
	m := n.Get(name)
	if m == nil {
		return false
	}
	// Exports and templates write booleans as strings now and then.
	if m.Kind != source.Bool && m.Text != "true" && m.Text != "false" {
		p.dec.errorf(m, "amazon-validator", "found %s as %s, wanted a boolean", m.Kind, name)
	}
	return m.Bool || m.Text == "true"
}

// readAmazon reads the settings of n, the root, a path item or an operation.
// Settings that x-portcullis-* members at the same place make are laid over.
func (p *Policy) readAmazon(n *source.Node, where string, validators map[string]ir.Inspect) (s settings) {
	if n == nil || n.Kind != source.Object {
		return s
	}
	for i, item := range n.Items {
		name := n.Keys[i].Name
		if !strings.HasPrefix(name, amazon) {
			continue
		}
		switch {
		case name == amazonValidators:
		case name == amazonValidator:
			p.amazonUse(item, validators, &s)
		case name == amazonThrottles[0], name == amazonThrottles[1]:
			p.amazonThrottle(item, where, &s)
		default:
			p.amazonOther(item, name)
		}
	}
	return s
}

func (p *Policy) amazonUse(n *source.Node, validators map[string]ir.Inspect, s *settings) {
	level, ok := validators[n.Text]
	if n.Kind != source.String || !ok {
		msg := fmt.Sprintf("found the validator %s, wanted one that %s defines: requests are judged whole", describe(n), amazonValidators)
		if near := nearest(n.Text, byName(names(validators))); near != "" {
			msg += fmt.Sprintf("; did you mean %q?", near)
		}
		p.amazonNote(n, diag.Warning, "amazon-validator", msg, "")
		return
	}
	s.inspect = level
	if level == ir.InspectHeaders {
		p.amazonNote(n, diag.Warning, "amazon-validator", fmt.Sprintf("found the validator %q, which looks at nothing: neither parameters nor bodies are judged here", n.Text),
			"name a validator that checks both, or set inspect in the policy")
	}
}

// amazonThrottle makes a limit: rateLimit requests in a second on average, and
// burstLimit at once. One of the root counts each operation by itself, as the
// defaults of a stage do; one of a path item counts its operations apart too.
func (p *Policy) amazonThrottle(n *source.Node, where string, s *settings) {
	const code = "amazon-throttle"
	if n.Kind != source.Object {
		p.dec.errorf(n, code, "found %s as a throttle, wanted an object with rateLimit and burstLimit", n.Kind)
		return
	}
	rate, burst := n.Get("rateLimit"), n.Get("burstLimit")
	for i, item := range n.Items {
		if k := n.Keys[i].Name; k != "rateLimit" && k != "burstLimit" {
			p.amazonNote(item, diag.Warning, code, fmt.Sprintf("found the unknown name %q in a throttle, wanted rateLimit or burstLimit", k), "")
		}
	}
	if rate == nil {
		p.amazonNote(n, diag.Warning, code, "found a throttle without rateLimit, wanted one: nothing is limited", "")
		return
	}
	requests, window, ok := amazonRate(rate)
	if !ok {
		p.dec.errorf(rate, code, "found %s as rateLimit, wanted a number of requests in a second over 0", describe(rate))
		return
	}
	l := &ir.Limit{Name: p.amazonName(where), Requests: requests, WindowNanos: window, Burst: max(requests*1e9/window, 1), Key: ir.LimitByOperation, Scope: ir.ScopeProxy, Mode: ir.ModeEnforce,
		Count: ir.CountAll, Cost: ir.CostConstant, CostValue: 1, Loc: loc(n)}
	if burst != nil {
		v, ok := new(big.Int).SetString(burst.Text, 10)
		if burst.Kind != source.Number || !ok || !v.IsUint64() || v.Sign() == 0 || v.Uint64() > maxRequests {
			p.dec.errorf(burst, code, "found %s as burstLimit, wanted a number of requests over 0", describe(burst))
			return
		}
		l.Burst = v.Uint64()
	}
	p.limits[l.Name] = l
	s.limits, s.limitsNode = []string{l.Name}, n
}

// amazonName is a name that no other limit has.
func (p *Policy) amazonName(where string) string {
	clean := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.':
			return r
		}
		return '-'
	}, where), "-")
	name := strings.TrimSuffix("amazon-"+clean[:min(len(clean), 50)], "-")
	unique := name
	for i := 2; p.limits[unique] != nil; i++ {
		unique = fmt.Sprintf("%s-%d", name, i)
	}
	return unique
}

// amazonRate is a rate in a second as whole requests in a window: 0.5 is one
// in two seconds.
func amazonRate(n *source.Node) (requests, windowNanos uint64, ok bool) {
	if n.Kind != source.Number || len(n.Text) > 24 {
		return 0, 0, false
	}
	v, ok := new(big.Rat).SetString(n.Text)
	if !ok || v.Sign() <= 0 || v.Cmp(big.NewRat(maxRequests, 1)) > 0 {
		return 0, 0, false
	}
	seconds := v.Denom()
	if !seconds.IsUint64() || seconds.Uint64() > maxWindow/1e9 || v.Num().Cmp(big.NewInt(maxRequests)) > 0 {
		return 0, 0, false
	}
	return v.Num().Uint64(), seconds.Uint64() * 1e9, true
}

func (p *Policy) amazonOther(n *source.Node, name string) {
	for _, e := range amazonElsewhere {
		if strings.HasPrefix(name, e.name) {
			if e.why != "" {
				p.amazonNote(n, diag.Note, "amazon-extension", fmt.Sprintf("found %s, which is not read: %s", name, e.why), "")
			} else {
				p.amazonNote(n, diag.Warning, "amazon-extension", fmt.Sprintf("found %s, which no operation comes of: its requests are unknown here", name), "describe the methods one by one")
			}
			return
		}
	}
	p.amazonNote(n, diag.Note, "amazon-extension", fmt.Sprintf("found %s, which is not read", name), "")
}

func (p *Policy) amazonNote(n *source.Node, sev diag.Severity, code, message, hint string) {
	p.dec.diags.Add(diag.Diagnostic{Code: code, Severity: sev, Message: message, Hint: hint}.At(n))
}
