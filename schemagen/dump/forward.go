package dump

import (
	"strings"

	"portcullis/filter/table"
)

var forwardKinds = []string{"", "rule", "subject", "issuer", "scopes", "consumer", "provider", "claim", "plan", "attribute", "risk", "reasons", "inspect", "decision"}

// ForwardSource writes where a forwarded value comes from, as policies do.
func ForwardSource(kind uint8, path table.Names) string {
	text := name(forwardKinds, kind)
	if path.Len() > 0 {
		text += ":"
	}
	if path.Len() == 1 {
		return text + string(path.At(0))
	}
	for i := range path.Len() {
		text += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(string(path.At(i)))
	}
	return text
}

var credentials = []string{"", "kept", "removed", "replaced"}

// forward writes what the upstream of op is told.
func (d *dumper) forward(op table.Op) {
	if op.Forward() == table.NoIndex {
		return
	}
	f := d.t.Forward(op.Forward())
	d.printf("    credentials %s", name(credentials, f.Credentials))
	for i := f.Fields.Start; i < f.Fields.End(); i++ {
		kind, header, path := d.t.ForwardField(i)
		d.printf("    forward %s: %s", header, ForwardSource(kind, path))
	}
	if f.Secret != table.NoIndex {
		header := string(f.Header)
		if header == "" {
			header = "authorization"
		}
		d.printf("    assertion %s: iss %s aud %s %ds secret %s", header, f.Issuer, f.Audience, f.LifetimeSeconds, d.t.Secret(f.Secret))
	}
}
