package emit

import (
	"slices"

	"portcullis/filter/le"
	"portcullis/filter/table"
	"portcullis/schemagen/ir"
)

// denied writes the digests of tokens that count no more, each once.
func (w *writer) denied(providers []*ir.Provider) {
	var list [][]uint32
	for _, p := range providers {
		for _, d := range p.Denied {
			words := make([]uint32, 8)
			for i := range words {
				words[i] = le.U32(d[:], uint32(4*i))
			}
			list = append(list, words)
		}
	}
	slices.SortFunc(list, slices.Compare[[]uint32])
	list = slices.CompactFunc(list, slices.Equal[[]uint32])
	for _, words := range list {
		w.record(table.SecDenied, words)
	}
}
