package openapi

import (
	"testing"

	"portcullis/schemagen/ir"
)

// TestMaxShapes holds the bound to what can explode: sets of several schemas. A
// description may have as many schemas as it likes, each with a shape.
func TestMaxShapes(t *testing.T) {
	h := newShaper()
	a, b, c := &ir.Schema{Types: ir.TypeString}, &ir.Schema{Types: ir.TypeArray}, &ir.Schema{}
	h.sets = maxShapes - 1
	if h.of([]*ir.Schema{a, b}) == nil || h.full {
		t.Error("shape of the last pair = nil, want one")
	}
	for _, s := range []*ir.Schema{a, b, c} {
		if h.of([]*ir.Schema{s}) == nil || h.full {
			t.Error("shape of a schema alone = nil, want one")
		}
	}
	if h.of([]*ir.Schema{a, c}) != nil || !h.full {
		t.Error("shape of one pair too many, want none")
	}
}
