package policy

import (
	"strings"

	"portcullis/filter/credential"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// readCertificate reads a rule: one name that a certificate must have.
func (p *Policy) readCertificate(n *source.Node) *ir.Credential {
	d := p.dec
	k := &ir.Credential{Loc: loc(n)}
	rules := 0
	rule := func(what, wanted string, read func(text string) (ir.CredentialKind, string, bool)) func(*source.Node) {
		return func(n *source.Node) {
			rules++
			var ok bool
			if k.Kind, k.ID, ok = read(d.str(n, what)); !ok && n.Kind == source.String {
				d.errorf(n, "policy-value", "found %s as %s, wanted %s", describe(n), what, wanted)
				k.ID = ""
			}
		}
	}
	d.object(n, "a certificate", fields{
		"fingerprint": rule("fingerprint", "the SHA-256 of a certificate, as sha256: and 64 hexadecimal digits, or with colons as openssl prints it", fingerprint),
		"uri":         rule("uri", "a URI such as spiffe://example.org/ns/shop/orders, or one that ends in /*", uriName),
		"dns":         rule("dns", "a DNS name, or one that begins with *.", dnsName),
		"subject":     rule("subject", "a subject as the proxy writes it, such as CN=orders,O=Example", subject),
	})
	if n.Kind == source.Object && rules != 1 {
		d.errorf(n, "policy-missing", "found a certificate with %d of fingerprint, uri, dns and subject, wanted one of them", rules)
		return nil
	}
	if k.ID == "" {
		return nil
	}
	return k
}

func fingerprint(text string) (ir.CredentialKind, string, bool) {
	digits, ok := strings.CutPrefix(text, plainDigest)
	if !ok {
		digits = strings.ToLower(strings.ReplaceAll(text, ":", ""))
	}
	return ir.CredentialFingerprint, digits, credential.IsFingerprint([]byte(digits))
}

func uriName(text string) (kind ir.CredentialKind, id string, ok bool) {
	scheme, rest, found := strings.Cut(text, "://")
	if !found || scheme == "" || rest == "" || strings.ContainsAny(text, " \t\r\n") {
		return 0, "", false
	}
	if !strings.Contains(text, "*") {
		return ir.CredentialURI, text, true
	}
	folder, star := strings.CutSuffix(text, "*")
	if !star || !strings.HasSuffix(folder, "/") || strings.Contains(folder, "*") || folder == scheme+"://" {
		return 0, "", false
	}
	// As the filter goes up from a URI that lies below.
	below := false
	credential.Folders([]byte(folder+"x"), func(f []byte) bool { below = string(f) == folder; return below })
	return ir.CredentialURIPrefix, folder, below
}

func dnsName(text string) (kind ir.CredentialKind, id string, ok bool) {
	var buf [credential.MaxDNS]byte
	parent, wild := strings.CutPrefix(text, "*.")
	lower, ok := credential.LowerDNS(&buf, []byte(parent))
	if !wild {
		return ir.CredentialDNS, string(lower), ok
	}
	return ir.CredentialDNSSuffix, "." + string(lower), ok && strings.Contains(parent, ".")
}

func subject(text string) (kind ir.CredentialKind, id string, ok bool) {
	return ir.CredentialSubject, text, strings.Contains(text, "=") && len(text) <= 1024
}

// claim gives the certificate k to c; it reports a rule that is another's.
func (p *Policy) claim(k *ir.Credential, c *ir.Consumer) {
	at := certificateRule{k.Kind, k.ID}
	if old, ok := p.certificates[at]; ok {
		p.dec.errorf(k.Loc.Node, "policy-twice", "found the certificate %q again, wanted rules that are unique: %s has it too", k.ID, old.Loc.Pointer)
		return
	}
	p.certificates[at] = c
	c.Credentials = append(c.Credentials, k)
}

// certificateRule is what makes two rules the same.
type certificateRule struct {
	kind ir.CredentialKind
	id   string
}

// holders is who has the certificates of list: nobody in particular, but for rules
// that a consumer has.
func (p *Policy) holders(list []*ir.Credential, hop bool) (out []*ir.Consumer) {
	for _, k := range list {
		at := certificateRule{k.Kind, k.ID}
		c := p.certificates[at]
		if c == nil {
			c = &ir.Consumer{Hop: hop, Loc: k.Loc, Credentials: []*ir.Credential{k}}
			p.certificates[at] = c
			p.nameless = append(p.nameless, c)
		}
		if c.Hop != hop {
			p.dec.errorf(k.Loc.Node, "policy-value", "found the certificate %q as that of a caller and of a proxy in front, wanted one of them", k.ID)
			continue
		}
		out = append(out, c)
	}
	return out
}

func (p *Policy) readCertificates(n *source.Node, what string) (out []*ir.Credential) {
	p.dec.array(n, what, func(n *source.Node) {
		if k := p.readCertificate(n); k != nil {
			out = append(out, k)
		}
	})
	if n.Kind == source.Array && len(n.Items) == 0 {
		p.dec.errorf(n, "policy-value", "found an empty array as %s, wanted at least 1", what)
	}
	return out
}
