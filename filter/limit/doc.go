// Package limit decides how often a caller may ask: GCRA (the generic cell
// rate algorithm, ITU-T I.371 annex A) in exact arithmetic over buckets that
// several VMs share through compare-and-swap.
//
// A bucket is one number, the theoretical arrival time (TAT): the moment at
// which the bucket will be full again. A request of cost c is admitted when
//
//	max(now, TAT) + c*T <= now + burst*T        T = window / requests
//
// and moves the TAT to the left side. T is kept as the fraction it is, so no
// rounding builds up: admitted is never above burst + rate x time, and never
// below it by drift.
//
// Buckets of callers lie packed in a fixed number of slots (slot.go), found by
// a keyed hash. A slot that has to forget a bucket keeps the latest TAT that
// it forgot as the floor from which unknown callers start: memory is bounded,
// and forgetting never admits too much.
//
// The clock is a parameter and is not trusted: it may stand still, step back
// or jump (clock.go). The package never admits when it can't know: a store
// that fails or a race that is lost too often is LimitUnavailable.
//
// Nothing here allocates after New.
package limit
