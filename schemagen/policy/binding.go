package policy

import (
	"slices"
	"strings"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// Defaults of DPoP proofs.
const (
	defaultProofAge        = 60 // seconds
	defaultProofFuture     = 5
	defaultProofRemembered = 64 << 10
	maxProofRemembered     = table.ReplaySlots * table.MaxReplays
)

// bounds is what tokens may have to be bound to.
var bounds = map[string]ir.Bound{"certificate": ir.BoundCertificate, "dpop": ir.BoundProof, "any": ir.BoundAny, "optional": ir.BoundOptional}

// readProofs reads dpop of a provider.
func (p *Policy) readProofs(n *source.Node) *ir.Proofs {
	d := p.dec
	b := &ir.Proofs{AgeSeconds: defaultProofAge, FutureSeconds: defaultProofFuture, Remembered: defaultProofRemembered}
	d.object(n, "dpop", fields{
		"origins": func(n *source.Node) {
			d.array(n, "origins", func(n *source.Node) {
				o, ok := origin(d.str(n, "an origin"))
				switch {
				case !ok && n.Kind == source.String:
					d.errorf(n, "policy-value", "found %s as an origin, wanted https:// and the host that callers know this proxy by, such as https://api.example.com", describe(n))
				case slices.Contains(b.Origins, o):
					d.errorf(n, "policy-value", "found %q again in origins, wanted it once", o)
				case ok:
					b.Origins = append(b.Origins, o)
				}
			})
			if n.Kind == source.Array && len(n.Items) == 0 {
				d.errorf(n, "policy-value", "found an empty array as origins, wanted at least 1")
			}
		},
		"maxAge": func(n *source.Node) { b.AgeSeconds = uint16(p.seconds(n, "maxAge", 1, table.MaxProofAge)) },
		"future": func(n *source.Node) { b.FutureSeconds = uint16(p.seconds(n, "future", 0, table.MaxProofFuture)) },
		"nonce":  func(n *source.Node) { b.Nonce = d.onlyTrue(n, "nonce") },
		"remembered": func(n *source.Node) {
			b.Remembered = uint32(d.integer(n, "remembered", table.ReplaySlots, maxProofRemembered))
		},
		"algorithms": func(n *source.Node) { b.Algorithms = p.publicAlgorithms(n) },
	}, "origins")
	if b.Algorithms == nil {
		for a := ir.AlgRS256; a <= ir.AlgEdDSA; a++ {
			b.Algorithms = append(b.Algorithms, a)
		}
	}
	return b
}

// publicAlgorithms reads algorithms that are no HMAC.
func (p *Policy) publicAlgorithms(n *source.Node) (out []ir.Alg) {
	d := p.dec
	d.array(n, "algorithms", func(n *source.Node) {
		a := oneOf(d, n, "an algorithm", algs)
		if a != 0 && a < ir.AlgRS256 {
			d.errorf(n, "policy-value", "found %s for proofs, wanted an algorithm of public keys (RFC 9449 section 4.2)", describe(n))
			return
		}
		out = append(out, a)
	})
	if n.Kind == source.Array && len(n.Items) == 0 {
		d.errorf(n, "policy-value", "found no algorithms, wanted at least one")
	}
	return out
}

// origin is an origin as tables have it: in lower case, without a default port.
func origin(text string) (string, bool) {
	text = strings.TrimSuffix(strings.ToLower(text), "/")
	scheme, host, port := table.SplitOrigin([]byte(text))
	if len(scheme) == 0 {
		return "", false
	}
	out := string(scheme) + "://" + string(host)
	def := map[string]string{"https": "443", "http": "80"}[string(scheme)]
	if p := string(port); p != "" && p != def {
		if p[0] == '0' || len(p) > 5 {
			return "", false
		}
		out += ":" + p
	}
	return out, true
}
