package main

import _ "unsafe" // for go:linkname

// writeBarrier is the runtime's own: not 0 from the start of a collection's mark phase
// to its end.
//
//go:linkname writeBarrier runtime.writeBarrier
var writeBarrier uint32

// setGCPercent is what debug.SetGCPercent stands on. Package runtime/debug brings os
// and time with it.
//
//go:linkname setGCPercent runtime/debug.setGCPercent
func setGCPercent(percent int32) int32

const (
	// gcConfiguring lets a heap that starts empty grow to 12 MiB without a collection:
	// more than a configuration takes.
	gcConfiguring = 300
	gcServing     = 100
)

// finishCollection helps a collection that is under way to its end. Its workers are
// goroutines, and nothing ever lets them run: a callback does not wait, and a VM that
// allocates no more is not made to help. The mark phase would last for ever, and every
// pointer that is written meanwhile costs a call. Whoever allocates has to mark in
// return, sooner or later: to allocate, up to most bytes, ends it. Yielding to the
// workers is no way: it runs the scavenger too, which sleeps (filter/RATIONALE.md).
func finishCollection(most int) {
	for done := 0; writeBarrier != 0 && done < most; done += len(litter()) {
	}
}

// litter allocates what nobody keeps.
//
//go:noinline
func litter() []byte { return make([]byte, 32<<10) }
