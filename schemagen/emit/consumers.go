package emit

import (
	"cmp"
	"slices"

	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// allConsumers writes the consumers, in the order that they come in, and their
// credentials, sorted.
func (w *writer) allConsumers(list []*ir.Consumer) {
	w.consumers = map[*ir.Consumer]uint32{}
	type owned struct {
		*ir.Credential
		consumer uint32
	}
	var creds []owned
	for _, c := range list {
		var attributes []string
		for _, a := range c.Attributes {
			attributes = append(attributes, a.Name, a.Value)
		}
		flags := uint32(0)
		if c.Hop {
			flags |= table.ConsumerFlagHop
		}
		i := w.record(table.SecConsumers, w.str(c.Name), w.str(c.Plan), w.names(c.Scopes), w.names(attributes), []uint32{flags}, zeros(3))
		w.consumers[c] = i
		for _, k := range c.Credentials {
			creds = append(creds, owned{k, i})
		}
	}
	slices.SortFunc(creds, func(a, b owned) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID))
	})
	for _, k := range creds {
		secret := table.NoIndex
		if k.Secret != "" {
			secret = w.secret(k.Secret)
		}
		w.record(table.SecCredentials, w.str(k.ID), []uint32{uint32(k.Kind)}, w.str(string(k.Digest)), []uint32{k.consumer},
			u64(uint64(k.Expires)), []uint32{secret, 0})
	}
}

// consumerIndexes is the records of list, ascending.
func (w *writer) consumerIndexes(list []*ir.Consumer) (out []uint32) {
	for _, c := range list {
		out = append(out, w.consumers[c])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func schemeFlags(s *ir.Scheme) (flags uint32) {
	for _, f := range []struct {
		on  bool
		bit uint32
	}{
		{s.Bound, table.SchemeFlagBound}, {s.AllConsumers, table.SchemeFlagAll},
		{s.AnyCertificate, table.SchemeFlagAnyCertificate}, {s.InBearer, table.SchemeFlagBearer},
	} {
		if f.on {
			flags |= f.bit
		}
	}
	return flags
}
