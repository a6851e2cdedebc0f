package policy

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"portcullis/filter/credential"
	"portcullis/schemagen/ir"
	"portcullis/schemagen/source"
)

// maxKeys is how many keys a consumer may have: two while one replaces the other,
// for a few places that he calls from.
const maxKeys = 16

// readConsumers reads who calls, by name.
func (p *Policy) readConsumers(n *source.Node) {
	p.dec.mapping(n, "consumers", func(name string, n *source.Node) {
		p.name(n, name, "the name of a consumer")
		if old, ok := p.consumers[name]; ok {
			p.dec.errorf(n, "policy-twice", "found the consumer %q, which %s defines too, wanted one definition", name, old.Loc.Node.Doc.Path)
			return
		}
		p.consumers[name] = p.readConsumer(name, n)
	})
}

// readConsumersFile reads a file that holds the same as consumers.
func (p *Policy) readConsumersFile(n *source.Node) {
	data, path, ok := p.readFile(n, "consumersFile")
	if !ok {
		return
	}
	doc, err := source.Parse(path, n.Doc.URI, data)
	if err != nil {
		p.dec.errorf(n, "policy-file", "found no consumers: %v", err)
		return
	}
	p.readConsumers(doc.Root)
}

func (p *Policy) readConsumer(name string, n *source.Node) *ir.Consumer {
	d := p.dec
	c := &ir.Consumer{Name: name, Loc: loc(n)}
	d.object(n, "a consumer", fields{
		"keys": func(n *source.Node) {
			d.array(n, "keys", func(n *source.Node) {
				if k := p.readAPIKey(n); k != nil {
					c.Credentials = append(c.Credentials, k)
				}
			})
			if len(n.Items) > maxKeys {
				d.errorf(n, "policy-value", "found %d keys of a consumer, wanted at most %d", len(n.Items), maxKeys)
			}
		},
		"certificates": func(n *source.Node) {
			for _, k := range p.readCertificates(n, "certificates") {
				p.claim(k, c)
			}
		},
		"scopes": func(n *source.Node) {
			for _, item := range n.Items {
				if !isScope(item.Text) {
					d.errorf(item, "policy-value", "found %s as a scope, wanted printable ASCII without spaces, quotes and backslashes", describe(item))
				}
			}
			c.Scopes = d.strs(n, "scopes", 0)
		},
		"plan": func(n *source.Node) {
			c.Plan = d.str(n, "plan")
			p.name(n, c.Plan, "the name of a plan")
		},
		"attributes": func(n *source.Node) {
			d.mapping(n, "attributes", func(name string, n *source.Node) {
				p.name(n, name, "the name of an attribute")
				if n.Kind != source.String || len(n.Text) > 1024 {
					d.errorf(n, "policy-type", "found %s as an attribute, wanted a string of at most 1024 bytes", describe(n))
				}
				c.Attributes = append(c.Attributes, ir.Attribute{Name: name, Value: n.Text})
			})
		},
	})
	slices.SortFunc(c.Attributes, func(a, b ir.Attribute) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// isScope reports a scope-token (RFC 6749 section 3.3).
func isScope(s string) bool {
	for _, c := range []byte(s) {
		if c < '!' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// Forms of digests.
const (
	plainDigest = "sha256:"
	keyedDigest = "hmac-sha256:"
)

// readAPIKey reads the entry that `schemagen keys` prints.
func (p *Policy) readAPIKey(n *source.Node) *ir.Credential {
	d := p.dec
	k := &ir.Credential{Kind: ir.CredentialKey, Loc: loc(n)}
	d.object(n, "a key", fields{
		"id": func(n *source.Node) {
			if k.ID = d.str(n, "id"); !credential.IsID([]byte(k.ID)) {
				d.errorf(n, "policy-value", "found %s as the id of a key, wanted at most %d letters, digits, '-' and '_', as schemagen keys new prints it", describe(n), credential.MaxID)
			}
		},
		"digest":  func(n *source.Node) { p.readDigest(n, k) },
		"expires": func(n *source.Node) { k.Expires = p.readTime(n, "expires") },
		"note":    func(n *source.Node) { d.str(n, "note") },
	}, "id", "digest")
	if len(k.Digest) == 0 || k.ID == "" {
		return nil
	}
	if old, ok := p.credentials[k.ID]; ok {
		d.errorf(n, "policy-twice", "found the key id %q again, wanted ids that are unique: %s has it too", k.ID, old.Pointer)
		return nil
	}
	p.credentials[k.ID] = k.Loc
	return k
}

func (p *Policy) readDigest(n *source.Node, k *ir.Credential) {
	d := p.dec
	text := d.str(n, "digest")
	digits, plain := strings.CutPrefix(text, plainDigest)
	keyed := false
	if !plain {
		digits, keyed = strings.CutPrefix(text, keyedDigest)
	}
	sum, err := hex.DecodeString(digits)
	switch {
	case foreignHash(text) != "":
		d.errorf(n, "policy-digest", "found a digest made by %s, wanted sha256: or hmac-sha256: of a generated key: such hashes are slow on purpose, for passwords that can be guessed; make a key with schemagen keys new", foreignHash(text))
	case !plain && !keyed || err != nil || len(sum) != credential.DigestSize || digits != strings.ToLower(digits):
		// The value is not repeated: it may be a key that was pasted here.
		d.errorf(n, "policy-digest", "found no digest of a key, wanted sha256: or hmac-sha256: and 64 hexadecimal digits in lower case, as schemagen keys prints it")
	default:
		k.Digest = sum
		if keyed {
			k.Secret = p.pepper
			p.keyed = append(p.keyed, k)
		}
	}
}

// foreignHash names the scheme of a password hash that can't be used.
func foreignHash(text string) string {
	for _, h := range []struct{ prefix, name string }{
		{"$2a$", "bcrypt"}, {"$2b$", "bcrypt"}, {"$2x$", "bcrypt"}, {"$2y$", "bcrypt"}, {"$apr1$", "htpasswd's MD5"}, {"{SHA}", "htpasswd's SHA-1"}, {"{SSHA}", "salted SHA-1"},
		{"$1$", "crypt's MD5"}, {"$5$", "crypt's SHA-256"}, {"$6$", "crypt's SHA-512"}, {"$argon2", "Argon2"}, {"$scrypt$", "scrypt"}, {"$7$", "scrypt"}, {"$y$", "yescrypt"}, {"$pbkdf2", "PBKDF2"},
	} {
		_, after, _ := strings.Cut(text, ":") // htpasswd writes the user first
		if strings.HasPrefix(text, h.prefix) || strings.HasPrefix(after, h.prefix) {
			return h.name
		}
	}
	return ""
}

// readTime reads a point in time (RFC 3339), or a day, which ends with it.
func (p *Policy) readTime(n *source.Node, what string) int64 {
	t, err := time.Parse(time.RFC3339, n.Text)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, n.Text); err == nil {
			t = t.AddDate(0, 0, 1)
		}
	}
	if n.Kind != source.String || err != nil || t.Unix() <= 0 {
		p.dec.errorf(n, "policy-value", "found %s as %s, wanted a time such as 2027-03-31T12:00:00Z or a day such as 2027-03-31", describe(n), what)
		return 0
	}
	return t.Unix()
}

// settleKeys completes keyed digests, whose secret may be named behind them.
func (p *Policy) settleKeys() {
	for _, k := range p.keyed {
		if k.Secret = p.pepper; k.Secret == "" {
			p.dec.errorf(k.Loc.Node, "policy-digest", "found a digest hmac-sha256: and no keyPepper, wanted the name of the secret that it was made with")
		}
	}
}

// Consumers returns all consumers: those without a name, then the others by name.
func (p *Policy) Consumers() []*ir.Consumer {
	return append(slices.Clone(p.nameless), byName(p.consumers)...)
}
