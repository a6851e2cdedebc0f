package policy

import (
	"regexp"
	"slices"
	"strings"

	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// corsRules is the setting `cors`.
type corsRules struct {
	off         bool
	origins     []string
	headers     []string
	maxAge      uint32
	credentials bool
	limit       string
	node        *source.Node
}

// originRE is an origin as browsers write it (RFC 6454 section 6.2): in lower case,
// without a path, and without the scheme's own port.
var originRE = regexp.MustCompile(`^(?:\*|[a-z][a-z0-9+.-]*://(?:\*\.)?(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?)$`)

var (
	tokenRE    = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")
	protocolRE = regexp.MustCompile(`^[a-z0-9!#$&'*+.^_~-]{1,32}(?:/[a-z0-9.]{1,8})?$`)
)

// maxCORSBytes bounds the names that the answer to a preflight request lists.
const maxCORSBytes = 900

func (p *Policy) readCORS(n *source.Node) *corsRules {
	d := p.dec
	c := &corsRules{node: n, maxAge: 600}
	if n.Kind == source.String {
		c.off = oneOf(d, n, "cors", map[string]bool{"off": true})
		return c
	}
	d.object(n, "cors", fields{
		"origins": func(n *source.Node) {
			c.origins = d.strs(n, "origins", 1)
			for i, o := range c.origins {
				switch {
				case o == "null":
					d.errorf(n.Items[i], "policy-value", "found the origin \"null\", wanted one that is somebody's: documents of any site can have it")
				case o != "" && (!originRE.MatchString(o) || strings.HasPrefix(o, "https://") && strings.HasSuffix(o, ":443") || strings.HasPrefix(o, "http://") && strings.HasSuffix(o, ":80")):
					d.errorf(n.Items[i], "policy-value", "found %s as an origin, wanted *, or scheme://host and :port where it is not the scheme's own, in lower case; the host may begin with *.", describe(n.Items[i]))
				}
			}
			if len(c.origins) > 1 && slices.Contains(c.origins, "*") {
				d.errorf(n, "policy-value", "found the origin * beside others, wanted it alone")
			}
		},
		"headers": func(n *source.Node) { c.headers = p.readTokens(n, "headers", tokenRE, "a field name") },
		"maxAgeSeconds": func(n *source.Node) {
			c.maxAge = uint32(d.integer(n, "maxAgeSeconds", 0, 86400))
		},
		"credentials": func(n *source.Node) { c.credentials = d.boolean(n, "credentials") },
		"limit":       func(n *source.Node) { c.limit = d.str(n, "limit") },
	}, "origins")
	if c.credentials && slices.Contains(c.origins, "*") {
		d.errorf(n, "policy-value", "found credentials for the origin *, wanted origins by name: any site could act for those who are signed in")
	}
	return c
}

// readTokens reads a list of tokens, in lower case.
func (p *Policy) readTokens(n *source.Node, what string, re *regexp.Regexp, wanted string) (out []string) {
	list := p.dec.strs(n, what, 1)
	size := 0
	for i, s := range list {
		s = strings.ToLower(s)
		if !re.MatchString(s) && s != "" {
			p.dec.errorf(n.Items[i], "policy-value", "found %s in %s, wanted %s", describe(n.Items[i]), what, wanted)
			continue
		}
		size += len(s) + 2
		out = append(out, s)
	}
	if size > maxCORSBytes {
		p.dec.errorf(n, "policy-value", "found %d bytes of %s, wanted at most %d", size, what, maxCORSBytes)
	}
	return out
}

// readEncodings reads the codings that bodies may have although nobody can read them.
func (p *Policy) readEncodings(n *source.Node) []string {
	out := p.readTokens(n, "contentEncodings", tokenRE, "the name of a content coding such as gzip")
	if slices.Contains(out, "identity") {
		p.dec.errorf(n, "policy-value", "found identity in contentEncodings, wanted codings: a body without one is judged")
	}
	return out
}

// readUpgrades reads one protocol, or several.
func (p *Policy) readUpgrades(n *source.Node) (out []string) {
	if n.Kind == source.Array {
		out = p.readTokens(n, "upgrade", protocolRE, "the name of a protocol such as websocket")
	} else if s := strings.ToLower(p.dec.str(n, "upgrade")); protocolRE.MatchString(s) {
		out = []string{s}
	} else if s != "" {
		p.dec.errorf(n, "policy-value", "found %s as upgrade, wanted the name of a protocol such as websocket", describe(n))
	}
	for _, s := range out {
		if name, _, _ := strings.Cut(s, "/"); name == "h2c" || name == "http" || name == "tls" {
			p.dec.errorf(n, "policy-value", "found the protocol %q as upgrade, wanted one that carries no requests: nobody would judge those", s)
		}
	}
	return out
}

// cors is what the operation gets; nil when preflight requests are not answered.
func (s *Scope) cors(op *ir.Operation, c *corsRules) *ir.CORS {
	if c == nil || c.off {
		return nil
	}
	out := &ir.CORS{Origins: c.origins, Headers: c.headers, MaxAgeSeconds: c.maxAge, Credentials: c.credentials}
	if c.limit == "" {
		return out
	}
	l, ok := s.policy.limits[c.limit]
	if !ok {
		s.unknown(c.node.Get("limit"), "limit", c.limit, byName(names(s.policy.limits)))
		return out
	}
	switch l.Key {
	case ir.LimitByOperation, ir.LimitByGroup, ir.LimitByAddress, ir.LimitByHeader:
	default:
		s.policy.dec.errorf(c.node.Get("limit"), "policy-limit-key", "found the limit %q by who calls or what is asked, wanted one by operation, group, address or header: preflight requests say neither", c.limit)
	}
	if l.Concurrent != 0 || l.Cost != ir.CostConstant || l.Count == ir.CountFailures {
		s.policy.dec.errorf(c.node.Get("limit"), "policy-value", "found the limit %q of requests in flight, of failures, or with a cost of its own, wanted a plain rate", c.limit)
	}
	out.Limit = l
	return out
}
