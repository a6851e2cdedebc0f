package emit

import (
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// forward is the record of f, NoIndex for none.
func (w *writer) forward(f *ir.Forward) uint32 {
	if f == nil {
		return table.NoIndex
	}
	if i, ok := w.forwards[f]; ok {
		return i
	}
	a := f.Assertion
	secret := table.NoIndex
	if a == nil {
		a = &ir.Assertion{}
	} else {
		secret = w.secret(a.Secret)
	}
	paths := make([][]uint32, len(f.Fields))
	for j, field := range f.Fields {
		paths[j] = w.names(field.Path)
	}
	i := w.count(table.SecForwards)
	w.record(table.SecForwards, []uint32{table.ForwardRule | uint32(f.Credentials)<<8, i + 1, uint32(len(f.Fields)), secret},
		w.str(a.Header), w.str(a.Issuer), w.str(a.Audience), []uint32{a.LifetimeSeconds}, zeros(3))
	for j, field := range f.Fields {
		w.record(table.SecForwards, []uint32{uint32(field.Source), 0, 0, table.NoIndex}, w.str(field.Header), zeros(5), paths[j], zeros(1))
	}
	w.forwards[f] = i
	return i
}
