package explain

import (
	"fmt"

	"portcullis/filter/table"
	"portcullis/schemagen/dump"
)

// forward says in lines what the upstream is told by the rule i.
func forward(t *table.Table, i uint32) (out []string) {
	if i == table.NoIndex {
		return nil
	}
	f := t.Forward(i)
	for j := f.Fields.Start; j < f.Fields.End(); j++ {
		kind, header, path := t.ForwardField(j)
		out = append(out, fmt.Sprintf("%s: %s; what a request brings under that name is taken from it", header, dump.ForwardSource(kind, path)))
	}
	if f.Secret != table.NoIndex {
		where := string(f.Header)
		if where == "" {
			where = "authorization"
		}
		out = append(out, fmt.Sprintf("%s: an assertion for %s, good for %ds, signed with the secret %s", where, f.Audience, f.LifetimeSeconds, t.Secret(f.Secret)))
	}
	switch f.Credentials {
	case table.CredentialsRemove:
		out = append(out, "credentials in header fields do not arrive")
	case table.CredentialsReplace:
		out = append(out, "credentials in header fields do not arrive: the assertion stands in their place")
	}
	return out
}
