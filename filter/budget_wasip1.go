//go:build budget

package main

import "runtime"

// The budget build lets tests read the guest's own memory statistics. They are no
// part of the module that ships: runtime.ReadMemStats stops the world.

var stats runtime.MemStats

// budgetMallocs is the number of heap objects allocated so far.
//
//go:wasmexport portcullis_budget_mallocs
func budgetMallocs() uint64 { runtime.ReadMemStats(&stats); return stats.Mallocs }

// budgetHeap is the bytes of heap in use.
//
//go:wasmexport portcullis_budget_heap
func budgetHeap() uint64 { runtime.ReadMemStats(&stats); return stats.HeapInuse }

// budgetCollections is the number of collections so far.
//
//go:wasmexport portcullis_budget_collections
func budgetCollections() uint64 { runtime.ReadMemStats(&stats); return uint64(stats.NumGC) }

// budgetCollecting is 1 while a collection marks, which costs every pointer that is
// written.
//
//go:wasmexport portcullis_budget_collecting
func budgetCollecting() uint32 { return truth(writeBarrier != 0) }
