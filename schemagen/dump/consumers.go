package dump

import (
	"fmt"
	"strings"
	"time"

	"portcullis/filter/table"
)

var credentialKinds = []string{"", "key", "certificate sha256", "certificate uri", "certificate uri below", "certificate dns", "certificate dns below", "certificate subject"}

// consumers is whom a scheme accepts; nothing for those of tokens.
func consumers(t *table.Table, s table.Scheme) (text string) {
	switch {
	case s.Kind() == table.SchemeBearer:
		return ""
	case s.Flags()&table.SchemeFlagBound == 0:
		return " nobody"
	}
	if s.Flags()&table.SchemeFlagBearer != 0 {
		text += " bearer"
	}
	if s.Flags()&table.SchemeFlagAll != 0 {
		text += " all consumers"
	}
	if s.Flags()&table.SchemeFlagAnyCertificate != 0 {
		text += " any certificate"
	}
	for i := range s.NumConsumers() {
		text += " " + consumerName(t, s.ConsumerAt(i))
	}
	return text
}

func consumerName(t *table.Table, i uint32) string {
	if n := t.Consumer(i).Name(); len(n) > 0 {
		return string(n)
	}
	return fmt.Sprintf("#%d", i)
}

// consumers writes who calls. Digests are left out: what a dump is for needs none.
func (d *dumper) consumers() {
	if d.t.NumConsumers() == 0 {
		return
	}
	d.printf("\nconsumers")
	known := map[uint32][]table.Credential{}
	for i := range d.t.NumCredentials() {
		k := d.t.Credential(i)
		known[k.Consumer] = append(known[k.Consumer], k)
	}
	for i := range d.t.NumConsumers() {
		c := d.t.Consumer(i)
		text := "  " + consumerName(d.t, i)
		if len(c.Plan()) > 0 {
			text += " plan " + string(c.Plan())
		}
		if c.Scopes().Len() > 0 {
			text += " scopes" + list(c.Scopes())
		}
		var attributes []string
		for j := range c.NumAttributes() {
			n, v := c.AttributeAt(j)
			attributes = append(attributes, fmt.Sprintf("%s=%q", n, v))
		}
		if len(attributes) > 0 {
			text += " attributes " + strings.Join(attributes, " ")
		}
		d.printf("%s", text)
		for _, k := range known[i] {
			text := fmt.Sprintf("    %s %q", name(credentialKinds, k.Kind), k.ID)
			if k.Kind == table.CredentialKey {
				text += " sha256"
				if k.Secret != table.NoIndex {
					text = strings.TrimSuffix(text, "sha256") + "hmac-sha256 with secret " + string(d.t.Secret(k.Secret))
				}
			}
			if k.Expires != 0 {
				text += " expires " + time.Unix(int64(k.Expires), 0).UTC().Format(time.RFC3339)
			}
			d.printf("%s", text)
		}
	}
}
