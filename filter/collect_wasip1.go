package main

import _ "unsafe" // for go:linkname

// writeBarrier is the runtime's own: not 0 from the start of a collection's mark phase
// to its end.
//
//go:linkname writeBarrier runtime.writeBarrier
var writeBarrier uint32

// finishCollection ends a collection that is under way. Its workers are goroutines,
// and nothing ever lets them run: a callback does not wait, and a VM that allocates
// no more is not made to help. The mark phase would last for ever, and every pointer
// that is written meanwhile costs a call. Whoever allocates has to mark in return, so
// that all is marked before the heap reaches its goal: to allocate ends it. Yielding to
// the workers is no way: it runs the scavenger too, which sleeps (filter/RATIONALE.md).
func finishCollection() {
	const most = 32 << 20 // far above any heap of this module
	for done := 0; writeBarrier != 0 && done < most; done += len(litter()) {
	}
}

// litter allocates what nobody keeps.
//
//go:noinline
func litter() []byte { return make([]byte, 32<<10) }
